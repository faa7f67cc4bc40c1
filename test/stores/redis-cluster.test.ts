import { Cluster, type ClusterOptions } from 'ioredis';
import { createLatchkey } from '../../lib/index.js';
import { hashSlot } from '../../lib/stores/redis/hash-slot.js';
import { RedisStore, type RedisStoreOptions, recommendedRedisOptions } from '../../lib/stores/redis/redis-store.js';
import { testStore } from '../conformance/store.js';
import { Draw } from '../conformance/store-samples.js';
import { until } from '../conformance/store-suite.js';
import { PATIENT } from '../support/patience.js';
import { type RedisCluster, startRedisCluster } from '../support/redis-cluster.js';
import type { RedisServer } from '../support/redis-server.js';
import { type Pair, statusFor } from '../support/verify.js';

/** How soon Redis answers is not what these tests are about, and a machine may be busy. */

describe('RedisStore on a Cluster', () => {
  const draw = new Draw(17);
  let cluster: RedisCluster;
  let closing: (() => unknown)[] = [];

  beforeAll(async () => {
    cluster = await startRedisCluster();
  }, 60_000);

  afterAll(() => cluster.stop());

  afterEach(async () => {
    jest.restoreAllMocks();
    for (const close of closing.reverse()) await close();
    closing = [];
  });

  function connect(options: ClusterOptions = {}): Cluster {
    const all = { ...recommendedRedisOptions('cluster'), ...options };
    const client = new Cluster([...cluster.startupNodes], all as object);
    client.on('error', () => {});
    closing.push(() => client.status === 'end' || client.disconnect());
    return client;
  }

  /** A process of its own, as far as Redis can tell. */
  function open(options: ClusterOptions = {}, storeOptions: RedisStoreOptions = {}) {
    const client = connect(options);
    const store = new RedisStore(client, storeOptions);
    const latchkey = createLatchkey({ store, usage: { flushIntervalMs: 3_600_000 } });
    const heard: string[] = [];
    store.changes.subscribe({ changed: (_collection, id) => heard.push(id), lost: () => heard.push('lost') });
    closing.push(() => latchkey.close().catch(() => {}));
    const verify = (pair: Pair) => statusFor(latchkey, pair);
    const revoke = ({ id }: Pair) => latchkey.apiKeys.revoke(id, { by: 'test' });
    const issue = async (): Promise<Pair> => {
      const { key, secret } = await latchkey.apiKeys.create({ name: 'A key', ownerId: 'anna' }, { by: 'test' });
      return { id: key.id, secret };
    };
    const untilLive = () => until('the feed is live', () => store.changes.isLive);
    return { client, store, latchkey, heard, verify, revoke, issue, untilLive };
  }

  /** An id whose record lies on each master. */
  async function idOnEach(): Promise<Map<RedisServer, string>> {
    const ids = new Map<RedisServer, string>();
    while (ids.size < 3) {
      const id = draw.id();
      ids.set(await cluster.masterOf(`latchkey:key:{${id}}`), id);
    }
    return ids;
  }

  async function subscribedAt(server: RedisServer): Promise<number> {
    const list = String(await cluster.ask(server, 'CLIENT', 'LIST'));
    return [...list.matchAll(/ sub=[1-9]/g)].length;
  }

  testStore('RedisStore on a Cluster whose client has a key prefix', async () => {
    await cluster.flushAll();
    const clients: Cluster[] = [];
    const openOne = () => {
      const client = connect({ redisOptions: { keyPrefix: 'host:' } });
      clients.push(client);
      return new RedisStore(client, PATIENT);
    };
    const cleanUp = () => clients.forEach((client) => void client.disconnect());
    return { store: openOne(), openSecond: openOne, cleanUp };
  });

  it('takes a client of default options that has yet to connect', async () => {
    const client = new Cluster([...cluster.startupNodes], { lazyConnect: true });
    closing.push(() => client.disconnect());
    const store = new RedisStore(client, PATIENT);
    closing.push(() => store.close());
    const record = draw.record();
    expect(await store.records.apiKeys.insert(record)).toBe(true);
    expect(await store.records.apiKeys.get(record.id)).toEqual(record);
    await until('the feed is live', () => store.changes.isLive);
  });

  it('refuses a client whose key prefix would tear apart what belongs together', () => {
    const client = new Cluster([...cluster.startupNodes], { lazyConnect: true, keyPrefix: 'a{b' });
    const message = 'the keyPrefix of a Cluster must be without braces: they would move what belongs together';
    expect(() => new RedisStore(client, PATIENT)).toThrow(new TypeError(message));
    expect(client.status).toBe('wait');
    client.disconnect();
  });

  it('knows the slot of a key as the server does', async () => {
    const tricky = [
      '',
      '123456789',
      '{user1000}.following',
      'foo{}{bar}',
      'foo{{bar}}zap',
      'foo{bar}{zap}',
      '}{',
      '{',
      'ü{日本}',
    ];
    const [server] = cluster.nodes as [RedisServer];
    for (const key of [...tricky, ...Array.from({ length: 50 }, () => `${draw.name()}{${draw.name()}}`)]) {
      expect([key, hashSlot(key)]).toEqual([key, await cluster.ask(server, 'CLUSTER', 'KEYSLOT', key)]);
    }
  });

  it('tells the health of all masters', async () => {
    const { store, untilLive } = open();
    await untilLive();
    expect(await store.health()).toMatchObject({ ok: true, detail: 'redis cluster of 3 masters', feedIsLive: true });
    const [frozen] = (await cluster.masters()) as [RedisServer];
    frozen.pause();
    const { ok, detail } = await store.health();
    frozen.resume();
    expect([ok, detail]).toEqual([false, `127.0.0.1:${frozen.port}: Redis did not answer in time`]);
    await until('all are well', async () => (await store.health()).ok);
    await cluster.untilWhole();
  });

  it('ends its connections when it is closed, and not the client of the host', async () => {
    await until('nobody else is subscribed', async () => {
      const counts = await Promise.all(cluster.nodes.map(subscribedAt));
      return counts.every((count) => count === 0);
    });
    const { store, untilLive, client } = open();
    await untilLive();
    await until('every node has one subscriber', async () => {
      const counts = await Promise.all(cluster.nodes.map(subscribedAt));
      return counts.every((count) => count === 1);
    });
    await store.close();
    await until('no node has any', async () => {
      const counts = await Promise.all(cluster.nodes.map(subscribedAt));
      return counts.every((count) => count === 0);
    });
    expect(await client.exists('a')).toBe(0);
  });

  describe('hears', () => {
    it('of what others change, by hand too, on every master, and of nothing outside the records', async () => {
      const [listener, writer] = [open(), open()];
      await Promise.all([listener.untilLive(), writer.untilLive()]);
      for (const [server, id] of await idOnEach()) {
        await writer.store.records.apiKeys.insert(draw.record({ id }));
        await until('the write is heard', () => listener.heard.includes(id));
        listener.heard.length = 0;
        await cluster.ask(server, 'SET', `latchkey:use:{${id}}`, '1');
        await cluster.ask(server, 'DEL', `latchkey:key:{${id}}`);
        await until('the removal by hand is heard', () => listener.heard.includes(id));
        expect(new Set(listener.heard)).toEqual(new Set([id]));
      }
    });

    it('that one master was flushed', async () => {
      const listener = open();
      await listener.untilLive();
      const [server] = (await cluster.masters()) as [RedisServer];
      await cluster.ask(server, 'FLUSHALL');
      await until('the loss is heard', () => listener.heard.includes('lost'));
      expect(listener.store.changes.isLive).toBe(true);
    });

    it('of all that is changed while a replica takes over, and neither loses the feed nor serves what was revoked', async () => {
      const [listener, writer] = [open(), open()];
      await Promise.all([listener.untilLive(), writer.untilLive()]);
      const pairs: Pair[] = [];
      for (let n = 0; n < 60; n++) pairs.push(await writer.issue());
      for (const pair of pairs) expect(await listener.verify(pair)).toBe(200);
      const master = await cluster.masterOf(`latchkey:key:{${pairs[0]?.id}}`);
      const failover = cluster.failover(master);
      listener.heard.length = 0;
      for (const pair of pairs) {
        await writer.revoke(pair);
        await until('it is refused', async () => (await listener.verify(pair)) === 401);
      }
      await failover;
      for (const { id } of pairs) await until(`${id} is heard of`, () => listener.heard.includes(id));
      expect(listener.store.changes.isLive).toBe(true);
      await cluster.untilWhole();
    });

    it.each<[string, string[]]>([
      ['may not use CLIENT', ['+@all', '-client', '&*']],
      ['may not subscribe to invalidations', ['+@all', 'resetchannels', '&latchkey:changes']],
    ])('what others publish, as a user who %s, whichever node it is sent to', async (_what, rules) => {
      const user = await withUser(rules);
      const warning = jest.spyOn(process, 'emitWarning').mockReturnValue(undefined);
      const [listener, writer] = [open(user), open(user)];
      await Promise.all([listener.untilLive(), writer.untilLive()]);
      for (const id of (await idOnEach()).values()) {
        await writer.store.records.apiKeys.insert(draw.record({ id }));
        await until('the write is heard', () => listener.heard.includes(id));
      }
      expect(warning).not.toHaveBeenCalled();
    });

    it('nothing as a user who may do neither: it warns once, and reads Redis for every verification', async () => {
      const user = await withUser(['+@all', '-client', '-subscribe', '&*']);
      const warning = jest.spyOn(process, 'emitWarning').mockReturnValue(undefined);
      const listener = open(user, { heartbeatMs: 50 });
      await until('it has warned', () => warning.mock.calls.length > 0);
      const pair = await listener.issue();
      const writer = open();
      expect(await listener.verify(pair)).toBe(200);
      await writer.revoke(pair);
      expect(await listener.verify(pair)).toBe(401);
      for (let beats = 0; beats < 4; beats++) await new Promise((resolve) => setTimeout(resolve, 50));
      expect(warning).toHaveBeenCalledTimes(1);
      expect(warning.mock.calls[0]?.[1]).toEqual({ code: 'LATCHKEY_FEED' });
      expect(listener.store.changes.isLive).toBe(false);
    });
  });

  async function withUser(rules: readonly string[]): Promise<ClusterOptions> {
    for (const node of cluster.nodes)
      await cluster.ask(node, 'ACL', 'SETUSER', 'app', 'reset', 'on', '>pw', '~*', ...rules);
    return { redisOptions: { username: 'app', password: 'pw' } };
  }

  it('sends each command once, to the server of its key', async () => {
    const { store, untilLive } = open({}, { heartbeatMs: 60_000 });
    await untilLive();
    const record = draw.record();
    await store.records.apiKeys.insert(record);
    const server = await cluster.masterOf(`latchkey:key:{${record.id}}`);
    await cluster.ask(server, 'CONFIG', 'RESETSTAT');
    await store.records.apiKeys.get(record.id);
    const stats = String(await cluster.ask(server, 'INFO', 'commandstats'));
    expect(/cmdstat_get:calls=(\d+)/.exec(stats)?.[1]).toBe('1');
  });
});
