import { type ApiKey, AuthError } from '../../../lib/index.js';
import type { DialectRequest } from '../dialect.js';
import { type Caller, isOwn } from './caller.js';
import { illegalArgument, refusal } from './errors.js';
import { DIALECT, entryOf, givenDescriptors, makeEntry } from './key-entry.js';
import type { KeyRequest } from './key-requests.js';
import { findKey } from './keys.js';
import { rightsFor } from './making.js';
import type { Setting } from './options.js';

/** Tries of one change: each loses only to another change of the same key. */
const MAX_TRIES = 5;

/** @throws DialectError for a key that changes keys: none may, not even itself. */
export function refuseKeys({ key }: Caller): void {
  if (key === null) return;
  throw illegalArgument('authentication via API key not supported: only the owner user can update an API key');
}

/**
 * Changes a key of the caller's own, and bounds it by what they may do now. False when that changed nothing.
 * @throws DialectError 404 for a key that is not there or somebody else's; 400 for one that has ended.
 */
export async function changeKey(
  setting: Setting,
  caller: Caller,
  id: string,
  request: KeyRequest,
  asked: Pick<DialectRequest, 'address'>,
): Promise<boolean> {
  for (let tries = 1; ; tries++) {
    const key = await demandKey(setting, caller, id);
    try {
      return await changeOnce(setting, caller, key, request, asked);
    } catch (error) {
      const isOvertaken = error instanceof AuthError && ['precondition_failed', 'conflict'].includes(error.code);
      if (!isOvertaken || tries === MAX_TRIES) throw error;
    }
  }
}

async function demandKey(setting: Setting, caller: Caller, id: string): Promise<ApiKey> {
  const key = await findKey(setting, caller.principal, id);
  if (key === null || !isOwn(caller, key)) {
    throw refusal(404, 'resource_not_found_exception', `no API key owned by requesting user found for ID [${id}]`);
  }
  if (key.state === 'revoked') throw illegalArgument(`cannot update invalidated API key [${id}]`);
  if (key.state === 'expired') throw illegalArgument(`cannot update expired API key [${id}]`);
  return key;
}

async function changeOnce(
  setting: Setting,
  { principal }: Caller,
  key: ApiKey,
  request: KeyRequest,
  { address }: Pick<DialectRequest, 'address'>,
): Promise<boolean> {
  const descriptors = request.descriptors ?? givenDescriptors(key);
  // Rights that were given otherwise stay as they are, within the new bound.
  const statements = descriptors === null ? key.statements : rightsFor(setting, principal, descriptors);
  const entry = makeEntry(descriptors, request.metadata ?? entryOf(key)?.metadata, statements);
  const { expiration } = request;
  const before = textOf(key.statements, key.ceiling, entryOf(key) ?? {});
  const foreseen = textOf(statements, principal.toCeiling(), entry);
  // Descriptors stand for all that the key may do: nothing is left beside them.
  const dropsPolicies = request.descriptors !== undefined && key.policyIds.length > 0;
  if (expiration === undefined && !dropsPolicies && foreseen === before) return false;
  const changed = await setting.latchkey.apiKeys.update(
    key.id,
    {
      statements,
      ...(dropsPolicies && { policyIds: [] }),
      dialects: { [DIALECT]: entry },
      ...(expiration && { lifetimeMs: Math.max(1, expiration.seconds * 1_000) }),
      refreshCeiling: true,
    },
    { by: principal, address, ifVersion: key.version },
  );
  return (
    expiration !== undefined ||
    dropsPolicies ||
    textOf(changed.statements, changed.ceiling, entryOf(changed) ?? {}) !== before
  );
}

function textOf(...parts: readonly object[]): string {
  return JSON.stringify(parts);
}
