import { bucket, type Compile, fieldOf, keyOf, known, type OneContext, termsPrefix } from './aggregation.js';
import { isObject, type Members, readInteger, shorten } from './body.js';
import { type KeyDocument, type Value, valueFor } from './document.js';
import { illegalArgument, parseFault } from './errors.js';
import { parseInstant, toDateTime } from './instants.js';
import { compileQuery } from './query.js';
import { MAX_BUCKETS, type Matcher } from './query-context.js';

type Documents = readonly KeyDocument[];

const compileTerms: Compile = (definition, context) => {
  known(definition, context.name, [
    'field',
    'size',
    'shard_size',
    'order',
    'missing',
    'min_doc_count',
    'execution_hint',
    'collect_mode',
    'show_term_doc_count_error',
  ]);
  const field = fieldOf(definition, context.name);
  const size = readInteger(definition, 'size', 'terms') ?? 10;
  if (size < 1 || size > MAX_BUCKETS)
    throw illegalArgument(`[size] must be from 1 to [${MAX_BUCKETS}]. Found [${size}] in [${context.name}]`);
  const least = readInteger(definition, 'min_doc_count', 'terms') ?? 1;
  const compare = compileOrder(definition.order, context.name);
  const missing = definition.missing == null ? null : valueFor(field, definition.missing, context.nowAt);
  const run = (documents: Documents) => {
    const valuesOf = (document: KeyDocument) => {
      const values = field.of(document);
      context.budget.work(1 + values.length);
      return values.length === 0 && missing !== null ? [missing] : values;
    };
    const groups = grouped(documents, valuesOf);
    const all = [...groups].filter(([, members]) => members.length >= least).sort(compare);
    const shown = all.slice(0, size);
    const rest = all.slice(size).reduce((sum, [, members]) => sum + members.length, 0);
    return {
      doc_count_error_upper_bound: 0,
      sum_other_doc_count: rest,
      buckets: shown.map(([value, members]) => ({ ...keyOf(value), ...bucket(members, context) })),
    };
  };
  return { prefix: termsPrefix(field), run };
};

type Group = readonly [value: Value, members: Documents];

/** Each key once in the group of each of its values. */
function grouped(
  documents: Documents,
  valuesOf: (document: KeyDocument) => readonly Value[],
): Map<Value, KeyDocument[]> {
  const groups = new Map<Value, KeyDocument[]>();
  for (const document of documents) {
    for (const value of new Set(valuesOf(document))) {
      const group = groups.get(value);
      if (group === undefined) groups.set(value, [document]);
      else group.push(document);
    }
  }
  return groups;
}

/** By count or by key; what is left even, by key. */
function compileOrder(given: unknown, name: string): (one: Group, other: Group) => number {
  const list: unknown[] =
    given === undefined || given === null ? [{ _count: 'desc' }] : Array.isArray(given) ? given : [given];
  const steps = list.map((entry) => {
    const [[by, order] = []] = isObject(entry) ? Object.entries(entry) : [];
    if ((by !== '_count' && by !== '_key') || (order !== 'asc' && order !== 'desc')) {
      throw illegalArgument(
        `Invalid aggregation order path in [${shorten(name)}]: takes _count and _key, asc and desc`,
      );
    }
    const sign = order === 'asc' ? 1 : -1;
    return by === '_count'
      ? (one: Group, other: Group) => sign * (one[1].length - other[1].length)
      : (one: Group, other: Group) => sign * compareValues(one[0], other[0]);
  });
  return (one, other) => {
    for (const step of steps) {
      const order = step(one, other);
      if (order !== 0) return order;
    }
    return compareValues(one[0], other[0]);
  };
}

function compareValues(one: Value, other: Value): number {
  return one < other ? -1 : Number(one > other);
}

interface Range {
  readonly key: string | undefined;
  readonly from: number | undefined;
  readonly to: number | undefined;
}

/** `isDate`: bounds are dates, and shown as such. */
function compileRanges(isDate: boolean): Compile {
  return (definition, context) => {
    const type = isDate ? 'date_range' : 'range';
    known(definition, context.name, ['field', 'ranges', 'keyed', 'format', 'missing', 'time_zone']);
    const field = fieldOf(definition, context.name);
    if (field.kind !== 'instant') {
      throw illegalArgument(`Field [${field.name}] of type [${field.kind}] is not supported for aggregation [${type}]`);
    }
    const { ranges: given, keyed } = definition;
    if (!Array.isArray(given) || given.length === 0)
      throw illegalArgument(`No [ranges] specified for the [${shorten(context.name)}] aggregation`);
    context.budget.spend(given.length);
    const ranges = given.map((range: unknown) => readRange(range, field.name, isDate, context)).sort(compareRanges);
    const run = (documents: Documents) => {
      const buckets = ranges.map(({ key, from, to }) => {
        const isWithin = (value: Value) =>
          Number(value) >= (from ?? Number.NEGATIVE_INFINITY) && Number(value) < (to ?? Number.POSITIVE_INFINITY);
        context.budget.work(documents.length);
        const members = documents.filter((document) => field.of(document).some(isWithin));
        const name = key ?? `${shown(from, isDate)}-${shown(to, isDate)}`;
        return [
          name,
          { ...bound('from', from, isDate), ...bound('to', to, isDate), ...bucket(members, context) },
        ] as const;
      });
      if (keyed === true) return { buckets: Object.fromEntries(buckets) };
      return { buckets: buckets.map(([key, rest]) => ({ key, ...rest })) };
    };
    return { prefix: type, run };
  };
}

