import { randomBytes } from 'node:crypto';
import type { ApiKey, KeyPair, Principal } from '../../../lib/index.js';
import { readKey } from '../../access.js';
import type { Caller } from './caller.js';
import { isOwn } from './caller.js';
import { illegalArgument } from './errors.js';
import type { Setting } from './options.js';

const PAGE = 200;

/** A pair in the product's form: 20 and 22 URL-safe characters, of which the secret's are 128 random bits. */
export function drawPair(id: string = drawId()): KeyPair {
  return { id, secret: randomBytes(16).toString('base64url') };
}

/** Ids that begin with `api_` are taken for those of another product, and those of digits only for numbers. */
function drawId(): string {
  const id = randomBytes(15).toString('base64url');
  return /^(api_|session_|\d+$)/.test(id) ? drawId() : id;
}

/** Whose keys are meant; undefined: everybody's in the organisation. */
export type Scope = { readonly ownerId: string } | undefined;

/**
 * All keys of the organisation, or of one of its users, in the order in which they were made.
 * @throws DialectError where there are more than the bound.
 */
export async function listKeys({ latchkey, maxKeys }: Setting, principal: Principal, scope: Scope): Promise<ApiKey[]> {
  const keys: ApiKey[] = [];
  let cursor: string | undefined;
  do {
    const query = { orgId: principal.orgId, ...scope, limit: PAGE, ...(cursor !== undefined && { cursor }) };
    const page = await latchkey.apiKeys.list(query, { kind: 'api-key' });
    keys.push(...page.items);
    if (keys.length > maxKeys) {
      throw illegalArgument(`there are more than [${maxKeys}] keys: ask for those of one owner, or raise [maxKeys]`);
    }
    cursor = page.nextCursor ?? undefined;
  } while (cursor !== undefined);
  return keys;
}

/** Null for a key that is not there, not of the organisation, or no API key. */
export async function findKey({ latchkey }: Setting, principal: Principal, id: string): Promise<ApiKey | null> {
  const key = await readKey(latchkey, id);
  return key === null || key.orgId !== principal.orgId || key.kind !== 'api-key' ? null : key;
}

/** Those that are there, in the order of `ids`, each once. */
export async function findKeys(setting: Setting, principal: Principal, ids: readonly string[]): Promise<ApiKey[]> {
  const found: ApiKey[] = [];
  const distinct = [...new Set(ids)];
  for (let start = 0; start < distinct.length; start += CONCURRENCY) {
    const some = distinct.slice(start, start + CONCURRENCY);
    const keys = await Promise.all(some.map((id) => findKey(setting, principal, id)));
    found.push(...keys.filter((key) => key !== null));
  }
  return found;
}

/** Keys that are read at once. */
const CONCURRENCY = 16;

/** The caller's own: of a user all of theirs, of a key that one alone. */
export async function ownKeys(setting: Setting, caller: Caller): Promise<ApiKey[]> {
  const { principal, key } = caller;
  if (key === null) {
    const keys = await listKeys(setting, principal, { ownerId: principal.id });
    return keys.filter((each) => isOwn(caller, each));
  }
  const itself = await findKey(setting, principal, key.id);
  return itself === null ? [] : [itself];
}

/** How keys are named by their owner: all that are given must hold. */
export interface OwnedBy {
  readonly username: string | null;
  readonly realmName: string | null;
}

/** The keys of who is named; none for a user of another organisation, and in another realm. */
export async function keysOwnedBy(
  setting: Setting,
  principal: Principal,
  { username, realmName }: OwnedBy,
  tenant: string | null,
): Promise<ApiKey[]> {
  if (realmName !== null && realmName !== setting.realm.name) return [];
  if (username === null) return await listKeys(setting, principal, undefined);
  const user = await setting.latchkey.dialects.findUserByName(username, tenant);
  if (user === null || user.orgId !== principal.orgId) return [];
  const keys = await listKeys(setting, principal, { ownerId: user.id });
  return keys.filter(({ ownerKind }) => ownerKind === 'user');
}

/** Whether that names the caller's own user. */
export function isOneself({ realm }: Setting, { username: own }: Caller, { username, realmName }: OwnedBy): boolean {
  return username !== null && username === own && realmName === realm.name;
}
