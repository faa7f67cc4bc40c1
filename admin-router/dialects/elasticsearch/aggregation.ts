import { isObject, type Members, shorten } from './body.js';
import { demandField, type Field, type KeyDocument, type Value } from './document.js';
import { parseFault } from './errors.js';
import { toDateTime } from './instants.js';
import type { QueryBudget } from './query-context.js';

/** The results by name. */
export type Aggregate = (documents: readonly KeyDocument[]) => Readonly<Record<string, object>>;

export interface AggregationContext {
  readonly budget: QueryBudget;
  /** Epoch ms. */
  readonly nowAt: number;
  readonly hasTypedKeys: boolean;
}

/** Where one aggregation stands. */
export interface OneContext extends AggregationContext {
  readonly name: string;
  /** What is to be reckoned within each of its buckets. */
  readonly nested: Aggregate | null;
}

export type Compile = (
  definition: Members,
  context: OneContext,
) => { readonly prefix: string; run(documents: readonly KeyDocument[]): object };

/** @throws DialectError for a definition that is none, or has a member that is not one of `members`. */
export function known(definition: unknown, name: string, members: readonly string[]): void {
  if (!isObject(definition)) throw parseFault(`[${shorten(name)}] Expected START_OBJECT for the definition`);
  const unknown = Object.keys(definition).find((member) => !members.includes(member));
  if (unknown !== undefined) throw parseFault(`[${shorten(name)}] unknown field [${shorten(unknown)}]`);
}

export function fieldOf({ field }: Members, name: string): Field {
  if (typeof field !== 'string')
    throw parseFault(`Required one of fields [field], but none were specified in [${shorten(name)}]`);
  return demandField(field);
}

/** Which prefix the name of an aggregation over the field's values gets. */
export function termsPrefix({ kind }: Field): 'sterms' | 'lterms' {
  return kind === 'instant' || kind === 'boolean' ? 'lterms' : 'sterms';
}

/** A value as the key of a bucket: truth is a number, and times come as text besides. */
export function keyOf(value: Value): { readonly key: string | number; readonly key_as_string?: string } {
  if (typeof value === 'boolean') return { key: Number(value), key_as_string: String(value) };
  if (typeof value === 'number') return { key: value, key_as_string: toDateTime(value) };
  return { key: value };
}

/** The values of the field in all of the keys, which is counted as work. */
export function valuesIn(documents: readonly KeyDocument[], field: Field, { budget }: OneContext): Value[] {
  const values = documents.flatMap((document) => field.of(document));
  budget.work(documents.length + values.length);
  return values;
}

export function bucket(documents: readonly KeyDocument[], { nested, budget }: OneContext): object {
  budget.bucket();
  return { doc_count: documents.length, ...nested?.(documents) };
}
