import { Redis } from 'ioredis';
import { createLatchkey } from '../../lib/index.js';
import { RedisStore } from '../../lib/stores/redis/redis-store.js';
import { until } from '../conformance/store-suite.js';
import { type RedisServer, startRedis } from '../support/redis-server.js';
import { statusFor } from '../support/verify.js';

const HEARTBEAT_MS = 500;
const STALL_MS = 6 * HEARTBEAT_MS;

/** A long garbage collection, or a long piece of the host's own work. */
function standStill(): void {
  const startedAt = performance.now();
  while (performance.now() - startedAt < STALL_MS);
}

describe('a change feed in a process that stands still', () => {
  let server: RedisServer;
  let closing: (() => unknown)[] = [];

  beforeEach(async () => {
    server = await startRedis();
  });

  afterEach(async () => {
    for (const close of closing.reverse()) await close();
    closing = [];
    await server.stop();
  });

  function connect(): Redis {
    const client = new Redis(server.url);
    client.on('error', () => {});
    closing.push(() => client.disconnect());
    return client;
  }

  /** With a key in its cache. */
  async function open() {
    const admin = connect();
    await admin.ping();
    const store = new RedisStore(connect(), { heartbeatMs: HEARTBEAT_MS });
    const latchkey = createLatchkey({ store, usage: { flushIntervalMs: 3_600_000 } });
    closing.push(() => latchkey.close().catch(() => {}));
    const heard: string[] = [];
    store.changes.subscribe({ changed: (_collection, id) => heard.push(id), lost: () => heard.push('lost') });
    const untilLive = () => until('the feed is live', () => store.changes.isLive);
    await untilLive();
    const { key, secret } = await latchkey.apiKeys.create({ name: 'A key', ownerId: 'anna' }, { by: 'test' });
    const verify = () => statusFor(latchkey, { id: key.id, secret });
    const gets = async () => Number(/cmdstat_get:calls=(\d+)/.exec(await admin.info('commandstats'))?.[1] ?? 0);
    const isCached = async () => {
      const before = await gets();
      return (await verify()) === 200 && (await gets()) === before;
    };
    await until('the key is cached', isCached);
    heard.length = 0;
    return { admin, store, heard, untilLive, key, verify, isCached };
  }

  it('is not lost, however long that was, and the cache is kept', async () => {
    const { store, heard, untilLive, isCached } = await open();
    for (let round = 0; round < 2; round++) {
      standStill();
      expect(store.changes.isLive).toBe(false); // by the clock, until the server has answered anew
      await untilLive();
      expect(await isCached()).toBe(true);
    }
    expect(heard).toEqual([]);
  });

  it('has heard of what was changed meanwhile before it serves again', async () => {
    const { admin, heard, untilLive, key, verify } = await open();
    const removed = admin.del(`latchkey:key:{${key.id}}`);
    standStill();
    await untilLive();
    expect(heard).toEqual([key.id]);
    expect(await verify()).toBe(401);
    expect(await removed).toBe(1);
  });

  it('is lost where the server was silent all the same', async () => {
    const { store, heard, untilLive, verify } = await open();
    server.pause();
    standStill();
    expect(store.changes.isLive).toBe(false);
    let wasLive = false;
    await until('the loss is heard', () => {
      wasLive ||= store.changes.isLive;
      return heard.includes('lost');
    });
    expect(wasLive).toBe(false);
    server.resume();
    await untilLive();
    await until('verification goes on', async () => (await verify()) === 200);
  });
});
