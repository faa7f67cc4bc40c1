import { once } from 'node:events';
import { Agent, get } from 'node:http';
import type { AddressInfo } from 'node:net';
import express from 'express';
import { Redis, type RedisOptions } from 'ioredis';
import { createLatchkey } from '../../lib/index.js';
import { RedisStore, type RedisStoreOptions } from '../../lib/stores/redis/redis-store.js';
import { until } from '../conformance/store-suite.js';
import { type RedisServer, startRedis } from '../support/redis-server.js';
import { authorization, type Pair, statusFor } from '../support/verify.js';

const HEARTBEAT_MS = 200;
/** Requests are answered within 500 ms plus what a busy machine adds. */
const BOUND_MS = 3_000;
/** What a busy machine may add to two heartbeats. */
const SLACK_MS = 1_000;
const DURABLE = { args: ['--appendonly', 'yes', '--appendfsync', 'always'] };

interface Answer {
  readonly status: number;
  readonly retryAfter: string | undefined;
  readonly sentAt: number;
  readonly answeredAt: number;
}

describe('an outage of Redis', () => {
  let server: RedisServer;
  let closing: (() => unknown)[] = [];

  beforeEach(async () => {
    server = await startRedis(DURABLE);
  });

  afterEach(async () => {
    server.resume();
    for (const close of closing.reverse()) await close();
    closing = [];
    await server.stop();
  });

  /** One process of an app, with a protected route. */
  async function startApp(options: RedisStoreOptions = {}, clientOptions: RedisOptions = {}) {
    const client = new Redis(server.url, clientOptions as object);
    client.on('error', () => {});
    const store = new RedisStore(client, { heartbeatMs: HEARTBEAT_MS, ...options });
    const latchkey = createLatchkey({ store, usage: { flushIntervalMs: 3_600_000 } });
    const app = express();
    app.get('/', latchkey.authenticate(), (_req, res) => void res.send('welcome'));
    app.use(latchkey.errorHandler());
    const http = app.listen(0, '127.0.0.1');
    await once(http, 'listening');
    const agent = new Agent({ keepAlive: true });
    const { port } = http.address() as AddressInfo;
    closing.push(async () => {
      agent.destroy();
      http.close();
      http.closeAllConnections();
      await latchkey.close().catch(() => {});
      if (client.status !== 'end') client.disconnect();
    });
    const ask = (pair: Pair): Promise<Answer> => request(agent, port, pair);
    const issue = async (): Promise<Pair> => {
      const { key, secret } = await latchkey.apiKeys.create({ name: 'A key', ownerId: 'anna' }, { by: 'test' });
      return { id: key.id, secret };
    };
    const untilLive = () => until('the feed is live', () => store.changes.isLive);
    return { client, store, latchkey, ask, issue, untilLive };
  }

  describe.each<[string, () => Promise<void>, () => Promise<void>]>([
    ['frozen and thawed', async () => server.pause(), async () => server.resume()],
    ['killed and restarted', () => server.kill(), () => server.restart()],
    [
      'frozen, then killed and restarted',
      async () => {
        server.pause();
        setTimeout(() => void server.kill(), 700);
      },
      () => server.restart(),
    ],
  ])('in the midst of traffic, %s', (what, breakDown, mend) => {
    it('lets cached keys go on for two heartbeats, answers the rest 503, and recovers by itself', async () => {
      const app = await startApp();
      const other = await startApp();
      await Promise.all([app.untilLive(), other.untilLive()]);
      const cached = await app.issue();
      const revoked = await app.issue();
      const fresh = await Promise.all(Array.from({ length: 400 }, () => other.issue()));
      await until('the key to be revoked is let in', async () => (await app.ask(revoked)).status === 200);
      await other.latchkey.apiKeys.revoke(revoked.id, { by: 'test' });
      await until('it is refused', async () => (await app.ask(revoked)).status === 401);

      const traffic = new Traffic();
      const askFresh = async () => {
        const pair = fresh.pop();
        if (pair === undefined) throw new Error('there are too few keys for this test');
        const answer = await app.ask(pair);
        if (answer.status === 503) fresh.push(pair); // not cached: as good as new
        return answer;
      };
      traffic.send('cached', () => app.ask(cached));
      traffic.send('cached', () => app.ask(cached));
      traffic.send('fresh', askFresh);
      traffic.send('revoked', () => app.ask(revoked));
      await until('traffic flows', () => traffic.of('cached').length > 50);
      const brokenAt = performance.now();
      await breakDown();
      await until('the outage has lasted two seconds', () => performance.now() - brokenAt > 2_000);
      await mend();
      const mendedAt = performance.now();
      const isServed = (kind: string) => traffic.of(kind).some((a) => a.sentAt > mendedAt && a.status === 200);
      await until('both kinds of keys are let in again', () => isServed('cached') && isServed('fresh'));
      const recoveredMs = performance.now() - mendedAt;
      await until('the feed is live again', () => app.store.changes.isLive);
      await traffic.end();

      expect(statusesOf(traffic.of('cached'))).toEqual([200, 503]);
      expect(statusesOf(traffic.of('fresh'))).toEqual([200, 503]);
      expect(statusesOf(traffic.of('revoked'))).toEqual([401, 503]);
      const inOutage = (answer: Answer) => answer.sentAt > brokenAt && answer.answeredAt < mendedAt;
      const served = traffic.of('cached').filter((answer) => inOutage(answer) && answer.status === 200);
      const lastServedMs = Math.max(0, ...served.map(({ answeredAt }) => answeredAt - brokenAt));
      expect(lastServedMs).toBeLessThan(2 * HEARTBEAT_MS + SLACK_MS);
      const refused = traffic.all().filter(({ status }) => status === 503);
      expect(refused.every(({ retryAfter }) => retryAfter === '1')).toBe(true);
      const longestMs = Math.max(...traffic.all().map(({ sentAt, answeredAt }) => answeredAt - sentAt));
      expect(longestMs).toBeLessThan(BOUND_MS);
      print(
        `${what}: cached keys went on for ${ms(lastServedMs)}, longest answer ${ms(longestMs)}, ` +
          `recovered after ${ms(recoveredMs)}, of ${traffic.all().length} answers ${refused.length} were 503`,
      );

      expect((await app.ask(revoked)).status).toBe(401);
      await app.latchkey.close();
      const [usage] = await app.store.records.apiKeys.usage([cached.id]);
      expect(usage?.useCount).toBe(traffic.of('cached').filter(({ status }) => status === 200).length);
    });
  });

  it('is told to whoever wants to revoke a key, who can do it afterwards', async () => {
    const app = await startApp();
    await app.untilLive();
    const pair = await app.issue();
    expect((await app.ask(pair)).status).toBe(200);
    server.pause();
    const startedAt = performance.now();
    const unavailable = { code: 'store_unavailable', status: 503, headers: { 'Retry-After': '1' } };
    await expect(app.latchkey.apiKeys.revoke(pair.id, { by: 'test' })).rejects.toMatchObject(unavailable);
    expect(performance.now() - startedAt).toBeLessThan(BOUND_MS);
    expect(await app.latchkey.health()).toMatchObject({ ok: false, detail: expect.stringContaining('not answer') });
    server.resume();
    await until('Redis is back', async () => (await app.latchkey.health()).ok);
    await app.latchkey.apiKeys.revoke(pair.id, { by: 'test' });
    expect((await app.ask(pair)).status).toBe(401);
  });

  it('tells a revocation apart from an outage: one who was revoked before is never let in', async () => {
    const app = await startApp();
    const other = await startApp();
    await app.untilLive();
    const pair = await app.issue();
    expect((await app.ask(pair)).status).toBe(200);
    await server.kill();
    await until('the outage is noticed', async () => (await app.ask(pair)).status === 503);
    await server.restart();
    await until('the other process is back', async () => (await other.latchkey.health()).ok);
    await other.latchkey.apiKeys.revoke(pair.id, { by: 'test' });
    const statuses = new Set<number>();
    await until('it is refused', async () => {
      const { status } = await app.ask(pair);
      statuses.add(status);
      return status === 401;
    });
    for (let n = 0; n < 50; n++) statuses.add((await app.ask(pair)).status);
    expect([...statuses].filter((status) => status !== 401 && status !== 503)).toEqual([]);
  });

  it.each<[string, () => void | Promise<void>, () => void | Promise<void>]>([
    ['frozen', () => server.pause(), () => server.resume()],
    ['gone', () => server.kill(), () => server.restart()],
  ])('bounds what a flood leaves waiting while Redis is %s', async (what, breakDown, mend) => {
    const app = await startApp({ maxPending: 500 });
    await app.untilLive();
    const pairs = await Promise.all(Array.from({ length: 50 }, () => app.issue()));
    await breakDown();
    await until('the feed is lost', () => !app.store.changes.isLive);
    const queues = app.client as unknown as Record<'commandQueue' | 'offlineQueue', { length: number }>;
    const startedAt = performance.now();
    let longestQueue = 0;
    const statuses = new Set<number>();
    for (let wave = 0; wave < 4; wave++) {
      const asked = Array.from({ length: 5_000 }, (_, n) => statusFor(app.latchkey, pairs[n % 50] as Pair));
      longestQueue = Math.max(longestQueue, queues.commandQueue.length, queues.offlineQueue.length);
      for (const status of await Promise.all(asked)) statuses.add(status);
      longestQueue = Math.max(longestQueue, queues.commandQueue.length, queues.offlineQueue.length);
    }
    print(`${what}: 20,000 verifications refused in ${ms(performance.now() - startedAt)}, queue ${longestQueue}`);
    expect([...statuses]).toEqual([503]);
    expect(longestQueue).toBeLessThanOrEqual(500 + 2); // a PING or INFO of ioredis itself may wait as well
    await mend();
    await until('keys are let in again', async () => (await statusFor(app.latchkey, pairs[0] as Pair)) === 200);
    await until('the queue is empty', () => queues.commandQueue.length + queues.offlineQueue.length === 0);
  });

  it.each<[string, RedisOptions]>([
    ['a client that connects at once', {}],
    ['a client that connects when it is needed', { lazyConnect: true }],
    ['a client without an offline queue', { enableOfflineQueue: false }],
  ])('at start-up gives 503, and needs no restart once Redis is there: %s', async (_name, clientOptions) => {
    const before = await startApp();
    const pair = await before.issue();
    await server.kill();
    const app = await startApp({}, clientOptions);
    for (let n = 0; n < 5; n++) {
      const { status, retryAfter, sentAt, answeredAt } = await app.ask(pair);
      expect([status, retryAfter]).toEqual([503, '1']);
      expect(answeredAt - sentAt).toBeLessThan(BOUND_MS);
    }
    await server.restart();
    const statuses = new Set<number>();
    await until('the key is let in', async () => {
      const { status } = await app.ask(pair);
      statuses.add(status);
      return status === 200;
    });
    expect([...statuses].filter((status) => status !== 200 && status !== 503)).toEqual([]);
    await app.untilLive();
  });

  it('ends for good when the host ends its client: 503 at once', async () => {
    const app = await startApp();
    const pair = await app.issue();
    app.client.disconnect();
    await until('the client has ended', () => app.client.status === 'end');
    const other = await startApp();
    await other.latchkey.apiKeys.revoke(pair.id, { by: 'test' });
    const answer = await app.ask(await other.issue());
    expect([answer.status, answer.retryAfter]).toEqual([503, '1']);
    expect(answer.answeredAt - answer.sentAt).toBeLessThan(BOUND_MS);
  });
});

