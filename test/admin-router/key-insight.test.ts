import { until } from '../conformance/store-suite.js';
import { Clock, DAY_MS } from '../lib/clock.js';
import type { Database } from '../lib/store-kinds.js';
import { STORE_KINDS } from '../lib/store-kinds.js';
import { type AdminApp, type Answer, addRights, startAdminApp } from '../support/admin-app.js';
import { People } from '../support/people.js';
import { loginOptions, signIn } from '../support/signed-in.js';

const READ = { action: 'orders:read', resource: 'orders/1', workspace: 'w1' };
const OWN = ['keys:manage-own'];

describe.each(STORE_KINDS)('questions about a key, on $name', ({ open }) => {
  let database: Database;
  let clock: Clock;
  let people: People;
  let app: AdminApp;
  let admin: string;
  let owner: string;
  let reader: string;
  let strangers: string[];

  beforeAll(async () => {
    database = await open();
    clock = new Clock();
    clock.nowAt = Date.now(); // Redis ends sessions by its own clock
    people = new People().set('bob', { orgId: 'other', statements: [{ actions: ['*'] }] });
    for (const id of ['alice', 'carol', 'root']) people.set(id, { statements: [{ actions: ['*'] }] });
    app = await startAdminApp(
      {
        ...loginOptions(people),
        store: await database.connect(),
        now: clock.now,
        audit: { flushIntervalMs: 10 },
        usage: { flushIntervalMs: 10 },
      },
      addRights,
    );
    const tokenOf = async (ownerId: string, actions: string[], orgId = 'acme') =>
      (await app.key({ ownerId, orgId, actions })).token;
    admin = await tokenOf('root', ['*']);
    owner = await tokenOf('alice', OWN);
    reader = await tokenOf('carol', ['keys:read']);
    strangers = [
      await tokenOf('carol', OWN),
      await tokenOf('carol', ['audit:read']),
      await tokenOf('bob', ['*'], 'other'),
    ];
  });
  afterAll(async () => {
    await app.close();
    await database.stop();
  });

  /** A key of alice. */
  const make = async (fields: object = {}) => (await app.key({ ownerId: 'alice', orgId: 'acme', ...fields })).key.id;
  const statements = [{ actions: ['orders:read'], resources: ['orders/*'], workspace: 'w1' }];
  const outcome = ({ status, body }: Answer) => [status, status === 200 ? body : body.code];

  describe('POST /api-keys/:id/can', () => {
    const ask = (id: string, as = admin, question: object = READ) =>
      app.call('POST', `/api-keys/${id}/can`, as, question);

    it('tells what the key may do, which is what a request with it may do', async () => {
      const { key, token } = await app.key({ ownerId: 'alice', orgId: 'acme', statements });
      for (const [action, allowed] of [
        ['orders:read', true],
        ['orders:write', false],
      ] as const) {
        const { status } = await app.callHost('GET', `/can/${action}?resource=orders/1&workspace=w1`, token);
        expect(status).toBe(allowed ? 200 : 403);
        const reason = allowed ? null : 'forbidden';
        expect(outcome(await ask(key.id, owner, { ...READ, action }))).toEqual([200, { allowed, reason }]);
      }
    });

    it('tells why not of one that has ended, and of one whose owner is disabled', async () => {
      const ids = [
        await make({ statements, lifetimeMs: DAY_MS }),
        await make({ statements }),
        await make({ statements }),
      ];
      const [expiring = '', revoked = '', other = ''] = ids;
      await app.call('DELETE', `/api-keys/${revoked}`, admin);
      clock.advance(DAY_MS);
      expect(outcome(await ask(expiring))).toEqual([200, { allowed: false, reason: 'expired' }]);
      expect(outcome(await ask(revoked))).toEqual([200, { allowed: false, reason: 'revoked' }]);
      expect(outcome(await ask(other))).toEqual([200, { allowed: true, reason: null }]);
      people.set('alice', { isEnabled: false });
      await app.latchkey.userChanged('alice');
      expect(outcome(await ask(other))).toEqual([200, { allowed: false, reason: 'owner_disabled' }]);
      people.set('alice', { isEnabled: true });
      await app.latchkey.userChanged('alice');
    });

    it('counts as no use', async () => {
      const id = await make({ statements });
      const used = await app.key({ ownerId: 'alice', orgId: 'acme', statements });
      await ask(id);
      await app.call('GET', '/whoami', used.token);
      await until('a use is written', async () => (await app.latchkey.apiKeys.get(used.key.id))?.useCount === 1);
      const { body } = await app.call('GET', `/api-keys/${id}`, admin);
      expect([body.useCount, body.failureCount, body.lastUsedAt]).toEqual([0, 0, null]);
    });

    it('answers whoever may see the key, and nobody else', async () => {
      const id = await make({ statements });
      for (const as of [owner, reader, admin]) expect(outcome(await ask(id, as))[0]).toBe(200);
      for (const as of strangers) expect(outcome(await ask(id, as))).toEqual([404, 'not_found']);
      for (const unknown of ['A'.repeat(22), 'no-id', '%7B%7D']) expect((await ask(unknown)).status).toBe(404);
    });

    it('asks about all resources and workspaces where none is named', async () => {
      const id = await make({ statements });
      expect(outcome(await ask(id, admin, { action: 'orders:read' }))[1]).toEqual({
        allowed: false,
        reason: 'forbidden',
      });
      const all = await make({ statements: [{ actions: ['orders:*'] }] });
      expect(outcome(await ask(all, admin, { action: 'orders:read' }))[1]).toEqual({ allowed: true, reason: null });
    });

    it.each<[object, string]>([
      [{}, 'action'],
      [{ action: '' }, 'action'],
      [{ action: 'orders read' }, 'action'],
      [{ action: 'a'.repeat(129) }, 'action'],
      [{ action: ['a'] }, 'action'],
      [{ ...READ, resource: '' }, 'resource'],
      [{ ...READ, resource: 'r'.repeat(513) }, 'resource'],
      [{ ...READ, workspace: null }, 'workspace'],
      [{ ...READ, workspace: 'w'.repeat(129) }, 'workspace'],
      [{ ...READ, as: 'root' }, 'as'],
    ])('refuses %j, naming %s; as POST /can does', async (question, path) => {
      const id = await make();
      for (const url of [`/api-keys/${id}/can`, '/can']) {
        const { status, body } = await app.call('POST', url, admin, question);
        expect([status, body.code, body.errors.map((error) => error.path)]).toEqual([400, 'invalid_request', [path]]);
      }
    });
  });

  describe('POST /can', () => {
    it.each(['key', 'session'])('tells a caller that comes with a %s what it may do itself', async (kind) => {
      people.set('dora', { statements });
      const token = (await app.key({ ownerId: 'dora', orgId: 'acme', statements: [{ actions: ['orders:*'] }] })).token;
      const headers = kind === 'session' ? (await signIn(app, 'dora')).headers : { 'x-api-key': token };
      const can = async (question: object) => {
        const { status, body } = await app.call('POST', '/can', null, question, headers);
        expect([status, Object.keys(body)]).toEqual([200, ['allowed']]);
        return body.allowed;
      };
      expect(await can(READ)).toBe(true);
      expect(await can({ ...READ, action: 'orders:write' })).toBe(false); // what the owner may not do
      expect(await can({ ...READ, workspace: 'w2' })).toBe(false);
      expect(await can({ action: 'orders:read' })).toBe(false);
    });

    it('answers nobody who is not let in', async () => {
      expect((await app.call('POST', '/can', null, READ)).status).toBe(401);
    });
  });

  describe('GET /api-keys/:id/audit', () => {
    const trail = (id: string, as: string, query = '') => app.call('GET', `/api-keys/${id}/audit?${query}`, as);
    const typesOf = ({ status, body }: Answer) => [status, body.items.map(({ type }) => type)];

    /** A key of alice's to which something has happened. */
    async function eventful(): Promise<string> {
      const { key, token } = await app.key({ ownerId: 'alice', orgId: 'acme', actions: OWN });
      await app.call('GET', '/whoami', token);
      await app.call('POST', '/api-keys', token, { name: 'made with it' });
      await app.call('GET', '/policies', token); // 403
      await app.call('PATCH', `/api-keys/${key.id}`, admin, { name: 'renamed' });
      await app.call('POST', `/api-keys/${key.id}/disable`, admin);
      await app.call('GET', '/whoami', token); // 401
      await until('all of it is written', async () => {
        const { items } = await app.latchkey.audit.list({ orgId: 'acme', keyId: key.id });
        return items.length === 6;
      });
      return key.id;
    }
    const WHAT = [
      'key.changed',
      'key.created',
      'key.disabled',
      'key.first-used',
      'request.forbidden',
      'request.refused',
    ];

    it('shows what happened to the key, with address, to whoever may see it; not what was done with it', async () => {
      const id = await eventful();
      for (const as of [owner, reader, admin]) {
        const { status, body } = await trail(id, as);
        expect([status, body.items.map(({ type }) => type).sort(), body.nextCursor]).toEqual([200, WHAT, null]);
        expect(body.items.find(({ type }) => type === 'key.changed')).toMatchObject({
          actorId: 'root',
          address: '127.0.0.1',
          before: { name: 'test' },
          after: { name: 'renamed' },
        });
      }
      for (const as of strangers) expect(outcome(await trail(id, as))).toEqual([404, 'not_found']);
      expect((await trail('A'.repeat(22), admin)).status).toBe(404);
    });

    it('goes page by page, and ends', async () => {
      const id = await eventful();
      const all = (await trail(id, owner)).body.items.map((entry) => entry.id);
      const found: string[] = [];
      for (let cursor = ''; ; ) {
        const { status, body } = await trail(id, owner, `limit=2${cursor}`);
        expect([status, body.items.length <= 2]).toEqual([200, true]);
        found.push(...body.items.map((entry) => String(entry.id)));
        if (body.nextCursor === null) break;
        cursor = `&cursor=${body.nextCursor}`;
      }
      expect([found, found.length]).toEqual([all, 6]);
    });

    it('shows nothing of another key, nor of the same id elsewhere', async () => {
      const id = await make();
      expect(typesOf(await trail(id, owner))).toEqual([200, ['key.created']]);
    });

    it('is what GET /audit?key= shows to who may read the trail', async () => {
      const id = await eventful();
      const other = await make();
      const { body } = await app.call('GET', `/audit?key=${id}`, admin);
      expect(body.items).toEqual((await trail(id, admin)).body.items);
      expect(typesOf(await app.call('GET', `/audit?key=${other}&type=key.created,key.revoked`, admin))).toEqual([
        200,
        ['key.created'],
      ]);
      // Others see of it what concerns themselves, as without the parameter.
      const [carols = ''] = strangers;
      expect(typesOf(await app.call('GET', `/audit?key=${id}`, carols))).toEqual([200, []]);
      expect(typesOf(await app.call('GET', `/audit?key=${id}&type=key.changed`, owner))).toEqual([
        200,
        ['key.changed'],
      ]);
    });

    it.each(['limit=0', 'limit=201', 'limit=x', 'cursor=x', 'cursor=', 'actor=root', `cursor=${'c'.repeat(2_001)}`])(
      'refuses %s',
      async (query) => {
        const { status, body } = await trail(await make(), owner, query);
        expect([status, body.code, body.errors.map(({ path }) => path)]).toEqual([
          400,
          'invalid_request',
          [query.split('=')[0]],
        ]);
      },
    );

    it.each(['key=', `key=${'k'.repeat(129)}`])('GET /audit refuses %s', async (query) => {
      const { status, body } = await app.call('GET', `/audit?${query}`, admin);
      expect([status, body.errors.map(({ path }) => path)]).toEqual([400, ['key']]);
    });
  });
});
