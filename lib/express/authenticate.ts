import type { NextFunction, Request, Response } from 'express';
import { AuthError } from '../errors.js';
import { Principal } from '../principal.js';
import type { Refusal } from '../refusal.js';
import type { Verdict } from '../verification/verifier.js';
import type { Authenticator, StrategyName } from './authenticator.js';
import { useDictionaryMode } from './dictionary-mode.js';
import type { Middleware } from './middleware.js';

export interface AuthenticateOptions {
  /** Hand a refusal to the app's error handler as an `AuthError`, in place of answering 401. Default false. */
  readonly failWithError?: boolean;
}

/**
 * Middleware that lets a request through with `req.user` set, or answers as `passport.authenticate(names, { session:
 * false })` does, without Passport's cost per request.
 *
 * @param names the forms that are accepted; default: all.
 * @throws TypeError for a name that is not one of ours.
 */
export function authenticate(
  authenticator: Authenticator,
  names: StrategyName | readonly StrategyName[] = authenticator.names,
  options: AuthenticateOptions = {},
): Middleware {
  const accepted = checkNames(names, authenticator.names);
  const accepts = new Set(accepted);
  const { failWithError = false } = options;
  const known = new Map<Refusal, readonly string[]>();

  /** Made once for each of the few refusals that there are. */
  function challengesOf(refusal: Refusal): readonly string[] {
    const before = known.get(refusal);
    if (before !== undefined) return before;
    const challenges = accepted.map((name) => authenticator.challenge(name, refusal));
    known.set(refusal, challenges);
    return challenges;
  }

  function refuse(refusal: Refusal, req: Request, res: Response, next: NextFunction): void {
    authenticator.tellRefused(req, refusal, accepts);
    if (res.headersSent) return; // the host gave up waiting, and has answered
    const challenges = challengesOf(refusal);
    if (failWithError) {
      const headers = { 'WWW-Authenticate': [...challenges] };
      next(new AuthError('unauthenticated', { headers, reason: refusal.reason }));
      return;
    }
    res.statusCode = 401;
    // A single one costs Node less as a text; a list of one's own, since Node adds to it.
    res.setHeader('WWW-Authenticate', challenges.length === 1 ? (challenges[0] as string) : [...challenges]);
    res.end('Unauthorized');
  }

  function settle<Params>(verdict: Verdict, req: Request<Params>, res: Response, next: NextFunction): void {
    if (verdict instanceof Principal) {
      req.user = verdict;
      next();
    } else if (verdict instanceof AuthError) {
      next(verdict);
    } else {
      refuse(verdict, req as unknown as Request, res, next); // not next(), of which nothing would let the request in
    }
  }

  function settleLater<Params>(
    verdict: Promise<Verdict>,
    req: Request<Params>,
    res: Response,
    next: NextFunction,
  ): void {
    verdict.then((settled) => settle(settled, req, res, next)).catch(next);
  }

  return function latchkeyAuthenticate<Params>(req: Request<Params>, res: Response, next: NextFunction): void {
    useDictionaryMode(req);
    let verdict: Verdict | Promise<Verdict>;
    try {
      verdict = authenticator.authenticate(req as unknown as Request, accepts);
    } catch (error) {
      next(error);
      return;
    }
    if (verdict instanceof Promise) settleLater(verdict, req, res, next);
    else settle(verdict, req, res, next);
  };
}

function checkNames(
  names: StrategyName | readonly StrategyName[],
  known: readonly StrategyName[],
): readonly StrategyName[] {
  const list = typeof names === 'string' ? [names] : [...names];
  if (list.length === 0 || !list.every((name) => known.includes(name))) {
    const hint = list.includes('session-cookie') ? '; session-cookie needs the options users and session' : '';
    throw new TypeError(`authenticate takes one or more of: ${known.join(', ')}${hint}`);
  }
  return list;
}
