import { isObject, type Members, shorten, tokenOf } from './body.js';
import { demandField, type Field, valueFor } from './document.js';
import { illegalArgument, parseFault } from './errors.js';
import { COMMON, MAX_DEPTH, type Matcher, only, type QueryContext } from './query-context.js';
import { compileRange } from './range.js';
import { compileSimpleQuery } from './simple-query.js';
import { compileWildcard } from './wildcard.js';

/** A query of the product as a condition. @throws DialectError */
export function compileQuery(query: unknown, context: QueryContext): Matcher {
  if (!isObject(query)) throw parseFault(`[query] Expected START_OBJECT but was: ${tokenOf(query)}`);
  const [entry, ...others] = Object.entries(query);
  if (entry === undefined) throw illegalArgument('query malformed, empty clause found');
  if (others.length > 0)
    throw parseFault(`[${shorten(entry[0])}] malformed query, expected [END_OBJECT] but found [FIELD_NAME]`);
  if (context.depth > MAX_DEPTH) throw illegalArgument(`the query is nested more than [${MAX_DEPTH}] deep`);
  context.budget.spend(1);
  const [type, body] = entry;
  const compile = Object.hasOwn(TYPES, type) ? TYPES[type] : undefined;
  if (compile === undefined) {
    throw illegalArgument(`Query type [${shorten(type)}] is not currently supported in this context`);
  }
  if (!isObject(body)) throw parseFault(`[${type}] query malformed, no start_object after query name`);
  return compile(body, context);
}

const TYPES: Readonly<Record<string, (body: Members, context: QueryContext) => Matcher>> = {
  match_all: (body) => {
    only(body, 'match_all', []);
    return () => true;
  },
  bool: compileBool,
  term: (body, context) => compileTerm('term', body, ['value', 'case_insensitive'], context),
  match: (body, context) => compileTerm('match', body, MATCH_MEMBERS, context),
  terms: compileTerms,
  ids(body) {
    only(body, 'ids', ['values']);
    const wanted = new Set(textsOf(body.values ?? [], 'ids'));
    return ({ id }) => wanted.has(id);
  },
  prefix: (body, context) => compilePattern('prefix', body, context, (prefix) => (text) => text.startsWith(prefix)),
  wildcard: (body, context) =>
    compilePattern('wildcard', body, context, (pattern) => {
      const covers = compileWildcard(pattern);
      return (text) => {
        context.budget.work((pattern.length * text.length) / STEPS);
        return covers(text);
      };
    }),
  exists(body) {
    only(body, 'exists', ['field']);
    const field = demandField(body.field);
    return (document) => field.of(document).length > 0;
  },
  range(body, context) {
    const { field, value } = theField('range', body);
    return compileRange(field, value, context.nowAt);
  },
  simple_query_string: compileSimpleQuery,
};

/** Steps of a pattern in a text that are as much work as one look at a value. */
const STEPS = 32;

const MATCH_MEMBERS = [
  ...['query', 'operator', 'analyzer', 'fuzziness', 'prefix_length', 'max_expansions', 'minimum_should_match'],
  ...['zero_terms_query', 'lenient', 'auto_generate_synonyms_phrase_query', 'fuzzy_transpositions', 'fuzzy_rewrite'],
];

/** The one member that is a field. */
function theField(type: string, body: Members): { readonly field: Field; readonly value: unknown } {
  const [entry, ...others] = Object.entries(body).filter(([member]) => !COMMON.includes(member));
  if (entry === undefined) throw illegalArgument(`[${type}] query malformed, no field`);
  if (others.length > 0) {
    const names = [entry[0], others[0]?.[0] ?? ''].map((name) => `[${shorten(name)}]`).join(' and ');
    throw parseFault(`[${type}] query doesn't support multiple fields, found ${names}`);
  }
  return { field: demandField(entry[0]), value: entry[1] };
}

/** The value in the short or the long form. */
function valueIn(type: string, value: unknown, known: readonly string[]): { value: unknown; options: Members } {
  if (!isObject(value)) return { value, options: {} };
  only(value, type, [...known, 'rewrite']);
  const name = known.find((member) => ['value', 'query', 'wildcard'].includes(member) && Object.hasOwn(value, member));
  if (name === undefined) throw illegalArgument(`[${type}] query malformed, no value`);
  return { value: value[name], options: value };
}

