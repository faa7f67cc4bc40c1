import { Redis } from 'ioredis';
import { RedisStore } from '../../lib/stores/redis/redis-store.js';
import type { AuditStore, TrailBounds } from '../../lib/stores/store.js';
import { Draw } from '../conformance/store-samples.js';
import { PATIENT } from '../support/patience.js';
import { type RedisServer, startRedis } from '../support/redis-server.js';

const DAY_MS = 86_400_000;
const NOW = 1_750_000_000_000;
const BOUNDS: TrailBounds = { nowAt: NOW, maxAgeMs: 30 * DAY_MS, maxEntries: 1_000 };
const KEY = 'latchkey:audit:{oorg}:changes';
const UNAVAILABLE = { code: 'store_unavailable', status: 503 };

describe('the audit trail in Redis', () => {
  const draw = new Draw(12);
  let server: RedisServer;
  let admin: Redis;
  let client: Redis;
  let store: RedisStore;
  let audit: AuditStore;

  beforeAll(async () => {
    server = await startRedis();
    admin = new Redis(server.url);
  });

  beforeEach(async () => {
    await admin.flushall();
    client = new Redis(server.url);
    store = new RedisStore(client, { ...PATIENT, heartbeatMs: 60_000 });
    audit = store.records.audit;
  });

  afterEach(async () => {
    await admin.config('SET', 'maxmemory', '0');
    await store.close();
    client.disconnect();
  });

  afterAll(async () => {
    admin.disconnect();
    await server.stop();
  });

  const append = (values: readonly string[], bounds: Partial<TrailBounds> = {}) =>
    audit.append('org', 'changes', values, { ...BOUNDS, ...bounds });
  const page = () => audit.page({ orgId: 'org', part: 'changes', limit: 10_000 });

  it('is a stream of its own for each organisation and part, one field in each entry, that ends by itself', async () => {
    const [id = ''] = await append(['{"a":1}']);
    await audit.append(null, 'activity', ['x'], BOUNDS);
    await audit.append('a:{b}', 'activity', ['y'], BOUNDS);
    const others = ['latchkey:audit:{-}:activity', 'latchkey:audit:{oa%3A%7Bb%7D}:activity'];
    expect((await admin.keys('*')).sort()).toEqual([...others, KEY]);
    expect(id).toBe(`${NOW}-0`);
    expect(await admin.xrange(KEY, '-', '+')).toEqual([[id, ['e', '{"a":1}']]]);
    const ttlMs = await admin.pttl(KEY);
    expect(ttlMs).toBeGreaterThan(BOUNDS.maxAgeMs);
    expect(ttlMs).toBeLessThanOrEqual(BOUNDS.maxAgeMs + 60_000);
  });

  it('does not follow the clock of the server, and goes on after one whose clock was ahead', async () => {
    expect(await append(['a'], { nowAt: 5 })).toEqual(['5-0']);
    expect(await append(['b'], { nowAt: NOW + 365 * DAY_MS })).toEqual([`${NOW + 365 * DAY_MS}-0`]);
    expect(await append(['c', 'd'])).toEqual([`${NOW + 365 * DAY_MS}-1`, `${NOW + 365 * DAY_MS}-2`]);
  });

  it('gives no id again after everything was taken back, cut off or deleted by hand', async () => {
    const [first = ''] = await append(['a']);
    await audit.withdraw('org', 'changes', first);
    expect(await admin.xlen(KEY)).toBe(0);
    expect(await append(['b'])).toEqual([`${NOW}-1`]);
    await admin.xtrim(KEY, 'MAXLEN', 0);
    expect(await append(['c'], { nowAt: NOW - 1 })).toEqual([`${NOW}-2`]);
    await admin.call('XSETID', KEY, `${NOW + 7}-41`);
    expect(await append(['d'])).toEqual([`${NOW + 7}-42`]);
  });

  it('rejects where the key holds something else, and harms neither that nor other trails', async () => {
    await admin.set(KEY, 'something else');
    await expect(append(['a'])).rejects.toMatchObject(UNAVAILABLE);
    await expect(page()).rejects.toMatchObject(UNAVAILABLE);
    await expect(audit.withdraw('org', 'changes', '1-1')).rejects.toMatchObject(UNAVAILABLE);
    expect(await admin.get(KEY)).toBe('something else');
    expect(await audit.append('org', 'activity', ['b'], BOUNDS)).toHaveLength(1);
    const record = draw.record();
    expect(await store.records.apiKeys.insert(record)).toBe(true);
  });

  it('rejects while Redis is out of memory, keeps what it has, and goes on afterwards', async () => {
    await append(['a']);
    await admin.config('SET', 'maxmemory', '1');
    await expect(append(['b', 'c'])).rejects.toMatchObject(UNAVAILABLE);
    expect((await page()).map(({ value }) => value)).toEqual(['a']);
    expect(await store.records.apiKeys.get('unknown')).toBeNull();
    await admin.config('SET', 'maxmemory', '0');
    await append(['d']);
    expect((await page()).map(({ value }) => value)).toEqual(['d', 'a']);
  });

  it('puts no secret and no value into the error of a failed append', async () => {
    await admin.set(KEY, 'something else');
    const error = await append(['the value']).catch((rejected: unknown) => rejected);
    expect(JSON.stringify(error, Object.getOwnPropertyNames(error))).not.toContain('the value');
  });

  it('adds very many in calls that are bounded each', async () => {
    await append(['warm']);
    await admin.config('RESETSTAT');
    const ids = await append(Array.from({ length: 1_201 }, (_, n) => `${n}`));
    expect(new Set(ids).size).toBe(1_201);
    const info = await admin.info('commandstats');
    expect(/cmdstat_evalsha:calls=(\d+)/.exec(info)?.[1]).toBe('3');
    expect(/cmdstat_xadd:calls=(\d+)/.exec(info)?.[1]).toBe('1201');
  });

  it('keeps large entries within about as many as it was told', async () => {
    const large = 'x'.repeat(8_000);
    for (let n = 0; n < 30; n++)
      await append(
        Array.from({ length: 10 }, () => large),
        { maxEntries: 50 },
      );
    const { length } = await page();
    expect(length).toBeGreaterThanOrEqual(50);
    expect(length).toBeLessThan(160);
  });
});
