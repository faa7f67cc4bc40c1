import { type IssuedKey, LIMITS, type Principal, type Statement } from '../../../lib/index.js';
import type { DialectRequest } from '../dialect.js';
import type { Caller } from './caller.js';
import type { Duration } from './durations.js';
import { illegalArgument, validationFault } from './errors.js';
import { withinRightsOf } from './intersection.js';
import { DIALECT, makeEntry } from './key-entry.js';
import type { NewKeyRequest } from './key-requests.js';
import { drawPair } from './keys.js';
import type { Setting } from './options.js';
import { grantsAnything, type RoleDescriptors } from './role-descriptors.js';
import { toStatements } from './statements.js';

export const NOT_EMPTY =
  'creating derived api keys requires an explicit role descriptor that is empty (has no privileges)';

/** Makes a key for the caller, who is a user, or a key that makes one without privileges. */
export async function makeKey(
  setting: Setting,
  { principal, key }: Caller,
  request: NewKeyRequest,
  asked: Pick<DialectRequest, 'address'>,
): Promise<IssuedKey> {
  const { descriptors = {}, metadata = {}, expiration } = request;
  if (key !== null && !isDerivable(descriptors)) throw illegalArgument(NOT_EMPTY);
  const statements = rightsFor(setting, principal, descriptors);
  const input = {
    name: request.name,
    ownerId: principal.id,
    ownerKind: principal.ownerKind,
    orgId: principal.orgId,
    statements,
    ...expiryOf(setting, expiration, principal),
    dialects: { [DIALECT]: makeEntry(descriptors, metadata, statements) },
  };
  return await setting.latchkey.apiKeys.create(input, { by: principal, address: asked.address, draw: drawPair });
}

/** Whether a key may make a key with them: there is one, and none grants anything. */
export function isDerivable(descriptors: RoleDescriptors): boolean {
  const all = Object.values(descriptors);
  return all.length > 0 && !all.some(grantsAnything);
}

/**
 * What a key with these descriptors may do that belongs to the principal: what they come to, cut down to what the principal
 * may do; without any all of that. @throws DialectError for descriptors that cannot be held.
 */
export function rightsFor(setting: Setting, principal: Principal, descriptors: RoleDescriptors): readonly Statement[] {
  const all = Object.values(descriptors);
  if (all.length === 0) return principal.statements;
  const { statements, faults } = toStatements(all, setting.applicationPrivileges);
  if (faults.length > 0) throw validationFault(faults);
  const patterns = statements.reduce((sum, { actions, resources = [] }) => sum + actions.length + resources.length, 0);
  if (patterns > LIMITS.patterns) {
    throw illegalArgument(`role descriptors come to at most [${LIMITS.patterns}] privileges and names`);
  }
  return withinRightsOf(principal, statements);
}

/** The core keeps no key that has ended before it is made: what is to end at once lives for 1 ms. */
export function expiryOf(
  { withoutExpiration }: Setting,
  expiration: Duration | undefined,
  { credential }: Principal,
): { readonly lifetimeMs?: number; readonly expiresAt?: null } {
  if (expiration !== undefined) return { lifetimeMs: Math.max(1, expiration.seconds * 1_000) };
  // What a key makes ends with it at the latest.
  return withoutExpiration === 'never' && credential.expiresAt === null ? { expiresAt: null } : {};
}
