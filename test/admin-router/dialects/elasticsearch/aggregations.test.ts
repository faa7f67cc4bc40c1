import { compileAggregations } from '../../../../admin-router/dialects/elasticsearch/aggregations.js';
import { toDateTime } from '../../../../admin-router/dialects/elasticsearch/instants.js';
import { context, DOCUMENTS, faultOf, NOW } from './documents.js';

const run = (aggs: unknown, hasTypedKeys = false) =>
  compileAggregations(aggs, { ...context(), hasTypedKeys })(DOCUMENTS);
const fault = (aggs: unknown) => faultOf(() => compileAggregations(aggs, context()));
const terms = (buckets: object[], rest = 0) => ({ doc_count_error_upper_bound: 0, sum_other_doc_count: rest, buckets });

it('counts by terms, the most frequent first, their members in order', () => {
  expect(JSON.stringify(run({ by: { terms: { field: 'username' } } }).by)).toBe(
    '{"doc_count_error_upper_bound":0,"sum_other_doc_count":0,"buckets":[{"key":"ada","doc_count":2},{"key":"bob","doc_count":2}]}',
  );
  expect(run({ by: { terms: { field: 'metadata.team' } } }).by).toEqual(
    terms([
      { key: 'red', doc_count: 2 },
      { key: 'blue', doc_count: 1 },
    ]),
  );
  expect(run({ by: { terms: { field: 'name', size: 1, order: { _key: 'desc' } } } }).by).toEqual(
    terms([{ key: 'three', doc_count: 1 }], 3),
  );
  expect(
    run({ by: { terms: { field: 'expiration', missing: NOW, order: [{ _count: 'asc' }, { _key: 'asc' }] } } }).by,
  ).toMatchObject({
    buckets: [
      { doc_count: 1 },
      { doc_count: 1 },
      { key: NOW, key_as_string: '2026-01-10T12:00:00.000Z', doc_count: 2 },
    ],
  });
});

it('has truth as numbers', () => {
  expect(run({ by: { terms: { field: 'invalidated' } } }).by).toEqual(
    terms([
      { key: 0, key_as_string: 'false', doc_count: 3 },
      { key: 1, key_as_string: 'true', doc_count: 1 },
    ]),
  );
});

it('counts within ranges', () => {
  const day = 86_400_000;
  expect(
    run({
      by: { range: { field: 'creation', ranges: [{ from: NOW }, { to: NOW }, { key: 'k', from: NOW, to: NOW + 1 }] } },
    }).by,
  ).toEqual({
    buckets: [
      { key: `*-${NOW}.0`, to: NOW, doc_count: 2 },
      { key: 'k', from: NOW, to: NOW + 1, doc_count: 1 },
      { key: `${NOW}.0-*`, from: NOW, doc_count: 2 },
    ],
  });
  const at = NOW - day;
  expect(
    run({ by: { date_range: { field: 'creation', keyed: true, ranges: [{ to: 'now-1d' }, { from: 'now-1d' }] } } }).by,
  ).toEqual({
    buckets: {
      [`*-${toDateTime(at)}`]: { to: at, to_as_string: toDateTime(at), doc_count: 1 },
      [`${toDateTime(at)}-*`]: { from: at, from_as_string: toDateTime(at), doc_count: 3 },
    },
  });
});

it('counts what is missing, different, and there', () => {
  expect(
    run({
      missing: { missing: { field: 'expiration' } },
      different: { cardinality: { field: 'username' } },
      there: { value_count: { field: 'metadata.team' } },
    }),
  ).toEqual({ missing: { doc_count: 2 }, different: { value: 2 }, there: { value: 3 } });
});

it('filters', () => {
  const bob = { term: { username: 'bob' } };
  expect(run({ f: { filter: bob, aggs: { names: { terms: { field: 'name' } } } } }).f).toEqual({
    doc_count: 2,
    names: terms([
      { key: 'Two words', doc_count: 1 },
      { key: 'a*b?c', doc_count: 1 },
    ]),
  });
  const named = { filters: { bob, ended: { term: { invalidated: true } } }, other_bucket_key: 'rest' };
  expect(run({ f: { filters: named } }).f).toEqual({
    buckets: { bob: { doc_count: 2 }, ended: { doc_count: 1 }, rest: { doc_count: 1 } },
  });
  expect(run({ f: { filters: { filters: [bob], other_bucket: true } } }).f).toEqual({
    buckets: [{ doc_count: 2 }, { doc_count: 2 }],
  });
});

