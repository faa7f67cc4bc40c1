import { Clock, DAY_MS } from '../lib/clock.js';
import type { Database } from '../lib/store-kinds.js';
import { STORE_KINDS } from '../lib/store-kinds.js';
import { type AdminApp, startAdminApp } from '../support/admin-app.js';

const by = { by: 'test' };

describe.each(STORE_KINDS)('what a list of keys can be narrowed to, on $name', ({ open }) => {
  let database: Database;
  let clock: Clock;
  let app: AdminApp;
  let admin: string;

  beforeAll(async () => {
    database = await open();
    clock = new Clock();
    app = await startAdminApp({ store: await database.connect(), now: clock.now });
    const make = async (name: string, fields: object = {}) => {
      clock.advance(1_000); // so that they are in this order by the time that they were made, too
      return (await app.key({ name, ownerId: 'alice', orgId: 'acme', ...fields })).key.id;
    };
    await make('Nightly Export');
    await make('export, weekly', { ownerId: 'bob' });
    await make('ÜBER-EXPORT');
    await make('Import', { notBefore: clock.nowAt + 5 * DAY_MS });
    await app.latchkey.apiKeys.disable(await make('Old export'), by);
    await app.latchkey.apiKeys.revoke(await make('Gone export', { ownerId: 'bob' }), by);
    await make('expired export', { lifetimeMs: 60_000 });
    await make('100% export_1');
    await make('1000 exportX1', { ownerId: 'bob' });
    await app.key({ name: 'export elsewhere', ownerId: 'alice', orgId: 'rivals' });
    clock.advance(1_000);
    await app.latchkey.sessionKeys.mint({ userId: 'alice', orgId: 'acme', name: 'export of a job' }, by);
    clock.advance(120_000);
    admin = (await app.key({ name: 'admin', ownerId: 'root', orgId: 'acme', actions: ['*'] })).token;
  });
  afterAll(async () => {
    await app.close();
    await database.stop();
  });

  /** The names on all pages. */
  async function names(query: Record<string, string>, limit = 200): Promise<unknown[]> {
    const found: unknown[] = [];
    for (let cursor = {}; ; ) {
      const url = `/api-keys?${new URLSearchParams({ sort: 'createdAt', ...query, limit: String(limit), ...cursor })}`;
      const { status, body } = await app.call('GET', url, admin);
      expect([status, body.items.length <= limit]).toEqual([200, true]);
      found.push(...body.items.map(({ name }) => name));
      if (body.nextCursor === null) return found;
      cursor = { cursor: body.nextCursor };
    }
  }

  async function search(criteria: object[], sort = 'createdAt'): Promise<unknown[]> {
    const { status, body } = await app.call('POST', '/api-keys/search', admin, { criteria, sort });
    expect([status, body.nextCursor]).toEqual([200, null]);
    return body.items.map(({ name }) => name);
  }

  it('by a part of the name, without regard to case: *text*', async () => {
    const all = ['Nightly Export', 'export, weekly', 'ÜBER-EXPORT', 'Old export', 'Gone export', 'expired export'];
    const found = [...all, '100% export_1', '1000 exportX1', 'export of a job'];
    for (const text of ['*export*', '*EXPORT*', '*eXpOrT*']) expect(await names({ name: text })).toEqual(found);
    expect(await names({ name: '*über*' })).toEqual(['ÜBER-EXPORT']);
    expect(await names({ name: 'export*' })).toEqual(['export, weekly', 'export of a job']);
    expect(await names({ name: '*EXPORT' })).toEqual([
      'Nightly Export',
      'ÜBER-EXPORT',
      'Old export',
      'Gone export',
      'expired export',
    ]);
    expect(await names({ name: 'import' })).toEqual(['Import']);
    expect(await names({ name: 'export' })).toEqual([]); // the whole name
  });

  it('where % and _ in a name stand for themselves', async () => {
    expect(await names({ name: '*100%*' })).toEqual(['100% export_1']);
    expect(await names({ name: '*_1' })).toEqual(['100% export_1']);
  });

  it('by several states at once', async () => {
    expect(await names({ state: 'revoked,expired' })).toEqual(['Gone export', 'expired export']);
    expect(await names({ state: 'disabled,pending' })).toEqual(['Import', 'Old export']);
    const repeated = await app.call('GET', '/api-keys?state=disabled&state=pending&sort=createdAt', admin);
    expect(repeated.body.items.map(({ name }) => name)).toEqual(['Import', 'Old export']);
    expect((await names({ state: 'active,pending,disabled,expired,revoked' })).length).toBe(11);
  });

  it('by kind, by owner, and by all of it together, in whatever order and by pages', async () => {
    expect(await names({ kind: 'session-key' })).toEqual(['export of a job']);
    expect(await names({ ownerId: 'bob' })).toEqual(['export, weekly', 'Gone export', '1000 exportX1']);
    const wanted = { name: '*export*', state: 'active,disabled', kind: 'api-key', ownerId: 'alice' };
    const found = ['Nightly Export', 'ÜBER-EXPORT', 'Old export', '100% export_1'];
    for (const limit of [1, 3, 200]) {
      expect(await names(wanted, limit)).toEqual(found);
      expect(await names({ ...wanted, sort: '-createdAt' }, limit)).toEqual(found.toReversed());
      const byName = ['100% export_1', 'Nightly Export', 'Old export', 'ÜBER-EXPORT'];
      expect(await names({ ...wanted, sort: 'name' }, limit)).toEqual(byName);
      expect(await names({ ...wanted, sort: '-name' }, limit)).toEqual(byName.toReversed());
      for (const sort of ['expiresAt', '-expiresAt', 'lastUsedAt', '-lastUsedAt', 'id', '-id']) {
        expect((await names({ ...wanted, sort }, limit)).sort()).toEqual([...found].sort());
      }
    }
  });

  it('POST /api-keys/search does the same by "like", without regard to case', async () => {
    const active = { field: 'state', test: 'in', value: ['active'] };
    const like = (value: string) => ({ field: 'name', test: 'like', value });
    expect(await search([like('%WEEKLY%')])).toEqual(['export, weekly']);
    expect(await search([like('%über%')])).toEqual(['ÜBER-EXPORT']);
    expect(await search([like('100\\% EXPORT\\_1')])).toEqual(['100% export_1']);
    expect(await search([like('100_%export_1')])).toEqual(['100% export_1', '1000 exportX1']);
    expect(await search([like('%EXPORT'), active], '-name')).toEqual(['ÜBER-EXPORT', 'Nightly Export']);
    expect(await search([{ field: 'ownerId', test: 'like', value: 'BO%' }, active])).toEqual([
      'export, weekly',
      '1000 exportX1',
    ]);
    const contains = { field: 'name', test: 'contains', value: 'export' }; // is for lists
    const { status, body } = await app.call('POST', '/api-keys/search', admin, { criteria: [contains] });
    expect([status, body.errors.map(({ path }) => path)]).toEqual([400, ['criteria.0.value']]);
  });

  it.each([
    [`name=${'n'.repeat(101)}`, 'name'],
    [`name=${'_'.repeat(51)}`, 'name'],
    ['state=locked', 'state.0'],
    ['state=', 'state.0'],
    ['kind=key', 'kind'],
    ['sort=owner', 'sort'],
    ['q=export', 'q'],
  ])('refuses %s, naming %s', async (query, path) => {
    const { status, body } = await app.call('GET', `/api-keys?${query}`, admin);
    expect([status, body.errors.map((error) => error.path)]).toEqual([400, [path]]);
  });
});
