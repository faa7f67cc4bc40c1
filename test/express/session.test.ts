import type { Express, Request, RequestHandler } from 'express';
import { Redis } from 'ioredis';
import { adminRouter } from '../../admin-router/index.js';
import { createLatchkey, type Latchkey, type SessionOptions } from '../../lib/index.js';
import { RedisStore } from '../../lib/stores/redis/redis-store.js';
import { Clock } from '../lib/clock.js';
import { PATIENT } from '../support/patience.js';
import { startRedis } from '../support/redis-server.js';
import { basic, idInCookie, newLatchkey, type SessionApp, startSessionApp } from '../support/session-app.js';
import { SESSION_STORES, type SessionDatabase } from '../support/session-stores.js';
import { PASSWORD } from '../support/test-directory.js';
import { EXPRESS_VERSIONS } from './express-versions.js';

function dataOf(req: Request): Record<string, unknown> {
  return (req as unknown as { session: Record<string, unknown> }).session;
}

/** Routes of a host that keeps a shopping cart in `req.session`. */
function addCart(app: Express): void {
  const write: RequestHandler = (req, res) => {
    dataOf(req)[req.params.field as string] = req.params.value;
    res.json(req.params);
  };
  app.post('/cart/:field/:value', write);
  app.delete('/cart/:field', (req, res) => {
    delete dataOf(req)[req.params.field];
    res.end();
  });
  app.get('/cart', (req, res) => {
    const { cookie: _, ...data } = dataOf(req);
    res.json(data);
  });
}

describe.each(SESSION_STORES)('latchkey.session() on $name', ({ start }) => {
  describe.each(EXPRESS_VERSIONS)('with $name', ({ express }) => {
    let database: SessionDatabase;
    let clock: Clock;
    let closing: (() => Promise<void>)[] = [];

    beforeEach(async () => {
      clock = new Clock();
      database = await start(clock);
    });

    afterEach(async () => {
      for (const close of closing.reverse()) await close();
      closing = [];
      await database.stop();
    });

    async function startApp(session: Partial<SessionOptions> = {}): Promise<SessionApp> {
      const latchkey = newLatchkey({ store: await database.open(), now: clock.now, session });
      const app = await startSessionApp(latchkey, { express, isMounted: true, add: addCart });
      closing.push(async () => {
        await app.close();
        await latchkey.close();
      });
      return app;
    }

    const cart = async (app: SessionApp, cookie: string): Promise<unknown> =>
      JSON.parse((await app.call('GET', '/cart', { cookie })).body);

    /** A visitor who has put something into the cart before logging in. */
    async function visitor(app: SessionApp): Promise<string> {
      const { cookies } = await app.call('POST', '/cart/tea/2');
      return cookies[0]?.split(';')[0] ?? '';
    }

    it('keeps the data of a visitor, and sets no cookie for one who has none', async () => {
      const app = await startApp();
      expect((await app.call('GET', '/cart')).cookies).toEqual([]);
      const cookie = await visitor(app);
      expect(await cart(app, cookie)).toEqual({ tea: '2' });
      expect((await app.call('GET', '/me', { cookie })).status).toBe(401);
    });

    it('keeps the data of one who is logged in: added, changed, removed', async () => {
      const app = await startApp();
      const { headers, cookie } = await app.login('ada');
      expect(await cart(app, cookie)).toEqual({});
      await app.call('POST', '/cart/tea/2', headers);
      await app.call('POST', '/cart/milk/1', headers);
      await app.call('POST', '/cart/tea/3', headers);
      expect(await cart(app, cookie)).toEqual({ tea: '3', milk: '1' });
      await app.call('DELETE', '/cart/milk', headers);
      expect(await cart(app, cookie)).toEqual({ tea: '3' });
      expect(JSON.parse((await app.call('GET', '/me', headers)).body)).toMatchObject({ id: 'ada' });
    });

    it('lets HEAD through without a request id only where the host says so', async () => {
      for (const [safeMethodsWithoutRequestId, status] of [
        [true, 200],
        [false, 401],
      ] as const) {
        const app = await startApp({ safeMethodsWithoutRequestId });
        const { cookie } = await app.login('ada');
        expect((await app.call('HEAD', '/me', { cookie })).status).toBe(status);
      }
    });

    it('keeps the login whatever the host calls its fields', async () => {
      const app = await startApp();
      const { headers, cookie } = await app.login('ada');
      for (const field of ['login', 'userId', 'user', 'version', 'passport', 'kind', 'constructor']) {
        expect((await app.call('POST', `/cart/${field}/x`, headers)).status).toBe(200);
      }
      expect(await cart(app, cookie)).toMatchObject({ login: 'x', userId: 'x', user: 'x', version: 'x', kind: 'x' });
      expect((await app.call('GET', '/me', headers)).status).toBe(200);
    });

    it('sets no cookie again when the host changes data', async () => {
      const app = await startApp();
      const { headers } = await app.login('ada');
      expect((await app.call('POST', '/cart/tea/2', headers)).cookies).toEqual([]);
    });

    it('makes a new id at login, never takes one that was sent, and ends the session before it', async () => {
      const app = await startApp();
      const before = await visitor(app);
      const first = await app.login('ada', { headers: { cookie: before } });
      expect(first.sessionId).not.toBe(idInCookie(before));
      expect(await cart(app, before)).toEqual({});

      const second = await app.login('ada', { headers: first.headers });
      expect(second.sessionId).not.toBe(first.sessionId);
      expect(second.requestId).not.toBe(first.requestId);
      expect((await app.call('GET', '/me', first.headers)).status).toBe(401);
      expect((await app.call('GET', '/me', second.headers)).status).toBe(200);
      const alive = await app.latchkey.sessions?.list('ada');
      expect(alive?.map(({ id }) => id)).toEqual([second.session.id]);
    });

    it('begins empty at login', async () => {
      const app = await startApp();
      const { cookie } = await app.login('ada', { headers: { cookie: await visitor(app) } });
      expect(await cart(app, cookie)).toEqual({});
    });

    it('takes the data over at login with keepData, of a visitor or of the same user, never of another', async () => {
      const app = await startApp({ keepData: true });
      const before = await visitor(app);
      const ada = await app.login('ada', { headers: { cookie: before } });
      expect(await cart(app, ada.cookie)).toEqual({ tea: '2' });
      expect(await cart(app, before)).toEqual({});
      const again = await app.login('ada', { headers: ada.headers });
      expect(await cart(app, again.cookie)).toEqual({ tea: '2' });
      const bob = await app.login('bob', { headers: again.headers });
      expect(await cart(app, bob.cookie)).toEqual({});
      expect(JSON.parse((await app.call('GET', '/me', bob.headers)).body)).toMatchObject({ id: 'bob' });
      expect((await app.call('GET', '/me', ada.headers)).status).toBe(401);
    });

    it('leaves the session of the cookie alone when a token is asked for', async () => {
      const app = await startApp();
      const { headers } = await app.login('ada');
      const token = await app.login('ada', { token: true, headers });
      expect(token.reply.cookies).toEqual([]);
      expect((await app.call('GET', '/me', headers)).status).toBe(200);
      expect((await app.call('GET', '/me', token.headers)).status).toBe(200);
    });

    it('has ended the session when logout is answered, and clears the cookie', async () => {
      const app = await startApp();
      const { headers, cookie } = await app.login('ada');
      await app.call('POST', '/cart/tea/2', headers);
      const { status, cookies } = await app.call('DELETE', '/login', headers);
      expect(status).toBe(204);
      expect(cookies).toEqual(['sID=; Path=/; Expires=Thu, 01 Jan 1970 00:00:00 GMT; HttpOnly; SameSite=Lax']);
      expect((await app.call('GET', '/me', headers)).status).toBe(401);
      expect(await cart(app, cookie)).toEqual({});
    });

    it('tells who is logged in without `req.session` being touched, when a later request has none', async () => {
      const app = await startApp();
      const { headers, cookie } = await app.login('ada');
      expect(await cart(app, cookie)).toEqual({});
      const { status, body } = await app.call('GET', '/me', headers);
      expect({ status, credential: JSON.parse(body).credential.scheme }).toEqual({
        status: 200,
        credential: 'session-cookie',
      });
    });
  });
});