it('pages through combinations', () => {
  const sources = [
    { user: { terms: { field: 'username', order: 'desc' } } },
    { team: { terms: { field: 'metadata.team', missing_bucket: true } } },
  ];
  const all = [
    { key: { user: 'bob', team: null }, doc_count: 1 },
    { key: { user: 'bob', team: 'blue' }, doc_count: 1 },
    { key: { user: 'bob', team: 'red' }, doc_count: 1 },
    { key: { user: 'ada', team: null }, doc_count: 1 },
    { key: { user: 'ada', team: 'red' }, doc_count: 1 },
  ];
  const first = run({ c: { composite: { sources, size: 2 } } }).c;
  expect(first).toEqual({ after_key: all[1]?.key, buckets: all.slice(0, 2) });
  const rest = run({ c: { composite: { sources, after: all[1]?.key } } }).c;
  expect(rest).toEqual({ after_key: all[4]?.key, buckets: all.slice(2) });
  expect(run({ c: { composite: { sources, after: all[4]?.key } } }).c).toEqual({ buckets: [] });
});

it('prefixes names where that is asked for', () => {
  const all = {
    a: { terms: { field: 'name' }, aggs: { n: { value_count: { field: 'name' } } } },
    b: { terms: { field: 'invalidated' } },
    c: { range: { field: 'creation', ranges: [{ to: 1 }] } },
    d: { date_range: { field: 'creation', ranges: [{ to: 'now' }] } },
    e: { missing: { field: 'name' } },
    f: { cardinality: { field: 'name' } },
    g: { composite: { sources: [{ x: { terms: { field: 'name' } } }] } },
    h: { filter: { match_all: {} } },
    i: { filters: { filters: {} } },
    j: { terms: { field: 'creation' }, meta: { my: 'own' } },
  };
  const typed = run(all, true);
  expect(Object.keys(typed)).toEqual([
    ...['sterms#a', 'lterms#b', 'range#c', 'date_range#d', 'missing#e', 'cardinality#f', 'composite#g', 'filter#h'],
    ...['filters#i', 'lterms#j'],
  ]);
  expect(typed['sterms#a']).toMatchObject({
    buckets: expect.arrayContaining([expect.objectContaining({ 'value_count#n': { value: 1 } })]),
  });
  expect(Object.entries(typed['lterms#j'] ?? {})[0]).toEqual(['meta', { my: 'own' }]);
});

const ILLEGAL = 'illegal_argument_exception';
const PARSE = 'x_content_parse_exception';

it.each<[unknown, string, string]>([
  [{ a: { avg: { field: 'creation' } } }, ILLEGAL, 'Unsupported API Keys agg [a] of type [avg]'],
  [{ a: { constructor: {} } }, ILLEGAL, 'Unsupported API Keys agg [a] of type [constructor]'],
  [{ a: { max_bucket: { buckets_path: 'x' } } }, ILLEGAL, 'Unsupported pipeline aggregation of type [max_bucket]'],
  [{ a: { terms: { script: 'x' } } }, ILLEGAL, 'Unsupported script value source for [a]'],
  [
    { a: { terms: { field: 'api_key_hash' } } },
    ILLEGAL,
    'Field [api_key_hash] is not allowed for querying or aggregation',
  ],
  [{ a: { terms: { field: 'na*' } } }, ILLEGAL, 'Field name pattern [na*] is not allowed for querying or aggregation'],
  [
    { a: { composite: { sources: [{ d: { date_histogram: {} } }] } } },
    ILLEGAL,
    'Unsupported composite aggregation source of type [date_histogram] for [d]',
  ],
  [{ a: { terms: { field: 'name', size: 0 } } }, ILLEGAL, '[size] must be from 1 to [10000]. Found [0] in [a]'],
  [
    { a: { range: { field: 'name', ranges: [{ to: 1 }] } } },
    ILLEGAL,
    'Field [name] of type [text] is not supported for aggregation [range]',
  ],
  [
    { a: { cardinality: { field: 'name' }, aggs: { b: { missing: { field: 'name' } } } } },
    ILLEGAL,
    'Aggregator [a] of type [cardinality] cannot accept sub-aggregations',
  ],
  [
    { 'a>b': { terms: { field: 'name' } } },
    PARSE,
    "Invalid aggregation name [a>b]. Aggregation names can contain any character except '[', ']', and '>'",
  ],
  [{ a: { terms: { field: 'name' }, aggs: {}, aggregations: {} } }, PARSE, "Duplicate 'aggs' or 'aggregations' field"],
  [{ a: {} }, PARSE, 'Missing definition for aggregation [a]'],
  [
    { a: { terms: { field: 'name' }, missing: { field: 'name' } } },
    PARSE,
    'Found two aggregation type definitions in [a]: [terms] and [missing]',
  ],
  [{ a: { terms: { foo: 1 } } }, PARSE, '[a] unknown field [foo]'],
  [{ a: { filter: { fuzzy: {} } } }, ILLEGAL, 'Query type [fuzzy] is not currently supported in this context'],
])('refuses %j', (aggs, type, reason) => {
  expect(fault(aggs)).toEqual({ type, reason });
});

it('bounds how deep they go', () => {
  let aggs: object = { a: { terms: { field: 'name' } } };
  for (let depth = 0; depth < 6; depth++) aggs = { a: { terms: { field: 'name' }, aggs } };
  expect(fault(aggs).reason).toBe('aggregations are nested more than [5] deep');
});
