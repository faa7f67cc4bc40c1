import { type NextFunction, type Request, type Response, Router } from 'express';
import { AuthError, type Latchkey, Principal } from '../lib/index.js';
import { apiKeyRoutes } from './api-keys.js';
import { auditRoutes } from './audit.js';
import { leakedRoutes } from './leaked.js';
import { loginRoutes } from './logins.js';
import { policyRoutes } from './policies.js';
import { readBody, validate } from './request-body.js';
import type { Route } from './route.js';
import { emptySchema } from './schemas.js';
import { sessionKeyRoutes } from './session-keys.js';
import { sessionRoutes } from './sessions.js';
import { whoamiRoutes } from './whoami.js';

/** Characters. */
const MAX_ADDRESS = 64;

/**
 * The management API, for `app.use('/auth', adminRouter(latchkey))`. Callers authenticate with a key of their own; they
 * manage their own keys with the right `keys:manage-own`, and others' in their organisation with `keys:read`, `keys:manage`
 * and `keys:grant`. Answers JSON; refusals are `application/problem+json` (RFC 9457). Paths that are not its own go on to
 * the app.
 */
export function adminRouter(latchkey: Latchkey): Router {
  const routes = [
    ...apiKeyRoutes(latchkey),
    ...sessionKeyRoutes(latchkey),
    ...loginRoutes(latchkey),
    ...sessionRoutes(latchkey),
    ...policyRoutes(latchkey),
    ...leakedRoutes(latchkey),
    ...auditRoutes(latchkey),
    ...whoamiRoutes(),
  ];
  const router = Router({ caseSensitive: true });
  const authenticate = latchkey.authenticate(undefined, { failWithError: true });

  for (const path of new Set(routes.map((route) => route.path))) {
    const here = routes.filter((route) => route.path === path);
    const find = ({ method }: Request) => here.find((route) => route.method === (method === 'HEAD' ? 'GET' : method));
    const allow = allowedMethods(here);
    const resource = router.route(path);
    resource.options((_req, res) => void res.setHeader('Allow', allow).status(204).end());
    resource.all(
      noStore,
      (req, res, next) => (find(req)?.isPublic ? next() : authenticate(req, res, next)),
      (req, res, next) => {
        const found = find(req);
        if (found !== undefined) respond(found, req, res).catch(next);
        else next(new AuthError('method_not_allowed', { headers: { Allow: allow } }));
      },
    );
  }
  router.use(latchkey.errorHandler());
  return router;
}

function allowedMethods(routes: readonly Route[]): string {
  const methods = routes.flatMap(({ method }) => (method === 'GET' ? ['GET', 'HEAD'] : [method]));
  return [...methods, 'OPTIONS'].join(', ');
}

function noStore(_req: Request, res: Response, next: NextFunction): void {
  res.setHeader('Cache-Control', 'no-store');
  next();
}

/** What a trusted header claims to be an address may be anything. */
function addressOf(req: Request): string | null {
  const address = req.ip ?? req.socket.remoteAddress;
  return address === undefined ? null : address.slice(0, MAX_ADDRESS);
}

async function respond(route: Route, req: Request, res: Response): Promise<void> {
  const principal: unknown = req.user;
  if (!route.isPublic && !(principal instanceof Principal)) throw new AuthError('unauthenticated');
  const query = validate(route.query ?? emptySchema, { ...req.query });
  const body = route.body === null ? undefined : validate(route.body, await readBody(req, res));
  const { id = '' } = req.params;
  const call = { principal: principal as Principal, id: String(id), body, query, address: addressOf(req), req, res };
  const answer = await route.handle(call).catch(refuseOnTheWire);
  for (const [name, value] of Object.entries(answer.headers ?? {})) res.setHeader(name, value);
  if (answer.body === null) res.status(204).end();
  else res.status(answer.status ?? 200).json(answer.body);
}

/** The library names its own fields, in ms; the wire has seconds. */
function refuseOnTheWire(error: unknown): never {
  if (!(error instanceof AuthError) || !error.errors.some(({ path }) => path.endsWith('Ms'))) throw error;
  const errors = error.errors.map(({ path, message }) => ({ path: path.replace(/Ms$/, 'Seconds'), message }));
  const message = error.message.replace(/\b(\w+)Ms\b/, '$1Seconds');
  throw new AuthError(error.code, { errors, message, headers: error.headers, reason: error.reason });
}