function readRange(given: unknown, field: string, isDate: boolean, { nowAt }: OneContext): Range {
  if (!isObject(given)) throw parseFault('[range] Expected START_OBJECT');
  known(given, 'range', ['key', 'from', 'to']);
  const { key } = given;
  if (key !== undefined && typeof key !== 'string')
    throw parseFault("[range] key doesn't support values that are no texts");
  const at = (value: unknown) => {
    if (value === undefined || value === null) return undefined;
    if (isDate) return parseInstant(value, field, nowAt).from;
    if (typeof value === 'number' || /^-?\d+(\.\d+)?$/.test(String(value))) return Number(value);
    throw parseFault('[range] a bound must be a number');
  };
  return { key, from: at(given.from), to: at(given.to) };
}

function compareRanges(one: Range, other: Range): number {
  const { NEGATIVE_INFINITY: low, POSITIVE_INFINITY: high } = Number;
  return (one.from ?? low) - (other.from ?? low) || (one.to ?? high) - (other.to ?? high) || 0;
}

function shown(at: number | undefined, isDate: boolean): string {
  if (at === undefined) return '*';
  if (isDate) return toDateTime(at);
  return Number.isInteger(at) ? at.toFixed(1) : String(at);
}

function bound(name: 'from' | 'to', at: number | undefined, isDate: boolean): object {
  if (at === undefined) return {};
  return { [name]: at, ...(isDate && { [`${name}_as_string`]: toDateTime(at) }) };
}

const compileMissing: Compile = (definition, context) => {
  known(definition, context.name, ['field', 'missing']);
  const field = fieldOf(definition, context.name);
  const isMissing: Filter = { matches: (document) => field.of(document).length === 0, clauses: 1 };
  return { prefix: 'missing', run: (documents) => bucket(select(documents, isMissing, context), context) };
};

const compileFilter: Compile = (definition, context) => {
  const filter = compileFilterQuery(definition, context);
  return { prefix: 'filter', run: (documents) => bucket(select(documents, filter, context), context) };
};

/** A condition, and how much of a query it is. */
interface Filter {
  readonly matches: Matcher;
  readonly clauses: number;
}

function compileFilterQuery(query: unknown, context: OneContext): Filter {
  const before = context.budget.clauses;
  const matches = compileQuery(query, { ...context, depth: 0 });
  return { matches, clauses: before - context.budget.clauses };
}

function select(documents: Documents, { matches, clauses }: Filter, { budget }: OneContext): Documents {
  budget.work(documents.length * clauses);
  return documents.filter(matches);
}

const compileFilters: Compile = (definition, context) => {
  known(definition, context.name, ['filters', 'other_bucket', 'other_bucket_key', 'keyed']);
  const { filters, other_bucket: hasOther, other_bucket_key: otherKey } = definition;
  if (!isObject(filters) && !Array.isArray(filters))
    throw parseFault(`[filters] of [${shorten(context.name)}] is missing`);
  const named = Array.isArray(filters)
    ? filters.map((filter: unknown) => ['', filter] as const)
    : Object.entries(filters);
  const compiled = named.map(([key, filter]) => ({ key, ...compileFilterQuery(filter, context) }));
  const isOther: Matcher = (document) => !compiled.some(({ matches }) => matches(document));
  const other = {
    key: typeof otherKey === 'string' ? otherKey : '_other_',
    matches: isOther,
    clauses: compiled.reduce((sum, { clauses }) => sum + clauses, 0),
  };
  const all = hasOther === true || typeof otherKey === 'string' ? [...compiled, other] : compiled;
  const run = (documents: Documents) => {
    const buckets = all.map((one) => [one.key, bucket(select(documents, one, context), context)] as const);
    return { buckets: Array.isArray(filters) ? buckets.map(([, each]) => each) : Object.fromEntries(buckets) };
  };
  return { prefix: 'filters', run };
};

/** The aggregations that put keys into buckets, by type. */
export const bucketing: Readonly<Record<string, Compile>> = {
  terms: compileTerms,
  range: compileRanges(false),
  date_range: compileRanges(true),
  missing: compileMissing,
  filter: compileFilter as (definition: Members, context: OneContext) => ReturnType<Compile>,
  filters: compileFilters,
};