/** Loops that send one request after the other until `end()`. */
class Traffic {
  readonly #answers = new Map<string, Answer[]>();
  readonly #loops: Promise<void>[] = [];
  #isOver = false;

  send(kind: string, ask: () => Promise<Answer>): void {
    const answers = this.#answers.get(kind) ?? [];
    this.#answers.set(kind, answers);
    const loop = async () => {
      while (!this.#isOver) {
        answers.push(await ask());
        await new Promise((resolve) => setTimeout(resolve, 5));
      }
    };
    this.#loops.push(loop());
  }

  of(kind: string): readonly Answer[] {
    return this.#answers.get(kind) ?? [];
  }

  all(): Answer[] {
    return [...this.#answers.values()].flat();
  }

  async end(): Promise<void> {
    this.#isOver = true;
    await Promise.all(this.#loops);
  }
}

function request(agent: Agent, port: number, pair: Pair): Promise<Answer> {
  const sentAt = performance.now();
  return new Promise((resolve, reject) => {
    get({ agent, port, host: '127.0.0.1', headers: { authorization: authorization(pair) } }, (res) => {
      res.resume().on('end', () => {
        const { statusCode: status = 0, headers } = res;
        resolve({ status, retryAfter: headers['retry-after'], sentAt, answeredAt: performance.now() });
      });
    }).on('error', reject);
  });
}

function statusesOf(answers: readonly Answer[]): number[] {
  return [...new Set(answers.map(({ status }) => status))].sort();
}

function ms(duration: number): string {
  return `${duration.toFixed(0)} ms`;
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}
