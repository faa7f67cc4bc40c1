import { compileQuery } from '../../../../admin-router/dialects/elasticsearch/query.js';
import { context, faultOf, matching, NOW } from './documents.js';

const found = (query: unknown) => matching(compileQuery(query, context()));
const fault = (query: unknown) => faultOf(() => compileQuery(query, context()));
const ALL = ['one', 'two', 'three', 'four'];

it.each<[object, string[]]>([
  [{ match_all: {} }, ALL],
  [{ match_all: { boost: 2 } }, ALL],
  [{ term: { name: 'one' } }, ['one']],
  [{ term: { name: { value: 'one', boost: 1 } } }, ['one']],
  [{ term: { name: 'One' } }, []],
  [{ term: { name: { value: 'ONE', case_insensitive: true } } }, ['one']],
  [{ match: { name: 'Two words' } }, ['two']],
  [{ match: { name: { query: 'Two words', operator: 'and' } } }, ['two']],
  [{ match: { name: 'Two' } }, []],
  [{ term: { username: 'bob' } }, ['two', 'four']],
  [{ term: { realm_name: 'default_native' } }, ALL],
  [{ term: { realm: 'default_native' } }, ALL],
  [{ term: { type: 'rest' } }, ALL],
  [{ term: { invalidated: true } }, ['three']],
  [{ term: { invalidated: 'false' } }, ['one', 'two', 'four']],
  [{ term: { creation: NOW } }, ['three']],
  [{ term: { creation: String(NOW) } }, ['three']],
  [{ term: { creation: '2026-01-10T12:00:00.000Z' } }, ['three']],
  [{ term: { 'metadata.level': 5 } }, ['one', 'two']],
  [{ term: { 'metadata.level': '5' } }, ['one', 'two']],
  [{ term: { 'metadata.flags.hot': false } }, ['four']],
  [{ term: { 'metadata.flags.hot': 'true' } }, ['one']],
  [{ term: { metadata: 'blue' } }, ['two']],
  [{ term: { 'metadata.constructor': 'x' } }, []],
  [{ terms: { name: ['one', 'three'] } }, ['one', 'three']],
  [{ terms: { invalidated: [true, 'false'] } }, ALL],
  [{ ids: { values: ['one', 'four', 'nine'] } }, ['one', 'four']],
  [{ ids: { values: 'two' } }, ['two']],
  [{ ids: {} }, []],
  [{ prefix: { name: 't' } }, ['three']],
  [{ prefix: { name: { value: 't', case_insensitive: true } } }, ['two', 'three']],
  [{ prefix: { 'metadata.team': 're' } }, ['one', 'two']],
  [{ wildcard: { name: 't*e' } }, ['three']],
  [{ wildcard: { name: { value: '?ne' } } }, ['one']],
  [{ wildcard: { name: { wildcard: 'a\\*b\\?c' } } }, ['four']],
  [{ wildcard: { name: 'a\\*x*' } }, []],
  [{ exists: { field: 'expiration' } }, ['one', 'three']],
  [{ exists: { field: 'metadata.team' } }, ['one', 'two']],
  [{ exists: { field: 'metadata' } }, ['one', 'two', 'four']],
  [{ range: { creation: { gte: NOW } } }, ['three', 'four']],
  [{ range: { creation: { gt: 'now' } } }, ['four']],
  [{ range: { creation: { gte: 'now-1d', lt: 'now+1h' } } }, ['two', 'three']],
  [{ range: { creation: { gte: '2026-01-09', lte: '2026-01-10' } } }, ['two', 'three']],
  [{ range: { creation: { gt: '2026-01-09' } } }, ['three', 'four']],
  [{ range: { creation: { lt: '2026-01-09T12:00:00+00:00' } } }, ['one']],
  [{ range: { creation: { from: NOW, include_lower: false, to: null } } }, ['four']],
  [{ range: { expiration: { lt: 'now' } } }, ['three']],
  [{ range: { name: { gte: 'p' } } }, ['three']],
  [{ range: { creation: {} } }, ALL],
  [{ bool: {} }, ALL],
  [{ bool: { must: { term: { username: 'bob' } }, must_not: [{ ids: { values: ['four'] } }] } }, ['two']],
  [{ bool: { filter: [{ term: { username: 'ada' } }], should: [{ term: { name: 'one' } }] } }, ['one', 'three']],
  [{ bool: { should: [{ term: { name: 'one' } }, { term: { name: 'three' } }] } }, ['one', 'three']],
  [
    {
      bool: {
        should: [{ term: { username: 'ada' } }, { term: { invalidated: true } }, { exists: { field: 'expiration' } }],
        minimum_should_match: '100%',
      },
    },
    ['three'],
  ],
  [{ bool: { should: [{ match_all: {} }, { term: { name: 'one' } }], minimum_should_match: -1 } }, ALL],
  [{ bool: { must_not: { match_all: {} } } }, []],
])('%j', (query, ids) => {
  expect(found(query)).toEqual(ids);
});

