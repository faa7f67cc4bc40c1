import { randomUUID } from 'node:crypto';
import type { Request, Response } from 'express';
import type { Latchkey } from '../../lib/index.js';
import { type DialectRouter, dialectRouter } from './dialect.js';
import { accountRoutes } from './illumio/account-routes.js';
import { answerOf, toAnswer } from './illumio/answers.js';
import { callerOf } from './illumio/caller.js';
import { loginRoutes } from './illumio/login.js';
import { type IllumioOptions, settle } from './illumio/options.js';
import { OrgKeys, orgKeyRoutes } from './illumio/org-keys.js';
import { settingsRoutes } from './illumio/org-settings.js';
import { ServiceAccounts } from './illumio/service-accounts.js';
import { userKeyRoutes } from './illumio/user-keys.js';

export type { IllumioOptions, IllumioProfile, IllumioRole } from './illumio/options.js';

const BASE = '/api/v2/';
/** Bytes; the description of a key may be long. */
const MAX_BODY = 131_072;

/** The calls of the product that are not offered. */
export const LEFT_OUT = [
  { call: 'GET /users/{id}', why: 'optional; users are the host’s' },
  { call: 'PUT /login_users/me/password', why: 'optional; passwords are the host’s' },
  { call: 'Prefer: respond-async', why: 'the list comes at once' },
] as const;

/**
 * The login, session, user-key and service-account calls of the Illumio PCE's API v2: `app.use('/', illumio(latchkey))`.
 * @throws TypeError naming the option that is wrong.
 */
export function illumio(latchkey: Latchkey, options: IllumioOptions = {}): DialectRouter {
  const settings = settle(options);
  const accounts = new ServiceAccounts(latchkey, settings);
  const orgKeys = new OrgKeys(latchkey, accounts);
  return dialectRouter(latchkey, {
    routes: [
      ...loginRoutes(latchkey, settings),
      ...userKeyRoutes(latchkey, settings),
      ...orgKeyRoutes(latchkey, settings, orgKeys),
      ...accountRoutes(latchkey, accounts, orgKeys),
      ...settingsRoutes(latchkey),
    ],
    body: { accepts: () => true, maxBytes: MAX_BODY, empty: undefined },
    contentType: 'application/json', // without a charset: clients read the text of an error only then
    pathOf: foldSlashes,
    before: setHeaders,
    authenticate: callerOf(latchkey, settings),
    toAnswer,
    unknownPath: (req) => (settings.answersUnknownPaths && req.path.startsWith(BASE) ? answerOf('unknownPath') : null),
    wrongMethod: (_req, allowed) => answerOf('wrongMethod', { Allow: allowed.join(', ') }),
  });
}

/** Clients write `/api/v2//users/1`. */
function foldSlashes(path: string): string {
  return path.startsWith(BASE) ? path.replace(/\/{2,}/g, '/') : path;
}

function setHeaders(_req: Request, res: Response): void {
  res.setHeader('X-Request-Id', randomUUID());
  res.setHeader('Cache-Control', 'no-store');
  res.setHeader('Pragma', 'no-cache');
}
