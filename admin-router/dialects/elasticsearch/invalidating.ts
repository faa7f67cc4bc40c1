import type { ApiKey } from '../../../lib/index.js';
import { readBoolean, readObject, readText, readTexts } from './body.js';
import type { Caller } from './caller.js';
import { isOwn } from './caller.js';
import type { Cause } from './errors.js';
import { illegalArgument, refuseInvalid } from './errors.js';
import { MAX_IDS } from './key-requests.js';
import { findKeys, isOneself, keysOwnedBy, listKeys, ownKeys } from './keys.js';
import type { Setting } from './options.js';
import { demand, RIGHTS } from './rights.js';
import type { EsCall } from './routing.js';

/** Which keys are to end. Null: not said. */
interface Selection {
  readonly ids: readonly string[] | null;
  readonly name: string | null;
  readonly isOwner: boolean;
  readonly username: string | null;
  readonly realmName: string | null;
}

/** Ends keys for good. Those that have ended, or are not there, are passed over without a word. */
export async function invalidate(setting: Setting, { caller, body, address, req }: EsCall): Promise<object> {
  const selection = readSelection(body);
  demand(caller, isLimited(setting, caller, selection) ? RIGHTS.invalidateOwn : RIGHTS.invalidate);
  const keys = await select(setting, caller, selection, setting.tenantOf(req));
  const ids = keys.filter(({ revokedAt }) => revokedAt === null).map(({ id }) => id);
  const { apiKeys } = setting.latchkey;
  const ended: string[] = [];
  const failed: Cause[] = [];
  for (let start = 0; start < ids.length; start += MAX_IDS) {
    const by = caller.principal;
    for (const { id, outcome } of await apiKeys.revokeMany(ids.slice(start, start + MAX_IDS), { by, address })) {
      if (outcome === 'revoked') ended.push(id);
      if (outcome === 'failed') failed.push({ type: 'exception', reason: `failed to invalidate API key [${id}]` });
    }
  }
  return {
    invalidated_api_keys: ended,
    previously_invalidated_api_keys: [],
    error_count: failed.length,
    ...(failed.length > 0 && { error_details: failed }),
  };
}

const PARSER = 'invalidate_api_key';

function readSelection(body: unknown): Selection {
  const given = readObject(body, PARSER, ['id', 'ids', 'name', 'owner', 'realm_name', 'username']);
  const [id, list] = [readText(given, 'id', PARSER), readTexts(given, 'ids', PARSER)];
  if (id !== undefined && list !== undefined) {
    throw illegalArgument('Must use either [id] or [ids], not both at the same time');
  }
  const ids = list ?? (id === undefined || id.trim() === '' ? null : [id]);
  const text = (field: string) => {
    const value = readText(given, field, PARSER);
    return value === undefined || value.trim() === '' ? null : value;
  };
  const [name, username, realmName] = [text('name'), text('username'), text('realm_name')];
  const isOwner = readBoolean(given, 'owner', PARSER) ?? false;
  const isByOwner = username !== null || realmName !== null;
  const isByKey = ids !== null || name !== null;
  const blank = ids?.findIndex((each) => each.trim() === '') ?? -1;
  refuseInvalid([
    ...(ids?.length === 0 ? ['Field [ids] cannot be an empty array'] : []),
    ...(blank >= 0 ? [`Field [ids] must not contain blank id, but got blank id at index position: [${blank}]`] : []),
    ...(!isByOwner && !isByKey && !isOwner
      ? ['One of [api key id(s), api key name, username, realm name] must be specified if [owner] flag is false']
      : []),
    ...(isByOwner && isByKey
      ? ['username or realm name must not be specified when the api key id(s) or api key name are specified']
      : []),
    ...(isByOwner && isOwner
      ? ['neither username nor realm-name may be specified when invalidating owned API keys']
      : []),
    ...(ids !== null && name !== null ? ['only one of [api key id(s), api key name] can be specified'] : []),
  ]);
  if (ids !== null && ids.length > MAX_IDS) throw illegalArgument(`[ids] has at most [${MAX_IDS}] entries`);
  return { ids, name, isOwner, username, realmName };
}

/** Whether it reaches no further than the caller's own keys; of a key: than itself, named by its id. */
function isLimited(setting: Setting, caller: Caller, selection: Selection): boolean {
  const { key } = caller;
  if (key !== null) return selection.ids?.length === 1 && selection.ids[0] === key.id;
  return selection.isOwner || isOneself(setting, caller, selection);
}

async function select(
  setting: Setting,
  caller: Caller,
  selection: Selection,
  tenant: string | null,
): Promise<ApiKey[]> {
  const { ids, name, isOwner } = selection;
  const { principal, key: asKey } = caller;
  if (ids !== null) {
    const found = await findKeys(setting, principal, ids);
    return isOwner ? found.filter((key) => (asKey === null ? isOwn(caller, key) : key.id === asKey.id)) : found;
  }
  const isByOwner = selection.username !== null || selection.realmName !== null;
  let keys: ApiKey[];
  if (isOwner || (asKey === null && isOneself(setting, caller, selection))) keys = await ownKeys(setting, caller);
  else if (isByOwner) keys = await keysOwnedBy(setting, principal, selection, tenant);
  else keys = await listKeys(setting, principal, undefined);
  return name === null ? keys : keys.filter((key) => key.name === name);
}
