import type { FieldError } from '../errors.js';
import { LIMITS } from '../limits.js';
import { isText } from '../text.js';
import { compileWildcards } from './wildcards.js';

export type OrderTest = 'less-than' | 'less-than-or-equal' | 'greater-than' | 'greater-than-or-equal';

/**
 * One condition of a search. Comparisons with null are false, except by `null` and `not-equal`.
 * `like` takes `%` for any run of characters and `_` for one, `\` before either for itself, without regard to case unless
 * `caseSensitive`.
 * `between` takes both ends in. Ids are ordered by their bytes. `contains` is for lists.
 */
export type Criterion =
  | { readonly field: string; readonly test: 'equal' | 'not-equal'; readonly value: string | number | boolean }
  | { readonly field: string; readonly test: OrderTest; readonly value: number | string }
  | { readonly field: string; readonly test: 'between'; readonly value: readonly [from: number, to: number] }
  | {
      readonly field: string;
      readonly test: 'like' | 'not-like';
      readonly value: string;
      readonly caseSensitive?: boolean;
    }
  | { readonly field: string; readonly test: 'contains'; readonly value: string }
  | { readonly field: string; readonly test: 'in'; readonly value: readonly string[] }
  | { readonly field: string; readonly test: 'null'; readonly value: boolean };

export const TESTS: readonly Criterion['test'][] = Object.freeze([
  'equal',
  'not-equal',
  'less-than',
  'less-than-or-equal',
  'greater-than',
  'greater-than-or-equal',
  'between',
  'like',
  'not-like',
  'contains',
  'in',
  'null',
]);

/** What a field holds: dates are epoch ms; a list of texts is a choice among them. */
export type FieldType = 'string' | 'id' | 'number' | 'date' | 'boolean' | 'list' | readonly string[];
export type FieldTypes = Readonly<Record<string, FieldType>>;

/** The faults of a search; none when it can be compiled. */
export function checkCriteria(criteria: readonly Criterion[], fields: FieldTypes): FieldError[] {
  const entries: unknown = criteria; // from code, whatever the types say
  if (!Array.isArray(entries)) return [{ path: 'criteria', message: 'must be a list' }];
  if (criteria.length > LIMITS.criteria) {
    return [{ path: 'criteria', message: `must have at most ${LIMITS.criteria} entries` }];
  }
  const odd = Array.from(entries, isObject).flatMap((isOne, index) => (isOne ? [] : [index]));
  if (odd.length > 0)
    return odd.map((index) => ({ path: `criteria.${index}`, message: 'must be a criterion: { field, test, value }' }));
  const likes = criteria.filter(({ test }) => test === 'like' || test === 'not-like');
  if (likes.length > LIMITS.likes) return [{ path: 'criteria', message: `must have at most ${LIMITS.likes} patterns` }];
  return criteria.flatMap((criterion, index) => {
    const message = checkCriterion(
      criterion,
      Object.hasOwn(fields, criterion.field) ? fields[criterion.field] : undefined,
    );
    if (message === null) return [];
    const part = message.startsWith('names a field') ? 'field' : message.startsWith('names') ? 'test' : 'value';
    return [{ path: `criteria.${index}.${part}`, message }];
  });
}

function isObject(value: unknown): boolean {
  return typeof value === 'object' && value !== null;
}

function checkCriterion({ test, value }: Criterion, type: FieldType | undefined): string | null {
  if (type === undefined) return 'names a field that cannot be searched';
  if (!TESTS.includes(test)) return `names no test; there are: ${TESTS.join(', ')}`;
  const holdsText = typeof type === 'object' || type === 'string' || type === 'id';
  const holdsNumber = type === 'number' || type === 'date';
  switch (test) {
    case 'null':
      return typeof value === 'boolean' ? null : 'must be true or false';
    case 'equal':
    case 'not-equal':
      return type === 'list' ? 'cannot be compared: this field holds a list' : checkEqual(value, type);
    case 'like':
    case 'not-like':
      if (!holdsText) return 'cannot be a pattern: this field holds no text';
      return isShortText(value) ? null : `must be a text of at most ${LIMITS.like} characters`;
    case 'contains':
      if (type !== 'list') return 'cannot be contained: this field holds no list';
      return isIdentifier(value) ? null : `must be a text of at most ${LIMITS.resource} characters`;
    case 'in':
      if (!holdsText) return 'cannot be a list: this field holds no text';
      return checkTexts(value) ?? (typeof type === 'object' ? checkChoices(value as readonly string[], type) : null);
    case 'between':
      if (!holdsNumber) return 'cannot be a range: this field holds no number or date';
      return Array.isArray(value) && value.length === 2 && value.every(Number.isFinite)
        ? null
        : 'must be two numbers or dates';
    default:
      if (type === 'id') return isIdentifier(value) ? null : 'must be an id';
      if (!holdsNumber) return 'cannot be ordered: this field holds no number, date or id';
      return Number.isFinite(value) ? null : 'must be a number';
  }
}

