import { Redis } from 'ioredis';
import { MemoryStore, type Store } from '../../lib/index.js';
import { RedisStore } from '../../lib/stores/redis/redis-store.js';
import { Clock } from '../lib/clock.js';
import { type AdminApp, type Answer, startAdminApp } from '../support/admin-app.js';
import { PATIENT } from '../support/patience.js';
import { PASSWORD, People } from '../support/people.js';
import { type RedisServer, startRedis } from '../support/redis-server.js';
import { loginOptions, type SignedIn, signIn, signInForToken } from '../support/signed-in.js';

const CHALLENGES = 'ApiKey realm="api", header="X-API-Key", ApiKey realm="api", Basic realm="api", charset="UTF-8", ';
const CLEARED = 'sID=; Path=/; Expires=Thu, 01 Jan 1970 00:00:00 GMT; HttpOnly; SameSite=Lax';

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

describe.each<[string, (now: () => number) => Store]>([
  ['memory', (now) => new MemoryStore({ now })],
  ['redis', () => new RedisStore(client, { ...PATIENT, keyPrefix: `t${Math.random()}:` })],
])('the routes of /sessions on %s', (_name, makeStore) => {
  let clock: Clock;
  let people: People;
  let app: AdminApp;

  beforeEach(async () => {
    clock = new Clock();
    clock.nowAt = Date.now(); // Redis ends by its own clock
    const everything = [{ actions: ['*'] }];
    people = new People()
      .set('alice', { statements: [{ actions: ['orders:read', 'keys:manage-own'] }] })
      .set('bob')
      .set('root', { statements: everything })
      .set('stranger', { orgId: 'other', statements: everything });
    app = await startAdminApp({ ...loginOptions(people), store: makeStore(clock.now), now: clock.now });
  });
  afterEach(() => app.close());

  const call = (method: string, path: string, as: Record<string, string>, body?: unknown): Promise<Answer> =>
    app.call(method, path, null, body, as);
  const statusOf = async ({ headers }: SignedIn): Promise<number> => (await call('GET', '/whoami', headers)).status;
  const idsOf = ({ body }: Answer): unknown[] => body.items.map(({ id }) => id);

  it('lists one’s own, newest first, with when, where from and with what', async () => {
    const first = await app.call(
      'POST',
      '/sessions',
      null,
      { userName: 'alice', password: PASSWORD },
      { 'user-agent': `a browser ${'x'.repeat(300)}` },
    );
    clock.advance(1_000);
    const second = await signInForToken(app, 'alice');
    await signIn(app, 'bob');
    const { status, body } = await call('GET', '/sessions', second.headers);
    expect(status).toBe(200);
    expect(body.items.map(({ id, kind, isCurrent }) => [id, kind, isCurrent])).toEqual([
      [second.id, 'token', true],
      [first.body.id, 'cookie', false],
    ]);
    expect(body.items[1]).toEqual({
      id: first.body.id,
      userId: 'alice',
      orgId: 'acme',
      userName: 'alice',
      kind: 'cookie',
      address: '127.0.0.1',
      userAgent: `a browser ${'x'.repeat(190)}`,
      createdAt: new Date(clock.nowAt - 1_000).toISOString(),
      lastActivityAt: expect.any(String),
      idleExpiresAt: expect.any(String),
      expiresAt: new Date(clock.nowAt - 1_000 + 43_200_000).toISOString(),
      idleSeconds: 1_800,
      unsuccessfulSignInAttempts: 0,
      lastFailedSignInAt: null,
      isCurrent: false,
    });
    expect(JSON.stringify(body)).not.toContain(String(second.answer.body.sessionToken));
  });

  it('tells of the current one, with how often its request id was wrong', async () => {
    const alice = await signIn(app, 'alice');
    for (const rid of ['0'.repeat(32), 'x']) {
      expect((await call('GET', '/whoami', { ...alice.cookie, rid })).status).toBe(401);
    }
    const { status, body } = await call('GET', '/sessions/current', alice.headers);
    expect([status, body.id, body.isCurrent, body.requestIdFailures]).toEqual([200, alice.id, true, 2]);
  });

  it('logs out: token, cookie and request id are dead when the answer is there', async () => {
    const [browser, other] = [await signIn(app, 'alice'), await signIn(app, 'alice')];
    const answer = await call('DELETE', '/sessions/current', browser.headers);
    expect([answer.status, answer.text]).toEqual([204, '']);
    expect(answer.headers.get('clear-site-data')).toBe('"cache"');
    expect(answer.headers.get('cache-control')).toBe('no-store');
    expect(answer.headers.getSetCookie()).toEqual([CLEARED]);
    const dead = await call('GET', '/whoami', browser.headers);
    expect([dead.status, dead.headers.get('www-authenticate')]).toEqual([
      401,
      `${CHALLENGES}Cookie realm="api", name="sID", header="rID", error="invalid_token"`,
    ]);
    expect((await call('DELETE', '/sessions/current', browser.headers)).status).toBe(401);
    expect(await statusOf(other)).toBe(200);

    const script = await signInForToken(app, 'alice');
    const ended = await call('DELETE', '/sessions/current', script.headers);
    expect([ended.status, ended.headers.getSetCookie()]).toEqual([204, []]);
    expect(await statusOf(script)).toBe(401);
    expect(idsOf(await call('GET', '/sessions', other.headers))).toEqual([other.id]);
  });

  it('ends one, and it is dead when the answer is there', async () => {
    const [here, there] = [await signIn(app, 'alice'), await signInForToken(app, 'alice')];
    const answer = await call('DELETE', `/sessions/${there.id}`, here.headers);
    expect([answer.status, answer.text]).toEqual([204, '']);
    expect([await statusOf(there), await statusOf(here)]).toEqual([401, 200]);
    expect((await call('DELETE', `/sessions/${there.id}`, here.headers)).body).toMatchObject({ code: 'not_found' });
  });

  it('ends all but this one, or all', async () => {
    const here = await signIn(app, 'alice');
    const others = [await signIn(app, 'alice'), await signInForToken(app, 'alice'), await signIn(app, 'alice')];
    const bob = await signIn(app, 'bob');
    const answer = await call('DELETE', '/sessions?except=current', here.headers);
    expect([answer.status, answer.body]).toEqual([200, { ended: 3 }]);
    for (const other of others) expect(await statusOf(other)).toBe(401);
    expect(await statusOf(here)).toBe(200);
    expect((await call('DELETE', '/sessions', here.headers)).body).toEqual({ ended: 1 });
    expect([await statusOf(here), await statusOf(bob)]).toEqual([401, 200]);
  });

  it('does for another user what sessions:manage allows, inside the organisation', async () => {
    const [root, stranger] = [await signIn(app, 'root'), await signIn(app, 'stranger')];
    const victims = [await signIn(app, 'alice'), await signIn(app, 'alice'), await signIn(app, 'alice')];
    const listed = await call('GET', '/sessions?userId=alice', root.headers);
    expect(new Set(idsOf(listed))).toEqual(new Set(victims.map(({ id }) => id)));
    expect(listed.body.items.map(({ isCurrent }) => isCurrent)).toEqual([false, false, false]);
    expect((await call('GET', '/sessions?userId=alice', stranger.headers)).body.items).toEqual([]);
    expect((await call('DELETE', '/sessions?userId=alice', stranger.headers)).body).toEqual({ ended: 0 });
    expect((await call('DELETE', `/sessions/${victims[0]?.id}`, stranger.headers)).status).toBe(404);
    expect((await call('DELETE', `/sessions/${victims[0]?.id}`, root.headers)).status).toBe(204);
    expect((await call('DELETE', '/sessions?userId=alice', root.headers)).body).toEqual({ ended: 2 });
    for (const victim of victims) expect(await statusOf(victim)).toBe(401);
    expect(await statusOf(root)).toBe(200);
  });

  it('answers an unknown session, another’s and another organisation’s alike', async () => {
    const alice = await signIn(app, 'alice');
    const [bob, stranger] = [await signIn(app, 'bob'), await signIn(app, 'stranger')];
    const answers = [];
    for (const id of [bob.id, stranger.id, 'A'.repeat(43), 'x', '%7B%7D', 'a'.repeat(65)]) {
      const { status, text } = await call('DELETE', `/sessions/${id}`, alice.headers);
      answers.push(`${status} ${text}`);
    }
    expect(new Set(answers).size).toBe(1);
    expect(answers[0]).toMatch(/^404 .*"code":"not_found"/);
    expect([await statusOf(bob), await statusOf(stranger)]).toEqual([200, 200]);
  });

  it('makes the first API key of a user from cookie and request id', async () => {
    const alice = await signIn(app, 'alice');
    const made = await call('POST', '/api-keys', alice.headers, { name: 'first' });
    expect(made.status).toBe(201);
    expect(made.body).toMatchObject({ ownerId: 'alice', orgId: 'acme', createdBy: 'alice' });
    const who = await app.call('GET', '/whoami', made.body.token);
    expect([who.body.id, who.body.statements]).toEqual([
      'alice',
      [{ actions: ['orders:read', 'keys:manage-own'], resources: ['*'], workspace: '*', description: '' }],
    ]);
    const strong = await call('POST', '/api-keys', alice.headers, { name: 'x', statements: [{ actions: ['*'] }] });
    expect([strong.status, strong.body.code]).toEqual([403, 'forbidden']);
  });

  it('takes no write, and no read, with the cookie alone', async () => {
    const alice = await signIn(app, 'alice');
    const error = 'Cookie realm="api", name="sID", header="rID", error="invalid_request_id"';
    for (const [method, path, body] of [
      ['POST', '/api-keys', { name: 'x' }],
      ['DELETE', '/sessions', undefined],
      ['DELETE', '/sessions/current', undefined],
      ['GET', '/sessions', undefined],
    ] as const) {
      for (const rid of [undefined, '', 'x', 'A'.repeat(32)]) {
        const headers = { ...alice.cookie, ...(rid === undefined ? {} : { rid }) };
        const answer = await call(method, path, headers, body);
        expect([answer.status, answer.headers.get('www-authenticate')]).toEqual([401, CHALLENGES + error]);
        expect(answer.headers.getSetCookie()).toEqual([]);
      }
    }
    expect(await statusOf(alice)).toBe(200);
  });

  it('lets the owner and administrators see what sign-ins failed, and nobody else', async () => {
    const [alice, bob] = [await signIn(app, 'alice'), await signIn(app, 'bob')];
    const [root, stranger] = [await signIn(app, 'root'), await signIn(app, 'stranger')];
    const failedAt = clock.nowAt;
    for (let tries = 0; tries < 3; tries++) {
      await app.call('POST', '/login', null, { userName: 'ALICE', password: 'wrong' });
    }
    const path = '/sign-in-attempts?userName=alice';
    const told = { unsuccessfulSignInAttempts: 3, lastFailedSignInAt: new Date(failedAt).toISOString() };
    for (const each of [alice, root]) expect((await call('GET', path, each.headers)).body).toEqual(told);
    const hidden = [];
    for (const each of [bob, stranger]) hidden.push((await call('GET', path, each.headers)).text);
    hidden.push((await call('GET', '/sign-in-attempts?userName=nobody', root.headers)).text);
    hidden.push((await app.call('GET', path, (await app.key({ orgId: 'acme', actions: ['keys:read'] })).token)).text);
    expect(new Set(hidden).size).toBe(1);
    expect(JSON.parse(hidden[0] ?? '')).toMatchObject({ status: 404, code: 'not_found' });
    await signIn(app, 'alice');
    expect((await call('GET', path, alice.headers)).body).toEqual({
      unsuccessfulSignInAttempts: 0,
      lastFailedSignInAt: null,
    });
  });

  it('ends the sessions of a user who is disabled, once it is told', async () => {
    const [cookie, token] = [await signIn(app, 'alice'), await signInForToken(app, 'alice')];
    expect([await statusOf(cookie), await statusOf(token)]).toEqual([200, 200]);
    people.set('alice', { isEnabled: false });
    await app.latchkey.userChanged('alice');
    expect([await statusOf(cookie), await statusOf(token)]).toEqual([401, 401]);
    people.set('alice', { isEnabled: true });
    await app.latchkey.userChanged('alice');
    expect([await statusOf(cookie), await statusOf(token)]).toEqual([401, 401]);
  });

  it.each([
    ['GET', '/sessions?page=2'],
    ['GET', '/sessions?userId[a]=b'],
    ['DELETE', '/sessions?except=all'],
    ['DELETE', '/sessions?limit=1'],
    ['GET', '/sign-in-attempts'],
    ['GET', '/sign-in-attempts?userName='],
  ])('refuses the query of %s %s', async (method, path) => {
    const root = await signIn(app, 'root');
    const answer = await call(method, path, root.headers);
    expect([answer.status, answer.body.code]).toEqual([400, 'invalid_request']);
    expect(await statusOf(root)).toBe(200);
  });

  it.each([
    ['POST', '/sessions/current', 'GET, HEAD, DELETE, OPTIONS'],
    ['GET', `/sessions/${'A'.repeat(43)}`, 'DELETE, OPTIONS'],
    ['DELETE', '/sign-in-attempts', 'GET, HEAD, OPTIONS'],
  ])('tells what is allowed in place of %s %s', async (method, path, allow) => {
    const root = await signIn(app, 'root');
    const answer = await call(method, path, root.headers);
    expect([answer.status, answer.headers.get('allow'), answer.body.code]).toEqual([405, allow, 'method_not_allowed']);
  });
});
