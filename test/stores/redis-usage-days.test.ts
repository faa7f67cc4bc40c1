import { Redis } from 'ioredis';
import { RedisStore } from '../../lib/stores/redis/redis-store.js';
import { Draw, delta, insertAll } from '../conformance/store-samples.js';
import { PATIENT } from '../support/patience.js';
import { type RedisServer, startRedis } from '../support/redis-server.js';

const DAY_MS = 86_400_000;
const FIRST_AT = Date.UTC(2025, 2, 1, 12);
/** What may pass, on a busy machine, between a write and the look at how long it lives. */
const SLACK_MS = 60_000;
const MOST = Number.MAX_SAFE_INTEGER;

describe('usage by day in Redis', () => {
  const draw = new Draw(41);
  let server: RedisServer;
  let client: Redis;
  let store: RedisStore;

  beforeAll(async () => {
    server = await startRedis();
    client = new Redis(server.url);
    store = new RedisStore(client, { ...PATIENT, heartbeatMs: 60_000 });
  });

  afterAll(async () => {
    await store.close();
    client.disconnect();
    await server.stop();
  });

  async function inserted() {
    const record = draw.record();
    await insertAll(store.records.apiKeys, [record]);
    const key = `latchkey:use-days:{${record.id}}`;
    const use = (day: number, uses = 1, failures = 0) => {
      const at = FIRST_AT + day * DAY_MS;
      return store.records.apiKeys.addUsage([delta(record, { uses, failures, lastUsedAt: at, lastFailedAt: at })]);
    };
    return { record, key, use };
  }

  it('is a small hash without pointers, however long a key is used and however much', async () => {
    const { key, use } = await inserted();
    for (let day = 0; day < 400; day++) await use(day, MOST, MOST);
    expect(await client.hlen(key)).toBe(30);
    expect(await client.object('ENCODING', key)).toBe('listpack');
    const longest = Math.max(...(await client.hvals(key)).map(({ length }) => length));
    expect(longest).toBe('20547 9007199254740991 9007199254740991'.length);
    expect(longest).toBeLessThanOrEqual(64);
  });

  it('ends by itself, 31 days after the first use of the last day', async () => {
    const { key, use } = await inserted();
    await use(0);
    expectLife(await client.pttl(key), 31 * DAY_MS);
    await client.pexpire(key, 5 * DAY_MS);
    await use(0);
    expectLife(await client.pttl(key), 5 * DAY_MS);
    await use(1);
    expectLife(await client.pttl(key), 31 * DAY_MS);
  });

  it('is written by the one script that writes the usage, and reads one field', async () => {
    const { use } = await inserted();
    for (let day = 0; day < 30; day++) await use(day);
    await client.config('RESETSTAT');
    await use(29);
    const info = await client.info('commandstats');
    const calls = [...info.matchAll(/cmdstat_(\S+):calls=(\d+)/g)].map(([, name, n]) => `${name} ${n}`);
    const within = ['exists 1', 'hget 3', 'hincrby 1', 'hset 2', 'zadd 2'];
    expect(calls.filter((call) => !/^(config|info)/.test(call)).sort()).toEqual(['evalsha 1', ...within].sort());
  });

  it('is in the slot of the record, and passes over what was broken by hand', async () => {
    const { record, key, use } = await inserted();
    await use(0);
    const slot = (await client.hkeys(key))[0] ?? '';
    await client.hset(key, slot, 'broken', 'x', '1 2');
    expect(await store.records.apiKeys.usageByDay(record.id, '1970-01-01')).toEqual([]);
    await use(0, 3);
    const days = await store.records.apiKeys.usageByDay(record.id, '1970-01-01');
    expect(days).toEqual([{ day: '2025-03-01', uses: 3, failures: 0 }]);
  });

  function expectLife(ttlMs: number, expectedMs: number): void {
    expect(ttlMs).toBeLessThanOrEqual(expectedMs);
    expect(ttlMs).toBeGreaterThan(expectedMs - SLACK_MS);
  }
});
