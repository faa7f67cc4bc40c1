import { type Members, shorten } from './body.js';
import { type Field, findField, type KeyDocument } from './document.js';
import { illegalArgument, parseFault } from './errors.js';

export type Matcher = (document: KeyDocument) => boolean;

/** What a query may cost: clauses in all, how deep, patterns, and their length. */
const MAX_CLAUSES = 512;
/** Queries within queries. */
export const MAX_DEPTH = 20;
const MAX_PATTERNS = 10;
const MAX_PATTERN = 256;
/** What the patterns and aggregations of a request may look at in all: keys, times what is asked of each. */
const MAX_WORK = 1_000_000;
/** Buckets of one answer, those within others too. */
export const MAX_BUCKETS = 10_000;

/** What one request may still ask for; shared by its query and its aggregations. */
export class QueryBudget {
  #clauses = MAX_CLAUSES;
  #patterns = MAX_PATTERNS;
  #work = MAX_WORK;
  #buckets = MAX_BUCKETS;

  /** @throws DialectError */
  spend(clauses: number): void {
    this.#clauses -= clauses;
    if (this.#clauses < 0) throw illegalArgument(`the request has more than [${MAX_CLAUSES}] clauses`);
  }

  /** That are left. */
  get clauses(): number {
    return this.#clauses;
  }

  /** To be called while the query runs. @throws DialectError */
  work(looks: number): void {
    this.#work -= looks;
    if (this.#work < 0)
      throw illegalArgument('the request is too much work: ask for fewer keys, patterns or aggregations');
  }

  /** To be called for each bucket of the answer. @throws DialectError */
  bucket(): void {
    if (--this.#buckets < 0) throw tooManyBuckets();
  }

  /** @throws DialectError */
  pattern(pattern: string): string {
    if (--this.#patterns < 0) throw illegalArgument(`the request has more than [${MAX_PATTERNS}] patterns`);
    if (pattern.length > MAX_PATTERN) throw illegalArgument(`a pattern has more than [${MAX_PATTERN}] characters`);
    return pattern;
  }
}

export function tooManyBuckets(): Error {
  return illegalArgument(`Trying to create too many buckets. Must be less than or equal to: [${MAX_BUCKETS}]`);
}

export interface QueryContext {
  readonly budget: QueryBudget;
  /** Epoch ms. */
  readonly nowAt: number;
  readonly depth: number;
}

/** What every query may have besides, and what means nothing here. */
export const COMMON = ['boost', '_name'];

export function only(body: Members, type: string, known: readonly string[]): void {
  const unknown = Object.keys(body).find((member) => !known.includes(member) && !COMMON.includes(member));
  if (unknown !== undefined) throw parseFault(`[${type}] query does not support [${shorten(unknown)}]`);
}

/** The fields that are named by `fields` of a query over several; those that may not be asked for are left out. */
export function permittedFields(names: readonly string[]): Field[] {
  return names.flatMap((name) => findField(name.replace(/\^[\d.]+$/, '')) ?? []);
}
