import type { Express, RequestHandler } from 'express';
import { rateLimit } from 'express-rate-limit';
import { Redis } from 'ioredis';
import passportModule from 'passport';
import { createLatchkey, type IssuedKey, type Latchkey, type Store } from '../../lib/index.js';
import { RedisStore } from '../../lib/stores/redis/redis-store.js';
import { until } from '../conformance/store-suite.js';
import { Clock } from '../lib/clock.js';
import { LIMIT_STORES, type LimitDatabase } from '../support/limit-stores.js';
import { startRedis } from '../support/redis-server.js';
import { newLatchkey, startSessionApp } from '../support/session-app.js';
import { EXPRESS_VERSIONS } from './express-versions.js';
import { type Answer, listen, type RunningApp, send, valuesOf } from './raw-request.js';

const { Passport } = passportModule as unknown as { Passport: new () => passportModule.Authenticator };

/** Through `latchkey.authenticate` and through Passport, fast and not. */
const WAYS = ['/0', '/1', '/2'] as const;
/** The store answers within 500 ms; the rest is what a busy machine adds. */
const BOUND_MS = 3_000;
const BY = { by: 'test' };

function guardsOf(latchkey: Latchkey): RequestHandler[] {
  const [fast, plain] = [true, false].map((isFast) => {
    const passport = new Passport();
    latchkey.use(passport, { fast: isFast });
    return passport.authenticate(['api-key-header', 'api-key', 'basic'], { session: false }) as RequestHandler;
  }) as [RequestHandler, RequestHandler];
  return [latchkey.authenticate(), fast, plain];
}

function addRoutes(app: Express, latchkey: Latchkey): void {
  const answer: RequestHandler = (req, res) => void res.json({ id: req.user?.credential.id });
  for (const [i, guard] of guardsOf(latchkey).entries()) {
    app.get(`/${i}`, guard, answer);
    app.get(`/thrice/${i}`, guard, ...guardsOf(latchkey), answer);
  }
  const ofHost = rateLimit({ limit: 7, standardHeaders: 'draft-8', legacyHeaders: false, identifier: 'host' });
  app.get('/beside-host', ofHost, latchkey.authenticate(), (req, res) => {
    const { limit } = (req as unknown as { rateLimit: { limit: number } }).rateLimit;
    res.json({ limit });
  });
  app.use(latchkey.errorHandler());
}

type Lines = readonly (readonly [string, string])[];

/** A key in its three forms. */
function formsOf({ key, secret, token }: IssuedKey): [Lines, Lines, Lines] {
  const pair = Buffer.from(`${key.id}:${secret}`).toString('base64');
  return [[['X-API-Key', token]], [['Authorization', `ApiKey ${pair}`]], [['Authorization', `Basic ${pair}`]]];
}

/** What may differ between two keys, or two instants, put out of sight. */
function comparable({ status, body, headers }: Answer, { key }: IssuedKey): unknown {
  const lines = headers.map(([name, value]) => [name, value.replace(/\bt=\d+/, 't=').replace(/pk=:.*:/, 'pk=')]);
  const rest = lines.filter(([name]) => !['retry-after', 'etag'].includes(name as string));
  return { status, body: body.replace(key.id, 'id'), headers: rest };
}

function statusesOf(answers: readonly Answer[]): Record<number, number> {
  const counts: Record<number, number> = {};
  for (const { status } of answers) counts[status] = (counts[status] ?? 0) + 1;
  return counts;
}

