import { type NextFunction, type Request, type Response, Router } from 'express';
import { AuthError, type Latchkey, type Principal } from '../../lib/index.js';
import { type BodyReader, type BodyRules, bodyReader } from '../request-body.js';

export type DialectMethod = 'GET' | 'HEAD' | 'POST' | 'PUT' | 'DELETE';

/** What goes out, to the letter. */
export interface DialectAnswer {
  /** Default 200; 204 without a body. */
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string | readonly string[]>>;
  /** JSON, in the order of its members. Undefined: none. */
  readonly body?: unknown;
  /** In place of `body`: a text of another type. */
  readonly text?: { readonly type: string; readonly value: string };
}

/** A request, before its body is read. */
export interface DialectRequest {
  readonly req: Request;
  readonly res: Response;
  readonly params: Readonly<Record<string, string>>;
  /** Every value of every parameter, decoded. */
  readonly query: URLSearchParams;
  /** The client's; null where it is not known. */
  readonly address: string | null;
}

/** What a handler gets. */
export interface PublicDialectCall extends DialectRequest {
  /** As parsed, or what the dialect has an empty body stand for. */
  readonly body: unknown;
}

export interface DialectCall extends PublicDialectCall {
  readonly principal: Principal;
}

/** One call of the product: a line of the table from which the router and the README's table are made. */
export interface DialectRoute {
  readonly methods: readonly DialectMethod[];
  /** In Express's form, without a trailing slash. A literal segment stands before a variable one. */
  readonly path: string;
  /** A few words, for the README. */
  readonly summary: string;
  /** The right that it takes, for the README; '' for none. */
  readonly right: string;
  /** Whether nobody has to be authenticated: the handler then gets no principal. */
  readonly isPublic: boolean;
  handle(call: DialectCall): Promise<DialectAnswer>;
}

/** Ties a handler to its call. */
export function call(
  methods: DialectMethod | readonly DialectMethod[],
  path: string,
  summary: string,
  right: string,
  handle: (call: DialectCall) => Promise<DialectAnswer>,
): DialectRoute {
  return { methods: [methods].flat(), path, summary, right, isPublic: false, handle };
}

/** As `call`, for those who are not let in yet. */
export function publicCall(
  methods: DialectMethod | readonly DialectMethod[],
  path: string,
  summary: string,
  handle: (call: PublicDialectCall) => Promise<DialectAnswer>,
): DialectRoute {
  return { methods: [methods].flat(), path, summary, right: '', isPublic: true, handle };
}

/**
 * A fault in the product's own shape. `message` is for the log. One that refuses somebody a right is told of as
 * `request.forbidden`, with whatever status the product has for that.
 */
export class DialectError extends Error {
  override readonly name = 'DialectError';
  readonly answer: DialectAnswer;
  readonly isForbidden: boolean;

  constructor(
    answer: DialectAnswer,
    message = 'refused in the shape of a dialect',
    isForbidden = answer.status === 403,
  ) {
    super(message);
    this.answer = answer;
    this.isForbidden = isForbidden;
  }
}

/** How a product speaks. It holds mapping only: who may do what, and what a key is, the core decides. */
export interface Dialect {
  readonly routes: readonly DialectRoute[];
  /** How bodies are read; a function for a product that takes more than JSON. */
  readonly body: BodyRules | BodyReader;
  /** Of every answer with a JSON body. Default `application/json; charset=utf-8`. */
  readonly contentType?: string;
  /** The path as the routes have it, for a product whose clients write it otherwise. */
  pathOf?(path: string): string;
  /** Whatever must hold of every request, before anything else; may throw. Sets headers of every answer. */
  before?(req: Request, res: Response): void;
  /**
   * Reads the product's credential from the request and has the core verify it. Throws what `toAnswer` understands.
   * @param route null: one of the host's own.
   */
  authenticate(asked: DialectRequest, route: DialectRoute | null): Promise<Principal>;
  /** Every error, those of the core included, in the product's shape. What it does not know it answers as 500. */
  toAnswer(error: unknown, req: Request): DialectAnswer;
  /** A path of the product's that no call has, answered in its shape; null: not one of the product's, the app goes on. */
  unknownPath(req: Request): DialectAnswer | null;
  /** A known path with another method. */
  wrongMethod(req: Request, allowed: readonly DialectMethod[]): DialectAnswer;
  /** Any answer as the request's own parameters want it. Default: as it is. */
  present?(answer: DialectAnswer, req: Request): DialectAnswer;
  /** Told of errors that are nobody's fault but the server's. Default `console.error`, as Express does. */
  onError?(error: unknown, req: Request): void;
}

/** What a dialect gives the host. */
export interface DialectRouter extends Router {
  /** The calls that it answers, for tables of them. */
  readonly routes: readonly DialectRoute[];
  /** Middleware for the host's own routes: the product's credential in, `req.user` out; refusals in the product's shape. */
  authenticate(req: Request, res: Response, next: NextFunction): void;
}

