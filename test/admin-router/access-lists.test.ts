import type { Database } from '../lib/store-kinds.js';
import { STORE_KINDS } from '../lib/store-kinds.js';
import { type AdminApp, startAdminApp } from '../support/admin-app.js';

describe.each(STORE_KINDS)('what lists and searches show, on $name', ({ open }) => {
  let database: Database;
  let app: AdminApp;
  /** Keys of alice in acme, of whoever may read there, and of whoever may do everything elsewhere. */
  let owner: string;
  let reader: string;
  let stranger: string;

  beforeAll(async () => {
    database = await open();
    app = await startAdminApp({ store: await database.connect() });
    owner = (await app.key({ ownerId: 'alice', orgId: 'acme', actions: ['keys:manage-own', 'policies:read'] })).token;
    reader = (await app.key({ ownerId: 'carol', orgId: 'acme', actions: ['keys:read', 'session-keys:issue'] })).token;
    stranger = (await app.key({ ownerId: 'alice', orgId: 'other', actions: ['*'] })).token; // the same name elsewhere
    await app.key({ ownerId: 'zoe', orgId: 'acme', name: 'of zoe' });
    await app.key({ ownerId: 'alice', orgId: null, name: 'of no organisation' });
    await app.latchkey.sessionKeys.mint({ userId: 'zoe', orgId: 'acme' }, { by: 'zoe' });
    for (const orgId of ['acme', 'other', null])
      await app.latchkey.policies.create({ name: 'p', orgId }, { by: 'test' });
  });
  afterAll(async () => {
    await app.close();
    await database.stop();
  });

  /** Whose things a list shows: `organisation/owner`. */
  async function owners(method: string, path: string, as: string, body?: object): Promise<string[]> {
    const { status, body: page } = await app.call(method, path, as, body);
    expect([status, page.nextCursor]).toEqual([200, null]);
    return [...new Set(page.items.map(({ orgId, ownerId }) => `${orgId}/${ownerId}`))].sort();
  }

  it.each([
    ['GET', '/api-keys', undefined],
    ['GET', '/api-keys?sort=name&limit=200', undefined],
    ['GET', '/api-keys?sort=-lastUsedAt', undefined],
    ['POST', '/api-keys/search', {}],
    ['POST', '/api-keys/search', { criteria: [{ field: 'name', test: 'like', value: '%' }] }],
    ['POST', '/api-keys/search', { criteria: [{ field: 'ownerId', test: 'not-equal', value: 'nobody' }] }],
  ])('%s %s %j: an owner their own, a reader those of the organisation', async (method, path, body) => {
    expect(await owners(method, path, owner, body)).toEqual(['acme/alice']);
    expect(await owners(method, path, reader, body)).toEqual(['acme/alice', 'acme/carol', 'acme/zoe']);
    expect(await owners(method, path, stranger, body)).toEqual(['other/alice']);
  });

  it.each([
    [{ field: 'ownerId', test: 'equal', value: 'zoe' }],
    [{ field: 'ownerId', test: 'in', value: ['zoe', 'carol'] }],
    [{ field: 'createdBy', test: 'equal', value: 'zoe' }],
    [{ field: 'id', test: 'not-equal', value: 'x' }],
    [{ field: 'id', test: 'greater-than', value: '0' }],
    [{ field: 'kind', test: 'equal', value: 'session-key' }],
  ])('the criterion %j shows an owner nobody else’s', async (criterion) => {
    const found = await owners('POST', '/api-keys/search', owner, { criteria: [criterion], sort: 'id' });
    expect(['', 'acme/alice']).toContain(found.join());
  });

  it('session keys: those one has issued, or with keys:read all', async () => {
    const minted = await app.call('POST', '/session-keys', reader, {});
    expect(minted.status).toBe(201);
    expect(await owners('GET', '/session-keys', reader)).toEqual(['acme/carol', 'acme/zoe']);
    const issuer = (await app.key({ ownerId: 'carol', orgId: 'acme', actions: ['session-keys:issue'] })).token;
    expect(await owners('GET', '/session-keys', issuer)).toEqual(['acme/carol']);
    expect(await owners('GET', '/session-keys?ownerId=zoe', issuer)).toEqual([]);
    expect(await owners('GET', '/session-keys', stranger)).toEqual([]);
  });

  it('policies: those of the organisation, and the built-in ones', async () => {
    for (const [token, orgId] of [
      [owner, 'acme'],
      [stranger, 'other'],
    ] as const) {
      for (const [method, path] of [
        ['GET', '/policies'],
        ['POST', '/policies/search'],
      ] as const) {
        const { body } = await app.call(method, path, token, method === 'POST' ? {} : undefined);
        const found = body.items.map((policy) => (policy.isBuiltIn ? policy.id : policy.orgId));
        expect(found.sort()).toEqual([orgId, 'auditor', 'full-access'].sort());
      }
    }
  });

  it('a cursor of a list that shows more shows no more in one that shows less', async () => {
    const { body } = await app.call('GET', '/api-keys?sort=createdAt&limit=1', reader);
    const rest = await app.call('GET', `/api-keys?sort=createdAt&limit=200&cursor=${body.nextCursor}`, owner);
    expect(rest.status).toBe(200);
    for (const { orgId, ownerId } of rest.body.items) expect([orgId, ownerId]).toEqual(['acme', 'alice']);
  });

  it('answers the same for an unknown key, another’s and another organisation’s', async () => {
    const { key } = await app.key({ ownerId: 'zoe', orgId: 'acme' });
    const { key: foreign } = await app.key({ ownerId: 'alice', orgId: 'other' });
    const { key: homeless } = await app.key({ ownerId: 'alice', orgId: null });
    const answers = [];
    for (const id of [key.id, foreign.id, homeless.id, 'A'.repeat(22), 'no-id', '%7B%7D', '..%2Fwhoami']) {
      for (const [method, path, body] of [
        ['GET', '', undefined],
        ['PATCH', '', { name: 'x' }],
        ['DELETE', '', undefined],
        ['POST', '/rotate', {}],
        ['POST', '/disable', {}],
      ] as const) {
        const { status, text } = await app.call(method, `/api-keys/${id}${path}`, owner, body);
        answers.push([status, text]);
      }
    }
    const problem = { type: 'about:blank', title: 'Not Found', status: 404, code: 'not_found' };
    const text = JSON.stringify({ ...problem, detail: 'There is no such thing here.' });
    expect(new Set(answers.map(String))).toEqual(new Set([`404,${text}`]));
    expect((await app.latchkey.apiKeys.get(key.id))?.version).toBe(1);
  });

  it('tells of several keys one by one what became of each, and not why', async () => {
    const mine = (await app.key({ ownerId: 'alice', orgId: 'acme' })).key.id;
    const theirs = (await app.key({ ownerId: 'zoe', orgId: 'acme' })).key.id;
    const foreign = (await app.key({ ownerId: 'alice', orgId: 'other' })).key.id;
    const ids = [theirs, foreign, 'A'.repeat(22), mine];
    const { body } = await app.call('POST', '/api-keys/revoke', owner, { ids });
    expect((body.results as { outcome: string }[]).map(({ outcome }) => outcome)).toEqual([
      'not_found',
      'not_found',
      'not_found',
      'revoked',
    ]);
    for (const id of [theirs, foreign]) expect((await app.latchkey.apiKeys.get(id))?.state).toBe('active');
  });
});
