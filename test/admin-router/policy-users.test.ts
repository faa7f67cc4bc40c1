import { jest } from '@jest/globals';
import type { Store } from '../../lib/index.js';
import { Clock, DAY_MS } from '../lib/clock.js';
import type { Database } from '../lib/store-kinds.js';
import { STORE_KINDS } from '../lib/store-kinds.js';
import { type AdminApp, startAdminApp } from '../support/admin-app.js';

const READS = { actions: ['orders:read'] };

describe.each(STORE_KINDS)('who has a policy, on $name', ({ open }) => {
  let database: Database;
  let clock: Clock;
  let store: Store;
  let app: AdminApp;
  let orgs = 0;
  let orgId: string;
  let admin: string;

  beforeAll(async () => {
    database = await open();
    clock = new Clock();
    store = await database.connect();
    app = await startAdminApp({ store, now: clock.now });
  });
  afterAll(async () => {
    await app.close();
    await database.stop();
  });
  beforeEach(async () => {
    orgId = `acme-${orgs++}`; // every test has its own: the database is one
    admin = await token('root', '*');
  });

  const token = async (ownerId: string, ...actions: string[]) => (await app.key({ ownerId, orgId, actions })).token;
  const policy = async (fields: object = {}) =>
    (await app.latchkey.policies.create({ name: 'p', orgId, statements: [READS], ...fields }, { by: 'test' })).id;
  const keyWith = async (policyIds: string[], fields: object = {}) =>
    (await app.key({ ownerId: 'alice', orgId, policyIds, ...fields })).key.id;

  /** The ids on all pages. */
  async function users(id: string, as = admin, limit = 200): Promise<string[]> {
    const found: string[] = [];
    for (let cursor = ''; ; ) {
      const { status, body } = await app.call('GET', `/policies/${id}/users?limit=${limit}${cursor}`, as);
      expect([status, body.items.length <= limit]).toEqual([200, true]);
      found.push(...body.items.map((key) => String(key.id)));
      if (body.nextCursor === null) return found;
      cursor = `&cursor=${body.nextCursor}`;
    }
  }

  it('shows the keys that have it and still work, by id, as GET /api-keys/:id does', async () => {
    const [id, other] = [await policy(), await policy()];
    const [both, without] = [await keyWith([other, id]), await keyWith([other])];
    const keys = [await keyWith([id]), await keyWith([id])];
    const [revoked, taken] = [await keyWith([id]), await keyWith([id])];
    const disabled = await keyWith([id]);
    await app.latchkey.apiKeys.revoke(revoked, { by: 'test' });
    await app.latchkey.apiKeys.disable(disabled, { by: 'test' });
    await app.latchkey.apiKeys.update(taken, { policyIds: [] }, { by: 'test' });
    const working = [...keys, both, disabled].sort();
    expect([await users(id), await users(other)]).toEqual([working, [both, without].sort()]);
    const { body } = await app.call('GET', `/policies/${id}/users`, admin);
    expect(body.items[0]).toEqual((await app.call('GET', `/api-keys/${working[0]}`, admin)).body);
    expect(body.nextCursor).toBeNull();
  });

  it('shows none that has expired', async () => {
    const id = await policy();
    await keyWith([id], { lifetimeMs: DAY_MS });
    const lasting = await keyWith([id], { lifetimeMs: 9 * DAY_MS });
    clock.advance(DAY_MS);
    expect(await users(id)).toEqual([lasting]);
  });

  it.each([1, 2, 7])('goes page by page, %i at a time', async (limit) => {
    const id = await policy();
    const keys: string[] = [];
    for (let made = 0; made < 7; made++) keys.push(await keyWith([id]));
    expect(await users(id, admin, limit)).toEqual(keys.sort());
  });

  it('shows only keys that the caller may see', async () => {
    const id = await policy();
    const mine = await keyWith([id], { ownerId: 'carol' });
    const theirs = await keyWith([id]);
    expect(await users(id, await token('carol', 'policies:read', 'keys:manage-own'))).toEqual([mine]);
    expect(await users(id, await token('carol', 'policies:read', 'keys:read'))).toEqual([mine, theirs].sort());
    expect(await users(id, await token('carol', 'policies:read'))).toEqual([]);
  });

  it('of a built-in policy shows only the keys of the organisation', async () => {
    const mine = await keyWith(['auditor']);
    await app.key({ ownerId: 'alice', orgId: 'rivals', policyIds: ['auditor'] });
    expect(await users('auditor')).toEqual([mine]);
  });

  it('of a built-in policy goes page by page, and looks at no key of another organisation', async () => {
    const mine: string[] = [];
    for (let made = 0; made < 3; made++) mine.push(await keyWith(['auditor']), await keyWith([]));
    const has = mine.filter((_, at) => at % 2 === 0).sort();
    const { key } = await app.key({ ownerId: 'alice', orgId: 'rivals', policyIds: ['auditor'] });
    const read = jest.spyOn(store.records.apiKeys, 'get');
    expect([await users('auditor', admin, 1), await users('auditor', admin, 2)]).toEqual([has, has]);
    expect(read).not.toHaveBeenCalledWith(key.id);
    read.mockRestore();
  });

  it('of the statements of a session key is that key', async () => {
    const { key } = await app.latchkey.sessionKeys.mint(
      { userId: 'alice', orgId, statements: [READS] },
      { by: 'test' },
    );
    expect(await users(key.id)).toEqual([key.id]);
    await app.latchkey.apiKeys.revoke(key.id, { by: 'test' });
    expect(await users(key.id)).toEqual([]);
  });

  it('of a template no key is shown: the policies that follow it have its templateId', async () => {
    const template = await policy({ type: 'template' });
    const follows = async (workspace: string) =>
      await policy({ statements: undefined, templateId: template, workspace });
    const followers = [await follows('w1'), await follows('w2')].sort();
    await keyWith([followers[0] ?? '']);
    await policy();
    expect(await users(template)).toEqual([]);
    const { status, body } = await app.call('GET', `/policies?templateId=${template}`, admin);
    expect([status, body.items.map((item) => item.id), body.nextCursor]).toEqual([200, followers, null]);
    const first = await app.call('GET', `/policies?templateId=${template}&limit=1`, admin);
    const second = await app.call('GET', `/policies?templateId=${template}&cursor=${first.body.nextCursor}`, admin);
    expect([first, second].map((page) => page.body.items.map((item) => item.id))).toEqual(followers.map((id) => [id]));
    expect((await app.call('GET', '/policies?templateId=none', admin)).body.items).toEqual([]);
  });

  it('is 404 for who may not read the policy, for another organisation’s and for none', async () => {
    const id = await policy();
    const foreign = await app.latchkey.policies.create({ name: 'p', orgId: 'rivals' }, { by: 'test' });
    const plain = await token('carol', 'keys:read');
    for (const [path, as] of [
      [id, plain],
      [foreign.id, admin],
      ['A'.repeat(22), admin],
      ['%7B%7D', admin],
    ]) {
      const { status, body } = await app.call('GET', `/policies/${path}/users`, as ?? null);
      expect([status, body.code]).toEqual([404, 'not_found']);
    }
  });

  it.each([
    ['limit=0', 'limit'],
    ['limit=201', 'limit'],
    ['cursor=x', 'cursor'],
    [`cursor=${Buffer.from('["../x"]').toString('base64url')}`, 'cursor'],
    ['orgId=rivals', 'orgId'],
  ])('refuses %s', async (query, path) => {
    const { status, body } = await app.call('GET', `/policies/${await policy()}/users?${query}`, admin);
    expect([status, body.errors.map((error) => error.path)]).toEqual([400, [path]]);
  });

  describe('GET /policies?grantable=true', () => {
    async function grantable(as: string, query = ''): Promise<unknown[]> {
      const { status, body } = await app.call('GET', `/policies?grantable=true${query}`, as);
      expect(status).toBe(200);
      return body.items.map(({ id }) => id);
    }

    /** A caller with these rights. */
    const caller = async (fields: object) => (await app.key({ ownerId: 'carol', orgId, ...fields })).token;
    const MANAGES = [{ actions: ['policies:read', 'keys:manage-own'] }];

    it('shows those of which a key of the caller’s can have everything, and no templates', async () => {
      const [reads, writes] = [await policy(), await policy({ statements: [READS, { actions: ['orders:write'] }] })];
      const narrow = await policy({ statements: [{ ...READS, resources: ['orders/1'], workspace: 'w1' }] });
      const nothing = await policy({ statements: [] });
      await policy({ type: 'template' });
      const as = await caller({ statements: [...MANAGES, READS] });
      const found = await grantable(as);
      expect(found).toEqual([reads, narrow, nothing].sort());
      for (const id of [reads, writes, narrow, nothing, 'auditor', 'full-access']) {
        const { status } = await app.call('POST', '/api-keys', as, { name: 'k', policyIds: [id] });
        expect([id, status]).toEqual([id, found.includes(id) ? 201 : 403]);
      }
    });

    it('shows who may do everything all of them', async () => {
      const ids = [await policy(), 'auditor', 'full-access'];
      await policy({ type: 'template' });
      expect(await grantable(admin)).toEqual(ids.sort());
    });

    it('shows nothing beyond the resources that the caller is tied to', async () => {
      const tied = await policy({ statements: [{ ...READS, resources: ['orders/1'] }] });
      await policy();
      const statements = [{ actions: ['*'] }];
      const as = await caller({ statements, resources: ['policies', 'policies/*', 'orders/*'] });
      expect(await grantable(as)).toEqual([tied]);
    });

    it('follows a policy as it changes, and goes with the other filters and with pages', async () => {
      const id = await policy({ type: 'role' });
      const second = await policy({ type: 'role', name: 'q' });
      const as = await caller({ statements: [...MANAGES, READS] });
      expect(await grantable(as, '&type=role')).toEqual([id, second].sort());
      expect(await grantable(as, '&name=q')).toEqual([second]);
      expect(await grantable(as, '&type=custom')).toEqual([]);
      const { body } = await app.call('GET', '/policies?grantable=true&limit=1', as);
      const rest = await app.call('GET', `/policies?grantable=true&cursor=${body.nextCursor}`, as);
      expect([...body.items, ...rest.body.items].map((item) => item.id)).toEqual([id, second].sort());
      await app.latchkey.policies.update(id, { statements: [{ actions: ['rooms:read'] }] }, { by: 'test' });
      expect(await grantable(as)).toEqual([second]);
    });

    it('false shows all of them; anything else is refused', async () => {
      const id = await policy();
      const as = await caller({ statements: MANAGES });
      const all = await app.call('GET', '/policies?grantable=false', as);
      expect(all.body.items.map((item) => item.id)).toEqual([id, 'auditor', 'full-access'].sort());
      for (const value of ['', '1', 'yes', 'TRUE']) {
        const { status, body } = await app.call('GET', `/policies?grantable=${value}`, as);
        expect([status, body.errors.map(({ path }) => path)]).toEqual([400, ['grantable']]);
      }
    });
  });
});
