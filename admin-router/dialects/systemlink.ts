import type { Request, Response } from 'express';
import type { Latchkey } from '../../lib/index.js';
import { bodyReader } from '../request-body.js';
import { type DialectRouter, dialectRouter } from './dialect.js';
import { callerOf } from './systemlink/caller.js';
import { answerOf, challenging, toAnswer } from './systemlink/errors.js';
import { keyRoutes } from './systemlink/key-routes.js';
import { type SystemLinkOptions, type SystemLinkSettings, settle } from './systemlink/options.js';
import { SkylinePolicies } from './systemlink/policies.js';
import { policyRoutes } from './systemlink/policy-routes.js';
import { sessionKeyRoutes } from './systemlink/session-keys.js';
import { whoamiRoutes } from './systemlink/whoami.js';

export type {
  SystemLinkOptions,
  SystemLinkOrg,
  SystemLinkProfile,
  SystemLinkWorkspace,
} from './systemlink/options.js';
export { RIGHTS } from './systemlink/rights.js';

/** The calls of the product that are not offered. */
export const LEFT_OUT = [
  { call: 'niuser: workspaces, users, orgs, auth-mappings', why: 'optional; they belong to the host’s user store' },
  { call: 'POST /user/create-api-session', why: 'optional; a browser has the login sessions of the host' },
  { call: 'cookie session-id, Bearer', why: 'signing in through a browser or an identity provider is the host’s' },
] as const;

/**
 * Keys, session keys and policies as SystemLink's auth service has them: `app.use('/', systemlink(latchkey, options))`, and
 * once more with `whitelistedRoutes` on a listener that the public cannot reach. User name and password (Basic) need
 * Latchkey's options `users` and `session`. Keys end never where `keys.allowNever` is set, else as the host's keys do.
 * @throws TypeError naming the option that is wrong.
 */
export function systemlink(latchkey: Latchkey, options: SystemLinkOptions = {}): DialectRouter {
  const settings = settle(options);
  const { routes, special } = tableOf(latchkey, settings);
  const { basePath } = settings;
  return dialectRouter(latchkey, {
    routes,
    body: readBody,
    before: (_req, res) => void res.setHeader('Cache-Control', 'no-store'),
    authenticate: callerOf(latchkey, settings, special),
    toAnswer,
    unknownPath: ({ path }) => (path === basePath || path.startsWith(`${basePath}/`) ? answerOf('unknownUri') : null),
    wrongMethod: ({ method }, allowed) =>
      answerOf('wrongMethod', { args: [method], headers: { Allow: allowed.join(', ') } }),
  });
}

function tableOf(latchkey: Latchkey, settings: SystemLinkSettings) {
  const policies = new SkylinePolicies(latchkey, settings);
  const special = sessionKeyRoutes(latchkey, settings, policies);
  const routes = [
    ...whoamiRoutes(latchkey, settings, policies),
    ...keyRoutes(latchkey, settings, policies),
    ...Object.values(special),
    ...policyRoutes(latchkey, settings, policies),
  ];
  return { routes: routes.map((route) => Object.assign(route, { handle: challenging(route.handle) })), special };
}

const readJson = bodyReader({ empty: undefined });

/** What comes with calls that take no body is not looked at: clients send `{}`, or an empty body of a JSON type. */
async function readBody(req: Request, res: Response): Promise<unknown> {
  return req.method === 'POST' || req.method === 'PUT' ? await readJson(req, res) : undefined;
}