it.each<[string, object, string[]]>([
  ['one three', {}, ['one', 'three']],
  ['one +bob', {}, []],
  ['bob + four', { fields: ['username', 'name'] }, []],
  ['bob', { fields: ['username'] }, ['two', 'four']],
  ['bob ada', { default_operator: 'and', fields: ['username'] }, []],
  ['ada | bob', { fields: ['username^5'] }, ALL],
  ['"Two words"', {}, ['two']],
  ['Two words', {}, []],
  ['t*', {}, ['one', 'three']],
  ['-ada', { fields: ['username'] }, ['two', 'four']],
  ['(one | three) + ada', {}, ['one', 'three']],
  ['red', {}, ['one', 'two']],
  ['red', { fields: ['metadata.team'] }, ['one', 'two']],
  ['true', {}, ['one', 'three']],
  ['2026-01-10', {}, ['three']],
  ['one', { fields: ['api_key_hash', 'doc_type'] }, []],
  ['one', { fields: ['*'] }, ['one']],
  ['', {}, []],
  ['((((', {}, []],
  ['"unclosed', {}, []],
])('simple_query_string %j %j', (query, more, ids) => {
  expect(found({ simple_query_string: { query, ...more } })).toEqual(ids);
});

const ILLEGAL = 'illegal_argument_exception';
const PARSE = 'x_content_parse_exception';

it.each<[unknown, string, string]>([
  [{ fuzzy: { name: 'x' } }, ILLEGAL, 'Query type [fuzzy] is not currently supported in this context'],
  [{ constructor: {} }, ILLEGAL, 'Query type [constructor] is not currently supported in this context'],
  [{ term: { api_key_hash: 'x' } }, ILLEGAL, 'Field [api_key_hash] is not allowed for querying or aggregation'],
  [{ term: { id: 'x' } }, ILLEGAL, 'Field [id] is not allowed for querying or aggregation'],
  [{ term: { role_descriptors: 'x' } }, ILLEGAL, 'Field [role_descriptors] is not allowed for querying or aggregation'],
  [{ exists: { field: 'na*' } }, ILLEGAL, 'Field name pattern [na*] is not allowed for querying or aggregation'],
  [
    { exists: { field: 'metadata.*' } },
    ILLEGAL,
    'Field name pattern [metadata.*] is not allowed for querying or aggregation',
  ],
  [
    { terms: { name: { index: 'i', id: '1', path: 'p' } } },
    ILLEGAL,
    'terms query with terms lookup is not currently supported in this context',
  ],
  [
    { range: { creation: { gte: 1, relation: 'within' } } },
    ILLEGAL,
    'range query with relation is not currently supported in this context',
  ],
  [{ term: { invalidated: 'maybe' } }, ILLEGAL, "Can't parse boolean value [maybe], expected [true] or [false]"],
  [
    { range: { creation: { gte: 'yesterday' } } },
    ILLEGAL,
    'failed to parse date field [yesterday] of [creation] with format [strict_date_optional_time||epoch_millis]',
  ],
  [
    { range: { creation: { gte: '2026-02-30' } } },
    ILLEGAL,
    'failed to parse date field [2026-02-30] of [creation] with format [strict_date_optional_time||epoch_millis]',
  ],
  [
    { prefix: { creation: '2' } },
    ILLEGAL,
    'Can only use prefix queries on keyword, text and wildcard fields - not on [creation]',
  ],
  [
    { term: { name: 'a', username: 'b' } },
    PARSE,
    "[term] query doesn't support multiple fields, found [name] and [username]",
  ],
  [{ term: { name: { value: 'a', foo: 1 } } }, PARSE, '[term] query does not support [foo]'],
  [{ term: { name: {} } }, ILLEGAL, '[term] query malformed, no value'],
  [{ term: { name: null } }, ILLEGAL, 'field [name] is compared with a value, not with null'],
  [{}, ILLEGAL, 'query malformed, empty clause found'],
  [[], PARSE, '[query] Expected START_OBJECT but was: START_ARRAY'],
  [{ term: 'x' }, PARSE, '[term] query malformed, no start_object after query name'],
  [{ bool: { must: ['x'] } }, PARSE, '[query] Expected START_OBJECT but was: VALUE_STRING'],
  [{ match_all: {}, term: {} }, PARSE, '[match_all] malformed query, expected [END_OBJECT] but found [FIELD_NAME]'],
])('refuses %j', (query, type, reason) => {
  expect(fault(query)).toEqual({ type, reason });
});

it('bounds what a query costs', () => {
  const wide = { bool: { should: Array.from({ length: 600 }, () => ({ match_all: {} })) } };
  expect(fault(wide).reason).toBe('the request has more than [512] clauses');
  let deep: object = { match_all: {} };
  for (let depth = 0; depth < 25; depth++) deep = { bool: { must: deep } };
  expect(fault(deep).reason).toBe('the query is nested more than [20] deep');
  expect(fault({ wildcard: { name: '*'.repeat(300) } }).reason).toBe('a pattern has more than [256] characters');
  const patterns = { bool: { should: Array.from({ length: 11 }, () => ({ prefix: { name: 'x' } })) } };
  expect(fault(patterns).reason).toBe('the request has more than [10] patterns');
  expect(fault({ simple_query_string: { query: '('.repeat(100) } }).reason).toBe('the query is nested too deep');
  expect(fault({ simple_query_string: { query: 'x '.repeat(300) } }).reason).toContain('clauses');
});

it('matches hostile patterns in little time', () => {
  const startedAt = performance.now();
  const stars = `${'*a'.repeat(120)}b`;
  const matches = compileQuery({ wildcard: { name: stars } }, context());
  matching((document) => matches({ ...document, name: 'a'.repeat(256) }));
  expect(performance.now() - startedAt).toBeLessThan(2_000);
});
