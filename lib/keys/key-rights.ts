import { AuthError, type FieldError } from '../errors.js';
import type { Doer } from '../events.js';
import { LIMITS } from '../limits.js';
import { Permissions } from '../permissions/permissions.js';
import type { Ceiling, Statement } from '../permissions/statement.js';
import type { Policy } from '../policies/policy-view.js';
import { BEYOND, Principal, type Rights } from '../principal.js';
import type { ApiKeyRecord } from '../records.js';
import { isRangeWithin } from '../verification/address-list.js';

/**
 * Who asks for a change. A principal can give away no more than it has itself; a string names the host's own code
 * (a user, a script) and is not limited.
 */
export type Actor = Principal | string;

/** @throws TypeError for anything else: who is not known must not pass for the host. */
export function actorName(by: Actor): string {
  if (by instanceof Principal) return by.id;
  if (typeof by === 'string' && by !== '') return by;
  throw new TypeError('by must be the principal that asks (req.user), or for the host’s own code a name, e.g. "setup"');
}

/** The same, for the audit trail. */
export function doer(by: Actor): Doer {
  return { actorId: actorName(by), credentialId: by instanceof Principal ? by.credential.id : null };
}

/**
 * When a key made by `by` must end at the latest, epoch ms; null: any time. Who may manage all keys is free in that, but not a
 * session key, nor a key that a key has made: a session key would get round its own end by way of it.
 */
export function latestExpiry(by: Actor): number | null {
  if (!(by instanceof Principal) || isLogin(by)) return null;
  const isFirst = by.credential.kind === 'api-key' && by.lineage().length <= 1;
  const isFree = isFirst && by.can('keys:manage', 'api-keys');
  return isFree ? null : by.credential.expiresAt;
}

/** The bound of a key for an owner who may do `ofOwner` (null: nobody has told), made by `by`. */
export function ceilingFor(by: Actor, ofOwner: readonly Statement[] | null): Ceiling {
  const bounds = [...(by instanceof Principal ? by.toCeiling() : []), ...(ofOwner === null ? [] : [ofOwner])];
  return narrowed(bounds);
}

/** What all of `bounds` allow, without those that add nothing. */
export function narrowed([first, ...others]: Ceiling): Ceiling {
  return first === undefined ? [] : new Permissions(first, ...others).toCeiling();
}

/**
 * The ceiling of a key whose new secret goes to `by`. Another key gets no more out of it than it has itself, also when a
 * policy grows later; to who may do all that the key may, this takes nothing from it.
 */
export function ceilingForHolder(by: Actor, { id, ceiling, policyIds }: ApiKeyRecord): Ceiling {
  const isOther = by instanceof Principal && !isLogin(by) && by.credential.id !== id;
  return isOther && policyIds.length > 0 ? narrowed([...ceiling, ...by.toCeiling()]) : ceiling;
}

/** The keys that one made by `by` comes from, the nearest first. @throws AuthError `forbidden` when they are too many. */
export function lineageOf(by: Actor): readonly string[] {
  const lineage = by instanceof Principal ? by.lineage() : [];
  if (lineage.length <= LIMITS.lineage) return lineage;
  throw new AuthError('forbidden', {
    message: `A key can come from at most ${LIMITS.lineage} others. Ask with a key made by a login.`,
  });
}

/** Rights that are asked for by name. */
export interface AskedRights {
  readonly statements?: readonly Statement[] | undefined;
  readonly policies?: readonly Policy[] | undefined;
  /** A key that has some of them already: these are not asked about. */
  readonly had?: Pick<ApiKeyRecord, 'statements' | 'policyIds'> | undefined;
}

/**
 * Nobody can give away rights beyond their own, whatever may hold the key in besides.
 * @throws AuthError `forbidden`, naming each statement and policy.
 */
export function refuseGrant(by: Actor, { statements = [], policies = [], had }: AskedRights): void {
  actorName(by);
  if (!(by instanceof Principal)) return;
  const kept = new Set(had?.statements.map((statement) => JSON.stringify(statement)));
  const isNew = (statement: Statement) => !kept.has(JSON.stringify(statement));
  const exceeds = (given: readonly Statement[]) => by.exceededBy(given).length > 0;
  refuse([
    ...statements.flatMap((statement, index) =>
      isNew(statement) && exceeds([statement]) ? [{ path: `statements.${index}`, message: BEYOND }] : [],
    ),
    ...policies.flatMap((policy, index) =>
      !had?.policyIds.includes(policy.id) && exceeds(policy.statements)
        ? [{ path: `policyIds.${index}`, message: BEYOND }]
        : [],
    ),
  ]);
}