function compileTerm(type: string, body: Members, known: readonly string[], { nowAt }: QueryContext): Matcher {
  const { field, value: given } = theField(type, body);
  const { value, options } = valueIn(type, given, known);
  const wanted = valueFor(field, value, nowAt);
  if (isTrue(options.case_insensitive) && typeof wanted === 'string') {
    const folded = wanted.toLowerCase();
    return (document) => field.of(document).some((each) => String(each).toLowerCase() === folded);
  }
  return (document) => field.of(document).includes(wanted);
}

function compileTerms(body: Members, { nowAt, budget }: QueryContext): Matcher {
  const { field, value } = theField('terms', body);
  if (isObject(value))
    throw illegalArgument('terms query with terms lookup is not currently supported in this context');
  if (!Array.isArray(value)) throw parseFault('[terms] query requires an array of values');
  budget.spend(Math.ceil(value.length / 64));
  const wanted = new Set(value.map((each: unknown) => valueFor(field, each, nowAt)));
  return (document) => field.of(document).some((each) => wanted.has(each));
}

function compilePattern(
  type: 'prefix' | 'wildcard',
  body: Members,
  { budget }: QueryContext,
  matching: (pattern: string) => (text: string) => boolean,
): Matcher {
  const { field, value: given } = theField(type, body);
  const { value, options } = valueIn(type, given, type === 'prefix' ? PREFIX_MEMBERS : WILDCARD_MEMBERS);
  if (typeof value !== 'string' && typeof value !== 'number')
    throw illegalArgument(`[${type}] query malformed, no value`);
  if (field.kind === 'instant' || field.kind === 'boolean') {
    throw illegalArgument(`Can only use ${type} queries on keyword, text and wildcard fields - not on [${field.name}]`);
  }
  const isFolded = isTrue(options.case_insensitive);
  const fold = (text: string) => (isFolded ? text.toLowerCase() : text);
  const matches = matching(fold(budget.pattern(String(value))));
  return (document) => field.of(document).some((each) => matches(fold(String(each))));
}

const PREFIX_MEMBERS = ['value', 'case_insensitive'];
const WILDCARD_MEMBERS = ['value', 'wildcard', 'case_insensitive'];

function isTrue(value: unknown): boolean {
  return value === true || value === 'true';
}

function compileBool(body: Members, context: QueryContext): Matcher {
  only(body, 'bool', [
    'must',
    'filter',
    'should',
    'must_not',
    'mustNot',
    'minimum_should_match',
    'adjust_pure_negative',
  ]);
  const clauses = (member: string) => {
    const given = body[member];
    if (given === undefined || given === null) return [];
    const list: unknown[] = Array.isArray(given) ? given : [given];
    return list.map((clause) => compileQuery(clause, { ...context, depth: context.depth + 1 }));
  };
  const [all, some, none] = [
    [...clauses('must'), ...clauses('filter')],
    clauses('should'),
    [...clauses('must_not'), ...clauses('mustNot')],
  ];
  const least = leastOf(body.minimum_should_match, some.length, all.length === 0 ? 1 : 0);
  return (document) =>
    all.every((matches) => matches(document)) &&
    !none.some((matches) => matches(document)) &&
    (least <= 0 || some.filter((matches) => matches(document)).length >= least);
}

/** How many of `count` optional clauses must hold: a number, or a percentage; negative ones say how many need not. */
function leastOf(given: unknown, count: number, byDefault: number): number {
  if (given === undefined || given === null) return count === 0 ? 0 : byDefault;
  const [, number, percent] = /^(-?\d{1,4})(%?)$/.exec(String(given)) ?? [];
  if (number === undefined)
    throw illegalArgument(`[bool] query malformed, minimum_should_match [${shorten(String(given))}]`);
  const share = percent === '%' ? Math.trunc((count * Number(number)) / 100) : Number(number);
  return share < 0 ? Math.max(0, count + share) : share;
}

function textsOf(value: unknown, type: string): string[] {
  const texts: unknown[] = Array.isArray(value) ? value : [value];
  if (texts.every((text) => typeof text === 'string' || typeof text === 'number')) return texts.map(String);
  throw parseFault(`[${type}] query malformed, values must be texts`);
}
