import { bucket, type Compile, fieldOf, keyOf, known, type OneContext } from './aggregation.js';
import { isObject, type Members, readInteger, shorten } from './body.js';
import { type Field, type KeyDocument, type Value, valueFor } from './document.js';
import { illegalArgument, parseFault } from './errors.js';
import { MAX_BUCKETS, type QueryBudget, tooManyBuckets } from './query-context.js';

interface Source {
  readonly name: string;
  readonly field: Field;
  readonly isDescending: boolean;
  readonly hasMissing: boolean;
}

interface Group {
  readonly values: readonly (Value | null)[];
  readonly members: KeyDocument[];
}

const MAX_SOURCES = 10;

/** Pages through every combination of values. Sources are `terms` only, as in the product's own API for keys. */
export const compileComposite: Compile = (definition, context) => {
  known(definition, context.name, ['sources', 'size', 'after']);
  const size = readInteger(definition, 'size', 'composite') ?? 10;
  if (size < 1 || size > MAX_BUCKETS)
    throw illegalArgument(`[size] must be from 1 to [${MAX_BUCKETS}]. Found [${size}] in [${context.name}]`);
  const sources = readSources(definition.sources, context);
  const after = readAfter(definition.after, sources, context);
  const compare = (one: Group['values'], other: Group['values']) => {
    for (const [index, { isDescending }] of sources.entries()) {
      const order = compareValues(one[index] ?? null, other[index] ?? null);
      if (order !== 0) return isDescending ? -order : order;
    }
    return 0;
  };
  const run = (documents: readonly KeyDocument[]) => {
    const groups = combine(documents, sources, context.budget)
      .filter(({ values }) => after === null || compare(values, after) > 0)
      .sort((one, other) => compare(one.values, other.values))
      .slice(0, size);
    const keyFor = (values: Group['values']) =>
      Object.fromEntries(sources.map(({ name }, index) => [name, shown(values[index] ?? null)]));
    const last = groups.at(-1);
    return {
      ...(last && { after_key: keyFor(last.values) }),
      buckets: groups.map(({ values, members }) => ({ key: keyFor(values), ...bucket(members, context) })),
    };
  };
  return { prefix: 'composite', run };
};

function shown(value: Value | null): string | number | boolean | null {
  if (value === null || typeof value === 'boolean') return value;
  return keyOf(value).key;
}

/** None before any value. */
function compareValues(one: Value | null, other: Value | null): number {
  if (one === null || other === null) return Number(other === null) - Number(one === null);
  return one < other ? -1 : Number(one > other);
}

/** A key with several values of a source stands in several groups. */
function combine(documents: readonly KeyDocument[], sources: readonly Source[], budget: QueryBudget): Group[] {
  const groups = new Map<string, Group>();
  for (const document of documents) {
    let combinations: (Value | null)[][] = [[]];
    for (const { field, hasMissing } of sources) {
      const found = [...new Set(field.of(document))];
      const values = found.length === 0 && hasMissing ? [null] : found;
      if (combinations.length * values.length > MAX_BUCKETS) {
        throw illegalArgument(`a key has more than [${MAX_BUCKETS}] combinations of values`);
      }
      combinations = combinations.flatMap((before) => values.map((value) => [...before, value]));
      budget.work(1 + values.length + combinations.length);
    }
    for (const values of combinations) {
      const key = JSON.stringify(values);
      const group = groups.get(key);
      if (group !== undefined) group.members.push(document);
      else if (groups.size < MAX_BUCKETS) groups.set(key, { values, members: [document] });
      else throw tooManyBuckets();
    }
  }
  return [...groups.values()];
}

function readSources(given: unknown, context: OneContext): Source[] {
  if (!Array.isArray(given) || given.length === 0 || given.length > MAX_SOURCES) {
    throw illegalArgument(`Composite [sources] must have from 1 to [${MAX_SOURCES}] entries`);
  }
  context.budget.spend(given.length);
  const sources = given.map((entry: unknown) => readSource(entry));
  if (new Set(sources.map(({ name }) => name)).size === sources.length) return sources;
  throw illegalArgument('Composite source names must be unique');
}

function readSource(entry: unknown): Source {
  const [[name, types] = [], ...others] = isObject(entry) ? Object.entries(entry) : [];
  if (name === undefined || others.length > 0 || !isObject(types))
    throw parseFault('a composite source has one name and one type');
  const [[type, definition] = []] = Object.entries(types);
  if (type !== 'terms') {
    throw illegalArgument(
      `Unsupported composite aggregation source of type [${shorten(String(type))}] for [${shorten(name)}]`,
    );
  }
  if (isObject(definition) && definition.script !== undefined) {
    throw illegalArgument(`Unsupported script value source for [${shorten(name)}]`);
  }
  known(definition, name, ['field', 'order', 'missing_bucket', 'missing_order']);
  const { order = 'asc', missing_bucket: hasMissing } = definition as Members;
  if (order !== 'asc' && order !== 'desc') throw illegalArgument(`Unknown [order] in the source [${shorten(name)}]`);
  return {
    name,
    field: fieldOf(definition as Members, name),
    isDescending: order === 'desc',
    hasMissing: hasMissing === true,
  };
}

function readAfter(given: unknown, sources: readonly Source[], { nowAt }: OneContext): Group['values'] | null {
  if (given === undefined || given === null) return null;
  if (!isObject(given)) throw parseFault('[composite] after must be an object');
  return sources.map(({ name, field }) => {
    if (!Object.hasOwn(given, name)) throw illegalArgument(`Missing value for [after.${shorten(name)}]`);
    return given[name] === null ? null : valueFor(field, given[name], nowAt);
  });
}
