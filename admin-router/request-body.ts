import express, { type NextFunction, type Request, type Response } from 'express';
import type { ZodError, ZodType } from 'zod';
import { AuthError, type FieldError } from '../lib/index.js';
import { jsonFaultAt } from './json-fault.js';

/** Bytes. */
const MAX_BODY = 65_536;
const FORM = 'application/x-www-form-urlencoded';
const MAX_FORM_FIELDS = 20;
/** Faults that one answer names. */
const MAX_FAULTS = 20;

export interface BodyRules {
  /** The longest body, in bytes, unpacked. Default 65,536. */
  readonly maxBytes?: number;
  /** Whether the body may be of this request's media type. Default: `application/json` only. */
  readonly accepts?: (req: Request) => boolean;
  /** Whether a body may be a form (`application/x-www-form-urlencoded`), too. Default false. */
  readonly takesForm?: boolean;
  /** What an empty body stands for. Default `{}`. */
  readonly empty?: unknown;
}

export type BodyReader = (req: Request, res: Response) => Promise<unknown>;

/** Reads bodies as JSON, or as forms where those are taken, unless the app has done so already. */
export function bodyReader(rules: BodyRules = {}): BodyReader {
  const { maxBytes = MAX_BODY, takesForm = false, accepts = (req) => Boolean(req.is('application/json')) } = rules;
  const empty = 'empty' in rules ? rules.empty : {};
  const parseJson = express.json({ limit: maxBytes, strict: false, type: () => true });
  const parseForm = express.urlencoded({ limit: maxBytes, extended: false, parameterLimit: MAX_FORM_FIELDS });
  const isForm = (req: Request) => takesForm && Boolean(req.is(FORM));
  return async (req, res) => {
    if (Number(req.headers['content-length'] ?? 0) > maxBytes) throw tooLarge(maxBytes);
    const isEmpty = req.headers['content-length'] === '0' || !hasBody(req);
    if (isEmpty) return empty;
    const parse = isForm(req) ? parseForm : parseJson;
    if (parse === parseJson && !accepts(req)) throw new AuthError('unsupported_media_type');
    await new Promise<void>((resolve, reject) => {
      const next: NextFunction = (error?: unknown) =>
        error === undefined ? resolve() : reject(asAuthError(error, maxBytes));
      parse(req, res, next);
    });
    refuseProto(req.body);
    return req.body ?? empty;
  };
}

/** JSON may hold a member `__proto__`, which copying an object would lose without a word. Not recursive: depth is free. */
function refuseProto(body: unknown): void {
  const waiting: { value: unknown; path: string }[] = [{ value: body, path: '' }];
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    if (typeof next.value !== 'object' || next.value === null) continue;
    for (const [key, value] of Object.entries(next.value)) {
      const path = next.path === '' ? key : `${next.path}.${key}`;
      if (key === '__proto__') throw invalidBody({ path, message: 'is not a name that can be kept' });
      waiting.push({ value, path });
    }
  }
}

function invalidBody(fault: FieldError): AuthError {
  return new AuthError('invalid_request', {
    errors: [fault],
    message: `The request is not valid: ${fault.path || 'the body'} ${fault.message}.`,
  });
}

/** @throws AuthError `invalid_request` naming every field. */
export function validate<Output>(schema: ZodType<Output>, input: unknown): Output {
  const result = schema.safeParse(input);
  if (result.success) return result.data;
  const errors = faultsOf(result.error).slice(0, MAX_FAULTS);
  const first = errors[0];
  throw new AuthError('invalid_request', {
    errors,
    message: `The request is not valid: ${first?.path || 'the body'} ${first?.message}`,
  });
}

function faultsOf(error: ZodError): FieldError[] {
  return error.issues.flatMap((issue): FieldError[] => {
    const path = issue.path.map(String);
    if (issue.code !== 'unrecognized_keys') return [{ path: path.join('.'), message: issue.message }];
    return issue.keys.map((key) => ({
      path: [...path, key.slice(0, 100)].join('.'),
      message: 'is not a known field',
    }));
  });
}

function hasBody(req: Request): boolean {
  return req.headers['transfer-encoding'] !== undefined || req.headers['content-length'] !== undefined;
}

function tooLarge(maxBytes: number): AuthError {
  return new AuthError('payload_too_large', { message: `The request body must have at most ${maxBytes} bytes.` });
}

/** body-parser's errors, which have a status, in our own words. What they quote from the body is not passed on. */
function asAuthError(error: unknown, maxBytes: number): unknown {
  if (!(error instanceof Error) || !('status' in error)) return error;
  switch (error.status) {
    case 413:
      return tooLarge(maxBytes);
    case 415:
      return new AuthError('unsupported_media_type', { message: 'The encoding of the request body is not supported.' });
    case 400: {
      const text = 'body' in error && typeof error.body === 'string' ? error.body : null;
      const where = text === null ? '' : `, near position ${jsonFaultAt(text)}`;
      return invalidBody({ path: '', message: `must be valid JSON${where}` });
    }
    default:
      return error;
  }
}
