import type { ApiKey } from '../../../lib/index.js';
import type { DialectAnswer } from '../dialect.js';
import { shorten } from './body.js';
import { isOwn } from './caller.js';
import { changeKey, refuseKeys } from './changing.js';
import { type Cause, causeOf, failures, refuseInvalid } from './errors.js';
import { mapGently } from './gently.js';
import { invalidate } from './invalidating.js';
import { readBulkUpdate, readCreate, readUpdate } from './key-requests.js';
import { issuedToWire, keyToWire } from './key-view.js';
import { findKey, isOneself, keysOwnedBy, listKeys, ownKeys } from './keys.js';
import { makeKey } from './making.js';
import type { Setting } from './options.js';
import { booleanOf, textOf } from './presentation.js';
import { demand, RIGHTS } from './rights.js';
import { type EsCall, type EsRoute, route } from './routing.js';
import type { UserNames } from './user-names.js';

const PATH = '/_security/api_key';
const ISSUING = ['refresh'];
const GET_PARAMETERS = 'id name owner realm_name username with_limited_by active_only with_profile_uid'.split(' ');

/** Make, read, end and change keys. */
export function keyRoutes(setting: Setting, names: UserNames): EsRoute[] {
  return [
    route(setting, {
      methods: ['PUT', 'POST'],
      path: PATH,
      summary: 'create a key',
      action: RIGHTS.create.action,
      demands: RIGHTS.create,
      takes: ISSUING,
      isAboutKeys: true,
      handle: async (call) => ({
        body: issuedToWire(await makeKey(setting, call.caller, readCreate(call.body), call)),
      }),
    }),
    route(setting, {
      methods: 'GET',
      path: PATH,
      summary: 'get keys',
      right: 'manage_own_api_key',
      action: RIGHTS.get.action,
      takes: GET_PARAMETERS,
      isAboutKeys: true,
      handle: (call) => getKeys(setting, names, call),
    }),
    route(setting, {
      methods: 'DELETE',
      path: PATH,
      summary: 'invalidate keys',
      right: 'manage_own_api_key',
      action: RIGHTS.invalidate.action,
      isAboutKeys: true,
      handle: async (call) => ({ body: await invalidate(setting, call) }),
    }),
    route(setting, {
      methods: 'POST',
      path: `${PATH}/_bulk_update`,
      summary: 'update several keys',
      action: RIGHTS.bulkUpdate.action,
      demands: RIGHTS.bulkUpdate,
      isAboutKeys: true,
      handle: async (call) => ({ body: await bulkUpdate(setting, call) }),
    }),
  ];
}

/** To stand behind all routes with a literal in place of the id. */
export function keyByIdRoutes(setting: Setting): EsRoute[] {
  return [
    route(setting, {
      methods: 'PUT',
      path: `${PATH}/:id`,
      summary: 'update a key',
      action: RIGHTS.update.action,
      demands: RIGHTS.update,
      isAboutKeys: true,
      async handle(call) {
        refuseKeys(call.caller);
        const updated = await changeKey(setting, call.caller, call.params.id ?? '', readUpdate(call.body), call);
        return { body: { updated } };
      },
    }),
  ];
}

async function getKeys(setting: Setting, names: UserNames, call: EsCall): Promise<DialectAnswer> {
  const { caller, query, req } = call;
  const [id, name, username] = [textOf(query, 'id'), textOf(query, 'name'), textOf(query, 'username')];
  const realmName = textOf(query, 'realm_name');
  const [isOwner, withLimitedBy] = [booleanOf(query, 'owner'), booleanOf(query, 'with_limited_by')];
  const isActiveOnly = booleanOf(query, 'active_only');
  booleanOf(query, 'with_profile_uid');
  const isByOwner = username !== null || realmName !== null;
  refuseInvalid([
    ...(isByOwner && (id !== null || name !== null)
      ? ['username or realm name must not be specified when the api key id or api key name is specified']
      : []),
    ...(isByOwner && isOwner
      ? ['neither username nor realm-name may be specified when retrieving owned API keys']
      : []),
    ...(id !== null && name !== null ? ['only one of [api key id, api key name] can be specified'] : []),
  ]);
  const owner = { username, realmName };
  const { key: asKey } = caller;
  const isLimited = asKey === null ? isOwner || isOneself(setting, caller, owner) : id === asKey.id && !withLimitedBy;
  demand(caller, isLimited ? RIGHTS.getOwn : RIGHTS.get);
  const select = async (): Promise<ApiKey[]> => {
    if (id !== null) {
      const key = await findKey(setting, caller.principal, id);
      const isMeant = key !== null && (!isOwner || (asKey === null ? isOwn(caller, key) : key.id === asKey.id));
      return isMeant ? [key] : [];
    }
    if (isOwner || (asKey === null && isOneself(setting, caller, owner))) return await ownKeys(setting, caller);
    if (isByOwner) return await keysOwnedBy(setting, caller.principal, owner, setting.tenantOf(req));
    return await listKeys(setting, caller.principal, undefined);
  };
  const isNamed = nameTest(name);
  const found = (await select()).filter((key) => isNamed(key.name) && (!isActiveOnly || key.state === 'active'));
  const nameOf = await names.ofAll(found);
  const { realm } = setting;
  const shown = await mapGently(found, (key) => keyToWire(key, { username: nameOf(key), realm, withLimitedBy }));
  return { status: id !== null && found.length === 0 ? 404 : 200, body: { api_keys: shown } };
}

/** One star at the end stands for any end. */
function nameTest(name: string | null): (name: string) => boolean {
  if (name === null || name === '*') return () => true;
  return name.endsWith('*') ? (each) => each.startsWith(name.slice(0, -1)) : (each) => each === name;
}

async function bulkUpdate(setting: Setting, call: EsCall): Promise<object> {
  refuseKeys(call.caller);
  const { ids, ...request } = readBulkUpdate(call.body);
  const [updated, noops]: [string[], string[]] = [[], []];
  const details: [string, Cause][] = [];
  for (const id of ids) {
    try {
      (await changeKey(setting, call.caller, id, request, call)) ? updated.push(id) : noops.push(id);
    } catch (error) {
      const cause = causeOf(error);
      if (cause === null) throw error;
      details.push([shorten(id), cause]);
    }
  }
  return { updated, noops, ...failures(details) };
}
