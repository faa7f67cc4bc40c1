import { isObject, shorten } from './body.js';
import type { Field, KeyDocument } from './document.js';
import { illegalArgument, parseFault } from './errors.js';
import { parseInstant } from './instants.js';

const MEMBERS = [
  'gt',
  'gte',
  'lt',
  'lte',
  'from',
  'to',
  'include_lower',
  'include_upper',
  'format',
  'time_zone',
  'boost',
  '_name',
];

type Bound = (value: string | number) => boolean;

/** A range over instants, or over texts in the order of their characters. @throws DialectError */
export function compileRange(field: Field, given: unknown, nowAt: number): (document: KeyDocument) => boolean {
  if (!isObject(given)) throw parseFault('[range] query malformed, no start_object after field name');
  if (given.relation !== undefined)
    throw illegalArgument('range query with relation is not currently supported in this context');
  const unknown = Object.keys(given).find((member) => !MEMBERS.includes(member));
  if (unknown !== undefined) throw parseFault(`[range] query does not support [${shorten(unknown)}]`);
  if (field.kind === 'boolean')
    throw illegalArgument(`Field [${field.name}] of type [boolean] does not support range queries`);
  const { from, to, include_lower: lower = true, include_upper: upper = true } = given;
  const bounds = [
    boundOf(field, lower === false ? 'gt' : 'gte', from, nowAt),
    boundOf(field, upper === false ? 'lt' : 'lte', to, nowAt),
    ...(['gt', 'gte', 'lt', 'lte'] as const).map((test) => boundOf(field, test, given[test], nowAt)),
  ].filter((bound) => bound !== null);
  return (document) => field.of(document).some((value) => bounds.every((holds) => holds(value as string | number)));
}

/** A day, as a bound, begins or ends where the test needs it to. */
function boundOf(field: Field, test: 'gt' | 'gte' | 'lt' | 'lte', given: unknown, nowAt: number): Bound | null {
  if (given === undefined || given === null) return null;
  if (typeof given !== 'string' && typeof given !== 'number')
    throw parseFault('[range] query malformed, a bound is no value');
  if (field.kind !== 'instant') return compare(test, String(given));
  const { from, to } = parseInstant(given, field.name, nowAt);
  return compare(test, test === 'gt' || test === 'lte' ? to : from);
}

function compare(test: 'gt' | 'gte' | 'lt' | 'lte', bound: string | number): Bound {
  switch (test) {
    case 'gt':
      return (value) => value > bound;
    case 'gte':
      return (value) => value >= bound;
    case 'lt':
      return (value) => value < bound;
    case 'lte':
      return (value) => value <= bound;
  }
}
