import type { FieldError } from './errors.js';
import { invalidRequest } from './errors.js';
import type { KeyChanges } from './key-input.js';
import { checkIdentifier, checkKeyFields } from './key-input.js';
import type { KeyLifetimes } from './key-lifetimes.js';
import type { Actor } from './key-rights.js';
import { actorName, isInternal } from './key-rights.js';
import { toStatements } from './permissions.js';
import type { Grant } from './principal.js';
import { Principal } from './principal.js';
import type { ApiKeyKind, ApiKeyRecord } from './records.js';
import type { GeneratedSecret, SecretHasher } from './secret.js';
import type { User } from './users.js';

/** What a key is made from. Left out: empty, or the default; `statements` left out by a principal: all that it may do. */
export interface NewKey extends KeyChanges {
  readonly name: string;
  readonly ownerId: string;
  /** Default: the organisation of the principal that asks, else of the owner in the host's directory, else null. */
  readonly orgId?: string | null | undefined;
  /**
   * Whether it is accepted only where the host has mounted `latchkey.internal()`. Default false; true, and nothing else, for
   * a key that such a key asks for.
   */
  readonly internalOnly?: boolean | undefined;
  /** Default null. */
  readonly defaultWorkspace?: string | null | undefined;
}

/** How the records of one instance are made. */
export interface KeyMaking {
  readonly prefix: string;
  readonly hasher: SecretHasher;
  readonly lifetimes: KeyLifetimes;
  /** The host's user with this id; null when there is none, undefined when the host has no directory. */
  readonly findUser: (id: string) => Promise<User | null | undefined>;
  /** Epoch ms. */
  readonly now: () => number;
}

/**
 * `input` with the organisation that it leaves open, once its owner is known to be an enabled user. An owner that is no
 * identifier is left to `checkNewKey`.
 * @throws AuthError `invalid_request` naming `path`.
 */
export async function settleOwner(
  input: NewKey,
  by: Actor,
  { findUser }: KeyMaking,
  path = 'ownerId',
): Promise<NewKey> {
  if (checkIdentifier(path, input.ownerId).length > 0) return input;
  const owner = await findUser(input.ownerId);
  const isForeign = by instanceof Principal && owner != null && owner.orgId !== by.orgId; // looks as if there were none
  if (owner === null || owner?.isEnabled === false || isForeign) {
    throw invalidRequest([{ path, message: 'is no enabled user' }]);
  }
  const orgId = by instanceof Principal ? by.orgId : (owner?.orgId ?? null);
  return input.orgId === undefined ? { ...input, orgId } : input;
}

/** What differs between kinds, settled by the service. */
export interface Made {
  readonly kind: ApiKeyKind;
  readonly by: Actor;
  readonly secret: GeneratedSecret;
  readonly expiresAt: number | null;
  readonly expungeAt: number | null;
}

/** The record of a new key. Not checked yet. */
export function buildKey(input: NewKey, made: Made, { prefix, hasher }: KeyMaking, nowAt: number): ApiKeyRecord {
  const { id, secret, token } = made.secret;
  const makers: Grant = made.by instanceof Principal ? made.by : { statements: [], resources: null };
  return {
    id,
    version: 1,
    kind: made.kind,
    name: input.name,
    description: input.description ?? '',
    ownerId: input.ownerId,
    orgId: input.orgId ?? null,
    createdBy: actorName(made.by),
    statements: (input.statements && toStatements(input.statements)) ?? makers.statements,
    resources: input.resources ?? makers.resources,
    properties: input.properties ?? {},
    prefix,
    lastFour: token.slice(-4),
    secretHash: hasher.hash(secret),
    previousSecretHash: null,
    previousSecretExpiresAt: null,
    createdAt: nowAt,
    updatedAt: nowAt,
    notBefore: input.notBefore ?? null,
    expiresAt: made.expiresAt,
    enabled: true,
    internalOnly: input.internalOnly ?? (made.kind === 'api-key' && isInternal(made.by)),
    revokedAt: null,
    revokedBy: null,
    revokedReason: null,
    locale: input.locale ?? null,
    timeZone: input.timeZone ?? null,
    defaultWorkspace: input.defaultWorkspace ?? null,
    expungeAt: made.expungeAt,
  };
}

const KNOWN: readonly string[] = [
  'name',
  'description',
  'ownerId',
  'orgId',
  'statements',
  'resources',
  'properties',
  'notBefore',
  'expiresAt',
  'lifetimeMs',
  'internalOnly',
  'locale',
  'timeZone',
  'defaultWorkspace',
];

/** The faults of what a key is to be made from, and of the record that `buildKey` made of it; but for its expiry. */
export function checkNewKey(input: NewKey, record: ApiKeyRecord): FieldError[] {
  const unknown = Object.keys(input).filter((path) => !KNOWN.includes(path));
  return [
    ...unknown.map((path) => ({ path, message: 'is not a field of a key' })),
    ...checkKeyFields(record),
    ...checkIdentifier('ownerId', record.ownerId),
    ...(record.orgId === null ? [] : checkIdentifier('orgId', record.orgId)),
    ...(record.defaultWorkspace === null ? [] : checkIdentifier('defaultWorkspace', record.defaultWorkspace)),
    ...(typeof record.internalOnly === 'boolean' ? [] : [{ path: 'internalOnly', message: 'must be true or false' }]),
  ];
}

export function refuseFaults(errors: readonly FieldError[]): void {
  if (errors.length > 0) throw invalidRequest(errors);
}
