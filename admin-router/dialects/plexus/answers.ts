import { AuthError } from '../../../lib/index.js';
import { type DialectAnswer, DialectError } from '../dialect.js';

const MESSAGES = {
  badRequest: [400, 'Invalid request.'],
  badKey: [401, 'Invalid API key.'],
  notLoggedIn: [401, 'Not logged in.'],
  badToken: [403, 'Invalid XSRF token.'],
  forbidden: [403, 'Forbidden.'],
  notFound: [404, 'Not found.'],
  tooMany: [429, 'Too many login attempts.'],
} as const;

export type Fault = keyof typeof MESSAGES;

/** A fault as the product tells it. */
export function answerOf(fault: Fault, headers: DialectAnswer['headers'] = {}): DialectAnswer {
  const [status, message] = MESSAGES[fault];
  return { status, headers, body: { error: { status, message } } };
}

export function refuse(fault: Fault, headers?: DialectAnswer['headers']): DialectError {
  return new DialectError(answerOf(fault, headers), fault);
}

/** What the core has to say, in the product's words. */
export function toAnswer(error: unknown): DialectAnswer {
  if (error instanceof URIError) return answerOf('notFound'); // a path that cannot be decoded names nothing
  if (!(error instanceof AuthError)) return other(500, 'Internal server error.');
  const { 'Retry-After': retryAfter } = error.headers;
  const headers = retryAfter === undefined ? {} : { 'Retry-After': retryAfter };
  switch (error.status) {
    case 400:
    case 413:
    case 415:
      return answerOf('badRequest');
    case 401:
      return answerOf('notLoggedIn');
    case 403:
      return answerOf('forbidden');
    case 404:
      return answerOf('notFound');
    case 429:
      return answerOf('tooMany', headers);
    case 503:
      return other(503, 'Service unavailable.', headers);
    default:
      return other(error.status, error.message);
  }
}

function other(status: number, message: string, headers: DialectAnswer['headers'] = {}): DialectAnswer {
  return { status, headers, body: { error: { status, message } } };
}
