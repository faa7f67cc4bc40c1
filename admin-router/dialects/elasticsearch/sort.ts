import { isObject, type Members, shorten } from './body.js';
import { demandField, type KeyDocument, valueFor } from './document.js';
import { illegalArgument, parseFault } from './errors.js';
import { toDateTime } from './instants.js';

/** A sort value as the answer has it; null: the field has none. */
export type SortValue = string | number | boolean | null;

/** A key in the order in which keys are listed. */
export interface Ranked {
  readonly document: KeyDocument;
  /** Its place without a sort: `_doc`. */
  readonly place: number;
}

export interface Sort {
  /** As in the answer, one for each field. */
  values(ranked: Ranked): SortValue[];
  compare(one: Ranked, other: Ranked): number;
  /** Whether a key comes after the one that had these values. @throws DialectError for values that cannot be. */
  after(values: readonly unknown[], nowAt: number): (ranked: Ranked) => boolean;
}

interface SortField {
  readonly isDescending: boolean;
  /** Of keys without the field. */
  readonly missing: 'first' | 'last' | string | number | boolean;
  read(ranked: Ranked): string | number | boolean | null;
  show(value: string | number | boolean | null): SortValue;
  parse(value: unknown, nowAt: number): string | number | boolean | null;
}

const MAX_FIELDS = 10;
const MAL_FORMATTED = 'mal-formatted sort object';

/** Null where nothing is asked for. @throws DialectError */
export function compileSort(given: unknown, nowAt: number): Sort | null {
  if (given === undefined || given === null) return null;
  const list: unknown[] = Array.isArray(given) ? given : [given];
  if (list.length > MAX_FIELDS) throw illegalArgument(`a sort has at most [${MAX_FIELDS}] fields`);
  const fields = list.flatMap((entry) => entryFields(entry, nowAt));
  if (fields.length === 0) return null;
  const compare = (one: readonly (SortValue | undefined)[], other: readonly (SortValue | undefined)[]) => {
    for (const [index, field] of fields.entries()) {
      const order = compareIn(field, one[index] ?? null, other[index] ?? null);
      if (order !== 0) return order;
    }
    return 0;
  };
  const read = (ranked: Ranked) => fields.map((field) => field.read(ranked));
  return {
    values: (ranked) => fields.map((field) => field.show(field.read(ranked))),
    compare: (one, other) => compare(read(one), read(other)) || one.place - other.place,
    after(values, at) {
      if (values.length !== fields.length) {
        throw illegalArgument(`search_after has ${values.length} value(s) but sort has ${fields.length}.`);
      }
      const from = fields.map((field, index) => field.parse(values[index], at));
      return (ranked) => compare(read(ranked), from) > 0;
    },
  };
}

function compareIn(field: SortField, one: SortValue, other: SortValue): number {
  const [a, b] = [one ?? standIn(field), other ?? standIn(field)];
  if (a === null || b === null) {
    if (a === b) return 0;
    return (a === null) === (field.missing === 'first') ? -1 : 1;
  }
  const order = a < b ? -1 : Number(a > b);
  return field.isDescending ? -order : order;
}

/** What stands for a value that is not there; null: it is first or last. */
function standIn({ missing }: SortField): SortValue {
  return missing === 'first' || missing === 'last' ? null : missing;
}

function entryFields(entry: unknown, nowAt: number): SortField[] {
  if (typeof entry === 'string') return [sortField(entry, {}, nowAt)];
  if (!isObject(entry)) throw parseFault(MAL_FORMATTED);
  return Object.entries(entry).map(([name, how]) => {
    if (typeof how === 'string') return sortField(name, { order: how }, nowAt);
    if (!isObject(how)) throw parseFault(MAL_FORMATTED);
    return sortField(name, how, nowAt);
  });
}

const MEMBERS = [
  'order',
  'format',
  'missing',
  'mode',
  'unmapped_type',
  'numeric_type',
  'nested',
  'nested_path',
  'nested_filter',
];

function sortField(name: string, how: Members, nowAt: number): SortField {
  const unknown = Object.keys(how).find((member) => !MEMBERS.includes(member));
  if (unknown !== undefined) throw parseFault(`[field_sort] unknown field [${shorten(unknown)}]`);
  if (['nested', 'nested_path', 'nested_filter'].some((member) => how[member] != null)) {
    throw illegalArgument('nested sorting is not currently supported in this context');
  }
  const order = String(how.order ?? 'asc').toLowerCase();
  if (order !== 'asc' && order !== 'desc') {
    throw illegalArgument(`No enum constant org.elasticsearch.search.sort.SortOrder.${shorten(order).toUpperCase()}`);
  }
  const isDescending = order === 'desc';
  if (name === '_doc') {
    const parse = (value: unknown) => {
      if (Number.isSafeInteger(value)) return value as number;
      throw illegalArgument('Failed to parse search_after value for field [_doc].');
    };
    return { isDescending, missing: 'last', read: ({ place }) => place, show: (value) => value, parse };
  }
  const field = demandField(name);
  const isText =
    how.format === undefined || how.format === null ? false : isDateTime(how.format, field.kind === 'instant');
  return {
    isDescending,
    missing: missingOf(how.missing, (value) => valueFor(field, value, nowAt)),
    // Of several values the least counts, or the greatest, as the order has it.
    read({ document }) {
      const values = [...field.of(document)].sort((a, b) => (a < b ? -1 : Number(a > b)));
      return (isDescending ? values.at(-1) : values[0]) ?? null;
    },
    show: (value) => (isText && typeof value === 'number' ? toDateTime(value) : value),
    parse: (value, at) => (value === null ? null : valueFor(field, value, at)),
  };
}

function missingOf(given: unknown, parse: (value: unknown) => string | number | boolean): SortField['missing'] {
  if (given === undefined || given === null || given === '_last') return 'last';
  return given === '_first' ? 'first' : parse(given);
}

/** Whether times are to be shown as text; false: as ms. */
function isDateTime(format: unknown, isOfInstant: boolean): boolean {
  if (!isOfInstant) throw illegalArgument('a format is for dates only');
  if (format === 'epoch_millis') return false;
  if (['date_time', 'strict_date_time', 'date_optional_time', 'strict_date_optional_time'].includes(String(format))) {
    return true;
  }
  throw illegalArgument(
    `Invalid format: [${shorten(String(format))}]: takes date_time, strict_date_optional_time, epoch_millis`,
  );
}
