import type { Latchkey } from '../../lib/index.js';
import { type DialectRouter, dialectRouter } from './dialect.js';
import { LEGACY_PATH, toAnswer } from './trend/answers.js';
import { Entry } from './trend/entry.js';
import { keyRoutes } from './trend/key-routes.js';
import { Keys } from './trend/keys.js';
import { KeyLockout } from './trend/lockout.js';
import { settle, type TrendOptions } from './trend/options.js';
import { Roles } from './trend/roles.js';
import { sessionRoutes } from './trend/sessions.js';

export type { TrendKeyLockout, TrendOptions, TrendSessionOptions } from './trend/options.js';
export { RIGHTS } from './trend/rights.js';

/** The calls of the product that are not offered. */
export const LEFT_OUT = [
  { call: 'computers, policies and all else under /api', why: 'the host’s own routes, behind `router.authenticate`' },
  { call: '/api/administrators, /api/tenants', why: 'users and organisations are the host’s' },
  { call: 'Authorization: ApiKey', why: 'keys of a cloud account, which are another object' },
] as const;

const OWN_PATHS = /^\/api\/(?:sessions|apikeys|roles)(?:\/|$)/;

/**
 * Sessions, API keys and roles as Trend Workload Security (Deep Security) has them, under `/api`:
 * `app.use('/', trend(latchkey, options))`. Other paths under `/api` go on to the app.
 * @throws TypeError naming the option that is wrong.
 */
export function trend(latchkey: Latchkey, options: TrendOptions = {}): DialectRouter {
  const settings = settle(options);
  const { dialects } = latchkey;
  const lockout = new KeyLockout(dialects.state('trend'), settings.keyLockout, dialects.now);
  const entry = new Entry(latchkey, lockout, settings);
  const roles = new Roles(latchkey, settings);
  const keys = new Keys(latchkey, settings, lockout, roles);
  return dialectRouter(latchkey, {
    routes: [...sessionRoutes(latchkey, settings), ...keyRoutes(latchkey, keys), ...roles.routes()],
    body: {},
    contentType: 'application/json',
    before: (req, res) => entry.before(req, res),
    authenticate: ({ req }) => entry.authenticate(req),
    toAnswer,
    unknownPath({ path }) {
      if (OWN_PATHS.test(path)) return { status: 404, body: { message: 'Not found.' } };
      const isLegacy = settings.legacySignIn && LEGACY_PATH.test(path);
      return isLegacy ? { status: 404, body: { error: { message: 'Not found.' } } } : null;
    },
    wrongMethod: (_req, allowed) => ({
      status: 405,
      headers: { Allow: allowed.join(', ') },
      body: { message: 'Method not allowed.' },
    }),
  });
}
