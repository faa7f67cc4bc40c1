import type { FieldError } from '../errors.js';
import { invalidRequest } from '../errors.js';
import type { Statement } from '../permissions/statement.js';
import { toStatements } from '../permissions/statement.js';
import { Principal } from '../principal.js';
import type { ApiKeyKind, ApiKeyRecord, OwnerKind } from '../records.js';
import type { User } from '../users.js';
import type { GeneratedSecret, SecretHasher } from '../verification/secret.js';
import { applyDialects, checkDialects, NO_DIALECTS } from './dialect-fields.js';
import type { KeyChanges } from './key-input.js';
import { checkIdentifier, checkKeyFields } from './key-input.js';
import type { KeyLifetimes } from './key-lifetimes.js';
import type { KeyNotices } from './key-notices.js';
import type { Actor } from './key-rights.js';
import { actorName, ceilingFor, isInternal, lineageOf } from './key-rights.js';
import type { KeyRules } from './key-rules.js';
import { CHANGEABLE_FIELDS } from './key-rules.js';

/**
 * What a key is made from. Left out: empty, or the default. With neither `statements` nor `policyIds` it has what its owner
 * may do (where the host has told who its users are), else what the principal may do that asks.
 */
export interface NewKey extends Omit<KeyChanges, 'refreshCeiling'> {
  readonly name: string;
  readonly ownerId: string;
  /**
   * `service`: `ownerId` is that of a service, of which the host's directory knows nothing (one that is a user's is refused).
   * The key's rights are its own, within those of who makes it. Whether they may is the caller's to ask. Default `user`.
   */
  readonly ownerKind?: OwnerKind | undefined;
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

/** A user of the host's, with what they may do now. */
export interface KeyOwner {
  readonly user: User;
  readonly statements: readonly Statement[];
}

/** How the records of one instance are made. */
export interface KeyMaking {
  readonly prefix: string;
  readonly hasher: SecretHasher;
  readonly lifetimes: KeyLifetimes;
  readonly rules: KeyRules;
  readonly notices: KeyNotices;
  /** The host's user with this id; null when there is none, undefined when the host has no directory. */
  readonly findOwner: (id: string) => Promise<KeyOwner | null | undefined>;
  /** Epoch ms. */
  readonly now: () => number;
}

/** What is asked for, once its owner is known. */
export interface SettledKey {
  readonly input: NewKey;
  /** What the owner may do now; null where the host has not told. */
  readonly ofOwner: readonly Statement[] | null;
}

/**
 * `input` with the organisation that it leaves open, once its owner is known to be an enabled user. An owner that is no
 * identifier is left to `checkNewKey`.
 * @throws AuthError `invalid_request` naming `path`.
 */
export async function settleOwner(
  input: NewKey,
  by: Actor,
  { findOwner }: Pick<KeyMaking, 'findOwner'>,
  path = 'ownerId',
): Promise<SettledKey> {
  if (checkIdentifier(path, input.ownerId).length > 0) return { input, ofOwner: null };
  const owner = await findOwner(input.ownerId);
  if (input.ownerKind === 'service') {
    if (owner != null)
      throw invalidRequest([{ path, message: 'is the id of a user: that of a service must be another' }]);
    const orgId = input.orgId === undefined && by instanceof Principal ? by.orgId : input.orgId;
    return { input: { ...input, orgId }, ofOwner: null };
  }
  const isForeign = by instanceof Principal && owner != null && owner.user.orgId !== by.orgId; // as if there were none
  const isOther = owner != null && owner.user.id !== input.ownerId; // a directory may find more than it was asked for
  if (owner === null || owner?.user.isEnabled === false || isForeign || isOther) {
    throw invalidRequest([{ path, message: 'is no enabled user' }]);
  }
  const orgId = by instanceof Principal ? by.orgId : (owner?.user.orgId ?? null);
  if (owner !== undefined && !(by instanceof Principal) && input.orgId !== undefined && input.orgId !== orgId) {
    throw invalidRequest([{ path: 'orgId', message: 'must be that of the owner' }]);
  }
  return { input: input.orgId === undefined ? { ...input, orgId } : input, ofOwner: owner?.statements ?? null };
}

/** What differs between kinds, settled by the service. */
export interface Made {
  readonly kind: ApiKeyKind;
  readonly by: Actor;
  readonly secret: GeneratedSecret;
  readonly expiresAt: number | null;
  readonly expungeAt: number | null;
}

/** The record of a new key. Not checked yet, but for `dialects`. */
export function buildKey({ input, ofOwner }: SettledKey, made: Made, making: KeyMaking, nowAt: number): ApiKeyRecord {
  const { id, secret, token, prefix } = made.secret;
  const { by } = made;
  const maker = by instanceof Principal ? by : null;
  const isNamed = input.statements !== undefined || input.policyIds !== undefined;
  const unnamed = isNamed ? [] : (ofOwner ?? maker?.statements ?? []);
  const { disableUnusedAfterMs = maker?.credential.disableUnusedAfterMs ?? making.rules.disableUnusedAfterMs } = input;
  return {
    id,
    version: 1,
    kind: made.kind,
    name: input.name,
    description: input.description ?? '',
    ownerId: input.ownerId,
    ownerKind: input.ownerKind ?? 'user',
    orgId: input.orgId ?? null,
    createdBy: actorName(by),
    parentIds: lineageOf(by),
    statements: (input.statements && toStatements(input.statements)) ?? unnamed,
    policyIds: input.policyIds ?? [],
    ceiling: ceilingFor(by, ofOwner),
    resources: input.resources ?? maker?.resources ?? null,
    properties: input.properties ?? {},
    dialects: applyDialects(NO_DIALECTS, refuseOddDialects(input)),
    prefix,
    lastFour: token.slice(-4),
    secretHash: making.hasher.hash(secret),
    previousSecretHash: null,
    previousSecretExpiresAt: null,
    createdAt: nowAt,
    updatedAt: nowAt,
    notBefore: input.notBefore ?? null,
    expiresAt: made.expiresAt,
    enabled: true,
    enabledAt: nowAt,
    disableUnusedAfterMs: made.kind === 'api-key' ? disableUnusedAfterMs : null,
    allowedAddresses: input.allowedAddresses ?? maker?.credential.allowedAddresses ?? null,
    allowedOrigins: input.allowedOrigins ?? maker?.credential.allowedOrigins ?? null,
    maxRequestsPerMinute: input.maxRequestsPerMinute ?? maker?.credential.maxRequestsPerMinute ?? null,
    countedWith: countedWith(maker),
    internalOnly: input.internalOnly ?? (made.kind === 'api-key' && isInternal(by)),
    revokedAt: null,
    revokedBy: null,
    revokedReason: null,
    locale: input.locale ?? null,
    timeZone: input.timeZone ?? null,
    defaultWorkspace: input.defaultWorkspace ?? null,
    expungeAt: made.expungeAt,
  };
}

/** Children of a limited key take from its limit: else it could make as many as it likes. */
function countedWith(maker: Principal | null): string | null {
  const { id, maxRequestsPerMinute, countedWith: root } = maker?.credential ?? {};
  return maxRequestsPerMinute === undefined ? null : (root ?? id ?? null);
}

const KNOWN: readonly string[] = [
  ...CHANGEABLE_FIELDS,
  'ownerId',
  'ownerKind',
  'orgId',
  'lifetimeMs',
  'internalOnly',
  'defaultWorkspace',
];

const OWNER_KINDS: readonly OwnerKind[] = ['user', 'service'];

/** The faults of what a key is to be made from, and of the record that `buildKey` made of it; but for its expiry. */
export function checkNewKey(input: NewKey, record: ApiKeyRecord): FieldError[] {
  const unknown = Object.keys(input).filter((path) => !KNOWN.includes(path));
  return [
    ...unknown.map((path) => ({ path, message: 'is not a field of a key' })),
    ...checkKeyFields(record),
    ...checkIdentifier('ownerId', record.ownerId),
    ...(record.orgId === null ? [] : checkIdentifier('orgId', record.orgId)),
    ...(record.defaultWorkspace === null ? [] : checkIdentifier('defaultWorkspace', record.defaultWorkspace)),
    ...(OWNER_KINDS.includes(record.ownerKind) ? [] : [{ path: 'ownerKind', message: 'must be user or service' }]),
    ...(typeof record.internalOnly === 'boolean' ? [] : [{ path: 'internalOnly', message: 'must be true or false' }]),
  ];
}

/** What is no JSON cannot be kept, not even to be checked. @throws AuthError `invalid_request`. */
function refuseOddDialects({ dialects }: NewKey): NewKey['dialects'] {
  if (dialects !== undefined) refuseFaults(checkDialects(dialects));
  return dialects;
}

export function refuseFaults(errors: readonly FieldError[]): void {
  if (errors.length > 0) throw invalidRequest(errors);
}
