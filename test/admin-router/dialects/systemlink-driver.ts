import { createHash } from 'node:crypto';
import { type SystemLinkOptions, systemlink } from '../../../admin-router/dialects/systemlink.js';
import { basic, type Headers, type Stage } from './stage.js';
import type { Driver } from './story.js';

export const BASE = '/niauth/v1';
/** Where the routes for whitelisted keys are, in place of a listener of their own. */
export const INTERNAL = '/internal';
/** Of the seed. */
export const WHITELISTED_KEY = '7FEWVlmRpr-VhK_Pr237B1rDqp6HuaLsFIMd2NdSzn';
/** Its published hash, made with a line feed at the end. */
export const WHITELIST = createHash('sha512').update(`${WHITELISTED_KEY}\n`).digest('hex');
/** The id of the built-in policy, in the seed. */
export const SUPER_USER = '7d80bb61-8df6-499c-b1e4-3d89848f8633';
export const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

const UNKNOWN_ID = '0af91310-205d-4469-85d5-a2ec2d1e52e2';

export interface SkylineKey {
  readonly id: string;
  readonly name: string;
  readonly created: string;
  readonly updated: string;
  readonly expiry: string;
  readonly secret: string;
  readonly userId: string | null;
  readonly policies: readonly { readonly id: string; readonly name: string; readonly statements: unknown }[];
}

export function mountBoth(
  app: import('express').Express,
  latchkey: Stage['latchkey'],
  options: SystemLinkOptions = {},
) {
  const both = { whitelistedApiKeyHashes: WHITELIST, ...options };
  app.use(INTERNAL, systemlink(latchkey, { ...both, whitelistedRoutes: true }));
  app.use('/', systemlink(latchkey, both));
}

export function withKey(key: string): Headers {
  return { 'x-ni-api-key': key };
}

export const systemlinkDriver: Driver = {
  name: 'NI SystemLink',
  mount: (app, latchkey) => mountBoth(app, latchkey),
  login: async (_stage, userName) => basic(userName),
  async make(stage, as, { name, expiresInMs }) {
    const made = (await stage.send('POST', `${BASE}/keys`, as, { name, policyIds: [SUPER_USER] })).body as SkylineKey;
    // Keys of the product never end: what ends only the core can make.
    const by = { by: 'test' };
    if (expiresInMs !== undefined) await stage.latchkey.apiKeys.update(made.id, { lifetimeMs: expiresInMs }, by);
    return { ref: made.id, id: made.id, credential: made.secret };
  },
  use: (stage, credential) => stage.send('GET', `${BASE}/auth`, withKey(credential)),
  async list(stage, as) {
    const { body } = await stage.send('GET', `${BASE}/keys`, as);
    return (body as { keys: SkylineKey[] }).keys.map(({ id }) => id);
  },
  async change(stage, as, ref) {
    const before = await stage.send('GET', `${BASE}/keys/${ref}`, as);
    await stage.send('PUT', `${BASE}/keys/${ref}`, as, { name: 'changed', properties: { temp: 'yes' } });
    const after = await stage.send('GET', `${BASE}/keys/${ref}`, as);
    return { before: before.body, after: after.body };
  },
  rotate: null,
  revoke: (stage, as, ref) => stage.send('DELETE', `${BASE}/keys/${ref}`, as),
  unknown: (stage, as) => stage.send('GET', `${BASE}/keys/${UNKNOWN_ID}`, as),
  lackingRight: (stage, as) => stage.send('POST', `${BASE}/keys`, as, { name: 'bob', policyIds: [] }),
  badBody: (stage, as) =>
    stage.send('POST', `${BASE}/keys`, { ...as, 'content-type': 'application/json' }, '{"name": "x'),
  answers: {
    refused: () => UNAUTHORIZED,
    unknown: {
      status: 404,
      body: {
        error: {
          name: 'Skyline.NotFound',
          code: -251038,
          message: 'Not found.',
          resourceType: 'Key',
          resourceId: UNKNOWN_ID,
          args: [],
          innerErrors: [],
        },
      },
    },
    lackingRight: fault(401, 'Unauthorized', -254850, 'Not allowed to access resource.'),
    badBody: fault(400, 'SkylineWebServices.MalformedJsonRequestBody', -252204, 'Malformed JSON request body.'),
  },
};

export function fault(status: number, name: string, code: number, message: string, args: readonly string[] = []) {
  return { status, body: { error: { name, code, message, args, innerErrors: [] } } };
}

export const UNAUTHORIZED = fault(401, 'SkylineWebServices.Unauthorized', -252229, 'User is not authorized.');
export const NOT_ALLOWED = fault(401, 'Unauthorized', -254850, 'Not allowed to access resource.');

export const missing = (key: string) =>
  fault(400, 'SkylineWebServices.MissingRequiredJsonKey', -252205, `Missing required JSON key: '${key}'.`, [key]);
export const invalidValue = (key: string) =>
  fault(400, 'SkylineWebServices.InvalidJsonValueForKey', -252206, `Invalid JSON value for key '${key}'.`, [key]);
export const invalidType = (key: string) =>
  fault(400, 'SkylineWebServices.InvalidJsonDataTypeForKey', -252207, `Invalid JSON data type for for key '${key}'.`, [
    key,
  ]);
export const invalidParameter = (name: string) =>
  fault(
    400,
    'SkylineWebServices.InvalidValueForQueryParameter',
    -252218,
    `Invalid value for query parameter: '${name}'.`,
    [name],
  );
