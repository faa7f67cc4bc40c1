import { Redis } from 'ioredis';
import { MemoryStore, type Store } from '../../lib/index.js';
import { RedisStore } from '../../lib/stores/redis/redis-store.js';
import { Clock } from '../lib/clock.js';
import { type AdminApp, type Answer, startAdminApp } from '../support/admin-app.js';
import { PATIENT } from '../support/patience.js';
import { MFA_CODE, PASSWORD, People } from '../support/people.js';
import { type RedisServer, startRedis } from '../support/redis-server.js';
import { basic, cookieOf, loginOptions } from '../support/signed-in.js';

const REFUSED = {
  type: 'about:blank',
  title: 'Unauthorized',
  status: 401,
  code: 'unauthenticated',
  detail: 'Valid credentials are required.',
};

let server: RedisServer;
let client: Redis;

beforeAll(async () => {
  server = await startRedis();
  client = new Redis(server.url);
});
afterAll(async () => {
  client.disconnect();
  await server.stop();
});

/** An answer but for its date. */
function whole({ status, headers, text }: Answer): object {
  return { status, headers: [...headers].filter(([name]) => name !== 'date'), text };
}

describe.each<[string, (now: () => number) => Store]>([
  ['memory', (now) => new MemoryStore({ now })],
  ['redis', () => new RedisStore(client, { ...PATIENT, keyPrefix: `t${Math.random()}:` })],
])('logging in on %s', (_name, makeStore) => {
  let clock: Clock;
  let people: People;
  let app: AdminApp;

  beforeEach(async () => {
    clock = new Clock();
    people = new People().set('alice').set('mona', { requiresMfa: true }).set('dan', { isEnabled: false });
    app = await startAdminApp({ ...loginOptions(people), store: makeStore(clock.now), now: clock.now });
  });
  afterEach(() => app.close());

  const post = (path: string, body?: unknown, headers?: Record<string, string>) =>
    app.call('POST', path, null, body, headers);

  describe('POST /login', () => {
    it('answers a login token for user name and password, in the body or as Basic', async () => {
      for (const answer of [
        await post('/login', { userName: 'alice', password: PASSWORD }),
        await post('/login', { userName: 'alice', password: PASSWORD, tenant: 'acme' }),
        await post('/login', undefined, basic('alice', PASSWORD)),
        await post('/login', { tenant: 'acme' }, basic('alice', PASSWORD)),
      ]) {
        expect(answer.status).toBe(200);
        expect(answer.body).toEqual({
          loginToken: expect.stringMatching(/^[0-9A-Za-z]{43}$/),
          expiresAt: '2026-01-01T00:00:30.000Z',
        });
        expect(answer.headers.get('cache-control')).toBe('no-store');
        expect(answer.headers.getSetCookie()).toEqual([]);
      }
    });

    it('answers an unknown user, a wrong password, a wrong code and a disabled user alike, whole', async () => {
      const wrong = [
        { userName: 'nobody', password: PASSWORD },
        { userName: 'alice', password: 'wrong' },
        { userName: 'alice', password: PASSWORD, tenant: 'other' },
        { userName: 'mona', password: PASSWORD, mfaCode: '000000' },
        { userName: 'mona', password: 'wrong' },
        { userName: 'dan', password: PASSWORD },
        { userName: 'dan', password: 'wrong' },
      ];
      const answers: Answer[] = [];
      for (const path of ['/login', '/sessions']) {
        for (const login of wrong) answers.push(await post(path, login));
        answers.push(await post(path, undefined, basic('nobody', PASSWORD)));
        answers.push(await post(path, undefined, basic('alice', 'wrong')));
      }
      expect(answers[0]?.body).toEqual(REFUSED);
      for (const answer of answers) expect(whole(answer)).toEqual(whole(answers[0] as Answer));
    });

    it('tells with every 401 how to authenticate, in no way for which a browser would ask by itself', async () => {
      const challenge = 'Cookie realm="api", name="sID", header="rID"';
      for (const path of ['/login', '/sessions']) {
        for (const [login, headers] of [
          [{ userName: 'alice', password: 'wrong' }, {}],
          [{ userName: 'mona', password: PASSWORD }, {}],
          [undefined, basic('alice', 'wrong')],
        ] as const) {
          const answer = await post(path, login, headers);
          expect([answer.status, answer.headers.get('www-authenticate')]).toEqual([401, challenge]);
        }
      }
      const exchange = await post('/sessions', { loginToken: 'L'.repeat(43) });
      expect([exchange.status, exchange.headers.get('www-authenticate')]).toEqual([401, challenge]);
      const wrong = await post('/login', { userName: 'alice' });
      expect([wrong.status, wrong.headers.get('www-authenticate')]).toEqual([400, null]);
    });

    it('asks for a code where the user has a second factor, and takes it with the next try', async () => {
      const login = { userName: 'mona', password: PASSWORD };
      for (const path of ['/login', '/sessions']) {
        expect((await post(path, login)).body).toEqual({
          ...REFUSED,
          code: 'mfa_required',
          detail: 'A code of the second factor is required.',
        });
        expect((await post(path, { ...login, mfaCode: MFA_CODE })).status).toBe(path === '/login' ? 200 : 201);
        expect((await post(path, { mfaCode: MFA_CODE }, basic('mona', PASSWORD))).status).toBe(
          path === '/login' ? 200 : 201,
        );
      }
    });

    it('is 429 with Retry-After after ten failures, for a right password too, on both routes', async () => {
      const refused = whole(await post('/login', { userName: 'Alice', password: 'wrong' }));
      for (let tries = 1; tries < 10; tries++) {
        const path = tries % 2 ? '/sessions' : '/login';
        expect(whole(await post(path, { userName: 'alice', password: 'wrong' }))).toEqual(refused);
      }
      people.calls.splice(0);
      for (const answer of [
        await post('/login', { userName: 'alice', password: 'wrong' }),
        await post('/login', { userName: 'alice', password: PASSWORD }),
        await post('/sessions', { userName: 'ALICE', password: PASSWORD }),
        await post('/sessions', undefined, basic('alice', PASSWORD)),
      ]) {
        expect([answer.status, answer.headers.get('retry-after')]).toEqual([429, '10']);
        expect(answer.body).toEqual({
          type: 'about:blank',
          title: 'Too Many Requests',
          status: 429,
          code: 'too_many_attempts',
          detail: 'Too many failed attempts. Wait, then retry.',
        });
      }
      expect(people.calls.filter((call) => call !== 'findByUserName')).toEqual([]);
    });
  });

  describe('POST /sessions', () => {
    const COOKIE = {
      id: expect.stringMatching(/^[\w-]{43}$/),
      userId: 'alice',
      orgId: 'acme',
      userName: 'alice',
      kind: 'cookie',
      address: '127.0.0.1',
      userAgent: 'test',
      createdAt: '2026-01-01T00:00:00.000Z',
      lastActivityAt: '2026-01-01T00:00:00.000Z',
      idleExpiresAt: '2026-01-01T00:30:00.000Z',
      expiresAt: '2026-01-01T12:00:00.000Z',
      idleSeconds: 1_800,
      unsuccessfulSignInAttempts: 0,
      lastFailedSignInAt: null,
    };

    it('begins a session with a login token: once', async () => {
      const { body } = await post('/login', { userName: 'alice', password: PASSWORD });
      const { loginToken } = body;
      const answer = await post('/sessions', { loginToken }, { 'user-agent': 'test' });
      expect(answer.status).toBe(201);
      expect(answer.body).toEqual({ ...COOKIE, requestId: expect.stringMatching(/^[0-9A-F]{32}$/) });
      expect(answer.headers.getSetCookie()).toEqual([
        expect.stringMatching(/^sID=s%3A[\w.%+-]+; Path=\/; HttpOnly; SameSite=Lax$/),
      ]);
      expect(answer.text).not.toContain(cookieOf(answer).slice(10, 40));
      const again = await post('/sessions', { loginToken });
      expect([again.body, again.headers.getSetCookie()]).toEqual([REFUSED, []]);
    });

    it('has exactly one winner of 20 exchanges of one token at once', async () => {
      const { body } = await post('/login', { userName: 'alice', password: PASSWORD });
      const { loginToken } = body;
      const answers = await Promise.all(Array.from({ length: 20 }, () => post('/sessions', { loginToken })));
      expect(answers.map(({ status }) => status).toSorted()).toEqual([201, ...new Array(19).fill(401)]);
    });

    it('takes user name and password at once, in the body or as Basic', async () => {
      for (const answer of [
        await post('/sessions', { userName: 'alice', password: PASSWORD }, { 'user-agent': 'test' }),
        await post('/sessions', {}, { ...basic('alice', PASSWORD), 'user-agent': 'test' }),
        await post('/sessions', undefined, { ...basic('alice', PASSWORD), 'user-agent': 'test' }),
      ]) {
        expect(answer.status).toBe(201);
        expect(answer.body).toEqual({ ...COOKIE, requestId: expect.stringMatching(/^[0-9A-F]{32}$/) });
      }
    });

    it('answers a session token for Basic in place of a cookie, when asked', async () => {
      const answer = await post(
        '/sessions',
        { userName: 'alice', password: PASSWORD, token: true },
        { 'user-agent': 'test' },
      );
      expect(answer.status).toBe(201);
      expect(answer.body).toEqual({
        ...COOKIE,
        kind: 'token',
        idleSeconds: 600,
        idleExpiresAt: '2026-01-01T00:10:00.000Z',
        authUsername: expect.stringMatching(/^session_[\w-]{16}$/),
        sessionToken: expect.any(String),
      });
      expect(answer.headers.getSetCookie()).toEqual([]);
      const who = basic(String(answer.body.authUsername), String(answer.body.sessionToken));
      expect((await app.call('GET', '/whoami', null, undefined, who)).body).toMatchObject({ id: 'alice' });
    });

    it('tells what failed before', async () => {
      await post('/login', { userName: 'alice', password: 'wrong' });
      clock.advance(1_000);
      const { loginToken } = (await post('/login', { userName: 'alice', password: PASSWORD })).body;
      const failed = { unsuccessfulSignInAttempts: 1, lastFailedSignInAt: '2026-01-01T00:00:00.000Z' };
      expect((await post('/sessions', { loginToken })).body).toMatchObject(failed);
    });

    it('makes a session shorter when asked, and never longer', async () => {
      const login = { userName: 'alice', password: PASSWORD };
      const short = await post('/sessions', { ...login, idleSeconds: 60, absoluteSeconds: 90 });
      expect(short.body).toMatchObject({
        idleSeconds: 60,
        idleExpiresAt: '2026-01-01T00:01:00.000Z',
        expiresAt: '2026-01-01T00:01:30.000Z',
      });
      for (const [fields, path, message] of [
        [{ idleSeconds: 1_801 }, 'idleSeconds', 'must be a whole number of seconds from 1 to 1800'],
        [{ idleSeconds: 601, token: true }, 'idleSeconds', 'must be a whole number of seconds from 1 to 600'],
        [{ absoluteSeconds: 43_201 }, 'absoluteSeconds', 'must be a whole number of seconds from 1 to 43200'],
      ] as const) {
        const { status, body, headers } = await post('/sessions', { ...login, ...fields });
        expect([status, body.code, body.errors]).toEqual([400, 'invalid_request', [{ path, message }]]);
        expect(body.detail).toBe(`The request is not valid: ${path} ${message}`);
        expect(headers.getSetCookie()).toEqual([]);
      }
    });
  });

  it.each<[string, string, unknown, Record<string, string>, string]>([
    ['/login', 'nothing', undefined, {}, 'userName'],
    ['/login', 'no password', { userName: 'alice' }, {}, 'password'],
    ['/login', 'no user name', { password: PASSWORD }, {}, 'userName'],
    ['/login', 'an empty name', { userName: '', password: PASSWORD }, {}, 'userName'],
    ['/login', 'an unknown field', { userName: 'alice', password: PASSWORD, remember: true }, {}, 'remember'],
    ['/login', 'a session’s field', { userName: 'alice', password: PASSWORD, token: true }, {}, 'token'],
    ['/login', 'a name of 257 characters', { userName: 'a'.repeat(257), password: PASSWORD }, {}, 'userName'],
    ['/login', 'a password of 1,025 characters', { userName: 'alice', password: 'a'.repeat(1_025) }, {}, 'password'],
    ['/login', 'a password of 1,025 characters as Basic', {}, basic('alice', 'a'.repeat(1_025)), 'password'],
    ['/login', 'no name as Basic', {}, basic('', PASSWORD), 'userName'],
    ['/login', 'no password as Basic', {}, basic('alice', ''), 'password'],
    ['/login', 'a long name as Basic', {}, basic('a'.repeat(257), PASSWORD), 'userName'],
    ['/login', 'Basic without a colon', {}, { authorization: 'Basic YWxpY2U=' }, 'userName'],
    ['/login', 'Basic that is no base64', {}, { authorization: 'Basic ***' }, 'userName'],
    ['/login', 'another scheme', {}, { authorization: 'Bearer x' }, 'userName'],
    ['/sessions', 'neither token nor password', {}, {}, 'userName'],
    ['/sessions', 'token and name', { loginToken: 'x', userName: 'alice' }, {}, 'userName'],
    ['/sessions', 'token and password', { loginToken: 'x', password: PASSWORD }, {}, 'password'],
    ['/sessions', 'token and code', { loginToken: 'x', mfaCode: '1' }, {}, 'mfaCode'],
    ['/sessions', 'a long token', { loginToken: 'x'.repeat(65) }, {}, 'loginToken'],
    ['/sessions', 'no time', { userName: 'alice', password: PASSWORD, idleSeconds: 0 }, {}, 'idleSeconds'],
    ['/sessions', 'half a second', { userName: 'alice', password: PASSWORD, idleSeconds: 0.5 }, {}, 'idleSeconds'],
    ['/sessions', 'a long code', { userName: 'a', password: PASSWORD, mfaCode: '1'.repeat(65) }, {}, 'mfaCode'],
    ['/sessions', 'a long tenant', { userName: 'a', password: PASSWORD, tenant: 't'.repeat(129) }, {}, 'tenant'],
  ])('POST %s with %s is 400 and names the field', async (path, _what, body, headers, field) => {
    const answer = await post(path, body, headers);
    expect([answer.status, answer.body.code, answer.body.errors[0]?.path]).toEqual([400, 'invalid_request', field]);
    expect(people.calls).toEqual([]);
    expect(answer.text).not.toContain(PASSWORD);
  });

  it('takes a password of 1,024 characters', async () => {
    const password = 'ä'.repeat(1_024);
    people.set('alice', { password });
    expect((await post('/login', { userName: 'alice', password })).status).toBe(200);
    people.set('alice', { password: 'a:'.repeat(512) });
    expect((await post('/login', {}, basic('alice', 'a:'.repeat(512)))).status).toBe(200);
  });

  it.each(['/login', '/sessions'])('refuses for POST %s what the other routes refuse', async (path) => {
    const login = JSON.stringify({ userName: 'alice', password: PASSWORD });
    const plain = await post(path, login, { 'content-type': 'text/plain' });
    expect([plain.status, plain.body.code]).toEqual([415, 'unsupported_media_type']);
    const big = await post(path, { userName: 'alice', password: 'x'.repeat(70_000) });
    expect([big.status, big.body.code]).toEqual([413, 'payload_too_large']);
    const half = await post(path, '{"userName":');
    expect([half.status, half.body.code]).toEqual([400, 'invalid_request']);
    const { token } = await app.key({ actions: ['*'] });
    const put = await app.call('PUT', path, token);
    const allow = path === '/login' ? 'POST, OPTIONS' : 'POST, GET, HEAD, DELETE, OPTIONS';
    expect([put.status, put.headers.get('allow'), put.body.code]).toEqual([405, allow, 'method_not_allowed']);
    expect((await app.call('OPTIONS', path, null)).headers.get('allow')).toBe(allow);
  });

  it.each<[string, (typed: string) => Promise<never>]>([
    ['rejects with what was typed', (typed) => Promise.reject(new Error(`bind failed: ${typed} ${PASSWORD}`))],
    [
      'throws what was typed',
      (typed) => {
        throw new Error(`${typed} ${PASSWORD}`);
      },
    ],
  ])('is 503 when the directory %s, and tells nobody of it', async (_what, fault) => {
    const logged = (['log', 'info', 'warn', 'error'] as const).map((method) =>
      jest.spyOn(console, method).mockImplementation(() => {}),
    );
    const events: unknown[] = [];
    app.latchkey.on('*', (event) => events.push(event));
    people.faults = { verifyPassword: fault };
    for (const path of ['/login', '/sessions']) {
      const answer = await post(path, { userName: 'alice', password: PASSWORD });
      expect([answer.status, answer.headers.get('retry-after')]).toEqual([503, '1']);
      expect(answer.body).toEqual({
        type: 'about:blank',
        title: 'Service Unavailable',
        status: 503,
        code: 'store_unavailable',
        detail: 'Credentials cannot be checked at the moment. Retry shortly.',
      });
      const lines = logged.flatMap(({ mock }) => mock.calls);
      expect(JSON.stringify([whole(answer), events, lines])).not.toContain(PASSWORD);
    }
    jest.restoreAllMocks();
  });
});

it('without the options users and session there are no such routes', async () => {
  const app = await startAdminApp();
  const login = { userName: 'alice', password: PASSWORD };
  const answers = [await app.call('POST', '/login', null, login), await app.call('POST', '/sessions', null, login)];
  await app.close();
  expect(answers.map(({ status }) => status)).toEqual([404, 404]);
  expect(answers[0]?.text).toContain('Cannot POST /auth/login');
});
