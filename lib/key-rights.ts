import { AuthError, type FieldError } from './errors.js';
import { Principal } from './principal.js';
import type { ApiKeyRecord } from './records.js';

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

/** When a key made by `by` must end at the latest, epoch ms; null: any time. */
export function latestExpiry(by: Actor): number | null {
  if (!(by instanceof Principal) || by.credential.kind === 'session') return null;
  const isFree = by.credential.kind === 'api-key' && by.can('keys:manage', 'api-keys');
  return isFree ? null : by.credential.expiresAt;
}

/**
 * Nobody can make a credential with more rights than their own or in another organisation, nor change one that has.
 * @throws AuthError `forbidden`, naming each field.
 */
export function refuseExcess(by: Actor, record: ApiKeyRecord): void {
  actorName(by);
  if (!(by instanceof Principal)) return;
  const errors: FieldError[] = [...by.exceededBy(record)];
  if (record.orgId !== by.orgId) errors.push({ path: 'orgId', message: 'must be that of the credential' });
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

/** What leaks of an internal key is worth nothing outside: so it must not make itself a key that is. */
export function refuseOpening(by: Actor, { internalOnly }: ApiKeyRecord): void {
  if (internalOnly || !isInternal(by)) return;
  const errors = [{ path: 'internalOnly', message: 'must be true: an internal key asks for it' }];
  throw new AuthError('forbidden', { message: 'The key would be accepted where the credential is not.', errors });
}

export function isInternal(by: Actor): boolean {
  return by instanceof Principal && by.credential.internalOnly === true;
}
