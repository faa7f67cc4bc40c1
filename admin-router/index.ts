import { type NextFunction, type Request, type Response, Router } from 'express';
import { AuthError, addressOf, type FieldError, inSeconds, type Latchkey, Principal } from '../lib/index.js';
import { apiKeyRoutes } from './api-keys.js';
import { auditRoutes } from './audit.js';
import { healthRoutes } from './health.js';
import { introspectRoutes } from './introspect.js';
import { keyInsightRoutes } from './key-insight.js';
import { keyUsageRoutes } from './key-usage.js';
import { leakedRoutes } from './leaked.js';
import { loginRoutes } from './logins.js';
import { withoutPrompt } from './no-prompt.js';
import { documentRoutes } from './openapi-route.js';
import { pageMiddleware } from './page-routes.js';
import { policyRoutes } from './policies.js';
import { bodyReader, validate } from './request-body.js';
import type { Route } from './route.js';
import { emptySchema } from './schemas.js';
import { sessionKeyRoutes } from './session-keys.js';
import { sessionRoutes } from './sessions.js';
import { type AdminRouterOptions, checkAdminRouterOptions, settingsRoutes } from './settings.js';
import { whoamiRoutes } from './whoami.js';

export type { AdminRouterOptions, PageOptions } from './settings.js';

/**
 * The management API, for `app.use('/auth', adminRouter(latchkey))`. Callers authenticate with a key of their own; they
 * manage their own keys with the right `keys:manage-own`, and others' in their organisation with `keys:read`, `keys:manage`
 * and `keys:grant`. Where users can log in, its root is a page for all of it. Answers JSON; refusals are
 * `application/problem+json` (RFC 9457). Paths that are not its own go on to the app.
 */
export function adminRouter(latchkey: Latchkey, options: AdminRouterOptions = {}): Router {
  checkAdminRouterOptions(options);
  const { page = {} } = options;
  const described = [
    ...apiKeyRoutes(latchkey),
    ...keyInsightRoutes(latchkey),
    ...keyUsageRoutes(latchkey),
    ...sessionKeyRoutes(latchkey),
    ...loginRoutes(latchkey),
    ...sessionRoutes(latchkey),
    ...policyRoutes(latchkey),
    ...leakedRoutes(latchkey),
    ...auditRoutes(latchkey),
    ...settingsRoutes(latchkey, page),
    ...whoamiRoutes(),
    ...introspectRoutes(latchkey),
    ...healthRoutes(latchkey),
  ];
  const routes = [...described, ...documentRoutes(latchkey, described)];
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
  if (page !== false && latchkey.sessions !== null) router.use(pageMiddleware());
  router.use(refuseUndecodable, withoutPrompt);
  router.use(latchkey.errorHandler());
  return router;
}

function allowedMethods(routes: readonly Route[]): string {
  const methods = routes.flatMap(({ method }) => (method === 'GET' ? ['GET', 'HEAD'] : [method]));
  return [...methods, 'OPTIONS'].join(', ');
}

/** Express's own answer is a page of HTML. */
function refuseUndecodable(error: unknown, _req: Request, _res: Response, next: NextFunction): void {
  const message = 'The path is not valid: "%" must begin the bytes of a character in UTF-8.';
  next(error instanceof URIError ? new AuthError('invalid_request', { message }) : error);
}

function noStore(_req: Request, res: Response, next: NextFunction): void {
  res.setHeader('Cache-Control', 'no-store');
  next();
}

const readBody = bodyReader();
const readBodyOrForm = bodyReader({ takesForm: true });

async function respond(route: Route, req: Request, res: Response): Promise<void> {
  const principal: unknown = req.user;
  if (!route.isPublic && !(principal instanceof Principal)) throw new AuthError('unauthenticated');
  const query = validate(route.query ?? emptySchema, { ...req.query });
  const read = route.takesForm ? readBodyOrForm : readBody;
  const body = route.body === null ? undefined : validate(route.body, await read(req, res));
  const { id = '' } = req.params;
  const call = { principal: principal as Principal, id: String(id), body, query, address: addressOf(req), req, res };
  const answer = await route.handle(call).catch(refuseOnTheWire);
  for (const [name, value] of Object.entries(answer.headers ?? {})) res.setHeader(name, value);
  if (answer.body === null) res.status(204).end();
  else if (typeof answer.body === 'string') res.type('json').send(answer.body);
  else res.status(answer.status ?? 200).json(answer.body);
}

/** The library names its own fields, in ms; the wire has seconds. */
function refuseOnTheWire(error: unknown): never {
  if (!(error instanceof AuthError) || !error.errors.some(({ path }) => path.endsWith('Ms'))) throw error;
  const errors = error.errors.map(inSeconds);
  const told = (text: string, fault: FieldError) => text.replace(textOf(fault), () => textOf(inSeconds(fault)));
  const message = error.errors.reduce(told, error.message); // it names the first of them
  throw new AuthError(error.code, { errors, message, headers: error.headers, reason: error.reason });
}

function textOf({ path, message }: FieldError): string {
  return `${path} ${message}`;
}
