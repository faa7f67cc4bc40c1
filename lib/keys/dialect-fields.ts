import type { FieldError } from '../errors.js';
import { LIMITS } from '../limits.js';

/**
 * What only the product of a dialect knows of a record: a JSON object by the name of the dialect. Kept and given back as it
 * is; it decides nothing, and the native API neither shows nor takes it.
 */
export type DialectFields = Readonly<Record<string, Readonly<Record<string, unknown>>>>;

/** What a change names replaces the whole entry of that dialect, null removes it; the others stay as they are. */
export type DialectChanges = Readonly<Record<string, object | null | undefined>>;

/** Of a record that has none. */
export const NO_DIALECTS: DialectFields = Object.freeze({});

const NAME = /^[a-z][a-z0-9-]{0,31}$/;
/** Of an entry, which is the first level. */
const MAX_DEPTH = 20;

/** The faults of what is given. */
export function checkDialects(dialects: unknown): FieldError[] {
  if (!isPlainObject(dialects)) {
    return [{ path: 'dialects', message: 'must be an object with an entry for each dialect' }];
  }
  const entries = Object.entries(dialects);
  if (entries.length > LIMITS.dialects) {
    return [{ path: 'dialects', message: `must have at most ${LIMITS.dialects} entries` }];
  }
  return entries.flatMap(([name, fields]) => {
    if (!NAME.test(name)) {
      return [{ path: 'dialects', message: 'must have names of 1 to 32 lower-case letters, digits and "-"' }];
    }
    const message = fields == null ? null : faultOf(fields);
    return message === null ? [] : [{ path: `dialects.${name}`, message }];
  });
}

/** `kept` after `changes`, which have no faults. What is taken over is a copy, without what is undefined. */
export function applyDialects(kept: DialectFields, changes: DialectChanges = {}): DialectFields {
  const given = Object.entries(changes).filter(([, fields]) => fields !== undefined);
  if (given.length === 0) return kept;
  const copies = given.map(([name, fields]) => [name, fields === null ? null : JSON.parse(JSON.stringify(fields))]);
  const all: Record<string, Record<string, unknown> | null> = { ...kept, ...Object.fromEntries(copies) };
  const left = Object.entries(all).filter((entry): entry is [string, Record<string, unknown>] => entry[1] !== null);
  return left.length === 0 ? NO_DIALECTS : Object.fromEntries(left);
}

/** The names of the dialects whose entries differ, each where there is an entry: the audit trail tells no more of them. */
export function namesOfDiffering(entries: unknown, others: unknown): string[] | undefined {
  if (!isPlainObject(entries)) return undefined;
  const rest = isPlainObject(others) ? others : {};
  return Object.keys(entries).filter((name) => JSON.stringify(entries[name]) !== JSON.stringify(rest[name]));
}

function faultOf(fields: unknown): string | null {
  if (!isPlainObject(fields)) return 'must be a JSON object, or null';
  const count = { left: LIMITS.record };
  const message = faultWithin(fields, 1, count);
  if (message !== null) return message;
  const size = JSON.stringify(fields).length;
  return size <= LIMITS.record ? null : `is too large: ${size} of at most ${LIMITS.record} characters`;
}

/** Each value takes a character at least: so a value that holds itself, or the same part many times, comes to an end. */
function faultWithin(value: unknown, depth: number, count: { left: number }): string | null {
  if (--count.left < 0) return `is too large: more than ${LIMITS.record} values`;
  switch (typeof value) {
    case 'undefined': // left out, as JSON does
    case 'boolean':
      return null;
    case 'string':
      return value.isWellFormed() ? null : 'must not hold half a character (a lone surrogate)';
    case 'number':
      return Number.isFinite(value) ? null : 'must hold finite numbers only';
    case 'object':
      break;
    default:
      return NOT_JSON;
  }
  if (value === null) return null;
  if (depth > MAX_DEPTH) return `must be at most ${MAX_DEPTH} levels deep`;
  const isList = Array.isArray(value);
  if (!isList && !isPlainObject(value)) return NOT_JSON;
  if (Object.hasOwn(value, 'toJSON')) return NOT_JSON;
  for (const [name, part] of Object.entries(value)) {
    if (name === '__proto__') return 'must not have a member named __proto__';
    if (!name.isWellFormed()) return 'must not hold half a character (a lone surrogate)';
    if (isList && part === undefined) return NOT_JSON;
    const message = faultWithin(part, depth + 1, count);
    if (message !== null) return message;
  }
  return null;
}

const NOT_JSON = 'must hold nothing but what JSON has';

/** Of whatever realm: the prototype of its prototype is null. */
function isPlainObject(value: unknown): value is Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === null || Object.getPrototypeOf(prototype) === null;
}