describe('latchkey.session()', () => {
  it('is one and the same at every call', () => {
    const latchkey = newLatchkey();
    expect(latchkey.session()).toBe(latchkey.session());
  });

  it('needs sessions', () => {
    const message = 'latchkey.session() needs the options users and session';
    expect(() => createLatchkey().session()).toThrow(new TypeError(message));
  });

  describe('when Redis refuses to write', () => {
    let latchkey: Latchkey;
    let app: SessionApp;
    let admin: Redis;
    let stop: () => Promise<void>;

    beforeAll(async () => {
      const server = await startRedis();
      admin = new Redis(server.url);
      const client = new Redis(server.url);
      latchkey = newLatchkey({ store: new RedisStore(client, PATIENT) });
      const add = (host: Express) => void host.use('/auth', adminRouter(latchkey));
      app = await startSessionApp(latchkey, { isMounted: true, add });
      stop = async () => {
        await app.close();
        await latchkey.close();
        for (const each of [client, admin]) each.disconnect();
        await server.stop();
      };
    });

    afterAll(() => stop());

    it('answers a login 503, and sets no cookie', async () => {
      await admin.config('SET', 'maxmemory', '1');
      const replies = [
        await app.call('POST', '/login', { 'x-user': 'ada' }),
        await app.call('POST', '/auth/sessions', { authorization: basic('ada', PASSWORD) }),
      ];
      await admin.config('SET', 'maxmemory', '0');
      for (const { status, cookies, body, headers } of replies) {
        expect({ status, cookies, retryAfter: headers['retry-after'] }).toEqual({
          status: 503,
          cookies: [],
          retryAfter: '1',
        });
        expect(JSON.parse(body)).toEqual({
          type: 'about:blank',
          title: 'Service Unavailable',
          status: 503,
          code: 'store_unavailable',
          detail: 'Credentials cannot be checked at the moment. Retry shortly.',
        });
      }
      expect(await latchkey.sessions?.list('ada')).toEqual([]);
    });

    it('answers a login 503 when only the session itself cannot be saved, and sets no cookie', async () => {
      await admin.call('ACL', 'SETUSER', 'default', '-set');
      const { status, cookies } = await app.call('POST', '/login', { 'x-user': 'ada' });
      await admin.call('ACL', 'SETUSER', 'default', '+set');
      expect({ status, cookies }).toEqual({ status: 503, cookies: [] });
      expect(await latchkey.sessions?.list('ada')).toEqual([]);
      expect((await app.login('ada')).reply.status).toBe(201);
    });
  });
});
