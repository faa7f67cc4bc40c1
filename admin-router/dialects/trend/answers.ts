import type { Request } from 'express';
import { AuthError } from '../../../lib/index.js';
import type { DialectAnswer, DialectCall } from '../dialect.js';

export type Handler = (call: DialectCall) => Promise<DialectAnswer>;

/** What the product says where the core refuses a call. */
export interface Words {
  readonly forbidden: string;
  readonly notFound?: string;
  /** The product's names of the core's fields. */
  readonly members?: Readonly<Record<string, string>>;
}

/** The handler, with its refusals in the words of the product. They stay what they are to whoever listens. */
export function told(words: Words, handle: Handler): Handler {
  return async (call) => {
    try {
      return await handle(call);
    } catch (error) {
      throw error instanceof AuthError ? reworded(error, words) : error;
    }
  };
}

function reworded(error: AuthError, { forbidden, notFound, members = {} }: Words): AuthError {
  const { code, reason, errors } = error;
  const [field = ''] = errors[0]?.path.split('.') ?? [];
  switch (code) {
    case 'forbidden':
      return new AuthError(code, { message: forbidden, reason, errors });
    case 'not_found':
      return notFound === undefined ? error : new AuthError(code, { message: notFound, reason });
    case 'invalid_request':
      return field === '' ? error : invalid(Object.hasOwn(members, field) ? (members[field] ?? field) : field);
    default:
      return error;
  }
}

/** A member that does not hold. */
export function invalid(member: string): AuthError {
  const errors = [{ path: member, message: 'is not valid' }];
  return new AuthError('invalid_request', { message: `Invalid value for ${member}.`, errors });
}

/** For want of a right; `told` has the words. */
export function lacks(right: string): AuthError {
  return new AuthError('forbidden', { errors: [{ path: right, message: 'is missing' }] });
}

/** The path of the older sign-in, whose errors have another shape. */
export const LEGACY_PATH = /^\/rest\/authentication(?:\/|$)/;

/** Every error in the product's shape: one `message`. */
export function toAnswer(error: unknown, req: Request): DialectAnswer {
  const { status, message, headers = {} } = outcomeOf(error);
  if (!LEGACY_PATH.test(req.path)) return { status, headers, body: { message } };
  return { status: status === 401 ? 403 : status, headers, body: { error: { message } } };
}

function outcomeOf(error: unknown): { status: number; message: string; headers?: AuthError['headers'] } {
  if (error instanceof AuthError) {
    const { status, headers } = error;
    if (status === 401) return { status, message: 'Authentication failed.' };
    return { status, headers, message: status === 429 ? 'Too many API requests' : error.message };
  }
  // Express's own, such as a path that cannot be decoded.
  const { status } = Object(error) as { status?: unknown };
  const isTheirs = typeof status === 'number' && status >= 400 && status < 500;
  return isTheirs
    ? { status, message: 'The request is not valid.' }
    : { status: 500, message: 'Internal server error.' };
}
