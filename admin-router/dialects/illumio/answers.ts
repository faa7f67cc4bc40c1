import { AuthError } from '../../../lib/index.js';
import { type DialectAnswer, DialectError } from '../dialect.js';

const FAULTS = {
  unauthenticated: [401, 'authentication_error', 'Authentication failure'],
  forbidden: [403, 'authorization_error', 'Authorization failure'],
  notFound: [404, 'not_found_error', 'Not found'],
  unknownPath: [404, 'invalid_uri', 'Invalid URI'],
  wrongMethod: [405, 'method_not_allowed_error', 'Method not allowed'],
  malformed: [400, 'invalid_argument', 'The request body is not valid JSON'],
  rateLimited: [429, 'rate_limit_error', 'Too many requests'],
} as const;

const CHALLENGE = { 'WWW-Authenticate': 'Basic realm="PCE"' };

/** A fault as the product tells it: always a list. */
export function answerOf(fault: keyof typeof FAULTS, headers: DialectAnswer['headers'] = {}): DialectAnswer {
  const [status, token, message] = FAULTS[fault];
  return { status, headers: status === 401 ? { ...CHALLENGE, ...headers } : headers, body: [{ token, message }] };
}

export function refuse(fault: keyof typeof FAULTS, headers?: DialectAnswer['headers']): DialectError {
  return new DialectError(answerOf(fault, headers), fault);
}

/** 406: the payload does not hold; `detail` as the product's schema check says it. */
export function invalid(detail: string): DialectError {
  return new DialectError(invalidAnswer(`Input validation failed. Details: {${detail}}`));
}

function invalidAnswer(message: string): DialectAnswer {
  return { status: 406, body: [{ token: 'input_validation_error', message }] };
}

export function noPayload(): DialectError {
  return new DialectError(invalidAnswer('No payload provided for PUT request'));
}

/** What the core has to say, in the product's words. */
export function toAnswer(error: unknown): DialectAnswer {
  if (error instanceof URIError) return answerOf('notFound'); // a path that cannot be decoded names nothing
  if (!(error instanceof AuthError)) return other(500, 'internal_error', 'Internal server error');
  const retryAfter = error.headers['Retry-After'];
  const headers = retryAfter === undefined ? {} : { 'Retry-After': retryAfter };
  switch (error.code) {
    case 'unauthenticated':
    case 'mfa_required':
    case 'too_many_attempts': // a locked user gets the usual text
      return answerOf('unauthenticated');
    case 'invalid_request': {
      const [first] = error.errors;
      if (first === undefined) return other(400, 'invalid_argument', error.message);
      if (first.path === '') return answerOf('malformed');
      return invalidAnswer(`Input validation failed. Details: {The property '#/${first.path}' ${first.message}}`);
    }
    case 'forbidden':
    case 'tls_required':
      return answerOf('forbidden');
    case 'not_found':
      return answerOf('notFound');
    case 'rate_limited':
      return answerOf('rateLimited', headers);
    case 'conflict':
      return answerOf('forbidden');
    case 'store_unavailable':
    case 'not_durable':
      return other(503, 'service_unavailable', error.message, headers);
    default:
      return other(error.status, 'invalid_argument', error.message);
  }
}

function other(status: number, token: string, message: string, headers: DialectAnswer['headers'] = {}): DialectAnswer {
  return { status, headers, body: [{ token, message }] };
}
