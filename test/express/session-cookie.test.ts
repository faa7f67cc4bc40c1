import { sign } from 'cookie-signature';
import type { Express, Request } from 'express';
import { Redis } from 'ioredis';
import { createLatchkey, MemoryStore, type SessionOptions } from '../../lib/index.js';
import { RedisStore } from '../../lib/stores/redis/redis-store.js';
import { until } from '../conformance/store-suite.js';
import { PATIENT } from '../support/patience.js';
import { type RedisServer, startRedis } from '../support/redis-server.js';
import { idInCookie, newLatchkey, SECRET, type SessionApp, startSessionApp } from '../support/session-app.js';
import { TestDirectory } from '../support/test-directory.js';

const BEHIND_TLS = { 'x-forwarded-proto': 'https' };
const OTHER_SECRET = 'the secret that comes after it, as long';
/** Letters, digits and what belongs to an id and its signature, percent-encoded. */
const VALUE = 's%3A[0-9A-Za-z]{43}\\.[0-9a-z]+\\.[0-9a-z]+\\.[0-9A-Za-z%]+';

describe('the session cookie', () => {
  let closing: (() => Promise<void>)[] = [];

  afterEach(async () => {
    for (const close of closing.reverse()) await close();
    closing = [];
  });

  async function startApp(
    session: Partial<SessionOptions> = {},
    { isMounted = false, add }: { isMounted?: boolean; add?: (app: Express) => void } = {},
  ): Promise<SessionApp> {
    const latchkey = newLatchkey({ session });
    const app = await startSessionApp(latchkey, { isMounted, ...(add && { add }) });
    closing.push(async () => {
      await app.close();
      await latchkey.close();
    });
    return app;
  }

  const trustProxy = (app: Express): void => {
    app.set('trust proxy', 1);
    app.get('/visit', (req, res) => {
      (req as Request & { session: Record<string, unknown> }).session.visited = true;
      res.end();
    });
  };

  describe.each([false, true])('latchkey.session() mounted: %s', (isMounted) => {
    it('is bound to the host, Secure, HttpOnly and Lax unless told otherwise', async () => {
      const app = await startApp({ cookie: {} }, { isMounted, add: trustProxy });
      const { reply } = await app.login('ada', { headers: BEHIND_TLS });
      expect(reply.cookies).toEqual([
        expect.stringMatching(new RegExp(`^__Host-sID=${VALUE}; Path=/; HttpOnly; Secure; SameSite=Lax$`)),
      ]);
    });

    it.each<[SessionOptions['cookie'], string]>([
      [{ secure: false }, `^sID=${VALUE}; Path=/; HttpOnly; SameSite=Lax$`],
      [{ path: '/login' }, `^sID=${VALUE}; Path=/login; HttpOnly; Secure; SameSite=Lax$`],
      [{ sameSite: 'strict' }, `^__Host-sID=${VALUE}; Path=/; HttpOnly; Secure; SameSite=Strict$`],
      [{ sameSite: 'none', name: 'app' }, `^app=${VALUE}; Path=/; HttpOnly; Secure; SameSite=None$`],
    ])('has the attributes of %j', async (cookie, expected) => {
      const app = await startApp({ ...(cookie && { cookie }) }, { isMounted, add: trustProxy });
      const { cookies } = await app.call('POST', '/login', { ...BEHIND_TLS, 'x-user': 'ada' });
      expect(cookies).toEqual([expect.stringMatching(new RegExp(expected))]);
    });

    it('is cleared at logout with the attributes that it was set with', async () => {
      const app = await startApp({ cookie: {} }, { isMounted, add: trustProxy });
      const { reply, requestId } = await app.login('ada', { headers: BEHIND_TLS });
      const cookie = reply.cookies[0]?.split(';')[0] ?? '';
      const { status, cookies } = await app.call('DELETE', '/login', { ...BEHIND_TLS, cookie, rid: requestId });
      expect(status).toBe(204);
      expect(cookies).toEqual([
        '__Host-sID=; Path=/; Expires=Thu, 01 Jan 1970 00:00:00 GMT; HttpOnly; Secure; SameSite=Lax',
      ]);
    });

    it('comes with XSRF-TOKEN, readable by scripts, where the host has chosen it; logout clears both', async () => {
      const app = await startApp({ cookie: {}, xsrfCookie: true }, { isMounted, add: trustProxy });
      const { reply, requestId } = await app.login('ada', { headers: BEHIND_TLS });
      const [cookie = '', xsrf] = reply.cookies;
      expect(cookie).toMatch(/^__Host-sID=/);
      expect(xsrf).toBe(`XSRF-TOKEN=${requestId}; Path=/; Secure; SameSite=Lax`);
      const headers = { ...BEHIND_TLS, cookie: cookie.split(';')[0] ?? '', 'x-xsrf-token': requestId };
      expect((await app.call('DELETE', '/login', headers)).cookies).toEqual([
        '__Host-sID=; Path=/; Expires=Thu, 01 Jan 1970 00:00:00 GMT; HttpOnly; Secure; SameSite=Lax',
        'XSRF-TOKEN=; Path=/; Expires=Thu, 01 Jan 1970 00:00:00 GMT; Secure; SameSite=Lax',
      ]);
    });

    it('is not handed out over plain HTTP: the login fails with an error that says how to mend it', async () => {
      const errors: unknown[] = [];
      const latchkey = newLatchkey({ session: { cookie: {} } });
      const add = (host: Express) => {
        host.post('/try', async (req, res) => {
          const user = { id: 'ada', orgId: null, userName: 'ada', isEnabled: true };
          const who = { user, failed: { count: 0, lastAt: null } };
          await latchkey.sessions?.start(req, res, who).catch((error: unknown) => errors.push(error));
          res.status(500).end();
        });
      };
      const app = await startSessionApp(latchkey, { isMounted, add });
      closing.push(() => app.close());
      // Without `trust proxy` the header is worth nothing: anybody can send it.
      for (const headers of [{}, BEHIND_TLS]) {
        expect((await app.call('POST', '/try', headers)).cookies).toEqual([]);
      }
      const message =
        'The session cookie is Secure, but the request did not come over TLS. Serve over TLS, or set "trust proxy" ' +
        'behind a proxy that does, or for development on localhost: session.cookie.secure = false';
      expect(errors).toEqual([new Error(message), new Error(message)]);
      expect(await latchkey.sessions?.list('ada')).toEqual([]);
      expect((await app.login('ada', { token: true })).sessionId).not.toBe('');
    });

    it('is signed with the first secret of a list, and taken with any', async () => {
      const store = new MemoryStore();
      const open = async (secret: string | readonly string[]) => {
        const latchkey = newLatchkey({ store, session: { secret } });
        const app = await startSessionApp(latchkey, { isMounted });
        closing.push(() => app.close());
        return app;
      };
      const before = await open(SECRET);
      const during = await open([OTHER_SECRET, SECRET]);
      const after = await open(OTHER_SECRET);
      const old = await before.login('ada');
      const fresh = await during.login('ada');
      const statuses = async (app: SessionApp) => [
        (await app.call('GET', '/me', old.headers)).status,
        (await app.call('GET', '/me', fresh.headers)).status,
      ];
      expect(await statuses(before)).toEqual([200, 401]);
      expect(await statuses(during)).toEqual([200, 200]);
      expect(await statuses(after)).toEqual([401, 200]);
      expect(decodeURIComponent(fresh.cookie)).toBe(`sID=s:${sign(fresh.sessionId, OTHER_SECRET)}`);
    });
  });

  it('of a visitor has the same attributes, set by latchkey.session()', async () => {
    const app = await startApp({ cookie: {} }, { isMounted: true, add: trustProxy });
    const { cookies } = await app.call('GET', '/visit', BEHIND_TLS);
    expect(cookies).toEqual([
      expect.stringMatching(new RegExp(`^__Host-sID=${VALUE}; Path=/; HttpOnly; Secure; SameSite=Lax$`)),
    ]);
  });

  it('carries only the times of the session besides its secret', async () => {
    const app = await startApp();
    const { cookie, session } = await app.login('ada');
    const [, end = '', idle = ''] = idInCookie(cookie).split('.');
    expect(Number.parseInt(end, 36)).toBe(Math.floor(session.expiresAt / 1_000));
    expect(Number.parseInt(idle, 36)).toBe(session.idleMs / 1_000);
  });

  describe('that is bad', () => {
    let server: RedisServer;
    let admin: Redis;
    let apps: SessionApp[];
    let stop: () => Promise<void>;

    beforeAll(async () => {
      server = await startRedis();
      admin = new Redis(server.url);
      const client = new Redis(server.url);
      const store = new RedisStore(client, { ...PATIENT, heartbeatMs: 60_000 });
      const latchkey = newLatchkey({ store });
      apps = await Promise.all([false, true].map((isMounted) => startSessionApp(latchkey, { isMounted })));
      await until('the feed is live', () => store.changes.isLive);
      stop = async () => {
        for (const app of apps) await app.close();
        await latchkey.close();
        for (const each of [client, admin]) each.disconnect();
        await server.stop();
      };
    });

    afterAll(() => stop());

    const signedBy = (id: string, secret: string) => `sID=${encodeURIComponent(`s:${sign(id, secret)}`)}`;

    it.each<[string, (id: string, cookie: string) => string]>([
      ['signed with another secret', (id) => signedBy(id, OTHER_SECRET)],
      ['truncated', (_, cookie) => cookie.slice(0, -3)],
      ['unsigned', (id) => `sID=${id}`],
      ['unsigned, in the form of a signed one', (id) => `sID=s%3A${id}`],
      ['huge', (id, cookie) => `${cookie}${id.repeat(100)}`],
      ['of another form, signed', () => signedBy('x', SECRET)],
      ['of another form, signed, with the characters of a key', () => signedBy('a}{:*', SECRET)],
      ['past its end', (id) => signedBy(id.replace(/\..*/, '.1.dw0'), SECRET)],
      ['without an idle time', (id) => signedBy(id.replace(/[^.]*$/, '0'), SECRET)],
      ['under another name', (_, cookie) => cookie.replace('sID', 'SID')],
      ['empty', () => 'sID='],
    ])('%s: it is refused without any command to Redis', async (_, spoil) => {
      for (const app of apps) {
        const { sessionId, cookie, requestId } = await app.login('ada');
        const bad = { cookie: spoil(sessionId, cookie), rid: requestId };
        await admin.config('RESETSTAT');
        const { status, body } = await app.call('GET', '/me', bad);
        const stats = await admin.info('commandstats');
        const calls = [...stats.matchAll(/cmdstat_(\S+?):/g)].map(([, name]) => name);
        expect({ status, body }).toEqual({ status: 401, body: 'Unauthorized' });
        expect(calls.filter((name) => name !== 'config|resetstat' && name !== 'info')).toEqual([]);
      }
    });
  });

  describe('as an option', () => {
    const build = (session: object) => () =>
      createLatchkey({ users: new TestDirectory(), session: { secret: SECRET, ...session } });
    const TOO_SHORT = 'session.secret must have at least 32 characters; make one with: openssl rand -base64 32';

    it.each<[string, object, string]>([
      ['a short secret', { secret: 'x'.repeat(31) }, TOO_SHORT],
      ['no secret', { secret: undefined }, TOO_SHORT],
      ['an empty list', { secret: [] }, TOO_SHORT],
      ['a short secret in a list', { secret: [SECRET, 'short'] }, TOO_SHORT],
      [
        '__Host- without Secure',
        { cookie: { name: '__Host-x', secure: false } },
        'session.cookie.name may begin with __Host- only with secure: true and path: "/"',
      ],
      [
        '__Host- with a path',
        { cookie: { name: '__Host-x', path: '/app' } },
        'session.cookie.name may begin with __Host- only with secure: true and path: "/"',
      ],
      [
        'none without Secure',
        { cookie: { sameSite: 'none', secure: false } },
        'session.cookie.sameSite "none" needs secure: true',
      ],
      ['a header that is none', { requestIdHeader: 'r id' }, 'session.requestIdHeader must be a header name'],
    ])('refuses %s', (_, session, message) => {
      expect(build(session)).toThrow(new TypeError(message));
    });

    it('takes frozen options', () => {
      const cookie = Object.freeze({ secure: false });
      expect(build(Object.freeze({ secret: Object.freeze([SECRET]), cookie }))).not.toThrow();
    });
  });
});
