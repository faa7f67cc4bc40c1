import type { NextFunction, Request, Response } from 'express';
import { AuthError } from '../errors.js';
import { isAction } from '../permissions/statement.js';
import { Principal } from '../principal.js';
import type { Authenticator } from './authenticator.js';
import { sendProblem } from './problem.js';

/** A fixed text, or where in the request to find it. */
export type FromRequest<Params = ParamsDictionary> = string | ((req: Request<Params>) => string);
type ParamsDictionary = Request['params'];

export interface RequirePermissionOptions<Params = ParamsDictionary> {
  /** The workspace that the action is in. Default: all of them, which only `*` allows. */
  readonly workspace?: FromRequest<Params>;
  /** Hand a refusal to the app's error handler, in place of answering 403. Default false. */
  readonly failWithError?: boolean;
}

/**
 * Middleware, behind `latchkey.authenticate` or `passport.authenticate`, that lets a request through when its principal
 * may do `action` on `resource`; else it answers 403 as `application/problem+json` naming the action. Without a
 * principal it answers 401: it never takes "nobody" for somebody.
 *
 * @param resource default: all of them, which only `*` allows.
 * @throws TypeError for an action that is not like `orders:read`.
 */
export function requirePermission<Params = ParamsDictionary>(
  authenticator: Authenticator,
  action: string,
  resource?: FromRequest<Params>,
  options: RequirePermissionOptions<Params> = {},
): (req: Request<Params>, res: Response, next: NextFunction) => void {
  if (!isAction(action) || action.includes('*')) {
    throw new TypeError('requirePermission takes one action, e.g. "orders:read"');
  }
  const { workspace, failWithError = false } = options;

  return function latchkeyRequirePermission(req, res, next) {
    let refusal: AuthError;
    try {
      const principal: unknown = req.user;
      if (principal instanceof Principal) {
        if (principal.can(action, from(resource, req), from(workspace, req))) {
          next();
          return;
        }
        refusal = new AuthError('forbidden', { message: `The credential lacks the right "${action}".` });
        authenticator.log.forbidden(req, refusal);
      } else {
        const headers = { 'WWW-Authenticate': authenticator.challenges() };
        refusal = new AuthError('unauthenticated', { headers, reason: 'no principal: mount authenticate before' });
      }
    } catch (error) {
      next(error);
      return;
    }
    if (failWithError) next(refusal);
    else sendProblem(res, refusal);
  };
}

function from<Params>(source: FromRequest<Params> | undefined, req: Request<Params>): string | undefined {
  return typeof source === 'function' ? source(req) : source;
}
