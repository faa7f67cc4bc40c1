import { isObject, shorten } from './body.js';
import { illegalArgument } from './errors.js';
import { parseInstant } from './instants.js';

/** A key as queries see it: the values of each field. */
export interface KeyDocument {
  readonly id: string;
  readonly username: string;
  readonly realm_name: string;
  readonly name: string;
  readonly type: string;
  /** Epoch ms. */
  readonly creation: number;
  readonly expiration: number | null;
  readonly invalidated: boolean;
  readonly invalidation: number | null;
  /** The leaves of the metadata, as texts, by their path. */
  readonly metadata: ReadonlyMap<string, readonly string[]>;
}

export type Value = string | number | boolean;
export type FieldKind = 'text' | 'instant' | 'boolean' | 'metadata';

/** A field that may be asked for. */
export interface Field {
  readonly name: string;
  readonly kind: FieldKind;
  of(document: KeyDocument): readonly Value[];
}

const SIMPLE: Readonly<Record<string, FieldKind>> = {
  username: 'text',
  realm_name: 'text',
  name: 'text',
  type: 'text',
  creation: 'instant',
  expiration: 'instant',
  invalidated: 'boolean',
  invalidation: 'instant',
};

/** A longer leaf is not looked at, in characters; nor are more of them. */
const MAX_LEAF = 1_024;
const MAX_LEAVES = 1_000;

/** Null for a field that may not be asked for. `realm` stands for `realm_name`, as the product's guide has it. */
export function findField(asked: string): Field | null {
  const name = asked === 'realm' ? 'realm_name' : asked;
  const kind = Object.hasOwn(SIMPLE, name) ? SIMPLE[name] : undefined;
  if (kind !== undefined) {
    return {
      name,
      kind,
      of(document) {
        const value = document[name as 'name' | 'creation' | 'expiration' | 'invalidated'];
        return value === null ? [] : [value];
      },
    };
  }
  if (name === 'metadata') return { name, kind: 'metadata', of: ({ metadata }) => [...metadata.values()].flat() };
  if (!name.startsWith('metadata.') || name.includes('*')) return null;
  const path = name.slice('metadata.'.length);
  return { name, kind: 'text', of: ({ metadata }) => metadata.get(path) ?? [] };
}

/** @throws DialectError for a field that may not be asked for. */
export function demandField(asked: unknown): Field {
  if (typeof asked !== 'string') throw illegalArgument('field name is null or empty');
  const field = findField(asked);
  if (field !== null) return field;
  const what = asked.includes('*') ? 'Field name pattern' : 'Field';
  const shown = asked === 'realm' ? 'realm_name' : shorten(asked);
  throw illegalArgument(`${what} [${shown}] is not allowed for querying or aggregation`);
}

/** Every field, as a query without a field means them. */
export function allFields(): Field[] {
  return [...Object.keys(SIMPLE), 'metadata'].map(demandField);
}

/** What a value stands for in a field. @throws DialectError for what no value of the field can be. */
export function valueFor(field: Field, given: unknown, nowAt: number): Value {
  if (typeof given !== 'string' && typeof given !== 'number' && typeof given !== 'boolean') {
    throw illegalArgument(
      `field [${field.name}] is compared with a value, not with ${given === null ? 'null' : 'an object'}`,
    );
  }
  if (field.kind === 'instant') return parseInstant(given, field.name, nowAt).from;
  if (field.kind !== 'boolean') return String(given);
  if (given === true || given === 'true') return true;
  if (given === false || given === 'false' || given === '') return false;
  throw illegalArgument(`Can't parse boolean value [${shorten(String(given))}], expected [true] or [false]`);
}

/** The leaves of metadata as queries see them: a path of keys and, for every kind of value, its text. */
export function leavesOf(metadata: unknown): Map<string, string[]> {
  const leaves = new Map<string, string[]>();
  let count = 0;
  const waiting: { readonly value: unknown; readonly path: string }[] = [{ value: metadata, path: '' }];
  for (let next = waiting.pop(); next !== undefined && count < MAX_LEAVES; next = waiting.pop()) {
    const { value, path } = next;
    if (Array.isArray(value)) waiting.push(...value.map((each: unknown) => ({ value: each, path })).reverse());
    else if (isObject(value)) {
      const below = Object.entries(value).map(([key, each]) => ({
        value: each,
        path: path === '' ? key : `${path}.${key}`,
      }));
      waiting.push(...below.reverse());
    } else if (value !== null && value !== undefined && String(value).length <= MAX_LEAF) {
      leaves.set(path, [...(leaves.get(path) ?? []), String(value)]);
      count++;
    }
  }
  return leaves;
}
