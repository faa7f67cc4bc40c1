import type { Express, Request } from 'express';
import { Redis } from 'ioredis';
import { adminRouter } from '../../admin-router/index.js';
import type { Latchkey } from '../../lib/index.js';
import { RedisStore } from '../../lib/stores/redis/redis-store.js';
import { until } from '../conformance/store-suite.js';
import { Clock } from '../lib/clock.js';
import { commandCounts } from '../support/command-counts.js';
import { PATIENT } from '../support/patience.js';
import { type RedisServer, startRedis } from '../support/redis-server.js';
import { basic, type LoggedIn, newLatchkey, type SessionApp, startSessionApp } from '../support/session-app.js';
import { REMEMBER_MS } from '../support/session-stores.js';
import { PASSWORD } from '../support/test-directory.js';

const IDLE_MS = 1_800_000;
const TOKEN_IDLE_MS = 600_000;
/** What may pass, on a busy machine, between an answer and the look at the TTL. */
const SLACK_MS = 5_000;

describe('sessions in Redis', () => {
  let server: RedisServer;
  let admin: Redis;
  let clock: Clock;
  let latchkey: Latchkey;
  let plain: SessionApp;
  let mounted: SessionApp;
  let stop: () => Promise<void>;

  beforeEach(async () => {
    server = await startRedis();
    admin = new Redis(server.url);
    clock = new Clock();
    const client = new Redis(server.url);
    const store = new RedisStore(client, { ...PATIENT, heartbeatMs: 60_000 });
    latchkey = newLatchkey({ store, now: clock.now, audit: { flushIntervalMs: 60_000 } }); // commands are counted
    const add = (app: Express) => {
      app.post('/data', (req, res) => {
        const data = (req as unknown as { session: Record<string, unknown> }).session;
        data.note = String(req.headers['x-note']);
        res.end();
      });
      app.get('/page', (req, res) => {
        res.json({ note: (req as Request & { session?: { note?: string } }).session?.note ?? null });
      });
      app.use('/auth', adminRouter(latchkey));
    };
    [plain, mounted] = await Promise.all([
      startSessionApp(latchkey, { add }),
      startSessionApp(latchkey, { isMounted: true, add }),
    ]);
    await until('the feed is live', () => store.changes.isLive);
    stop = async () => {
      for (const app of [plain, mounted]) await app.close();
      await latchkey.close();
      for (const each of [client, admin]) each.disconnect();
      await server.stop();
    };
  });

  afterEach(() => stop());

  const commandsOf = (action: () => Promise<unknown>) => commandCounts(admin, action);

  const keyOf = ({ session }: LoggedIn) => `latchkey:sess:{${session.id}}`;

  async function expectStatus(status: number, app: SessionApp, path: string, headers = {}, method = 'GET') {
    expect((await app.call(method, path, headers)).status).toBe(status);
  }

  describe('cost', () => {
    it('one GETEX for each request by session token, cookie, and cookie with latchkey.session(), that asks', async () => {
      const cookie = await plain.login('ada');
      const token = await plain.login('ada', { token: true });
      await plain.call('GET', '/me', cookie.headers); // the user is known from here on
      for (const app of [plain, mounted]) {
        for (const { headers } of [cookie, token]) {
          clock.advance(REMEMBER_MS);
          expect(await commandsOf(() => expectStatus(200, app, '/me', headers))).toEqual({ getex: 1 });
        }
      }
      const hundred = async () => {
        for (let n = 0; n < 100; n++) await expectStatus(200, mounted, '/me', cookie.headers);
      };
      expect(await commandsOf(hundred)).toEqual({ getex: 100 });
    });

    it('nothing for a session that was read just now, without latchkey.session()', async () => {
      for (const token of [false, true]) {
        const { headers } = await plain.login('ada', { token });
        await expectStatus(200, plain, '/me', headers);
        const soon = async () => {
          await expectStatus(200, plain, '/me', headers);
          clock.advance(REMEMBER_MS - 1);
          await expectStatus(200, plain, '/me', headers);
        };
        const later = async () => {
          clock.advance(1);
          await expectStatus(200, plain, '/me', headers);
          clock.advance(-1); // set back, it is no longer clear how long ago that was
          await expectStatus(200, plain, '/me', headers);
        };
        expect(await commandsOf(soon)).toEqual({});
        expect(await commandsOf(later)).toEqual({ getex: 2 });
      }
    });

    it('one GETEX for a page of the host’s that reads the session, logged in or not', async () => {
      const { cookie } = await mounted.login('ada');
      const visitor = (await mounted.call('POST', '/data', { 'x-note': 'hello' })).cookies[0]?.split(';')[0] ?? '';
      expect(await commandsOf(() => expectStatus(200, mounted, '/page', { cookie }))).toEqual({ getex: 1 });
      expect(await commandsOf(() => expectStatus(200, mounted, '/page', { cookie: visitor }))).toEqual({ getex: 1 });
    });

    it('nothing for a visitor without a session', async () => {
      for (const app of [plain, mounted]) {
        const visits = async () => {
          await expectStatus(200, app, '/page');
          await expectStatus(401, app, '/me');
          await expectStatus(401, app, '/me', { cookie: 'theme=dark' });
        };
        expect(await commandsOf(visits)).toEqual({});
      }
      expect(await admin.dbsize()).toBe(0);
    });

    it('nothing to write where nothing was changed; one script where it was', async () => {
      const { headers } = await mounted.login('ada');
      const change = (note: string) => () => mounted.call('POST', '/data', { ...headers, 'x-note': note });
      await change('zero')(); // the server knows the script from here on
      expect(await commandsOf(change('one'))).toEqual({ getex: 1, evalsha: 1, get: 1, set: 1 }); // two within the script
      expect(await commandsOf(change('one'))).toEqual({ getex: 1 });
      expect(JSON.parse((await mounted.call('GET', '/page', headers)).body)).toEqual({ note: 'one' });
    });

    it('one GETEX for a session that has ended, and nothing for one past its absolute end', async () => {
      const { headers, session } = await plain.login('ada');
      await latchkey.sessions?.end(session.id, 'ada');
      expect(await commandsOf(() => expectStatus(401, plain, '/me', headers))).toEqual({ getex: 1 });
      expect(await commandsOf(() => expectStatus(401, mounted, '/me', headers))).toEqual({ getex: 1 });
      clock.nowAt = session.expiresAt;
      expect(await commandsOf(() => expectStatus(401, plain, '/me', headers))).toEqual({});
      expect(await commandsOf(() => expectStatus(401, mounted, '/me', headers))).toEqual({});
    });
  });

  describe('sliding', () => {
    /** Puts the TTL at one minute, sends a request and tells what it is then. */
    async function slid(loggedIn: LoggedIn, request: () => Promise<unknown>): Promise<number> {
      expect(await admin.pexpire(keyOf(loggedIn), 60_000)).toBe(1);
      clock.advance(REMEMBER_MS);
      await request();
      return await admin.pttl(keyOf(loggedIn));
    }

    function expectLife(ttlMs: number, lifeMs: number): void {
      expect(ttlMs).toBeLessThanOrEqual(lifeMs);
      expect(ttlMs).toBeGreaterThan(lifeMs - SLACK_MS);
    }

    it('begins with the idle time', async () => {
      expectLife(await admin.pttl(keyOf(await plain.login('ada'))), IDLE_MS);
      expectLife(await admin.pttl(keyOf(await plain.login('ada', { token: true }))), TOKEN_IDLE_MS);
    });

    it('is done by every request of the session that asks: by cookie, by token, read, written, refused for its id', async () => {
      const cookie = await mounted.login('ada');
      const token = await mounted.login('ada', { token: true });
      const { headers } = cookie;
      for (const app of [plain, mounted]) {
        expectLife(await slid(cookie, () => expectStatus(200, app, '/me', headers)), IDLE_MS);
        expectLife(await slid(cookie, () => expectStatus(200, app, '/me', headers, 'POST')), IDLE_MS);
        expectLife(await slid(cookie, () => expectStatus(401, app, '/me', { cookie: cookie.cookie })), IDLE_MS);
        expectLife(await slid(cookie, () => expectStatus(200, app, '/auth/sessions', headers)), IDLE_MS);
        expectLife(await slid(cookie, () => expectStatus(200, app, '/auth/sessions/current', headers)), IDLE_MS);
        expectLife(await slid(token, () => expectStatus(200, app, '/me', token.headers)), TOKEN_IDLE_MS);
      }
      expectLife(await slid(cookie, () => expectStatus(200, mounted, '/page', headers)), IDLE_MS);
      expectLife(await slid(cookie, () => mounted.call('POST', '/data', { ...headers, 'x-note': 'a' })), IDLE_MS);
    });

    it('is not done by others who look at the session', async () => {
      const cookie = await plain.login('ada');
      const other = await plain.login('ada', { token: true });
      expectLife(await slid(cookie, () => expectStatus(200, plain, '/auth/sessions', other.headers)), 60_000);
      expectLife(await slid(cookie, async () => await latchkey.sessions?.find(cookie.session.id)), 60_000);
      expectLife(await slid(cookie, async () => await latchkey.sessions?.list('ada')), 60_000);
      const stranger = { authorization: basic('session_AAAAAAAAAAAAAAAA', cookie.sessionId) };
      await expectStatus(401, plain, '/me', stranger); // by the id in the cookie, as if it were a token
    });

    it('does not go beyond the absolute end', async () => {
      for (const isToken of [false, true]) {
        const loggedIn = await plain.login('ada', { token: isToken });
        clock.nowAt = loggedIn.session.expiresAt - 90_000;
        for (const app of [plain, mounted]) {
          expectLife(await slid(loggedIn, () => expectStatus(200, app, '/me', loggedIn.headers)), 90_000);
        }
        if (isToken) continue;
        const write = { ...loggedIn.headers, 'x-note': 'late' };
        expectLife(await slid(loggedIn, () => mounted.call('POST', '/data', write)), 90_000);
      }
    });

    it('holds the absolute end under constant traffic', async () => {
      const cookie = await mounted.login('ada');
      const token = await mounted.login('ada', { token: true });
      const { expiresAt } = cookie.session;
      clock.nowAt = expiresAt - 40_000;
      const beyond: number[] = [];
      let shortestMs = Number.POSITIVE_INFINITY;
      while (clock.nowAt < expiresAt) {
        const replies = await Promise.all([
          plain.call('GET', '/me', cookie.headers),
          mounted.call('POST', '/data', { ...cookie.headers, 'x-note': String(clock.nowAt) }),
          plain.call('GET', '/me', token.headers),
        ]);
        expect(replies.map(({ status }) => status)).toEqual([200, 200, 200]);
        for (const each of [cookie, token]) {
          const ttlMs = await admin.pttl(keyOf(each));
          if (ttlMs > expiresAt - clock.nowAt) beyond.push(ttlMs);
          shortestMs = Math.min(shortestMs, ttlMs);
        }
        clock.advance(400);
      }
      expect(beyond).toEqual([]);
      expect(shortestMs).toBeLessThanOrEqual(400);
      for (const app of [plain, mounted]) {
        for (const { headers } of [cookie, token]) await expectStatus(401, app, '/me', headers);
      }
    });
  });

  describe('a dump of Redis', () => {
    it('holds nothing that opens anything: no cookie, session id, token, request id, login token, password', async () => {
      const cookie = await mounted.login('ada');
      const token = await mounted.login('ada', { token: true });
      await mounted.call('POST', '/data', { ...cookie.headers, 'x-note': 'hello' });
      await plain.call('GET', '/me', { cookie: cookie.cookie, rid: 'A'.repeat(32) });
      await plain.call('POST', '/login', { 'x-user': 'nobody-with-this-name' });
      const login = await plain.call('POST', '/auth/login', { authorization: basic('ada', PASSWORD) });
      const { loginToken } = JSON.parse(login.body) as { loginToken: string };
      const visitor = (await mounted.call('POST', '/data', { 'x-note': 'visit' })).cookies[0]?.split(';')[0] ?? '';
      expect(loginToken).toMatch(/^.{43}$/);

      const dump = await dumpOf(admin);
      expect(dump).toContain('hello');
      expect(dump).toContain('visit');
      expect(dump).toContain(cookie.session.id);
      const secrets = [cookie.sessionId, token.sessionId, cookie.requestId, loginToken, PASSWORD, visitor];
      const parts = [
        ...secrets,
        ...secrets.map(encodeURIComponent),
        ...secrets.map((each) => each.split('.')[0] ?? ''),
      ];
      for (const secret of parts) expect(dump.includes(secret)).toBe(false);
      expect(dump.toLowerCase()).not.toContain(cookie.requestId.toLowerCase());
    });

    it('has a life on every key, so that nothing is left behind for ever', async () => {
      const { headers } = await mounted.login('ada');
      await mounted.login('ada', { token: true });
      await mounted.call('POST', '/data', { ...headers, 'x-note': 'hello' });
      await plain.call('GET', '/me', { ...headers, rid: 'wrong' });
      await plain.call('POST', '/auth/login', { authorization: basic('ada', PASSWORD) });
      await latchkey.userChanged('ada');
      const keys = await admin.keys('*');
      expect(keys.length).toBeGreaterThanOrEqual(6);
      const immortal = await Promise.all(keys.map(async (key) => ((await admin.pttl(key)) < 0 ? [key] : [])));
      expect(immortal.flat()).toEqual([]);
    });

    it('keeps the index of a user for as long as the longest session, whatever the clock of the server', async () => {
      const { session } = await plain.login('ada');
      const ttlMs = await admin.pttl('latchkey:user-sess:{ada}');
      expect(ttlMs).toBeLessThanOrEqual(session.expiresAt - clock.nowAt);
      expect(ttlMs).toBeGreaterThan(session.expiresAt - clock.nowAt - SLACK_MS);
    });

    it('is left with nothing of a session that was logged out', async () => {
      const { headers } = await mounted.login('bob');
      await mounted.call('DELETE', '/login', headers);
      const dump = await dumpOf(admin);
      expect(dump).not.toContain('sess:');
    });
  });
});

/** All keys and values, as text. */
async function dumpOf(admin: Redis): Promise<string> {
  const lines: string[] = [];
  for (const key of await admin.keys('*')) {
    const type = await admin.type(key);
    const read: Record<string, () => Promise<unknown>> = {
      string: () => admin.get(key),
      hash: () => admin.hgetall(key),
      zset: () => admin.zrange(key, '0', '-1', 'WITHSCORES'),
    };
    const value = read[type];
    if (value === undefined) throw new Error(`${key} is a ${type}: read it too`);
    lines.push(`${key} ${JSON.stringify(await value())}`);
  }
  return lines.join('\n');
}
