import type { AuditEntry, EventType, LatchkeyEvent } from '../../lib/index.js';
import { until } from '../conformance/store-suite.js';
import { Clock } from '../lib/clock.js';
import type { Database } from '../lib/store-kinds.js';
import { STORE_KINDS } from '../lib/store-kinds.js';
import { type AdminApp, type Answer, startAdminApp } from '../support/admin-app.js';
import { PASSWORD, People } from '../support/people.js';
import { basic, loginOptions, signIn, signInForToken } from '../support/signed-in.js';

describe.each(STORE_KINDS)('GET /audit on $name', ({ open }) => {
  let database: Database;
  let clock: Clock;
  let people: People;
  let app: AdminApp;
  let events: LatchkeyEvent[];

  beforeEach(async () => {
    database = await open();
    clock = new Clock();
    clock.nowAt = Date.now(); // Redis ends sessions by its own clock
    const everything = [{ actions: ['*'] }];
    people = new People()
      .set('alice', { statements: [{ actions: ['orders:read', 'keys:manage-own'] }] })
      .set('bob', { statements: [{ actions: ['keys:manage-own'] }] })
      .set('root', { statements: everything })
      .set('stranger', { orgId: 'other', statements: everything });
    app = await startAdminApp({
      ...loginOptions(people),
      store: await database.connect(),
      now: clock.now,
      audit: { flushIntervalMs: 10 },
      usage: { flushIntervalMs: 10 },
    });
    events = [];
    app.latchkey.on('*', (event) => void events.push(event));
  });
  afterEach(async () => {
    await app.close();
    await database.stop();
  });

  const headersOf = (userName: string) => signIn(app, userName).then(({ headers }) => headers);
  const audit = (query: string, as: Record<string, string>): Promise<Answer> =>
    app.call('GET', `/audit?${query}`, null, undefined, as);
  const typesOf = ({ body }: Answer) => body.items.map(({ type }) => type);
  const key = async (ownerId: string, ...actions: string[]) => {
    const statements = actions.length === 0 ? [] : [{ actions }];
    const { key: made, token } = await app.key({ ownerId, orgId: people.orgOf(ownerId), statements });
    return { ...made, token };
  };

  /** Once all that has happened is written, the first uses of so many keys included. */
  async function written(orgId: string | null, firstUses = 0): Promise<readonly AuditEntry[]> {
    let items: readonly AuditEntry[] = [];
    await until('all is written', async () => {
      const expected = events.filter((event) => event.orgId === orgId);
      ({ items } = await app.latchkey.audit.list({ orgId, limit: 200 }));
      const isUsed = expected.filter(({ type }) => type === 'key.first-used').length >= firstUses;
      return isUsed && items.reduce((sum, { count }) => sum + count, 0) === expected.length;
    });
    return items;
  }

  it('tells every instant of a key as a time', async () => {
    const root = await headersOf('root');
    const [first, second] = [10_000, 20_000].map((ms) => new Date(clock.nowAt + ms).toISOString());
    const made = await app.call('POST', '/api-keys', null, { name: 'n', notBefore: first, expiresInSeconds: 60 }, root);
    await app.call('PATCH', `/api-keys/${made.body.id}`, null, { notBefore: second }, root);
    const { body } = await audit('type=key.created,key.changed', root);
    expect(body.items).toMatchObject([
      { before: { notBefore: first }, after: { notBefore: second } },
      { before: {}, after: { notBefore: first } },
    ]);
  });

  it('shows who did what, from where, and what it was before and after', async () => {
    const root = await headersOf('root');
    const made = await app.call('POST', '/api-keys', null, { name: 'old', expiresInSeconds: 60 }, root);
    await app.call('PATCH', `/api-keys/${made.body.id}`, null, { name: 'new', disableUnusedAfterSeconds: 7_200 }, root);
    const at = new Date(clock.nowAt).toISOString();
    const { status, body } = await audit('type=key.created,key.changed', root);
    const [session] = (await app.latchkey.sessions?.list('root')) ?? [];
    const what = { keyId: made.body.id, ownerId: 'root', orgId: 'acme' };
    const who = { actorId: 'root', credentialId: session?.id, address: '127.0.0.1' };
    const when = { at, lastAt: at, count: 1, outcome: 'success', id: expect.any(String) };
    expect(status).toBe(200);
    expect(body).toEqual({
      items: [
        {
          type: 'key.changed',
          ...what,
          ...who,
          ...when,
          before: { name: 'old', disableUnusedAfterSeconds: null },
          after: { name: 'new', disableUnusedAfterSeconds: 7_200 },
        },
        {
          type: 'key.created',
          ...what,
          ...who,
          ...when,
          before: {},
          after: expect.objectContaining({
            name: 'old',
            createdAt: at,
            expiresAt: new Date(clock.nowAt + 60_000).toISOString(),
            notBefore: null,
          }),
        },
      ],
      nextCursor: null,
    });
  });

  it('filters by time, actor, credential, type and outcome, page by page', async () => {
    const root = await headersOf('root');
    const { id, token } = await key('root', 'orders:read');
    await app.call('GET', '/api-keys', token);
    await app.call('POST', '/sessions', null, { userName: 'root', password: 'wrong' });
    await written('acme', 1);
    clock.advance(60_000);
    const later = new Date(clock.nowAt).toISOString();
    await key('bob');
    await written('acme', 1);

    expect(typesOf(await audit(`from=${later}`, root))).toEqual(['key.created']);
    expect(typesOf(await audit(`to=${later}&type=key.created`, root))).toEqual(['key.created']);
    expect(typesOf(await audit(`credential=${id}`, root)).sort()).toEqual([
      'key.created',
      'key.first-used',
      'request.forbidden',
    ]);
    expect(typesOf(await audit('actor=test', root))).toEqual(['key.created', 'key.created']);
    expect(typesOf(await audit('outcome=refused&actor=root', root)).sort()).toEqual([
      'login.failed',
      'request.forbidden',
    ]);
    expect(typesOf(await audit('type=login.failed&type=key.created', root))).toHaveLength(3);

    const all = await audit('', root);
    const paged: unknown[] = [];
    for (let cursor: string | null = ''; cursor !== null; ) {
      const page: Answer = await audit(`limit=2${cursor && `&cursor=${cursor}`}`, root);
      paged.push(...page.body.items);
      cursor = page.body.nextCursor;
    }
    expect(paged).toEqual(all.body.items);
  });

  it.each([
    ['from=yesterday', 'from', 'must be an RFC 3339 time, e.g. 2027-01-31T12:00:00Z'],
    ['type=key.exploded', 'type.0', expect.stringContaining('key.created')],
    ['outcome=failure', 'outcome', expect.any(String)],
    ['limit=201', 'limit', 'must be a whole number from 1 to 200'],
    ['cursor=bm9uZQ', 'cursor', 'must be the nextCursor of a page of the same list'],
    ['actor=', 'actor', expect.any(String)],
    ['orgId=other', 'orgId', 'is not a known field'],
  ])('answers %s with 400', async (query, path, message) => {
    const answer = await audit(query, await headersOf('root'));
    expect(answer).toMatchObject({ status: 400, body: { code: 'invalid_request', errors: [{ path, message }] } });
  });

  describe('is seen', () => {
    it('in all of one’s organisation with audit:read, and never in another one', async () => {
      await key('bob');
      await key('stranger');
      const [auditor, foreign] = [await key('root', 'audit:read'), await key('stranger', 'audit:read')];
      await written('acme');
      await written('other');
      const owners = async (token: string) => {
        const { body } = await app.call('GET', '/audit?type=key.created', token);
        return body.items.map(({ ownerId, orgId }) => [ownerId, orgId]);
      };
      expect(await owners(auditor.token)).toEqual([
        ['root', 'acme'],
        ['bob', 'acme'],
      ]);
      expect(await owners(foreign.token)).toEqual([
        ['stranger', 'other'],
        ['stranger', 'other'],
      ]);
    });

    it('without it only in what concerns oneself', async () => {
      const alice = await headersOf('alice');
      await headersOf('bob');
      const [own] = [await key('alice', 'orders:read'), await key('bob')];
      await app.call('GET', '/sessions', own.token);
      const root = await headersOf('root');
      await app.call('DELETE', `/api-keys/${own.id}`, null, undefined, root);
      await written('acme', 1);

      const all = await audit('', alice);
      expect(typesOf(all).sort()).toEqual(
        [
          'key.created',
          'key.first-used',
          'key.revoked',
          'login.succeeded',
          'request.forbidden',
          'session.started',
        ].sort(),
      );
      for (const { actorId, ownerId, userId } of all.body.items) expect([actorId, ownerId, userId]).toContain('alice');
      expect(typesOf(await audit('actor=bob', alice))).toEqual([]);
      expect(typesOf(await audit('actor=root', alice))).toEqual(['key.revoked']);
    });

    it('by a key only with keys:manage-own, and then without logins and sessions', async () => {
      await headersOf('alice');
      const [some, none] = [await key('alice', 'keys:manage-own'), await key('alice', 'orders:read')];
      await written('acme');
      const seen = await app.call('GET', '/audit', some.token);
      expect(new Set(typesOf(seen))).toEqual(new Set(['key.created']));
      expect((await app.call('GET', '/audit?type=login.succeeded', some.token)).body.items).toEqual([]);
      expect(await app.call('GET', '/audit', none.token)).toMatchObject({
        status: 403,
        body: { code: 'forbidden', detail: 'The credential lacks the right "audit:read".' },
      });
      expect((await app.call('GET', '/audit', null)).status).toBe(401);
    });
  });

  it('says who ended a session', async () => {
    const [alice, root] = [await signIn(app, 'alice'), await signIn(app, 'root')];
    await app.call('DELETE', `/sessions/${alice.id}`, null, undefined, root.headers);
    await app.call('DELETE', '/sessions/current', null, undefined, root.headers);
    await written('acme');
    const { items } = await app.latchkey.audit.list({ orgId: 'acme', types: ['session.ended'] });
    const by = { actorId: 'root', credentialId: root.id, address: '127.0.0.1' };
    expect(items).toMatchObject([
      { userId: 'root', sessionId: root.id, ...by },
      { userId: 'alice', sessionId: alice.id, ...by },
    ]);
  });

  it('holds no secret of all that was made and sent', async () => {
    const secrets = new Set([PASSWORD, 'typed by mistake']);
    const note = (...values: unknown[]) => {
      for (const value of values) secrets.add(String(value));
    };
    const cookie = await signIn(app, 'root');
    const token = await signInForToken(app, 'alice');
    note(cookie.answer.body.requestId, cookie.cookie.cookie.replace(/.*sID=([^;]+).*/, '$1'));
    note(decodeURIComponent(cookie.cookie.cookie).replace(/.*s:([^;]+)\.[^.]*$/, '$1'), token.answer.body.sessionToken);
    const made = await app.call('POST', '/api-keys', null, { name: 'n' }, cookie.headers);
    const { id } = made.body;
    const rotated = await app.call('POST', `/api-keys/${id}/rotate`, null, { graceSeconds: 60 }, cookie.headers);
    const minted = await app.call('POST', '/session-keys', null, { statements: [] }, cookie.headers);
    for (const { body } of [made, rotated, minted]) note(body.secret, body.token, body.encoded);
    for (const value of [rotated.body.secret, `${made.body.secret}x`, minted.body.secret]) {
      for (const path of [`/api-keys/${value}`, `/api-keys/lk_${id}_${value}?x=${value}`]) {
        await app.call('GET', path, null, undefined, { 'x-api-key': `lk_${id}_${value}` });
        await app.call('DELETE', path, null, undefined, basic(id, value));
      }
    }
    const { body: login } = await app.call('POST', '/login', null, { userName: 'alice', password: PASSWORD });
    note(login.loginToken);
    await app.call('POST', '/sessions', null, { userName: 'typed by mistake', password: 'typed by mistake' });
    await app.call('POST', '/sessions', null, { loginToken: 'x'.repeat(43) });
    await app.call('DELETE', `/api-keys/${id}`, null, undefined, cookie.headers);
    await app.call('DELETE', '/sessions/current', null, undefined, cookie.headers);
    const records = [await written('acme', 1), await written(null)].flat();

    const types: EventType[] = ['key.created', 'key.rotated', 'key.revoked', 'key.first-used', 'login.failed'];
    types.push('login.succeeded', 'session.started', 'session.ended', 'request.refused');
    expect([...new Set(records.map(({ type }) => type))].sort()).toEqual(types.sort());
    const text = JSON.stringify([records, events]);
    expect([...secrets].filter((secret) => secret.length < 16 || text.includes(secret))).toEqual([]);
    expect(text).not.toMatch(/sha256|Hash/);
  });
});
