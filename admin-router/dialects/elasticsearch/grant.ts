import { type Members, readMap, readObject, readText, wrongType } from './body.js';
import type { Caller } from './caller.js';
import type { Credentials } from './credentials.js';
import { type Cause, causeOf, failures, illegalArgument, refusal, refuseInvalid } from './errors.js';
import { readCreate } from './key-requests.js';
import { issuedToWire } from './key-view.js';
import { makeKey } from './making.js';
import type { Setting } from './options.js';
import { RIGHTS } from './rights.js';
import { type EsCall, type EsRoute, route } from './routing.js';

/** Keys for another user whose password is known. */
export function grantRoutes(setting: Setting, credentials: Credentials): EsRoute[] {
  return [
    route(setting, {
      methods: ['POST', 'PUT'],
      path: '/_security/api_key/grant',
      summary: 'grant a key to another user',
      action: RIGHTS.grant.action,
      demands: RIGHTS.grant,
      takes: ['refresh'],
      isAboutKeys: true,
      handle: async (call) => ({ body: await grant(setting, credentials, call) }),
    }),
    route(setting, {
      methods: 'POST',
      path: '/_security/api_key/_bulk_grant',
      summary: 'grant several keys to another user',
      action: RIGHTS.bulkGrant.action,
      demands: RIGHTS.bulkGrant,
      takes: ['refresh'],
      isAboutKeys: true,
      handle: async (call) => ({ body: await bulkGrant(setting, credentials, call) }),
    }),
  ];
}

const GRANT = 'grant_api_key_request';
const BULK = 'bulk_grant_api_key_request';
const AUTHENTICATE = 'cluster:admin/xpack/security/user/authenticate';
/** Keys of one request. */
const MAX_KEYS = 100;

async function grant(setting: Setting, credentials: Credentials, call: EsCall): Promise<object> {
  const given = readObject(call.body, GRANT, ['api_key', ...FIELDS]);
  const made = readMap(given, 'api_key', GRANT);
  const hasName = made !== undefined && made.name !== undefined && made.name !== null;
  const grantee = readGrantee(given, GRANT, hasName ? [] : ['api key name is required']);
  const key = readCreate(made);
  const owner = await authenticate(credentials, call, grantee);
  return issuedToWire(await makeKey(setting, owner, key, call));
}

/** What cannot be made is told beside what was made; a fault of the request is one of all of it. */
async function bulkGrant(setting: Setting, credentials: Credentials, call: EsCall): Promise<object> {
  const given = readObject(call.body, BULK, ['api_keys', ...FIELDS]);
  const list = given.api_keys ?? [];
  if (!Array.isArray(list)) throw wrongType(BULK, 'api_keys', list);
  const grantee = readGrantee(given, BULK, list.length === 0 ? ['[api_keys] must not be empty'] : []);
  if (list.length > MAX_KEYS) throw illegalArgument(`[api_keys] has at most [${MAX_KEYS}] entries`);
  const keys = list.map((key: unknown) => readCreate(key));
  const owner = await authenticate(credentials, call, grantee);
  const created: object[] = [];
  const details: [string, Cause][] = [];
  for (const [index, key] of keys.entries()) {
    try {
      created.push(issuedToWire(await makeKey(setting, owner, key, call)));
    } catch (error) {
      const cause = causeOf(error);
      if (cause === null) throw error;
      details.push([String(index), cause]);
    }
  }
  return { created, ...failures(details) };
}

/** Who is granted a key has proven who they are: it is made as they would make it themselves. */
async function authenticate(credentials: Credentials, { req, caller }: EsCall, grantee: Grantee): Promise<Caller> {
  const { userName, password, runAs } = grantee;
  const granted = password === null ? null : await credentials.byPassword(req, userName, password);
  if (granted === null || granted.principal.orgId !== caller.principal.orgId) {
    throw refusal(403, 'security_exception', 'Failed to authenticate api key grant');
  }
  return runAs === undefined ? granted : await credentials.runAs(req, granted, runAs, AUTHENTICATE);
}

interface Grantee {
  readonly userName: string;
  /** Null for an access token: none is given out here, so none is known. */
  readonly password: string | null;
  readonly runAs: string | undefined;
}

const FIELDS = ['grant_type', 'username', 'password', 'access_token', 'run_as', 'client_authentication'];

/** @param faults of the rest of the request, to be told with those of these fields. */
function readGrantee(given: Members, parser: string, faults: readonly string[]): Grantee {
  const text = (field: string) => readText(given, field, parser);
  const client = readMap(given, 'client_authentication', parser);
  if (client !== undefined) readClient(client);
  const [username, password, runAs] = [text('username'), text('password'), text('run_as')];
  const fields = { username, password, access_token: text('access_token'), client_authentication: client };
  refuseInvalid([...faults, ...grantFaults(text('grant_type'), fields)]);
  if (client !== undefined) {
    const reason = '[client_authentication] not supported with the supplied access_token type';
    throw refusal(400, 'security_exception', reason);
  }
  return { userName: username ?? '', password: password ?? null, runAs };
}

function readClient(client: Members): void {
  const parser = 'client_authentication';
  const given = readObject(client, parser, ['scheme', 'value']);
  for (const field of ['scheme', 'value']) {
    if (readText(given, field, parser) === undefined) throw illegalArgument(`Required [${field}]`);
  }
}

const GRANT_TYPES: Readonly<Record<string, readonly string[]>> = {
  password: ['username', 'password'],
  access_token: ['access_token'],
};

function grantFaults(type: string | undefined, fields: Members): string[] {
  if (type === undefined) return ['[grant_type] is required'];
  const needed = Object.hasOwn(GRANT_TYPES, type) ? (GRANT_TYPES[type] ?? []) : null;
  if (needed === null) return [`grant_type [${type.slice(0, 200)}] is not supported`];
  return Object.entries(fields).flatMap(([field, value]) => {
    if (needed.includes(field)) return value === undefined ? [`[${field}] is required for grant_type [${type}]`] : [];
    const isAllowed = value === undefined || (field === 'client_authentication' && type === 'access_token');
    return isAllowed ? [] : [`[${field}] is not supported for grant_type [${type}]`];
  });
}
