import { type Aggregate, type AggregationContext, type Compile, fieldOf, known, valuesIn } from './aggregation.js';
import { isObject, type Members, shorten } from './body.js';
import { bucketing } from './buckets.js';
import { compileComposite } from './composite.js';
import type { KeyDocument } from './document.js';
import { illegalArgument, parseFault } from './errors.js';

const MAX_DEPTH = 5;
const PIPELINES =
  /^(avg_bucket|bucket_count_ks_test|bucket_correlation|bucket_script|bucket_selector|bucket_sort|change_point|cumulative_cardinality|cumulative_sum|derivative|extended_stats_bucket|inference|max_bucket|min_bucket|moving_fn|moving_percentiles|normalize|percentiles_bucket|serial_diff|stats_bucket|sum_bucket)$/;

/** Aggregations as a function from the keys that were found to the answer's member. @throws DialectError */
export function compileAggregations(given: unknown, context: AggregationContext, depth = 0): Aggregate {
  if (!isObject(given)) throw parseFault('[aggs] Expected START_OBJECT');
  if (depth >= MAX_DEPTH) throw illegalArgument(`aggregations are nested more than [${MAX_DEPTH}] deep`);
  const compiled = Object.entries(given).map(([name, body]) => compileOne(name, body, context, depth));
  return (documents) => Object.fromEntries(compiled.map(({ shownAs, run }) => [shownAs, run(documents)]));
}

interface Compiled {
  readonly shownAs: string;
  run(documents: readonly KeyDocument[]): object;
}

function compileOne(name: string, body: unknown, context: AggregationContext, depth: number): Compiled {
  if (/[[\]>]/.test(name) || name === '') {
    throw parseFault(
      `Invalid aggregation name [${shorten(name)}]. Aggregation names can contain any character except '[', ']', and '>'`,
    );
  }
  if (!isObject(body)) throw parseFault(`Aggregation definition for [${shorten(name)}] must be an object`);
  context.budget.spend(1);
  const { aggs, aggregations, meta, ...types } = body;
  if (aggs !== undefined && aggregations !== undefined) throw duplicateAggs();
  const [entry, ...others] = Object.entries(types);
  if (entry === undefined) throw parseFault(`Missing definition for aggregation [${shorten(name)}]`);
  if (others.length > 0) {
    throw parseFault(
      `Found two aggregation type definitions in [${shorten(name)}]: [${entry[0]}] and [${others[0]?.[0]}]`,
    );
  }
  const [type, definition] = entry;
  const compile = Object.hasOwn(TYPES, type) ? TYPES[type] : undefined;
  if (compile === undefined && PIPELINES.test(type)) {
    throw illegalArgument(`Unsupported pipeline aggregation of type [${type}]`);
  }
  if (compile === undefined)
    throw illegalArgument(`Unsupported API Keys agg [${shorten(name)}] of type [${shorten(type)}]`);
  if (isObject(definition) && definition.script !== undefined) {
    throw illegalArgument(`Unsupported script value source for [${shorten(name)}]`);
  }
  const below = aggs ?? aggregations;
  const nested = below === undefined || below === null ? null : compileAggregations(below, context, depth + 1);
  const { prefix, run } = compile(definition as Members, { ...context, name, nested });
  const told = isObject(meta) ? { meta } : {};
  return {
    shownAs: context.hasTypedKeys ? `${prefix}#${name}` : name,
    run: (documents) => ({ ...told, ...run(documents) }),
  };
}

export function duplicateAggs(): Error {
  return parseFault("Duplicate 'aggs' or 'aggregations' field");
}

/** A count; it holds no further aggregations. */
const metric =
  (prefix: string, count: (values: readonly unknown[]) => number): Compile =>
  (definition, context) => {
    known(definition, context.name, ['field', 'precision_threshold', 'missing', 'rehash', 'execution_hint']);
    const field = fieldOf(definition, context.name);
    if (context.nested !== null) {
      throw illegalArgument(`Aggregator [${context.name}] of type [${prefix}] cannot accept sub-aggregations`);
    }
    return { prefix, run: (documents) => ({ value: count(valuesIn(documents, field, context)) }) };
  };

const TYPES: Readonly<Record<string, Compile>> = {
  ...bucketing,
  composite: compileComposite,
  cardinality: metric('cardinality', (values) => new Set(values).size),
  value_count: metric('value_count', ({ length }) => length),
};