/**
 * Nobody can make a key that is stronger than they are or in another organisation, nor change one that is.
 * @throws AuthError `forbidden`, naming each field.
 */
export function refuseExcess(by: Actor, record: ApiKeyRecord, rights: Rights): void {
  actorName(by);
  if (!(by instanceof Principal)) return;
  const isForeign = record.orgId !== by.orgId;
  const named = by.includes(rights) ? [] : by.exceededBy(record.statements);
  refuse([
    ...(by.includes(rights) || named.length > 0 ? named : [{ path: 'policyIds', message: BEYOND }]),
    ...by.untied(record.resources),
    ...(isForeign ? [{ path: 'orgId', message: 'must be that of the credential' }] : []),
  ]);
}

function refuse(errors: readonly FieldError[]): void {
  if (errors.length === 0) return;
  throw new AuthError('forbidden', { message: 'The key would have more rights than the credential.', errors });
}

/** What a key makes, or gives a new secret or end, must not outlive it, but for who may manage all keys. */
export function refuseOutliving(by: Actor, { expiresAt }: ApiKeyRecord): void {
  const latestAt = latestExpiry(by);
  if (latestAt === null || (expiresAt !== null && expiresAt <= latestAt)) return;
  const message = `must not be after ${new Date(latestAt).toISOString()}, when the credential ends`;
  throw new AuthError('forbidden', {
    message: 'The key would outlive the credential.',
    errors: [{ path: 'expiresAt', message }],
  });
}

/**
 * What is accepted only from some addresses or origins, only so often, or only inside, must not make itself a key that is
 * accepted more widely, nor get the secret of one.
 * @throws AuthError `forbidden`, naming each field.
 */
export function refuseOpening(by: Actor, record: ApiKeyRecord): void {
  if (!(by instanceof Principal)) return;
  const { internalOnly, allowedAddresses, allowedOrigins, maxRequestsPerMinute } = by.credential;
  const { disableUnusedAfterMs } = by.credential;
  const isKey = record.kind === 'api-key'; // a session key ends soon anyway
  const errors: FieldError[] = [];
  const check = (path: string, isBound: boolean, isWithin: boolean) => {
    if (isBound && !isWithin) errors.push({ path, message: 'must be as narrow as that of the credential that asks' });
  };
  // A session key that an internal key mints works outside, too: it is for a short time only.
  check('internalOnly', internalOnly === true && record.kind === 'api-key', record.internalOnly);
  check(
    'allowedAddresses',
    allowedAddresses !== undefined,
    record.allowedAddresses?.every((range) => isRangeWithin(range, allowedAddresses ?? [])) ?? false,
  );
  check(
    'allowedOrigins',
    allowedOrigins !== undefined,
    record.allowedOrigins?.every((origin) => allowedOrigins?.includes(origin)) ?? false,
  );
  check(
    'maxRequestsPerMinute',
    maxRequestsPerMinute !== undefined,
    (record.maxRequestsPerMinute ?? Number.POSITIVE_INFINITY) <= (maxRequestsPerMinute ?? 0),
  );
  check(
    'disableUnusedAfterMs',
    disableUnusedAfterMs !== undefined && isKey,
    (record.disableUnusedAfterMs ?? Number.POSITIVE_INFINITY) <= (disableUnusedAfterMs ?? 0),
  );
  if (errors.length === 0) return;
  throw new AuthError('forbidden', { message: 'The key would be accepted where the credential is not.', errors });
}

/** A new secret of a key that does not end with the key that asks would outlive it. */
export function refuseEscape(by: Actor, { id, parentIds }: ApiKeyRecord): void {
  if (!(by instanceof Principal) || isLogin(by) || by.can('keys:manage', 'api-keys')) return;
  const own = by.credential.id;
  if (id === own || parentIds.includes(own)) return;
  throw new AuthError('forbidden', { message: 'The key does not end with the credential that asks.' });
}

/** Whether people ask themselves, by session or password, and no key that could be worth less than what it makes. */
function isLogin({ credential: { kind } }: Principal): boolean {
  return kind === 'session' || kind === 'password';
}

/** Whether it is the user that the key acts for who asks, logged in. */
export function isOwnerInPerson(by: Actor, { ownerId, ownerKind, orgId }: ApiKeyRecord): boolean {
  if (!(by instanceof Principal) || !isLogin(by)) return false;
  return ownerKind === 'user' && by.ownerKind === 'user' && by.id === ownerId && by.orgId === orgId;
}

export function isInternal(by: Actor): boolean {
  return by instanceof Principal && by.credential.internalOnly === true;
}
