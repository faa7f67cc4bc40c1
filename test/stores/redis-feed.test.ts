import { Redis, type RedisOptions } from 'ioredis';
import { createLatchkey } from '../../lib/index.js';
import { RedisStore, type RedisStoreOptions } from '../../lib/stores/redis/redis-store.js';
import { Draw } from '../conformance/store-samples.js';
import { until } from '../conformance/store-suite.js';
import { type RedisServer, type StartRedisOptions, startRedis } from '../support/redis-server.js';
import { type Pair, statusFor } from '../support/verify.js';

const HEARTBEAT_MS = 100;

describe('RedisFeed', () => {
  const draw = new Draw(7);
  let server: RedisServer;
  let admin: Redis;
  let closing: (() => unknown)[] = [];

  async function start(options: StartRedisOptions = {}): Promise<void> {
    server = await startRedis(options);
    admin = connect();
  }

  afterEach(async () => {
    jest.restoreAllMocks();
    for (const close of closing.reverse()) await close();
    closing = [];
    await server.stop();
  });

  function connect(options: RedisOptions = {}): Redis {
    const client = new Redis(server.url, options as object);
    client.on('error', () => {});
    closing.push(() => client.status === 'end' || client.disconnect());
    return client;
  }

  /** A process of its own, as far as Redis can tell. */
  function open(options: RedisOptions = {}, storeOptions: RedisStoreOptions = {}) {
    const client = connect(options);
    const store = new RedisStore(client, { heartbeatMs: HEARTBEAT_MS, ...storeOptions });
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
    return { store, heard, verify, revoke, issue, untilLive };
  }

  /** Whether a verification of `pair` is answered from the cache: it then does not reach Redis. */
  async function isCached({ verify }: ReturnType<typeof open>, pair: Pair): Promise<boolean> {
    const gets = async () => Number(/cmdstat_get:calls=(\d+)/.exec(await admin.info('commandstats'))?.[1] ?? 0);
    await verify(pair);
    const before = await gets();
    await verify(pair);
    return (await gets()) === before;
  }

  /** What a write has set off may still be on its way, and drop what was cached meanwhile. */
  function untilCached(process: ReturnType<typeof open>, pair: Pair): Promise<void> {
    return until('a verification is answered from the cache', () => isCached(process, pair));
  }

  /** The server's id of the connection that carries the feed: it is the one that has subscribed. */
  async function feedConnections(): Promise<string[]> {
    const list = String(await admin.client('LIST'));
    return [...list.matchAll(/^id=(\d+) .* sub=[1-9]/gm)].map(([, id = '']) => id);
  }

  describe('by client tracking', () => {
    it('hears of what others change, by hand too, and of nothing outside the records', async () => {
      await start();
      const listener = open();
      const writer = open();
      await Promise.all([listener.untilLive(), writer.untilLive()]);
      const pair = await writer.issue();
      await until('the write is heard', () => listener.heard.includes(pair.id));
      await untilCached(listener, pair);

      listener.heard.length = 0;
      await admin.set('latchkey:use:{x}', '1');
      await admin.set('latchkey:due2', '1');
      await admin.zadd('latchkey:pol-users:{x}', 0, '1');
      await admin.zadd('latchkey:policies:{x}', 0, '1');
      await admin.set('latchkey:key:{%}', '{}');
      await admin.set('latchkey:key:', '{}');
      await admin.set('latchkey:policy:{by%3Ahand}', '{}');
      await admin.set('latchkey:key:{by-hand}', '{}');
      await until('the change by hand is heard', () => listener.heard.includes('by-hand'));
      expect(listener.heard).toContain('by:hand');
      expect(listener.heard.filter((id) => id === 'x' || id === 'lost')).toEqual([]);

      await admin.del(`latchkey:key:{${pair.id}}`);
      await until('the removal by hand is heard', () => listener.heard.includes(pair.id));
      expect(await listener.verify(pair)).toBe(401);
    });

    it('tells of keys under the prefix of the client by their ids', async () => {
      await start();
      const listener = open({ keyPrefix: 'host:' }, { keyPrefix: 'app:' });
      const writer = open({ keyPrefix: 'host:' }, { keyPrefix: 'app:' });
      await listener.untilLive();
      const pair = await writer.issue();
      await until('the write is heard', () => listener.heard.includes(pair.id));
      expect(await admin.exists(`host:app:key:{${pair.id}}`)).toBe(1);
      expect(new Set(listener.heard)).toEqual(new Set([pair.id]));
    });

    it('empties the cache on FLUSHALL, and goes on', async () => {
      await start();
      const listener = open();
      await listener.untilLive();
      const pair = await listener.issue();
      await untilCached(listener, pair);
      listener.heard.length = 0; // on a busy machine the feed may have been lost before
      await admin.flushall();
      await until('the loss is heard', () => listener.heard.includes('lost'));
      expect(listener.store.changes.isLive).toBe(true);
      expect(await listener.verify(pair)).toBe(401);
      const next = await listener.issue();
      await untilCached(listener, next);
    });

    it('comes back each time its connection is killed, and serves nothing stale on the way', async () => {
      await start();
      const listener = open();
      const writer = open();
      const gapsMs: number[] = [];
      for (let round = 0; round < 20; round++) {
        await Promise.all([listener.untilLive(), writer.untilLive()]);
        const pair = await writer.issue();
        await untilCached(listener, pair);
        listener.heard.length = 0;
        const killedAt = performance.now();
        for (const id of await feedConnections()) await admin.client('KILL', 'ID', id);
        await until('the loss is heard', () => listener.heard.includes('lost'));
        // In the midst of the gap: nobody tells the listener of this change.
        await writer.revoke(pair);
        expect(await listener.verify(pair)).toBe(401);
        await listener.untilLive();
        gapsMs.push(performance.now() - killedAt);
        expect(await listener.verify(pair)).toBe(401);
      }
      print('feed killed, until live again, ms', gapsMs);
    });

    it('serves nothing stale while its connection is killed again and again under load', async () => {
      await start();
      const listener = open();
      const writer = open();
      await Promise.all([listener.untilLive(), writer.untilLive()]);
      let isOver = false;
      const killing = (async () => {
        while (!isOver) {
          for (const id of await feedConnections()) await admin.client('KILL', 'ID', id).catch(() => {});
          await new Promise((resolve) => setTimeout(resolve, draw.below(40)));
        }
      })();
      let stale = 0;
      for (let round = 0; round < 150; round++) {
        const pair = await writer.issue();
        expect(await listener.verify(pair)).toBe(200);
        await writer.revoke(pair);
        // What is on the wire when the revocation is answered may still arrive: a few ms, not a cached answer's minute.
        const revokedAt = performance.now();
        while ((await listener.verify(pair)) !== 401) {
          if (performance.now() - revokedAt > 250) {
            stale++;
            break;
          }
        }
      }
      isOver = true;
      await killing;
      expect(stale).toBe(0);
    });

    it('is lost within two heartbeats of a server that freezes, and comes back with it', async () => {
      await start();
      const listener = open();
      await listener.untilLive();
      const pair = await listener.issue();
      await untilCached(listener, pair);
      server.pause();
      const frozenAt = performance.now();
      await until('the feed is lost', () => !listener.store.changes.isLive);
      const lostMs = performance.now() - frozenAt;
      print('server frozen, until the feed is lost, ms', [lostMs]);
      expect(lostMs).toBeLessThan(2 * HEARTBEAT_MS + 1_000);
      expect(await listener.verify(pair)).toBe(503);
      await until('the cache is emptied', () => listener.heard.includes('lost'));
      server.resume();
      await listener.untilLive();
      expect(await listener.verify(pair)).toBe(200);
      await untilCached(listener, pair);
    });

    it('comes back after a restart of the server', async () => {
      await start({ args: ['--appendonly', 'yes', '--appendfsync', 'always'] });
      const listener = open();
      await listener.untilLive();
      const pair = await listener.issue();
      await untilCached(listener, pair);
      await server.kill();
      await until('the feed is lost', () => !listener.store.changes.isLive);
      await server.restart();
      await listener.untilLive();
      expect(await listener.verify(pair)).toBe(200);
    });
  });

  describe.each<[string, () => Promise<RedisOptions>]>([
    [
      'a server without the command CLIENT',
      async () => {
        await start({ args: ['--rename-command', 'CLIENT', ''] });
        return {};
      },
    ],
    ['a user who may not use CLIENT', () => withUser('+@all', '-client', '&*')],
    ['a user who may not subscribe to invalidations', () => withUser('+@all', 'resetchannels', '&latchkey:changes')],
  ])('on %s', (_name, begin) => {
    it('hears of what others publish', async () => {
      const user = await begin();
      const warning = jest.spyOn(process, 'emitWarning').mockReturnValue(undefined);
      const listener = open(user);
      const writer = open(user);
      await Promise.all([listener.untilLive(), writer.untilLive()]);
      const pair = await writer.issue();
      await until('the write is heard', () => listener.heard.includes(pair.id));
      await untilCached(listener, pair);
      await writer.revoke(pair);
      await until('the revocation is known', async () => (await listener.verify(pair)) === 401);
      await writer.store.records.apiKeys.insert(draw.record({ id: 'doomed', expungeAt: 1 }));
      await until('the insert is heard', () => listener.heard.includes('doomed'));
      listener.heard.length = 0;
      await writer.store.records.apiKeys.expunge(1, 10);
      await until('the removal is heard', () => listener.heard.includes('doomed'));
      expect(warning).not.toHaveBeenCalled();
    });
  });

  describe('where SUBSCRIBE is refused too', () => {
    it('warns once for each store, and reads Redis for every verification', async () => {
      const user = await withUser('+@all', '-client', '-subscribe', '&*');
      const warning = jest.spyOn(process, 'emitWarning').mockReturnValue(undefined);
      const listener = open(user, { heartbeatMs: 20 });
      const writer = open(user, { heartbeatMs: 60_000 });
      await until('both have warned', () => warning.mock.calls.length >= 2);
      const pair = await writer.issue();
      expect(await isCached(listener, pair)).toBe(false);
      expect(listener.store.changes.isLive).toBe(false);
      expect((await listener.store.health()).feedIsLive).toBe(false);
      await writer.revoke(pair);
      expect(await listener.verify(pair)).toBe(401);
      for (let beats = 0; beats < 5; beats++) await new Promise((resolve) => setTimeout(resolve, 20));
      expect(warning).toHaveBeenCalledTimes(2);
      expect(warning.mock.calls[0]?.[0]).toMatch(/^Redis refuses both client tracking and SUBSCRIBE \(NOPERM/);
      expect(warning.mock.calls[0]?.[0]).toMatch(/Allow it CLIENT TRACKING, or SUBSCRIBE on latchkey:changes\.$/);
      expect(warning.mock.calls[0]?.[1]).toEqual({ code: 'LATCHKEY_FEED' });
    });

    it('writes nothing that it may not publish: others would not hear of it', async () => {
      const user = await withUser('+@all', 'resetchannels');
      const warning = jest.spyOn(process, 'emitWarning').mockReturnValue(undefined);
      const { store } = open(user);
      const record = draw.record();
      await expect(store.records.apiKeys.insert(record)).rejects.toMatchObject({ code: 'store_unavailable' });
      expect(await store.records.apiKeys.get(record.id)).toBeNull();
      await until('it has warned', () => warning.mock.calls.length === 1);
    });
  });

  async function withUser(...rules: string[]): Promise<RedisOptions> {
    await start();
    await admin.acl('SETUSER', 'app', 'on', '>pw', '~*', ...rules);
    return { username: 'app', password: 'pw' };
  }
});

function print(what: string, numbers: readonly number[]): void {
  const sorted = [...numbers].sort((a, b) => a - b);
  const [min = 0, median = 0, max = 0] = [sorted[0], sorted[sorted.length >> 1], sorted.at(-1)];
  process.stdout.write(`${what}: min ${min.toFixed(1)}, median ${median.toFixed(1)}, max ${max.toFixed(1)}\n`);
}
