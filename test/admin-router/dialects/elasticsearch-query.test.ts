import { Redis } from 'ioredis';
import { elasticsearch } from '../../../admin-router/dialects/elasticsearch.js';
import { MemoryStore, type Store } from '../../../lib/index.js';
import { RedisStore } from '../../../lib/stores/redis/redis-store.js';
import { PATIENT } from '../../support/patience.js';
import { type RedisServer, startRedis } from '../../support/redis-server.js';
import { fault, illegal, KEYS, makeKey } from './elasticsearch-driver.js';
import { basic, type Reply, type Stage, startStage } from './stage.js';
import type { Exact } from './story.js';

let server: RedisServer;
let client: Redis;

beforeAll(async () => {
  server = await startRedis();
  client = new Redis(server.url);
});
afterAll(async () => {
  client.disconnect();
  await server.stop();
});

const QUERY = '/_security/_query/api_key';
const ada = basic('ada');
const carl = basic('carl');
const exact = ({ status, body }: Reply): Exact => ({ status, body });

interface Found {
  readonly total: number;
  readonly count: number;
  readonly api_keys: readonly { readonly id: string; readonly name: string; readonly _sort?: unknown[] }[];
  readonly aggregations?: Record<string, unknown>;
}

describe.each<[string, () => Store]>([
  ['memory', () => new MemoryStore()],
  ['redis', () => new RedisStore(client, { ...PATIENT, keyPrefix: `es${Math.random()}:` })],
])('a query on %s', (_name, makeStore) => {
  let stage: Stage;
  const ids: string[] = [];
  const query = async (body?: unknown, path = QUERY) => (await stage.send('POST', path, ada, body)).body as Found;
  const names = async (body: unknown) => (await query(body)).api_keys.map(({ name }) => name);

  beforeAll(async () => {
    stage = await startStage((app, latchkey) => void app.use('/', elasticsearch(latchkey, { maxKeys: 450 })), {
      store: makeStore(),
    });
    stage.people.set('carl', { statements: [{ actions: ['*'] }] });
    for (let index = 0; index < 12; index++) {
      const metadata = { index, half: index % 2 === 0 ? 'even' : 'odd' };
      const body = { name: `report-${String(index).padStart(2, '0')}`, metadata, expiration: `${index + 1}d` };
      ids.push((await makeKey(stage, index % 3 === 0 ? carl : ada, body)).id);
    }
    await stage.send('DELETE', KEYS, ada, { ids: [ids[11]] });
  });
  afterAll(() => stage.close());

  it('without a body finds everything, ten at a time', async () => {
    const reply = await stage.send('GET', QUERY, ada);
    expect(Object.keys(reply.body as object)).toEqual(['total', 'count', 'api_keys']);
    expect(reply.body).toMatchObject({ total: 12, count: 10 });
    expect(await query({ from: 10, size: 5 })).toMatchObject({ total: 12, count: 2 });
  });

  it('answers the worked example', async () => {
    const reply = await stage.send('POST', QUERY, ada, {
      query: { bool: { must: [{ prefix: { name: 'report-' } }, { term: { invalidated: 'false' } }] } },
      size: 0,
      aggs: { by_owner: { terms: { field: 'username' } } },
    });
    expect(reply.text).toBe(
      '{"total":11,"count":0,"api_keys":[],"aggregations":{"by_owner":{"doc_count_error_upper_bound":0,"sum_other_doc_count":0,' +
        '"buckets":[{"key":"ada","doc_count":7},{"key":"carl","doc_count":4}]}}}',
    );
    const typed = await query(
      { size: 0, aggregations: { by_owner: { terms: { field: 'username' } } } },
      `${QUERY}?typed_keys`,
    );
    expect(Object.keys(typed.aggregations ?? {})).toEqual(['sterms#by_owner']);
  });

  it('looks users up by their names, whatever part of the request has them', async () => {
    expect(await query({ query: { term: { username: 'carl' } } })).toMatchObject({ total: 4 });
    expect(await query({ query: { simple_query_string: { query: 'carl' } } })).toMatchObject({ total: 4 });
    expect((await names({ sort: [{ username: 'desc' }, 'name'], size: 1 }))[0]).toBe('report-00');
    const { api_keys } = await query({ query: { term: { name: 'report-00' } } });
    expect(api_keys[0]).toMatchObject({ username: 'carl' });
  });

  it('finds by metadata, ids and times', async () => {
    expect(await query({ query: { term: { 'metadata.half': 'odd' } } })).toMatchObject({ total: 6 });
    expect(await query({ query: { term: { 'metadata.index': 5 } } })).toMatchObject({ total: 1 });
    expect(await query({ query: { ids: { values: [ids[0], ids[3], 'none'] } } })).toMatchObject({ total: 2 });
    expect(await query({ query: { range: { expiration: { lte: 'now+4d' } } } })).toMatchObject({ total: 4 });
    expect(await query({ query: { exists: { field: 'invalidation' } } })).toMatchObject({ total: 1 });
  });

  it('pages by search_after to the end, the total staying the same', async () => {
    for (const sort of [
      [{ name: 'desc' }],
      ['creation', '_doc'],
      [{ creation: { order: 'asc', format: 'date_time' } }, 'name'],
    ]) {
      const seen: string[] = [];
      let after: unknown[] | undefined;
      for (let pages = 0; pages < 10; pages++) {
        const page = await query({ size: 5, sort, search_after: after });
        expect(page.total).toBe(12);
        seen.push(...page.api_keys.map(({ id }) => id));
        after = page.api_keys.at(-1)?._sort;
        if (after === undefined) break;
      }
      expect(new Set(seen).size).toBe(12);
      expect(seen).toHaveLength(12);
    }
    const [first] = (await query({ sort: [{ creation: { format: 'date_time' } }], size: 1 })).api_keys;
    expect(first?._sort).toEqual([expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/)]);
    expect(Object.keys(first ?? {}).at(-1)).toBe('_sort');
  });

  it('shows the owner’s snapshot where that is asked for', async () => {
    const { api_keys } = await query({ size: 1 }, `${QUERY}?with_limited_by=true&with_profile_uid=true`);
    expect(Object.keys(api_keys[0] ?? {}).at(-1)).toBe('limited_by');
  });

  it.each<[unknown, Exact]>([
    [{ from: -1 }, illegal('[from] parameter cannot be negative but was [-1]')],
    [{ size: -1 }, illegal('[size] parameter cannot be negative but was [-1]')],
    [
      { from: 9_999, size: 2 },
      illegal('Result window is too large, from + size must be less than or equal to: [10000] but was [10001]'),
    ],
    [
      { search_after: ['a'], sort: ['name'], from: 1 },
      illegal('`from` parameter must be set to 0 when `search_after` is used.'),
    ],
    [{ search_after: ['a'] }, illegal('Sort must contain at least one field.')],
    [{ search_after: ['a', 'b'], sort: ['name'] }, illegal('search_after has 2 value(s) but sort has 1.')],
    [{ query: { fuzzy: {} } }, illegal('Query type [fuzzy] is not currently supported in this context')],
    [{ sort: ['id'] }, illegal('Field [id] is not allowed for querying or aggregation')],
    [
      { aggs: {}, aggregations: {} },
      fault(400, 'x_content_parse_exception', "Duplicate 'aggs' or 'aggregations' field"),
    ],
    [{ foo: 1 }, fault(400, 'x_content_parse_exception', '[query_api_key_request_payload] unknown field [foo]')],
    [
      { size: 'many' },
      fault(
        400,
        'x_content_parse_exception',
        "[query_api_key_request_payload] size doesn't support values of type: VALUE_STRING",
      ),
    ],
  ])('refuses %j', async (body, answer) => {
    expect(exact(await stage.send('POST', QUERY, ada, body))).toEqual(answer);
  });

  it('reads no more keys than its bound, and says so', async () => {
    for (let index = 0; index < 440; index++) {
      await stage.latchkey.apiKeys.create({ name: `more-${index}`, ownerId: 'bob', orgId: 'acme' }, { by: 'test' });
    }
    const more = illegal('there are more than [450] keys: ask for those of one owner, or raise [maxKeys]');
    expect(exact(await stage.send('POST', QUERY, ada, {}))).toEqual(more);
    expect(exact(await stage.send('GET', KEYS, ada))).toEqual(more);
    expect((await stage.send('GET', `${KEYS}?owner`, ada)).status).toBe(200);
    const { api_keys } = (await stage.send('GET', `${KEYS}?username=bob`, ada)).body as Found;
    expect(api_keys).toHaveLength(440);
  });
});
