import type { NextFunction, Request, RequestHandler, Response } from 'express';
import { authenticate } from './authenticate.js';
import type { Authenticator, StrategyName } from './authenticator.js';
import { inDictionaryMode } from './dictionary-mode.js';
import type { Strategies } from './strategies.js';

/** What is used of a Passport instance. */
export interface PassportLike {
  use(name: string, strategy: never): unknown;
}

/** What `passport.framework()` takes: how Passport meets a web framework. */
interface PassportFramework {
  initialize: unknown;
  authorize?: unknown;
  authenticate(
    passport: PassportLike,
    names: string | readonly string[],
    options?: object,
    callback?: unknown,
  ): (req: Request, res: Response, next: NextFunction) => void;
}

/** Passport 0.6 and 0.7; where another version has other insides, everything goes Passport's own way. */
interface PassportInternals extends PassportLike {
  _framework?: PassportFramework;
  _strategy?(name: string): unknown;
  framework?(framework: PassportFramework): unknown;
}

/**
 * Gives `passport.authenticate(ours, { session: false })` the fast path through Passport's own seam for frameworks.
 * Passport adds seven methods to every request, which on Node 20 and 22 costs more than the rest of the check; here they
 * are put on the app's request prototype once. `req.authInfo` is not set on this path. Calls with a callback, with other
 * options or with other strategies are handed to the framework that was there.
 */
export function installFramework(
  passport: PassportInternals,
  authenticator: Authenticator,
  strategies: Strategies,
): void {
  const own = passport._framework;
  if (own === undefined || passport._strategy === undefined || passport.framework === undefined) return;
  const methods = requestMethods(passport, own);

  passport.framework({
    initialize: own.initialize,
    authorize: own.authorize ?? own.authenticate,
    authenticate(instance, names, options, callback) {
      const usual = inDictionaryMode(own.authenticate(instance, names, options, callback));
      const list = typeof names === 'string' ? [names] : names;
      if (!isPlain(options, callback) || !areOurs(list, strategies)) return usual;
      const fast: RequestHandler = authenticate(authenticator, list);
      const isOurs = () => list.every((name) => passport._strategy?.(name) === strategies[name]);
      return function latchkeyPassportAuthenticate(req, res, next) {
        if (isOurs() && hasMethods(req, methods)) fast(req, res, next);
        else usual(req, res, next);
      };
    },
  });
}

function isPlain(options: object | undefined, callback: unknown): boolean {
  if (callback !== undefined || typeof options !== 'object') return false;
  return Object.keys(options).length === 1 && 'session' in options && options.session === false;
}

function areOurs(names: readonly string[], strategies: Strategies): names is readonly StrategyName[] {
  return names.length > 0 && names.every((name) => Object.hasOwn(strategies, name));
}

/** What Passport keeps on a request besides its methods. */
interface PassportState {
  /** Of the instance that handled the request last. */
  readonly _sessionManager?: unknown;
  /** Where the host wants the user, in place of `req.user`. */
  readonly _userProperty?: string;
}

/** What Passport itself puts on a request: taken from one that it has handled. */
function requestMethods(passport: PassportLike, framework: PassportFramework): PassportState {
  const request = {};
  framework.authenticate(passport, [], { session: false }, () => {})(request as Request, {} as Response, () => {});
  return request;
}

/**
 * Sees to it that a request has Passport's methods, by way of its app's prototype. False outside Express, and where the
 * app has another Passport instance or another place for the user: Passport then has to do it for each request.
 */
function hasMethods(req: Request & PassportState, methods: PassportState): boolean {
  if (req._userProperty !== undefined) return false;
  if (req._sessionManager !== undefined) return req._sessionManager === methods._sessionManager;
  const prototype: object = Object.getPrototypeOf(req);
  if (!Object.hasOwn(prototype, 'app')) return false;
  for (const [name, value] of Object.entries(methods)) {
    if (!(name in prototype)) Object.defineProperty(prototype, name, { value, writable: true, configurable: true });
  }
  return true;
}
