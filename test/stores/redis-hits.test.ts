import { Redis, type RedisOptions } from 'ioredis';
import { RedisStore, type RedisStoreOptions } from '../../lib/stores/redis/redis-store.js';
import { until } from '../conformance/store-suite.js';
import { type RedisServer, startRedis } from '../support/redis-server.js';

const MINUTE_MS = 60_000;
const UNAVAILABLE = { code: 'store_unavailable', status: 503 };

/** Jest fails a test that leaves an unhandled rejection behind. */
describe('hits in Redis', () => {
  let server: RedisServer;
  let admin: Redis;
  let closing: (() => unknown)[] = [];

  beforeEach(async () => {
    server = await startRedis();
    admin = connect();
  });

  afterEach(async () => {
    server.resume();
    for (const close of closing.reverse()) await close();
    closing = [];
    await server.stop();
  });

  function connect(options: RedisOptions = {}): Redis {
    const client = new Redis(server.url, options as object);
    client.on('error', () => {});
    closing.push(() => client.disconnect());
    return client;
  }

  function open(options: RedisOptions = {}, storeOptions: RedisStoreOptions = {}) {
    const store = new RedisStore(connect(options), storeOptions);
    closing.push(() => store.close());
    return (subject: string, windowMs = MINUTE_MS) => store.state.hit(subject, windowMs);
  }

  /** Polls with another subject, which counts for nothing. */
  async function untilBack(hit: ReturnType<typeof open>): Promise<void> {
    await until('Redis is back', () =>
      hit('probe').then(
        () => true,
        () => false,
      ),
    );
  }

  async function boundedMs(refused: Promise<unknown>): Promise<number> {
    const startedAt = performance.now();
    await expect(refused).rejects.toMatchObject(UNAVAILABLE);
    return performance.now() - startedAt;
  }

  it('live under both prefixes, until their window ends, and cost one command each', async () => {
    const hit = open({ keyPrefix: 'host:' }, { keyPrefix: 'app:' });
    await hit('ada');
    const key = 'host:app:hit:{ada}';
    expect(await admin.keys('*hit*')).toEqual([key]);
    expect(await admin.pttl(key)).toBeLessThanOrEqual(MINUTE_MS);
    await admin.config('RESETSTAT');
    for (let n = 0; n < 10; n++) await hit('ada');
    const info = await admin.info('commandstats');
    expect(/cmdstat_evalsha:calls=(\d+)/.exec(info)?.[1]).toBe('10');
    expect(info).not.toMatch(/script/);
    expect(await admin.get(key)).toBe('11');
  });

  it('go on after SCRIPT FLUSH, twenty at once too', async () => {
    const hit = open();
    expect((await hit('ada')).count).toBe(1);
    await admin.script('FLUSH');
    expect((await hit('ada')).count).toBe(2);
    await admin.script('FLUSH');
    const counts = (await Promise.all(Array.from({ length: 20 }, () => hit('ada')))).map(({ count }) => count);
    expect(Math.max(...counts)).toBe(22);
  });

  it.each<[string, RedisOptions]>([
    ['connects at once', {}],
    ['connects when it is needed', { lazyConnect: true }],
    ['has no offline queue', { enableOfflineQueue: false }],
    ['gives up soon', { maxRetriesPerRequest: 1 }],
  ])('begin as soon as Redis is there, though it was not at first, for a client that %s', async (_what, options) => {
    await server.kill();
    const hit = open(options, { timeoutMs: 200 });
    for (let n = 0; n < 3; n++) expect(await boundedMs(Promise.all([hit('ada'), hit('bob')]))).toBeLessThan(1_000);
    await server.restart();
    await untilBack(hit);
    expect((await hit('ada')).count).toBe(1);
  });

  it('go on after a restart that forgot the scripts', async () => {
    const hit = open({}, { timeoutMs: 200 });
    await hit('ada');
    await server.kill();
    for (let n = 0; n < 3; n++) expect(await boundedMs(hit('ada'))).toBeLessThan(1_000);
    await server.restart();
    await untilBack(hit);
    expect((await hit('bob')).count).toBe(1);
  });

  it.each([
    ['before the first one', 0],
    ['after some', 3],
  ])('are refused in time by a server that freezes %s, and go on with it', async (_when, before) => {
    const hit = open({}, { timeoutMs: 200 });
    await untilBack(open());
    for (let n = 0; n < before; n++) await hit('bob');
    server.pause();
    for (let n = 0; n < 3; n++) expect(await boundedMs(Promise.all([hit('ada'), hit('ada')]))).toBeLessThan(1_000);
    server.resume();
    await untilBack(hit);
    expect((await hit('bob')).count).toBe(before + 1);
  });

  it('need no right to load scripts', async () => {
    await admin.acl('SETUSER', 'app', 'on', '>pw', '~*', '&*', '+@all', '-script');
    const hit = open({ username: 'app', password: 'pw' });
    expect((await hit('ada')).count).toBe(1);
    await admin.script('FLUSH');
    expect((await hit('ada')).count).toBe(2);
  });

  it('recover when the server refused them for a while', async () => {
    await admin.acl('SETUSER', 'app', 'on', '>pw', '~*', '&*', '+@all', '-eval');
    const hit = open({ username: 'app', password: 'pw' });
    for (let n = 0; n < 3; n++) await expect(hit('ada')).rejects.toMatchObject(UNAVAILABLE);
    await admin.acl('SETUSER', 'app', '+eval');
    expect((await hit('ada')).count).toBe(1);
    await admin.acl('SETUSER', 'app', '-evalsha');
    for (let n = 0; n < 3; n++) await expect(hit('ada')).rejects.toMatchObject(UNAVAILABLE);
    await admin.acl('SETUSER', 'app', '+evalsha');
    expect((await hit('ada')).count).toBe(2);
  });

  it('of one subject whose key was spoilt are refused, without harm to others', async () => {
    const hit = open();
    await hit('bob');
    await admin.hset('latchkey:hit:{ada}', 'a', 'b');
    await admin.pexpire('latchkey:hit:{ada}', MINUTE_MS);
    await expect(hit('ada')).rejects.toMatchObject(UNAVAILABLE);
    expect((await hit('bob')).count).toBe(2);
  });

  it('are refused at once when too many wait', async () => {
    const hit = open({}, { timeoutMs: 300, maxPending: 10 });
    await hit('ada');
    server.pause();
    const answers = await Promise.allSettled(Array.from({ length: 50 }, () => hit('ada')));
    const reasons = answers.map((answer) => (answer.status === 'rejected' ? answer.reason.reason : 'counted'));
    expect(reasons.filter((reason) => reason === 'too many commands are waiting for Redis')).toHaveLength(40);
    expect(reasons.filter((reason) => reason === 'Redis did not answer in time')).toHaveLength(10);
  });
});
