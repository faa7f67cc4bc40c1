import type { Caller } from './caller.js';
import { describe } from './described.js';
import { illegalArgument } from './errors.js';
import { readQuestion, reply } from './has-privileges.js';
import { givenDescriptors } from './key-entry.js';
import type { Setting } from './options.js';
import { listPrivileges } from './privilege-list.js';
import { demand, type Right } from './rights.js';
import { type EsCall, type EsRoute, route } from './routing.js';

const KEY_REALM = { name: '_es_api_key', type: '_es_api_key' };
const USER = 'cluster:admin/xpack/security/user/';
const OTHERS: Right = { action: `${USER}has_privileges`, privileges: ['manage_security', 'all'] };

/** What callers may ask about themselves; it takes no right. */
export function accountRoutes(setting: Setting): EsRoute[] {
  const check = (call: EsCall) => {
    const { caller, params, body } = call;
    if (params.user !== undefined && params.user !== caller.username) {
      demand(caller, OTHERS);
      throw illegalArgument('users may only check the privileges of their own account');
    }
    return { body: reply(caller, readQuestion(body), setting.applicationPrivileges) };
  };
  return [
    route(setting, {
      methods: 'GET',
      path: '/_security/_authenticate',
      summary: 'who am I',
      action: `${USER}authenticate`,
      handle: async ({ caller }) => ({ body: whoIs(setting, caller) }),
    }),
    ...['/_security/user/_has_privileges', '/_security/user/:user/_has_privileges'].map((path) =>
      route(setting, {
        methods: ['GET', 'POST'],
        path,
        summary: 'check privileges',
        action: OTHERS.action,
        handle: async (call) => check(call),
      }),
    ),
    route(setting, {
      methods: 'GET',
      path: '/_security/user/_privileges',
      summary: 'list privileges',
      action: `${USER}list_privileges`,
      handle: async ({ caller }) => ({ body: await privilegesOf(setting, caller) }),
    }),
  ];
}

function whoIs({ realm }: Setting, { username, profile, key, cameWith }: Caller): object {
  const cameFrom = cameWith === 'api_key' ? KEY_REALM : { name: realm.name, type: realm.type };
  return {
    username,
    roles: profile.roles,
    full_name: profile.full_name,
    email: profile.email,
    metadata: profile.metadata,
    enabled: true, // another one is not let in
    authentication_realm: cameFrom,
    lookup_realm: key === null ? { name: realm.name, type: realm.type } : KEY_REALM,
    authentication_type: cameWith,
    ...(key !== null && { api_key: { id: key.id, name: key.name, managed_by: 'elasticsearch' } }),
  };
}

async function privilegesOf({ latchkey }: Setting, { key, principal }: Caller): Promise<object> {
  const record = key === null ? null : await latchkey.apiKeys.get(key.id);
  if (record !== null && Object.keys(givenDescriptors(record) ?? {}).length > 0) {
    throw illegalArgument(
      'Cannot retrieve privileges for API keys with assigned role descriptors. ' +
        'Please use the Get API key information API https://ela.st/es-api-get-api-key',
    );
  }
  return listPrivileges(describe(principal.statements));
}
