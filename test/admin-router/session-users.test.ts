import { Redis } from 'ioredis';
import { FULL_ACCESS, MemoryStore, type Store } from '../../lib/index.js';
import { RedisStore } from '../../lib/stores/redis/redis-store.js';
import { Clock } from '../lib/clock.js';
import { type AdminApp, type Answer, startAdminApp } from '../support/admin-app.js';
import { PATIENT } from '../support/patience.js';
import { People } from '../support/people.js';
import { type RedisServer, startRedis } from '../support/redis-server.js';
import { loginOptions, signIn, signInForToken } from '../support/signed-in.js';

/** What may pass, on a busy machine, between a login and the look at the list. */
const SLACK_MS = 60_000;

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
])('the users who are logged in, on %s', (_name, makeStore) => {
  let clock: Clock;
  let app: AdminApp;
  let people: People;
  /** May manage the sessions of acme, and of other; may do everything but that. */
  let manager: string;
  let stranger: string;
  let plain: string;

  beforeEach(async () => {
    clock = new Clock();
    clock.nowAt = Date.now(); // Redis ends by its own clock
    const statements = [FULL_ACCESS];
    people = new People().set('alice').set('bob').set('eve', { orgId: 'other' });
    people.set('root', { statements }).set('other-root', { orgId: 'other', statements });
    const users = loginOptions(people);
    const lockout = { addressLimit: 1_000_000 };
    app = await startAdminApp({ ...users, lockout, store: makeStore(clock.now), now: clock.now });
    const sessions = { ownerId: 'root', actions: ['sessions:manage'] };
    manager = (await app.key({ ...sessions, orgId: 'acme' })).token;
    stranger = (await app.key({ ...sessions, ownerId: 'other-root', orgId: 'other' })).token;
    const actions = ['keys:*', 'policies:*', 'audit:read', 'session-keys:issue'];
    plain = (await app.key({ ownerId: 'root', orgId: 'acme', actions })).token;
  });
  afterEach(() => app.close());

  const list = (as: string, query = ''): Promise<Answer> => app.call('GET', `/sessions/users${query}`, as);
  const namesOf = async (as: string) => (await list(as)).body.items.map(({ userId }) => userId);

  it('are told with how many sessions they have, and when they last did anything', async () => {
    expect((await list(manager)).body).toEqual({ items: [], nextCursor: null });
    const first = await signIn(app, 'alice');
    await signIn(app, 'bob');
    clock.advance(1_000);
    people.set('alice', { userName: 'Alice Liddell' });
    await signInForToken(app, 'Alice Liddell');
    const { status, body } = await list(manager);
    expect([status, body.nextCursor]).toEqual([200, null]);
    const told = { userId: 'alice', userName: 'Alice Liddell', sessions: 2, lastActivityAt: expect.any(String) };
    expect(body.items).toEqual([told, { ...told, userId: 'bob', userName: 'bob', sessions: 1 }]);
    for (const { lastActivityAt } of body.items) {
      const at = Date.parse(String(lastActivityAt));
      expect(at).toBeLessThanOrEqual(clock.nowAt);
      expect(at).toBeGreaterThan(clock.nowAt - SLACK_MS);
    }
    const text = JSON.stringify(body);
    for (const secret of [first.id, first.cookie.cookie, String(first.answer.body.requestId)]) {
      expect(text).not.toContain(secret);
    }
  });

  it('are those of one’s own organisation, for who may manage sessions', async () => {
    await signIn(app, 'alice');
    const eve = await signIn(app, 'eve');
    expect([await namesOf(manager), await namesOf(stranger)]).toEqual([['alice'], ['eve']]);
    const { status, body } = await list(plain);
    expect([status, body.code]).toEqual([403, 'forbidden']);
    const bySession = await app.call('GET', '/sessions/users', null, undefined, eve.headers);
    expect(bySession.status).toBe(403); // no right goes with one's own session
    expect((await app.call('GET', '/sessions/users', null)).status).toBe(401);
  });

  it('are there no more when they have logged out, were ended, or their time is over', async () => {
    const alice = await signIn(app, 'alice');
    await signIn(app, 'bob');
    await signIn(app, 'eve', { absoluteSeconds: 60 });
    await app.call('DELETE', '/sessions/current', null, undefined, alice.headers);
    for (let n = 0; n < 2; n++) expect(await namesOf(manager)).toEqual(['bob']);
    await app.call('DELETE', '/sessions?userId=bob', manager);
    for (let n = 0; n < 2; n++) expect(await namesOf(manager)).toEqual([]);
    clock.advance(61_000);
    expect(await namesOf(stranger)).toEqual([]);
    await signIn(app, 'alice');
    expect(await namesOf(manager)).toEqual(['alice']);
  });

  it('are those of the organisation that they logged in to, when they have moved on', async () => {
    const before = await signIn(app, 'bob');
    people.set('bob', { orgId: 'other' });
    await app.latchkey.userChanged('bob');
    await signIn(app, 'bob');
    const { body } = await list(stranger);
    expect(body.items).toEqual([expect.objectContaining({ userId: 'bob', sessions: 1 })]);
    await app.latchkey.sessions?.end(before.id, 'bob');
    expect(await namesOf(manager)).toEqual([]);
  });

  it('come page by page, 250 of them, none twice and none left out', async () => {
    const ids = Array.from({ length: 250 }, (_, n) => `user-${String(n).padStart(3, '0')}`);
    for (const id of ids) people.set(id);
    for (let start = 0; start < ids.length; start += 25) {
      await Promise.all(ids.slice(start, start + 25).map((id) => signIn(app, id)));
    }
    for (const limit of [60, 200]) {
      const seen: unknown[] = [];
      for (let query = `?limit=${limit}`; query !== ''; ) {
        const { body } = await list(manager, query);
        expect(body.items.length).toBeLessThanOrEqual(limit);
        seen.push(...body.items.map(({ userId }) => userId));
        query = body.nextCursor === null ? '' : `?limit=${limit}&cursor=${body.nextCursor}`;
        await signIn(app, 'user-249'); // who logs in again stays in their place
      }
      expect(seen).toEqual(ids);
    }
    expect((await list(manager)).body.items).toHaveLength(50);
  });

  it('are refused a cursor of another list, and a page that is too long', async () => {
    await app.latchkey.policies.create({ name: 'p', orgId: 'acme' }, { by: 'test' });
    await app.latchkey.policies.create({ name: 'q', orgId: 'acme' }, { by: 'test' });
    const { nextCursor } = (await app.call('GET', '/policies?limit=1', plain)).body;
    expect(nextCursor).not.toBeNull();
    const message = 'must be the nextCursor of a page of the same list';
    for (const cursor of [nextCursor, 'x', Buffer.from('["session-users",""]').toString('base64url')]) {
      const { status, body } = await list(manager, `?cursor=${cursor}`);
      expect([status, body.errors]).toEqual([400, [{ path: 'cursor', message }]]);
    }
    for (const limit of ['0', '201', 'x']) expect((await list(manager, `?limit=${limit}`)).status).toBe(400);
  });
});