describe.each(LIMIT_STORES)('on $name', ({ start }) => {
  describe.each(EXPRESS_VERSIONS)('with $name', ({ express }) => {
    let database: LimitDatabase;
    let latchkey: Latchkey;
    let second: Latchkey;
    let stores: Store[];
    let app: RunningApp;
    let secondApp: RunningApp;
    let plainApp: RunningApp;

    beforeAll(async () => {
      const clock = new Clock();
      database = await start(clock);
      stores = [await database.open(), await database.open()];
      [latchkey, second] = stores.map((store) => createLatchkey({ store, now: clock.now })) as [Latchkey, Latchkey];
      const server = express();
      addRoutes(server, latchkey);
      app = await listen(server);
      const secondServer = express();
      addRoutes(secondServer, second);
      secondApp = await listen(secondServer);
      const plainServer = express().set('env', 'test');
      for (const [i, guard] of guardsOf(latchkey).entries()) plainServer.get(`/${i}`, guard);
      plainApp = await listen(plainServer);
    });

    afterAll(async () => {
      for (const each of [app, secondApp, plainApp]) await each.close();
      for (const each of [latchkey, second]) await each.close();
      await database.stop();
    });

    function issue(maxRequestsPerMinute: number | null): Promise<IssuedKey> {
      return latchkey.apiKeys.create({ name: 'ci', ownerId: 'ada', maxRequestsPerMinute }, BY);
    }

    it('lets in exactly as many as allowed, over all forms, ways and processes, all at once', async () => {
      const limited = await issue(20);
      const sent = [app, secondApp].flatMap((each) =>
        WAYS.flatMap((way) => formsOf(limited).flatMap((form) => [0, 1, 2].map(() => send(each, way, form)))),
      );
      expect(statusesOf(await Promise.all(sent))).toEqual({ 200: 20, 429: 34 });
    });

    it('tells limited keys where they stand, and how long to wait', async () => {
      const limited = await issue(2);
      const [header] = formsOf(limited);
      const answers = [await send(app, '/0', header), await send(app, '/0', header), await send(app, '/0', header)];
      expect(answers.map(({ status }) => status)).toEqual([200, 200, 429]);
      for (const [i, rest] of [1, 0, 0].entries()) {
        const answer = answers[i] as Answer;
        const [state, ...others] = valuesOf(answer, 'ratelimit');
        const [policy] = valuesOf(answer, 'ratelimit-policy');
        expect([state, others]).toEqual([expect.stringMatching(`^"credential"; r=${rest}; t=(60|59)$`), []]);
        expect(policy).toMatch(/^"credential"; q=2; w=60; pk=:[A-Za-z0-9+/=]+:$/);
      }
      expect(valuesOf(answers[1] as Answer, 'retry-after')).toEqual([]);
      expect(valuesOf(answers[2] as Answer, 'retry-after')).toEqual([expect.stringMatching(/^(60|59)$/)]);
      expect(valuesOf(answers[2] as Answer, 'content-type')).toEqual(['application/problem+json; charset=utf-8']);
      expect(JSON.parse((answers[2] as Answer).body)).toEqual({
        type: 'about:blank',
        title: 'Too Many Requests',
        status: 429,
        code: 'rate_limited',
        detail: 'Too many requests with this credential. Wait, then retry.',
      });
    });

    it('answers the same in every way, let in or not, with our error handler and with Express’s own', async () => {
      for (const each of [app, plainApp]) {
        const answers = await Promise.all(
          WAYS.map(async (way) => {
            const limited = await issue(1);
            const [header] = formsOf(limited);
            const admitted = each === app ? comparable(await send(each, way, header), limited) : null;
            if (admitted === null) await send(each, way, header);
            return [admitted, comparable(await send(each, way, header), limited)];
          }),
        );
        expect(answers[1]).toEqual(answers[0]);
        expect(answers[2]).toEqual(answers[0]);
        expect(answers[0]?.[1]).toMatchObject({ status: 429 });
      }
    });

    it('leaves Retry-After and the state in the answer of Express’s own error handler', async () => {
      const [header] = formsOf(await issue(1));
      await send(plainApp, '/0', header);
      const answer = await send(plainApp, '/0', header);
      expect(valuesOf(answer, 'retry-after')).toEqual([expect.stringMatching(/^(60|59)$/)]);
      expect(valuesOf(answer, 'ratelimit')).toEqual([expect.stringMatching(/^"credential"; r=0; t=(60|59)$/)]);
    });

    it('lets in again when the window has ended', async () => {
      const limited = await issue(1);
      const [header] = formsOf(limited);
      expect((await send(app, '/0', header)).status).toBe(200);
      expect((await send(secondApp, '/1', header)).status).toBe(429);
      await database.endWindow(limited.key.id);
      expect((await send(secondApp, '/1', header)).status).toBe(200);
      expect((await send(app, '/0', header)).status).toBe(429);
    });

    it('counts a request once, however often it is authenticated', async () => {
      for (const way of WAYS) {
        const [header] = formsOf(await issue(2));
        const answers = [0, 1, 2].map(() => send(app, `/thrice${way}`, header));
        const settled = await Promise.all(answers);
        expect(statusesOf(settled)).toEqual({ 200: 2, 429: 1 });
        for (const each of settled) expect(valuesOf(each, 'ratelimit')).toHaveLength(1);
      }
    });

    it('does not count what is refused for another reason', async () => {
      const limited = await issue(1);
      const wrong = formsOf({ ...limited, secret: (await issue(null)).secret })[1];
      const refused = await Promise.all([0, 1, 2].map(() => send(app, '/0', wrong)));
      expect(statusesOf(refused)).toEqual({ 401: 3 });
      for (const each of refused) expect(valuesOf(each, 'ratelimit')).toEqual([]);
      expect((await send(app, '/0', formsOf(limited)[0])).status).toBe(200);
    });

    it('follows a change of the limit at once, and goes on counting', async () => {
      const limited = await issue(1);
      const [header] = formsOf(limited);
      expect(statusesOf([await send(app, '/0', header), await send(app, '/0', header)])).toEqual({ 200: 1, 429: 1 });
      await latchkey.apiKeys.update(limited.key.id, { maxRequestsPerMinute: 4 }, BY);
      const answers = [await send(app, '/0', header), await send(app, '/0', header), await send(app, '/0', header)];
      expect(answers.map(({ status }) => status)).toEqual([200, 200, 429]);
      await latchkey.apiKeys.update(limited.key.id, { maxRequestsPerMinute: null }, BY);
      const free = await send(app, '/0', header);
      expect([free.status, valuesOf(free, 'ratelimit')]).toEqual([200, []]);
    });

    it('counts each key for itself', async () => {
      const [one, other] = [await issue(1), await issue(1)];
      const answers = [];
      for (const key of [one, other, one, other]) answers.push(await send(app, '/0', formsOf(key)[0]));
      expect(answers.map(({ status }) => status)).toEqual([200, 200, 429, 429]);
    });

    it('goes along with a limiter of the host’s own', async () => {
      const answer = await send(app, '/beside-host', formsOf(await issue(5))[0]);
      expect(valuesOf(answer, 'ratelimit').join(', ')).toMatch(/^"host"; r=6; t=60, "credential"; r=4; t=(60|59)$/);
      expect(JSON.parse(answer.body)).toEqual({ limit: 7 });
    });

    it('asks the store nothing for a key without a limit, and decides at once', async () => {
      const hits = stores.map((store) => jest.spyOn(store.state, 'hit'));
      const free = await issue(null);
      for (const form of formsOf(free)) {
        const answers = await Promise.all(WAYS.map((way) => send(app, way, form)));
        expect(statusesOf(answers)).toEqual({ 200: 3 });
        for (const each of answers) expect(valuesOf(each, 'ratelimit-policy')).toEqual([]);
      }
      for (const spy of hits) expect(spy).not.toHaveBeenCalled();
      for (const spy of hits) spy.mockRestore();
    });

    it('refuses what cannot be counted, whatever went wrong', async () => {
      for (const failure of [new Error('full'), undefined, 'full']) {
        const spy = jest.spyOn(stores[0]?.state as Store['state'], 'hit').mockRejectedValue(failure);
        for (const way of WAYS) {
          const answer = await send(app, way, formsOf(await issue(1_000))[0]);
          expect([answer.status, JSON.parse(answer.body)]).toMatchObject([503, { code: 'store_unavailable' }]);
          expect(valuesOf(answer, 'retry-after')).toEqual(['1']);
        }
        spy.mockRestore();
      }
      const spy = jest.spyOn(stores[0]?.state as Store['state'], 'hit');
      spy.mockResolvedValue({ count: Number.NaN, resetMs: 60_000 });
      expect((await send(app, '/0', formsOf(await issue(1_000))[0])).status).toBe(503);
      spy.mockRestore();
    });
  });

  it('does not limit sessions, be it of a user whose keys are limited', async () => {
    const database = await start(new Clock());
    const latchkey = newLatchkey({ store: await database.open() });
    const app = await startSessionApp(latchkey);
    await latchkey.apiKeys.create({ name: 'ci', ownerId: 'ada', maxRequestsPerMinute: 1 }, BY);
    for (const token of [false, true]) {
      const { headers } = await app.login('ada', { token });
      for (let n = 0; n < 5; n++) {
        const reply = await app.call('GET', '/me', headers);
        expect([reply.status, reply.headers.ratelimit]).toEqual([200, undefined]);
      }
    }
    await app.close();
    await latchkey.close();
    await database.stop();
  });
});

