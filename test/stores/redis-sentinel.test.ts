import { Redis, type RedisOptions } from 'ioredis';
import type { AuthError } from '../../lib/index.js';
import { RedisStore, type RedisStoreOptions, recommendedRedisOptions } from '../../lib/stores/redis/redis-store.js';
import { testStore } from '../conformance/store.js';
import { Draw } from '../conformance/store-samples.js';
import { until } from '../conformance/store-suite.js';
import { PATIENT } from '../support/patience.js';
import { MASTER_NAME, type RedisSentinel, startRedisSentinel } from '../support/redis-sentinel.js';

/** How soon Redis answers is not what these tests are about, and a machine may be busy. */

describe('RedisStore behind Sentinel', () => {
  const draw = new Draw(18);
  let setup: RedisSentinel;
  let closing: (() => unknown)[] = [];

  beforeAll(async () => {
    setup = await startRedisSentinel();
  }, 60_000);

  afterAll(() => setup.stop());

  afterEach(async () => {
    for (const close of closing.reverse()) await close();
    closing = [];
  });

  function connect(options: RedisOptions = {}): Redis {
    const found = { sentinels: setup.addresses, name: MASTER_NAME, ...recommendedRedisOptions('sentinel') };
    const client = new Redis({ ...found, ...options } as object);
    client.on('error', () => {});
    closing.push(() => client.status === 'end' || client.disconnect());
    return client;
  }

  function open(options: RedisOptions = {}, storeOptions: RedisStoreOptions = {}): RedisStore {
    const store = new RedisStore(connect(options), storeOptions);
    closing.push(() => store.close());
    return store;
  }

  testStore('RedisStore behind Sentinel on a client with a key prefix', async () => {
    await setup.ask(await setup.master(), 'FLUSHALL');
    const clients: Redis[] = [];
    const openOne = () => {
      const client = connect({ keyPrefix: 'host:' });
      clients.push(client);
      return new RedisStore(client, PATIENT);
    };
    const cleanUp = () => clients.forEach((client) => void client.disconnect());
    return { store: openOne(), openSecond: openOne, cleanUp };
  });

  it('takes a client that has yet to connect', async () => {
    const store = open({ lazyConnect: true });
    const record = draw.record();
    expect(await store.records.apiKeys.insert(record)).toBe(true);
    expect(await store.records.apiKeys.get(record.id)).toEqual(record);
    await until('the feed is live', () => store.changes.isLive);
    expect(await store.health()).toMatchObject({
      ok: true,
      feedIsLive: true,
      detail: expect.stringMatching(/^redis \d/),
    });
  });

  it('refuses a client that is led to a replica', () => {
    const message = "RedisStore writes to the master: make the client without role: 'slave'";
    expect(() => new RedisStore(connect({ lazyConnect: true, role: 'slave' }))).toThrow(new TypeError(message));
  });

  it('sends nothing to a server that is no master, though the client was led to it', async () => {
    const [master, replica] = [await setup.master(), setup.servers.find(({ port }) => port !== setup.servers[0]?.port)];
    const natMap = { [`127.0.0.1:${master.port}`]: { host: '127.0.0.1', port: replica?.port } };
    const store = open({ natMap, enableReadyCheck: false } as object);
    const reasons = new Set<string>();
    for (let n = 0; n < 5; n++) {
      const error = await store.records.apiKeys.get('a').catch((rejected: unknown) => rejected);
      expect(error).toMatchObject({ code: 'store_unavailable' });
      reasons.add((error as AuthError).reason);
    }
    expect([...reasons].filter((reason) => !/not the master|not connected|in time/.test(reason))).toEqual([]);
    expect(reasons).toContain('Redis is not the master that the sentinels name');
    expect(store.changes.isLive).toBe(false);
  });

  it('ends its connections to server and sentinels when it is closed, and not the client of the host', async () => {
    const client = connect();
    await client.ping();
    const master = await setup.master();
    const servers = [master, ...setup.sentinels];
    const count = async () => {
      const lists = await Promise.all(servers.map((server) => setup.ask(server, 'CLIENT', 'LIST')));
      return lists.map(
        (list) => String(list).trim().split('\n').length - (String(list).match(/ cmd=publish/g)?.length ?? 0),
      );
    };
    const before = await count();
    const store = new RedisStore(client, PATIENT);
    await until('the feed is live', () => store.changes.isLive);
    const feeds = async () => String(await setup.ask(master, 'CLIENT', 'LIST')).match(/ flags=\w*t/g)?.length ?? 0;
    await until('one connection tracks', async () => (await feeds()) === 1); // others come and go meanwhile
    await store.close();
    await until('the feed is gone', async () => (await feeds()) === 0);
    await until('the connections are gone', async () => (await count()).every((n, at) => n <= (before[at] ?? 0)));
    expect(await client.ping()).toBe('PONG');
  });

  it('works while a sentinel is frozen, the first one too, and for users who may ask for little', async () => {
    const [first] = setup.sentinels;
    const master = await setup.master();
    await setup.ask(master, 'ACL', 'SETUSER', 'app', 'reset', 'on', '>pw', '~*', '&*', '+@all', '-role');
    for (const sentinel of setup.sentinels.slice(1)) {
      const rules = ['+sentinel|get-master-addr-by-name', '+sentinel|sentinels', '+hello', '+client', '+ping'];
      await setup.ask(sentinel, 'ACL', 'SETUSER', 'app', 'reset', 'on', '>pw', ...rules);
    }
    first?.pause();
    const users = { username: 'app', password: 'pw', sentinelUsername: 'app', sentinelPassword: 'pw' };
    const store = open(users);
    const record = draw.record();
    await until('it is connected', () =>
      store.records.apiKeys.insert(record).then(
        () => true,
        () => false,
      ),
    );
    await until('the feed is live', () => store.changes.isLive);
    first?.resume();
  });
});
