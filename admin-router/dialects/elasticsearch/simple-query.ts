import type { Members } from './body.js';
import { allFields, type Field, type Value } from './document.js';
import { illegalArgument, parseFault } from './errors.js';
import { parseInstant } from './instants.js';
import { type Matcher, only, permittedFields, type QueryContext } from './query-context.js';

const MEMBERS = [
  ...[
    'query',
    'fields',
    'default_operator',
    'analyzer',
    'analyze_wildcard',
    'flags',
    'lenient',
    'minimum_should_match',
  ],
  ...['quote_field_suffix', 'auto_generate_synonyms_phrase_query', 'fuzzy_prefix_length', 'fuzzy_max_expansions'],
  ...['fuzzy_transpositions'],
];
const MAX_NESTING = 20;

/** The product's small language: words, "phrases", prefix*, +, |, -, and parentheses. @throws DialectError */
export function compileSimpleQuery(body: Members, context: QueryContext): Matcher {
  only(body, 'simple_query_string', MEMBERS);
  const { query, fields, default_operator: operator = 'or' } = body;
  if (typeof query !== 'string') throw parseFault('[simple_query_string] query text missing');
  if (fields !== undefined && !(Array.isArray(fields) && fields.every((name) => typeof name === 'string'))) {
    throw parseFault('[simple_query_string] query does not support [fields] that are no texts');
  }
  const isAnd = typeof operator === 'string' && operator.toLowerCase() === 'and';
  const searched = fields === undefined || fields.includes('*') ? allFields() : permittedFields(fields);
  if (searched.length === 0) return () => false;
  return new Reader(query, searched, isAnd, context).read();
}

/** Never fails: what makes no sense is left out, as in the product. */
class Reader {
  readonly #tokens: readonly string[];
  readonly #fields: readonly Field[];
  readonly #isAnd: boolean;
  readonly #context: QueryContext;
  #at = 0;

  constructor(query: string, fields: readonly Field[], isAnd: boolean, context: QueryContext) {
    this.#tokens = query.match(/"(?:\\.|[^"\\])*"?(?:~\d*)?|[()|+]|-(?=\S)|(?:\\.|[^\s()|+"\\])+|\\/gsu) ?? [];
    this.#fields = fields;
    this.#isAnd = isAnd;
    this.#context = context;
  }

  read(): Matcher {
    return this.#list(0) ?? (() => false);
  }

  /** What stands up to the next closing parenthesis; null when that is nothing. */
  #list(depth: number): Matcher | null {
    if (depth > MAX_NESTING) throw illegalArgument('the query is nested too deep');
    let so: Matcher | null = null;
    let operator = '';
    for (let token = this.#tokens[this.#at]; token !== undefined && token !== ')'; token = this.#tokens[this.#at]) {
      if (token === '|' || token === '+') {
        operator = token;
        this.#at++;
        continue;
      }
      const next = this.#clause(depth);
      if (next === null) continue;
      so = so === null ? next : this.#join(so, next, operator);
      operator = '';
    }
    return so;
  }

  #join(one: Matcher, other: Matcher, operator: string): Matcher {
    const isAnd = operator === '+' || (operator === '' && this.#isAnd);
    return isAnd ? (key) => one(key) && other(key) : (key) => one(key) || other(key);
  }

  #clause(depth: number): Matcher | null {
    const token = this.#tokens[this.#at++] ?? '';
    if (token === '-') {
      const negated = depth > MAX_NESTING ? null : this.#clause(depth + 1);
      return negated === null ? null : (key) => !negated(key);
    }
    if (token !== '(') return this.#word(token);
    const inner = this.#list(depth + 1);
    this.#at++;
    return inner;
  }

  #word(token: string): Matcher | null {
    const { budget, nowAt } = this.#context;
    budget.spend(this.#fields.length);
    const [, quoted] = /^"((?:\\.|[^"\\])*)/s.exec(token) ?? [];
    const plain = (quoted ?? token.replace(/~\d*$/, '')).replace(/\\(.)/gs, '$1');
    const isPrefix = quoted === undefined && token.endsWith('*') && !token.endsWith('\\*');
    if (isPrefix) budget.pattern(token);
    const text = isPrefix ? plain.slice(0, -1) : plain;
    if (text === '' && !isPrefix) return null;
    const tests = this.#fields.map((field) => ({ field, holds: testOf(field, text, isPrefix, nowAt) }));
    return (key) => tests.some(({ field, holds }) => field.of(key).some(holds));
  }
}

/** Lenient: what cannot be a value of the field matches nothing in it. */
function testOf(field: Field, text: string, isPrefix: boolean, nowAt: number): (value: Value) => boolean {
  if (field.kind === 'boolean') return (value) => !isPrefix && String(value) === text;
  if (field.kind !== 'instant') return isPrefix ? (value) => String(value).startsWith(text) : (value) => value === text;
  try {
    const { from, to } = parseInstant(text, field.name, nowAt);
    return (value) => !isPrefix && Number(value) >= from && Number(value) <= to;
  } catch {
    return () => false;
  }
}
