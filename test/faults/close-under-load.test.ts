import { once } from 'node:events';
import { Agent, type ClientRequest, type IncomingMessage, request } from 'node:http';
import { text } from 'node:stream/consumers';
import { Redis } from 'ioredis';
import { type ApiKey, createLatchkey } from '../../lib/index.js';
import { RedisStore } from '../../lib/stores/redis/redis-store.js';
import { until } from '../conformance/store-suite.js';
import { type BuiltApp, buildExampleApp, type RunningApp, spokenIn } from '../example-app/running-app.js';
import { PATIENT } from '../support/patience.js';
import { type RedisServer, startRedis } from '../support/redis-server.js';

const CLIENTS = 24;
const UPLOADS = 6;
/** Answers before the app is told to stop. */
const WARM_UP = 1_000;
/** The app itself gives requests 3 s; the rest is for a busy machine. */
const STOP_WITHIN_MS = 8_000;
/** Its usage waits 5 s for Redis, the end of the connection 2 s. */
const FROZEN_WITHIN_MS = 16_000;
const ORDER = JSON.stringify({ item: 'cocoa', quantity: 3 });

/** What came of a request: its status, when the whole answer was there. */
type Outcome = number | 'cut' | 'not taken';

interface Told {
  readonly outcome: Outcome;
  /** The answer says that it is the last on its connection. */
  readonly isLast: boolean;
}

jest.setTimeout(90_000);

describe('the example app on Redis, told to stop under load', () => {
  let built: BuiltApp;
  let redis: RedisServer;
  let app: RunningApp;
  let agent: Agent;
  let outcomes: (Told & { readonly who: 'reader' | 'admin' })[];

  beforeAll(async () => {
    built = buildExampleApp();
  }, 240_000);

  beforeEach(async () => {
    redis = await startRedis();
    app = await built.start({ REDIS_URL: redis.url });
    agent = new Agent({ keepAlive: true, maxSockets: CLIENTS });
    outcomes = [];
  });

  afterEach(async () => {
    agent.destroy();
    await redis.stop();
  });

  afterAll(() => built?.remove());

  const tokenOf = (who: 'reader' | 'admin') => {
    const line = who === 'reader' ? /^Reader key.*: +(lk_\w+)/m : /^Administrator key.*: +(lk_\w+)/m;
    return line.exec(app.startText)?.[1] ?? '';
  };

  /** Asks again and again on connections that are kept, until nobody takes a request any more. */
  async function client(who: 'reader' | 'admin'): Promise<void> {
    for (;;) {
      const { outcome, isLast } = await ask(who);
      outcomes.push({ who, outcome, isLast });
      if (typeof outcome !== 'number') return;
    }
  }

  async function ask(who: 'reader' | 'admin'): Promise<Told> {
    const isOrder = who === 'admin';
    const call = request(`${app.url}/orders`, {
      agent,
      method: isOrder ? 'POST' : 'GET',
      headers: {
        'X-API-Key': tokenOf(who),
        ...(isOrder && { 'Content-Type': 'application/json', 'Content-Length': ORDER.length }),
      },
    });
    call.end(isOrder ? ORDER : undefined);
    return await outcomeOf(call);
  }

  /** Half of the body is sent before `rest` resolves. */
  async function upload(rest: Promise<unknown>): Promise<void> {
    const call = request(`${app.url}/orders`, {
      method: 'POST',
      headers: { 'X-API-Key': tokenOf('admin'), 'Content-Type': 'application/json', 'Content-Length': ORDER.length },
    });
    const outcome = outcomeOf(call);
    call.write(ORDER.slice(0, 10));
    await rest;
    call.end(ORDER.slice(10));
    outcomes.push({ who: 'admin', ...(await outcome) });
  }

  const answered = (who: 'reader' | 'admin') =>
    outcomes.filter((each) => each.who === who && typeof each.outcome === 'number').length;

  async function useCountOf(name: string): Promise<number | undefined> {
    const connection = new Redis(redis.url);
    const latchkey = createLatchkey({ store: new RedisStore(connection, PATIENT) });
    const { items } = await latchkey.apiKeys.list({ orgId: 'acme' }, { name });
    await latchkey.close();
    connection.disconnect();
    expect(items).toHaveLength(1);
    return (items[0] as ApiKey).useCount;
  }

  it.each([1, 2])('answers every request that it took, has counted each, and ends (round %i)', async () => {
    let goOn = (): void => {};
    const rest = new Promise<void>((resolve) => {
      goOn = resolve;
    });
    const uploads = Array.from({ length: UPLOADS }, () => upload(rest));
    const clients = Array.from({ length: CLIENTS }, (_, n) => client(n % 3 === 0 ? 'admin' : 'reader'));
    await until('there is load', () => outcomes.length > WARM_UP, 30_000);
    const stopped = app.stop('SIGTERM');
    await app.untilWritten('Stopping');
    goOn();
    const again = app.stop('SIGTERM'); // as npm start may pass it on twice
    const { exitCode, tookMs } = await stopped;
    await Promise.all([again, ...clients, ...uploads]);

    expect(exitCode).toBe(0);
    expect(tookMs).toBeLessThan(STOP_WITHIN_MS);
    expect(spokenIn(app.laterText())).toBe('Stopping: requests in flight may finish.\nStopped.\n');
    const kinds = new Set(outcomes.map(({ outcome }) => outcome));
    expect([...kinds].sort()).toEqual([200, 201, 'not taken']);
    expect(outcomes.filter(({ outcome, isLast }) => isLast && outcome !== 'not taken').length).toBeGreaterThan(0);
    expect(await useCountOf('Reader key')).toBe(answered('reader'));
    expect(await useCountOf('First administrator key')).toBe(answered('admin'));
  });

  it('ends in bounded time, too, when Redis is frozen, and says what is lost', async () => {
    for (let n = 0; n < 10; n++) await ask('reader');
    redis.pause();
    const { exitCode, tookMs } = await app.stop('SIGTERM');
    expect(exitCode).toBe(1);
    expect(tookMs).toBeLessThan(FROZEN_WITHIN_MS);
    expect(app.laterText()).toContain('The last use counts are lost: ');
  });
});

/** Not taken is what never came to be answered on a new connection: the app may have stopped listening before it saw it. */
async function outcomeOf(call: ClientRequest): Promise<Told> {
  let response: IncomingMessage;
  try {
    [response] = (await once(call, 'response')) as [IncomingMessage];
  } catch {
    return { outcome: call.reusedSocket ? 'cut' : 'not taken', isLast: true };
  }
  call.on('error', () => {}); // 'aborted' tells the reader
  try {
    JSON.parse(await text(response));
    const isLast = response.headers.connection === 'close';
    return { outcome: response.complete ? (response.statusCode ?? 0) : 'cut', isLast };
  } catch {
    return { outcome: 'cut', isLast: true };
  }
}