function checkEqual(value: unknown, type: FieldType): string | null {
  if (typeof type === 'object') return checkChoices([value], type);
  const wanted = type === 'date' ? 'number' : type === 'id' ? 'string' : type;
  const isShort = typeof value !== 'string' || value.length <= LIMITS.resource;
  return typeof value === wanted && isShort ? null : `must be a ${wanted} for this field`;
}

function checkChoices(values: readonly unknown[], choices: readonly string[]): string | null {
  return values.every((value) => choices.includes(value as string)) ? null : `must be one of: ${choices.join(', ')}`;
}

function checkTexts(value: unknown): string | null {
  return Array.isArray(value) && value.length <= LIMITS.bulk && value.every((each) => typeof each === 'string')
    ? null
    : `must be a list of at most ${LIMITS.bulk} texts`;
}

function isShortText(value: unknown): boolean {
  return isText(value, 0, LIMITS.like);
}

function isIdentifier(value: unknown): boolean {
  return isText(value, 0, LIMITS.resource);
}

export type Searchable = Readonly<Record<string, unknown>>;

/** A function that says whether a record meets all of `criteria`, which must have passed `checkCriteria`. */
export function compileCriteria(criteria: readonly Criterion[]): (record: Searchable) => boolean {
  const tests = criteria.map(compileCriterion);
  return (record) => tests.every((test) => test(record));
}

function compileCriterion(criterion: Criterion): (record: Searchable) => boolean {
  const { field } = criterion;
  switch (criterion.test) {
    case 'null':
      return (record) => isNull(record[field]) === criterion.value;
    case 'equal':
      return (record) => record[field] === criterion.value;
    case 'not-equal':
      return (record) => record[field] !== criterion.value;
    case 'contains':
      return (record) => (record[field] as readonly unknown[] | undefined)?.includes(criterion.value) ?? false;
    case 'between': {
      const [from, to] = criterion.value;
      return (record) => {
        const number = record[field];
        return typeof number === 'number' && number >= from && number <= to;
      };
    }
    case 'in': {
      const values = new Set<unknown>(criterion.value);
      return (record) => values.has(record[field]);
    }
    case 'like':
    case 'not-like': {
      const matches = compileLike(criterion.value, criterion.caseSensitive === true ? keepCase : foldCase);
      const wanted = criterion.test === 'like';
      return (record) => {
        const text = record[field];
        return typeof text === 'string' && matches(text) === wanted;
      };
    }
    default: {
      const compare = ORDER_TESTS[criterion.test];
      return (record) => {
        const held = record[field];
        // Ids are ASCII, so comparing strings compares bytes.
        return typeof held === typeof criterion.value && compare(held as number, criterion.value as number);
      };
    }
  }
}

/** A list that holds nothing is as good as none. */
function isNull(value: unknown): boolean {
  return value === null || value === undefined || (Array.isArray(value) && value.length === 0);
}

const ORDER_TESTS: Readonly<Record<OrderTest, (a: number, b: number) => boolean>> = {
  'less-than': (a, b) => a < b,
  'less-than-or-equal': (a, b) => a <= b,
  'greater-than': (a, b) => a > b,
  'greater-than-or-equal': (a, b) => a >= b,
};

/** `text` as a `like` pattern that matches only itself. */
export function escapeLike(text: string): string {
  return text.replace(/[\\%_]/g, '\\$&');
}

function compileLike(pattern: string, fold: (character: string) => string): (text: string) => boolean {
  return compileWildcards(pattern, { run: '%', one: '_', fold });
}

/** One character at a time: a whole text can change its length, and a final sigma its shape. */
function foldCase(character: string): string {
  return character.toLowerCase().toUpperCase();
}

function keepCase(character: string): string {
  return character;
}