/** Options without those that are undefined, as what is read from an environment may be: they have their defaults. */
export function givenOptions<Options extends object>(options: Options): Options {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as Options;
}

/** The router of a dialect: `app.use('/', dialectRouter(latchkey, dialect))`. */
export function dialectRouter(latchkey: Latchkey, dialect: Dialect): DialectRouter {
  const router = Router({ caseSensitive: true });
  const readBody = typeof dialect.body === 'function' ? dialect.body : bodyReader(dialect.body);

  function askedBy(req: Request, res: Response): DialectRequest {
    const params = req.params as Record<string, string>;
    return { req, res, params, query: queryOf(req), address: latchkey.dialects.addressOf(req) };
  }

  async function respond(route: DialectRoute, req: Request, res: Response): Promise<DialectAnswer> {
    const asked = askedBy(req, res);
    // Strangers have no body parsed.
    const principal = route.isPublic ? null : await dialect.authenticate(asked, route);
    if (principal !== null) req.user = principal;
    const body = await readBody(req, res);
    return await route.handle({ ...asked, body, principal } as DialectCall);
  }

  function refuse(error: unknown, req: Request): DialectAnswer {
    if (error instanceof AuthError) latchkey.tellForbidden(req, error);
    if (error instanceof DialectError && error.isForbidden && req.user !== undefined) {
      latchkey.tellForbidden(req, new AuthError('forbidden', { message: error.message }));
    }
    const answer = error instanceof DialectError ? error.answer : dialect.toAnswer(error, req);
    const isOurs = !(error instanceof AuthError || error instanceof DialectError);
    if (isOurs && (answer.status ?? 200) >= 500) (dialect.onError ?? logError)(error, req);
    return answer;
  }

  function run(req: Request, res: Response, next: NextFunction, find: () => Promise<DialectAnswer>): void {
    const answering = async () => {
      dialect.before?.(req, res);
      return await find();
    };
    answering()
      .catch((error: unknown) => refuse(error, req))
      .then((answer) => send(req, res, dialect.present?.(answer, req) ?? answer, dialect.contentType))
      .catch(next);
  }

  const { pathOf } = dialect;
  if (pathOf !== undefined) {
    router.use((req: Request, _res: Response, next: NextFunction) => {
      const [path = '', ...query] = req.url.split(/(?=\?)/);
      req.url = pathOf(path) + query.join('');
      next();
    });
  }
  for (const path of new Set(dialect.routes.map((route) => route.path))) {
    const here = dialect.routes.filter((route) => route.path === path);
    const allowed = here.flatMap((route) => route.methods);
    router.all(path, (req, res, next) => {
      const route =
        here.find(({ methods }) => methods.includes(req.method as DialectMethod)) ??
        (req.method === 'HEAD' ? here.find(({ methods }) => methods.includes('GET')) : undefined);
      run(req, res, next, async () =>
        route === undefined ? dialect.wrongMethod(req, allowed) : await respond(route, req, res),
      );
    });
  }
  router.use((req: Request, res: Response, next: NextFunction) => {
    const answer = dialect.unknownPath(req);
    if (answer === null) next();
    else run(req, res, next, async () => answer);
  });
  // A path that cannot be decoded. What the app's own parsers refuse before does not come by here.
  router.use((error: unknown, req: Request, res: Response, next: NextFunction) => {
    run(req, res, next, () => Promise.reject(error));
  });

  function authenticate(req: Request, res: Response, next: NextFunction): void {
    const answering = async () => {
      dialect.before?.(req, res);
      return await dialect.authenticate(askedBy(req, res), null);
    };
    answering().then(
      (principal) => {
        req.user = principal;
        next();
      },
      (error: unknown) => run(req, res, next, () => Promise.reject(error)),
    );
  }

  return Object.assign(router, { authenticate, routes: dialect.routes });
}

/** The parameters as they stand in the request's own line: an app's query parser may have made objects of them. */
function queryOf(req: Request): URLSearchParams {
  const { originalUrl } = req;
  const mark = originalUrl.indexOf('?');
  return new URLSearchParams(mark < 0 ? '' : originalUrl.slice(mark + 1));
}

function send(
  req: Request,
  res: Response,
  answer: DialectAnswer,
  contentType = 'application/json; charset=utf-8',
): void {
  if (res.headersSent) return; // the host gave up waiting, and has answered
  const { body, text } = answer;
  const hasBody = body !== undefined || text !== undefined;
  res.statusCode = answer.status ?? (hasBody ? 200 : 204);
  for (const [name, value] of Object.entries(answer.headers ?? {})) res.setHeader(name, value as string | string[]);
  if (!hasBody) {
    res.end();
    return;
  }
  const bytes = Buffer.from(text?.value ?? JSON.stringify(body));
  // Express's own `json` and `send` add a charset, and an ETag that costs a hash of every answer.
  res.setHeader('Content-Type', text?.type ?? contentType);
  res.setHeader('Content-Length', bytes.length);
  res.end(req.method === 'HEAD' ? undefined : bytes);
}

function logError(error: unknown): void {
  console.error(error);
}
