import { compileSort, type Ranked } from '../../../../admin-router/dialects/elasticsearch/sort.js';
import { DOCUMENTS, faultOf, NOW } from './documents.js';

const RANKED: readonly Ranked[] = DOCUMENTS.map((document, place) => ({ document, place }));
const compiled = (sort: unknown) => {
  const found = compileSort(sort, NOW);
  if (found === null) throw new Error('no sort');
  return found;
};
const ids = (ranked: readonly Ranked[]) => ranked.map(({ document }) => document.id);
const ordered = (sort: unknown) => ids([...RANKED].sort(compiled(sort).compare));

it.each<[unknown, string[]]>([
  ['name', ['two', 'four', 'one', 'three']],
  [{ name: 'desc' }, ['three', 'one', 'four', 'two']],
  [
    [{ username: { order: 'desc' } }, 'name'],
    ['two', 'four', 'one', 'three'],
  ],
  [[{ username: 'asc', creation: 'desc' }], ['three', 'one', 'four', 'two']],
  ['expiration', ['three', 'one', 'two', 'four']],
  [{ expiration: { missing: '_first', order: 'desc' } }, ['two', 'four', 'one', 'three']],
  [{ expiration: { missing: NOW } }, ['three', 'two', 'four', 'one']],
  ['_doc', ['one', 'two', 'three', 'four']],
  [{ _doc: 'desc' }, ['four', 'three', 'two', 'one']],
  ['metadata.team', ['two', 'one', 'three', 'four']],
])('%j', (sort, order) => {
  expect(ordered(sort)).toEqual(order);
});

it('shows the values, times as ms or as text', () => {
  const [one] = RANKED as [Ranked];
  expect(compiled(['creation', 'name', '_doc', 'invalidation']).values(one)).toEqual([
    NOW - 172_800_000,
    'one',
    0,
    null,
  ]);
  expect(compiled([{ creation: { format: 'date_time' } }]).values(one)).toEqual(['2026-01-08T12:00:00.000Z']);
});

it('goes on after the values of the last one', () => {
  for (const sort of [['expiration', '_doc'], [{ creation: { order: 'desc', format: 'date_time' } }], ['name']]) {
    const { values, compare, after } = compiled(sort);
    const all = [...RANKED].sort(compare);
    for (const [index, ranked] of all.entries()) {
      const rest = all.filter(after(values(ranked), NOW));
      expect(ids(rest)).toEqual(ids(all.slice(index + 1)));
    }
  }
});

it.each<[unknown, string]>([
  ['id', 'Field [id] is not allowed for querying or aggregation'],
  ['_score', 'Field [_score] is not allowed for querying or aggregation'],
  [{ name: { nested: { path: 'x' } } }, 'nested sorting is not currently supported in this context'],
  [5, 'mal-formatted sort object'],
  [{ name: 5 }, 'mal-formatted sort object'],
  [{ name: { foo: 1 } }, '[field_sort] unknown field [foo]'],
  [{ name: 'up' }, 'No enum constant org.elasticsearch.search.sort.SortOrder.UP'],
  [{ name: { format: 'date_time' } }, 'a format is for dates only'],
  [Array.from({ length: 11 }, () => 'name'), 'a sort has at most [10] fields'],
])('refuses %j', (sort, reason) => {
  expect(faultOf(() => compileSort(sort, NOW)).reason).toBe(reason);
});

it('refuses values that do not go with the sort', () => {
  expect(faultOf(() => compiled(['name', 'creation']).after(['a'], NOW)).reason).toBe(
    'search_after has 1 value(s) but sort has 2.',
  );
  expect(faultOf(() => compiled('_doc').after(['a'], NOW)).reason).toBe(
    'Failed to parse search_after value for field [_doc].',
  );
});
