import { Redis } from 'ioredis';
import { createLatchkey } from '../../lib/index.js';
import { RedisStore } from '../../lib/stores/redis/redis-store.js';
import { until } from '../conformance/store-suite.js';
import { type RedisServer, startRedis } from '../support/redis-server.js';
import { startTcpProxy, type TcpProxy } from '../support/tcp-proxy.js';
import { type Pair, statusFor } from '../support/verify.js';

const HEARTBEAT_MS = 100;
/** What a busy machine may add to two heartbeats. */
const SLACK_MS = 1_000;

/** Between the server and one of two processes stands what makes a network bad. */
describe('a change feed on a bad network', () => {
  let server: RedisServer;
  let proxy: TcpProxy;
  let closing: (() => unknown)[] = [];

  beforeEach(async () => {
    server = await startRedis();
    proxy = await startTcpProxy(server.port);
  });

  afterEach(async () => {
    for (const close of closing.reverse()) await close();
    closing = [];
    await proxy.stop();
    await server.stop();
  });

  function open(port: number) {
    const client = new Redis(port, '127.0.0.1');
    client.on('error', () => {});
    const store = new RedisStore(client, { heartbeatMs: HEARTBEAT_MS });
    const latchkey = createLatchkey({ store, usage: { flushIntervalMs: 3_600_000 } });
    closing.push(async () => {
      await latchkey.close().catch(() => {});
      client.disconnect();
    });
    const heard: string[] = [];
    store.changes.subscribe({ changed: (_collection, id) => heard.push(id), lost: () => {} });
    const verify = (pair: Pair) => statusFor(latchkey, pair);
    return { store, latchkey, heard, verify, untilLive: () => until('the feed is live', () => store.changes.isLive) };
  }

  /** A key that `listener` has in its cache. */
  async function cached(listener: ReturnType<typeof open>, writer: ReturnType<typeof open>): Promise<Pair> {
    const pair = await issue(writer);
    await until('the write is heard, which would drop it', () => listener.heard.includes(pair.id));
    expect(await listener.verify(pair)).toBe(200);
    return pair;
  }

  async function issue({ latchkey }: ReturnType<typeof open>): Promise<Pair> {
    const { key, secret } = await latchkey.apiKeys.create({ name: 'A key', ownerId: 'anna' }, { by: 'test' });
    return { id: key.id, secret };
  }

  it('that gets slower and slower lets nothing in for longer than two heartbeats after it was revoked', async () => {
    const [listener, writer] = [open(proxy.port), open(server.port)];
    await Promise.all([listener.untilLive(), writer.untilLive()]);
    const pair = await cached(listener, writer);
    // What arrives goes on arriving, never after two heartbeats of silence: only ever later.
    const slowedAt = performance.now();
    const delayMs = () => (performance.now() - slowedAt) / 5;
    const slowing = setInterval(() => proxy.delay(delayMs()), 5);
    await until('what arrives is half a second late', () => delayMs() > 500);
    await writer.latchkey.apiKeys.revoke(pair.id, { by: 'test' });
    const revokedAt = performance.now();
    let lastServedMs = 0;
    while (performance.now() - revokedAt < 1_500) {
      if ((await listener.verify(pair)) === 200) lastServedMs = performance.now() - revokedAt;
      await new Promise((resolve) => setTimeout(resolve, 2));
    }
    clearInterval(slowing);
    process.stdout.write(`a feed that is late: served for ${lastServedMs.toFixed(0)} ms after the revocation\n`);
    expect(lastServedMs).toBeLessThan(2 * HEARTBEAT_MS + SLACK_MS);
    proxy.delay(0);
    await listener.untilLive();
    // Commands have a connection of their own, on which answers may be late for a while longer.
    await until('commands are answered', async () => (await listener.verify(pair)) !== 503);
    expect(await listener.verify(pair)).toBe(401);
  });

  it.each<[string, (proxy: TcpProxy) => void, (proxy: TcpProxy) => void]>([
    ['loses all packets without a word', (it) => it.freeze(), (it) => it.thaw()],
    ['ends every connection', (it) => it.cut(true), (it) => it.cut(false)],
  ])('that %s is told by silence, and comes back', async (_what, breakIt, mend) => {
    const [listener, writer] = [open(proxy.port), open(server.port)];
    await Promise.all([listener.untilLive(), writer.untilLive()]);
    const pair = await cached(listener, writer);
    breakIt(proxy);
    await writer.latchkey.apiKeys.revoke(pair.id, { by: 'test' });
    const revokedAt = performance.now();
    await until('the feed is lost', () => !listener.store.changes.isLive);
    expect(performance.now() - revokedAt).toBeLessThan(2 * HEARTBEAT_MS + SLACK_MS);
    expect(await listener.verify(pair)).toBe(503);
    mend(proxy);
    await listener.untilLive();
    await until('the revocation is known', async () => (await listener.verify(pair)) === 401);
  });
});
