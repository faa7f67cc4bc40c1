import type { ErrorRequestHandler, Response } from 'express';
import { AuthError } from '../errors.js';
import type { RequestLog } from './request-log.js';

/** Not imported: that has Node 24 load its WebSocket and fetch, too, which takes as long as all of Latchkey. */
const { STATUS_CODES } = process.getBuiltinModule('node:http');

/** Answers as `application/problem+json` (RFC 9457), with `code` and, for bad input, `errors`. */
export function sendProblem(res: Response, error: AuthError): void {
  const { code, status, message, errors } = error;
  for (const [name, value] of Object.entries(error.headers)) res.setHeader(name, value);
  res.statusCode = status;
  res.setHeader('Content-Type', 'application/problem+json; charset=utf-8');
  res.setHeader('Cache-Control', 'no-store');
  const problem = { type: 'about:blank', title: STATUS_CODES[status], status, code, detail: message };
  res.end(JSON.stringify(errors.length === 0 ? problem : { ...problem, errors }));
}

/**
 * Answers every `AuthError`, and what `failWithError` hands on, as a problem document, and tells `log` of every 403; all other
 * errors go on to the app's next error handler.
 */
export function errorHandler(log: RequestLog): ErrorRequestHandler {
  return function latchkeyErrorHandler(error: unknown, req, res, next) {
    const refusal = asAuthError(error);
    if (refusal !== null) log.forbidden(req, refusal);
    if (refusal === null || res.headersSent) next(error);
    else sendProblem(res, refusal);
  };
}

/** Passport's own error for `failWithError` has set `WWW-Authenticate` already. */
function asAuthError(error: unknown): AuthError | null {
  if (error instanceof AuthError) return error;
  const isPassports = error instanceof Error && error.name === 'AuthenticationError';
  return isPassports && 'status' in error && error.status === 401 ? new AuthError('unauthenticated') : null;
}
