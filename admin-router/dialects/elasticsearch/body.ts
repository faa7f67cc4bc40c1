import { parseFault } from './errors.js';

export type Members = Readonly<Record<string, unknown>>;

/** The object that a body is. @throws DialectError for another thing, and for a member that is not one of `known`. */
export function readObject(body: unknown, parser: string, known: readonly string[]): Members {
  if (!isObject(body)) throw parseFault(`[${parser}] Expected START_OBJECT but was: ${tokenOf(body)}`);
  const unknown = Object.keys(body).find((name) => !known.includes(name));
  if (unknown !== undefined) throw parseFault(`[${parser}] unknown field [${shorten(unknown)}]`);
  return body;
}

/** Levels of a body; the product's own bound. */
const MAX_DEPTH = 1_000;

/** What is deeper cannot be written as text again. @throws DialectError */
export function refuseDeep(body: unknown): void {
  let level: unknown[] = [body];
  for (let depth = 0; level.length > 0; depth++) {
    if (depth > MAX_DEPTH)
      throw parseFault(`Document nesting depth (${depth}) exceeds the maximum allowed (${MAX_DEPTH})`);
    level = level.flatMap((value) => (typeof value === 'object' && value !== null ? Object.values(value) : []));
  }
}

export function isObject(value: unknown): value is Members {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** A text; undefined when it is not there, or null. */
export function readText(body: Members, field: string, parser: string): string | undefined {
  const value = body[field];
  if (value === undefined || value === null) return undefined;
  if (typeof value !== 'string') throw wrongType(parser, field, value);
  if (!value.isWellFormed()) throw parseFault(`[${parser}] failed to parse field [${field}]`, LONE);
  return value;
}

const LONE = { type: 'json_e_o_f_exception', reason: 'a surrogate stands alone' };

/** True or false, or the same as a text; undefined when it is not there. */
export function readBoolean(body: Members, field: string, parser: string): boolean | undefined {
  const value = body[field];
  if (value === undefined || value === null) return undefined;
  if (value === true || value === 'true') return true;
  if (value === false || value === 'false') return false;
  if (typeof value !== 'string') throw wrongType(parser, field, value);
  throw parseFault(`[${parser}] failed to parse field [${field}]`, {
    type: 'illegal_argument_exception',
    reason: `Failed to parse value [${shorten(value)}] as only [true] or [false] are allowed.`,
  });
}

/** A list of texts, or one alone; undefined when it is not there. */
export function readTexts(body: Members, field: string, parser: string): string[] | undefined {
  const value = body[field];
  if (value === undefined || value === null) return undefined;
  const texts: unknown[] = Array.isArray(value) ? value : [value];
  const wrong = texts.find((text) => typeof text !== 'string' || !text.isWellFormed());
  if (wrong !== undefined) throw wrongType(parser, field, wrong);
  return texts as string[];
}

/** A whole number, or a text of one. */
export function readInteger(body: Members, field: string, parser: string): number | undefined {
  const value = body[field];
  if (value === undefined || value === null) return undefined;
  const number = typeof value === 'string' && /^-?\d{1,15}$/.test(value) ? Number(value) : value;
  if (typeof number !== 'number') throw wrongType(parser, field, value);
  if (Number.isSafeInteger(number)) return number;
  throw parseFault(`[${parser}] failed to parse field [${field}]`, {
    type: 'illegal_argument_exception',
    reason: `${number} cannot be converted to Integer without data loss`,
  });
}

export function readMap(body: Members, field: string, parser: string): Members | undefined {
  const value = body[field];
  if (value === undefined || value === null) return undefined;
  if (!isObject(value)) throw wrongType(parser, field, value);
  return value;
}

export function wrongType(parser: string, field: string, value: unknown): Error {
  return parseFault(`[${parser}] ${field} doesn't support values of type: ${tokenOf(value)}`);
}

/** What the product calls it. */
export function tokenOf(value: unknown): string {
  if (value === null || value === undefined) return 'VALUE_NULL';
  if (Array.isArray(value)) return 'START_ARRAY';
  if (typeof value === 'object') return 'START_OBJECT';
  if (typeof value === 'boolean') return 'VALUE_BOOLEAN';
  return typeof value === 'number' ? 'VALUE_NUMBER' : 'VALUE_STRING';
}

/** What a caller sent, as far as an error may quote it. */
export function shorten(text: string): string {
  return text.length <= 200 ? text : `${text.slice(0, 200)}...`;
}
