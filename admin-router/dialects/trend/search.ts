import { type Criterion, checkCriteria, type FieldTypes, LIMITS } from '../../../lib/index.js';
import { invalid } from './answers.js';
import type { Members } from './fields.js';
import { booleanIn, choiceIn, given, integerIn, membersOf, needed, textIn } from './fields.js';

/** Records in one answer whose request does not say. */
const MAX_ITEMS = 5_000;
/** Criteria that the core's search is given of its own. */
const OWN_CRITERIA = 2;

const ORDER_WORDS = [
  'less-than',
  'less-than-or-equal',
  'equal',
  'greater-than-or-equal',
  'greater-than',
  'not-equal',
] as const;
const EQUAL_WORDS = ['equal', 'not-equal'] as const;

export interface SearchFilter {
  readonly maxItems: number;
  /** On the fields of the product. */
  readonly criteria: readonly Criterion[];
}

/** A SearchFilter, on `fields` besides the ID. @throws AuthError `invalid_request` naming the member. */
export function filterOf(body: unknown, fields: FieldTypes): SearchFilter {
  const members = membersOf(body);
  const maxItems = integerIn(members, 'maxItems') ?? MAX_ITEMS;
  if (maxItems < 1) throw invalid('maxItems');
  booleanIn(members, 'sortByObjectID'); // the order is that of the IDs in any case
  const asked = given(members, 'searchCriteria') ?? [];
  if (!Array.isArray(asked) || asked.length > LIMITS.criteria) throw invalid('searchCriteria');
  const criteria = asked.flatMap((entry: unknown) => criteriaOf(membersOf(entry), fields));
  if (checkCriteria(criteria, { ...fields, ID: 'number' }).length > 0) throw invalid('searchCriteria');
  return { maxItems, criteria };
}

/** One criterion of the product; a range of dates is two of the core's. */
function criteriaOf(entry: Members, fields: FieldTypes): Criterion[] {
  if (given(entry, 'idTest') !== undefined || given(entry, 'idValue') !== undefined) {
    return [ordered('ID', entry, 'idTest', 'idValue')];
  }
  const field = needed(textIn(entry, 'fieldName'), 'fieldName');
  if (!Object.hasOwn(fields, field)) throw invalid('fieldName');
  const isNull = booleanIn(entry, 'nullTest');
  if (isNull !== undefined) return [{ field, test: 'null', value: isNull }];
  switch (fields[field]) {
    case 'number':
      return [ordered(field, entry, 'numericTest', 'numericValue')];
    case 'boolean':
      return [{ field, test: 'equal', value: booleanIn(entry, 'booleanTest') ?? true }];
    case 'date':
      return rangeOf(field, entry);
    default:
      return [given(entry, 'choiceValue') === undefined ? textual(field, entry) : chosen(field, entry)];
  }
}

function ordered(field: string, entry: Members, testName: string, valueName: string): Criterion {
  const test = choiceIn(entry, testName, ORDER_WORDS) ?? 'equal';
  return { field, test, value: needed(integerIn(entry, valueName), valueName) };
}

function chosen(field: string, entry: Members): Criterion {
  const value = needed(textIn(entry, 'choiceValue'), 'choiceValue');
  return { field, test: choiceIn(entry, 'choiceTest', EQUAL_WORDS) ?? 'equal', value };
}

/** `%` and `_` stand for others, unless wildcards are turned off; `\` stands for itself. */
function textual(field: string, entry: Members): Criterion {
  const value = needed(textIn(entry, 'stringValue', LIMITS.resource), 'stringValue');
  const test = choiceIn(entry, 'stringTest', EQUAL_WORDS) ?? 'equal';
  const hasWildcards = (booleanIn(entry, 'stringWildcards') ?? true) && /[%_]/.test(value);
  if (!hasWildcards) return { field, test, value };
  const pattern = value.replaceAll('\\', '\\\\');
  return { field, test: test === 'equal' ? 'like' : 'not-like', value: pattern, caseSensitive: true };
}

function rangeOf(field: string, entry: Members): Criterion[] {
  const first = integerIn(entry, 'firstDateValue');
  const last = integerIn(entry, 'lastDateValue');
  const from = (booleanIn(entry, 'firstDateInclusive') ?? true) ? 'greater-than-or-equal' : 'greater-than';
  const to = (booleanIn(entry, 'lastDateInclusive') ?? true) ? 'less-than-or-equal' : 'less-than';
  return [
    ...(first === undefined ? [] : [{ field, test: from, value: first } as const]),
    ...(last === undefined ? [] : [{ field, test: to, value: last } as const]),
  ];
}

/** What the core's own search can do for `criteria`, by the core's names of the fields, and what is left. */
export function split(
  criteria: readonly Criterion[],
  names: Readonly<Record<string, string>>,
): { readonly pushed: Criterion[]; readonly rest: Criterion[] } {
  const canPush = ({ field }: Criterion) => Object.hasOwn(names, field);
  const pushable = criteria.filter(canPush);
  const pushed = pushable.slice(0, LIMITS.criteria - OWN_CRITERIA);
  const rest = [...criteria.filter((criterion) => !canPush(criterion)), ...pushable.slice(pushed.length)];
  return { pushed: pushed.map((criterion) => ({ ...criterion, field: names[criterion.field] ?? '' })), rest };
}
