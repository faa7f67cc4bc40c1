import type { FieldError } from './errors.js';
import { AuthError, invalidRequest } from './errors.js';
import type { KeyChanges } from './key-input.js';
import { checkIdentifier, checkKeyFields } from './key-input.js';
import type { KeyLifetimes } from './key-lifetimes.js';
import { toStatement } from './permissions.js';
import type { Grant } from './principal.js';
import { Principal } from './principal.js';
import type { ApiKeyKind, ApiKeyRecord } from './records.js';
import type { GeneratedSecret, SecretHasher } from './secret.js';

/**
 * Who asks for a change. A principal can give away no more than it has itself; a string names the host's own code
 * (a user, a script) and is not limited.
 */
export type Actor = Principal | string;

export function actorName(by: Actor): string {
  return by instanceof Principal ? by.id : by;
}

/** What a key is made from. Left out: empty, or the default; `statements` left out by a principal: all that it may do. */
export interface NewKey extends KeyChanges {
  readonly name: string;
  readonly ownerId: string;
  readonly orgId?: string | null;
  /** Whether it is accepted only where the host has mounted `latchkey.internal()`. Default false. */
  readonly internalOnly?: boolean | undefined;
  /** Default null. */
  readonly defaultWorkspace?: string | null | undefined;
}

/** How the records of one instance are made. */
export interface KeyMaking {
  readonly prefix: string;
  readonly hasher: SecretHasher;
  readonly lifetimes: KeyLifetimes;
  /** Epoch ms. */
  readonly now: () => number;
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
    statements: input.statements?.map(toStatement) ?? makers.statements,
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
    internalOnly: input.internalOnly ?? false,
    revokedAt: null,
    revokedBy: null,
    revokedReason: null,
    locale: input.locale ?? null,
    timeZone: input.timeZone ?? null,
    defaultWorkspace: input.defaultWorkspace ?? null,
    expungeAt: made.expungeAt,
  };
}

/** The faults of a record that `buildKey` made, but for its expiry. */
export function checkNewKey(record: ApiKeyRecord): FieldError[] {
  return [
    ...checkKeyFields(record),
    ...checkIdentifier('ownerId', record.ownerId),
    ...(record.orgId === null ? [] : checkIdentifier('orgId', record.orgId)),
    ...(record.defaultWorkspace === null ? [] : checkIdentifier('defaultWorkspace', record.defaultWorkspace)),
  ];
}

export function refuseFaults(errors: readonly FieldError[]): void {
  if (errors.length > 0) throw invalidRequest(errors);
}

/** Nobody can make a credential stronger than their own, nor change one that is; a session key none that outlives it. */
export function refuseExcess(by: Actor, record: Grant & Pick<ApiKeyRecord, 'expiresAt'>): void {
  if (!(by instanceof Principal)) return;
  const errors = by.exceededBy(record);
  const { kind, expiresAt } = by.credential;
  if (kind === 'session-key' && (record.expiresAt ?? Number.POSITIVE_INFINITY) > (expiresAt ?? 0)) {
    errors.push({ path: 'expiresAt', message: 'must not be after the end of the session key that asks for it' });
  }
  if (errors.length > 0) {
    throw new AuthError('forbidden', { message: 'The key would have more rights than the credential.', errors });
  }
}