describe.each([
  ['frozen', (server: Awaited<ReturnType<typeof startRedis>>) => server.pause()],
  ['gone', (server: Awaited<ReturnType<typeof startRedis>>) => server.kill()],
])('when Redis is %s', (_name, breakDown) => {
  it('refuses limited keys with 503 within a bounded time, and lets none in', async () => {
    const server = await startRedis();
    const client = new Redis(server.url);
    client.on('error', () => {});
    const store = new RedisStore(client, { heartbeatMs: 60_000 }); // keys are served from the cache throughout
    const latchkey = createLatchkey({ store });
    const express = EXPRESS_VERSIONS[1]?.express as (typeof EXPRESS_VERSIONS)[0]['express'];
    const application = express();
    addRoutes(application, latchkey);
    const app = await listen(application);
    await until('the change feed is live', () => store.changes.isLive);
    const limited = await latchkey.apiKeys.create({ name: 'ci', ownerId: 'ada', maxRequestsPerMinute: 1_000 }, BY);
    const [header] = formsOf(limited);
    for (const way of WAYS) expect((await send(app, way, header)).status).toBe(200);

    await breakDown(server);
    for (const way of WAYS) {
      const startedAt = performance.now();
      const answers = await Promise.all(Array.from({ length: 10 }, () => send(app, way, header)));
      expect(performance.now() - startedAt).toBeLessThan(BOUND_MS);
      expect(statusesOf(answers)).toEqual({ 503: 10 });
      for (const each of answers) expect(valuesOf(each, 'retry-after')).toEqual(['1']);
    }

    server.resume();
    await app.close();
    await latchkey.close().catch(() => {});
    client.disconnect();
    await server.stop();
  });
});
