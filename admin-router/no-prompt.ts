import type { NextFunction, Request, Response } from 'express';
import { AuthError } from '../lib/index.js';

/**
 * Error middleware: to a script in a browser, which says so by `X-Requested-With: XMLHttpRequest`, Basic is called `xBasic`.
 * Browsers show a dialog of their own for a challenge of `Basic`, and the script waits for as long as nobody answers it.
 */
export function withoutPrompt(error: unknown, req: Request, _res: Response, next: NextFunction): void {
  const isScript = req.headers['x-requested-with'] === 'XMLHttpRequest';
  next(isScript && error instanceof AuthError ? unprompted(error) : error);
}

function unprompted(error: AuthError): AuthError {
  const { code, errors, message, reason, headers } = error;
  const challenges = headers['WWW-Authenticate'];
  if (challenges === undefined) return error;
  const renamed = [challenges].flat().map((challenge) => renameBasic(String(challenge)));
  return new AuthError(code, { errors, message, reason, headers: { ...headers, 'WWW-Authenticate': renamed } });
}

/** What stands in quotes, such as a realm, stays as it is. */
function renameBasic(challenges: string): string {
  const quotedOrBasic = /"[^"]*"|(^|, )Basic /g;
  return challenges.replace(quotedOrBasic, (found, before?: string) =>
    before === undefined ? found : `${before}xBasic `,
  );
}
