import { Redis } from 'ioredis';
import { MemoryStore, type Store } from '../../lib/index.js';
import { RedisStore } from '../../lib/stores/redis/redis-store.js';
import { type AdminApp, startAdminApp } from '../support/admin-app.js';
import { PATIENT } from '../support/patience.js';
import { type RedisServer, startRedis } from '../support/redis-server.js';

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

describe.each<[string, () => Store]>([
  ['memory', () => new MemoryStore()],
  ['redis', () => new RedisStore(client, { ...PATIENT, keyPrefix: `t${Math.random()}:` })],
])('the routes of /api-keys on %s', (_name, makeStore) => {
  let app: AdminApp;
  let admin: string;
  let alice: string;

  beforeEach(async () => {
    app = await startAdminApp({ store: makeStore() });
    admin = (await app.key({ ownerId: 'root', name: 'admin', actions: ['*'] })).token;
    alice = (await app.key({ name: 'of alice', actions: ['keys:manage-own', 'orders:read'] })).token;
  });
  afterEach(() => app.close());

  it('makes a key whose secret works in each form and is told once', async () => {
    const made = await app.call('POST', '/api-keys', alice, { name: 'ci', expiresInSeconds: 3_600 });
    expect(made.status).toBe(201);
    expect(made.headers.get('location')).toBe(`/auth/api-keys/${made.body.id}`);
    expect(made.headers.get('etag')).toBe('"1"');
    expect(made.headers.get('cache-control')).toBe('no-store');
    expect(made.body).toMatchObject({ name: 'ci', ownerId: 'alice', createdBy: 'alice', state: 'active', useCount: 0 });
    expect(made.body.token).toBe(`lk_${made.body.id}_${made.body.secret}`);
    const encoded = String(made.body.encoded);
    for (const headers of [
      { 'x-api-key': made.body.token },
      { authorization: `ApiKey ${encoded}` },
      { authorization: `Basic ${encoded}` },
    ]) {
      const who = await app.call('GET', '/whoami', null, undefined, headers as Record<string, string>);
      expect([who.status, who.body.id]).toEqual([200, 'alice']);
    }
    const read = await app.call('GET', `/api-keys/${made.body.id}`, alice);
    expect(read.status).toBe(200);
    const { secret, token, encoded: _, ...rest } = made.body;
    expect({ ...read.body, useCount: 0, lastUsedAt: null, lastUsedFrom: null }).toEqual(rest);
    const list = await app.call('GET', '/api-keys', admin);
    for (const text of [read.text, list.text]) {
      expect(text).not.toContain(secret);
      expect(text).not.toContain(String(token));
      expect(text).not.toMatch(/secretHash|sha256/i);
    }
  });

  it('lives 180 days when nothing is said', async () => {
    const { body } = await app.call('POST', '/api-keys', admin, { name: 'n' });
    expect(Date.parse(String(body.expiresAt)) - Date.parse(String(body.createdAt))).toBe(180 * 86_400_000);
  });

  it('gives a key made without statements the rights of its maker', async () => {
    const { body } = await app.call('POST', '/api-keys', alice, { name: 'n' });
    const who = await app.call('GET', '/whoami', body.token);
    expect(who.body.statements).toEqual((await app.call('GET', '/whoami', alice)).body.statements);
  });

  it('refuses to make a key stronger than the credential', async () => {
    const statements = [{ actions: ['orders:read'] }, { actions: ['orders:*'] }];
    const { status, body } = await app.call('POST', '/api-keys', alice, { name: 'n', statements });
    expect([status, body.code]).toEqual([403, 'forbidden']);
    expect(body.errors).toEqual([
      { path: 'statements.1', message: 'goes beyond the rights of the credential that asks for it' },
    ]);
  });

  it('refuses a tied key to make a key that is not', async () => {
    const tied = await app.key({ actions: ['*'], resources: ['api-keys*', 'orders/1'] });
    const free = await app.call('POST', '/api-keys', tied.token, { name: 'n', resources: ['*'] });
    expect([free.status, free.body.errors[0]?.path]).toEqual([403, 'resources']);
    const same = await app.call('POST', '/api-keys', tied.token, { name: 'n' });
    expect([same.status, same.body.resources]).toEqual([201, ['api-keys*', 'orders/1']]);
  });

  it('changes what is given, and with If-Match only the version that was read', async () => {
    const { body: made } = await app.call('POST', '/api-keys', alice, { name: 'a', properties: { team: 'x' } });
    const path = `/api-keys/${made.id}`;
    const changed = await app.call('PATCH', path, alice, { description: 'd' }, { 'if-match': '"1"' });
    expect([changed.status, changed.headers.get('etag')]).toEqual([200, '"2"']);
    expect(changed.body).toMatchObject({ name: 'a', description: 'd', properties: { team: 'x' }, version: 2 });
    const late = await app.call('PATCH', path, alice, { name: 'b' }, { 'if-match': '"1"' });
    expect([late.status, late.body.code]).toEqual([412, 'precondition_failed']);
    expect((await app.call('PATCH', path, alice, { name: 'b' }, { 'if-match': 'x' })).status).toBe(412);
    expect((await app.call('PATCH', path, alice, { name: 'b' }, { 'if-match': '*' })).body.name).toBe('b');
  });

  it('rotates with a grace, in which both secrets work', async () => {
    const { body: made } = await app.call('POST', '/api-keys', alice, { name: 'a' });
    const rotated = await app.call('POST', `/api-keys/${made.id}/rotate`, alice, { graceSeconds: 60 });
    expect([rotated.status, rotated.body.id]).toEqual([200, made.id]);
    for (const token of [made.token, rotated.body.token]) {
      expect((await app.call('GET', '/whoami', token)).status).toBe(200);
    }
    const again = await app.call('POST', `/api-keys/${made.id}/rotate`, alice);
    const statuses = [];
    for (const token of [made.token, rotated.body.token, again.body.token]) {
      statuses.push((await app.call('GET', '/whoami', token)).status);
    }
    expect(statuses).toEqual([401, 401, 200]);
  });

  it('disables, enables and revokes; revoked is for good and stays readable', async () => {
    const { body: made } = await app.call('POST', '/api-keys', alice, { name: 'a' });
    const path = `/api-keys/${made.id}`;
    const use = async () => (await app.call('GET', '/whoami', made.token)).status;
    expect((await app.call('POST', `${path}/disable`, alice)).body.state).toBe('disabled');
    expect(await use()).toBe(401);
    expect((await app.call('POST', `${path}/enable`, alice)).body.state).toBe('active');
    expect(await use()).toBe(200);
    const revoked = await app.call('DELETE', `${path}?reason=lost`, alice);
    expect(revoked.body).toMatchObject({ state: 'revoked', revokedBy: 'alice', revokedReason: 'lost' });
    expect(await use()).toBe(401);
    for (const [method, to, body] of [
      ['PATCH', path, { name: 'x' }],
      ['POST', `${path}/rotate`],
      ['POST', `${path}/enable`],
      ['POST', `${path}/disable`],
    ] as const) {
      const { status, body: problem } = await app.call(method, to, alice, body);
      expect([status, problem.code, problem.detail]).toEqual([409, 'conflict', 'The key is revoked, for good.']);
    }
    expect((await app.call('GET', path, alice)).body.state).toBe('revoked');
    expect((await app.call('DELETE', path, alice)).body.revokedReason).toBe('lost');
  });

  it('revokes several, each with its own outcome', async () => {
    const mine = (await app.call('POST', '/api-keys', alice, { name: 'a' })).body.id;
    const other = (await app.key({ ownerId: 'bob' })).key.id;
    const ids = [mine, other, 'unknown', mine];
    const { status, body } = await app.call('POST', '/api-keys/revoke', alice, { ids });
    expect([status, body.results]).toEqual([
      200,
      [
        { id: mine, outcome: 'revoked' },
        { id: other, outcome: 'not_found' },
        { id: 'unknown', outcome: 'not_found' },
        { id: mine, outcome: 'revoked' },
      ],
    ]);
  });

  it('filters, sorts and pages', async () => {
    for (const name of ['b-2', 'a-1', 'B-1', 'a-2']) await app.call('POST', '/api-keys', alice, { name });
    await app.key({ ownerId: 'bob', name: 'a-of-bob' });
    const names = async (query: string, as = alice) => {
      const { status, body } = await app.call('GET', `/api-keys?${query}`, as);
      expect(status).toBe(200);
      return body.items.map((key) => key.name);
    };
    expect(await names('sort=name')).toEqual(['a-1', 'a-2', 'B-1', 'b-2', 'of alice']);
    expect(await names('sort=-name&name=*-1')).toEqual(['B-1', 'a-1']);
    expect(await names('name=a-*&ownerId=bob', admin)).toEqual(['a-of-bob']);
    expect(await names('state=revoked,expired')).toEqual([]);
    expect(await names('expiresBefore=2000-01-01T00:00:00Z')).toEqual([]);
    const first = await app.call('GET', '/api-keys?sort=name&limit=2', alice);
    const cursor = String(first.body.nextCursor);
    expect(await names(`sort=name&limit=3&cursor=${cursor}`)).toEqual(['B-1', 'b-2', 'of alice']);
    const wrong = await app.call('GET', `/api-keys?sort=-name&cursor=${cursor}`, alice);
    expect([wrong.status, wrong.body.errors[0]?.path]).toEqual([400, 'cursor']);
  });

  it('searches by criteria', async () => {
    const { body: made } = await app.call('POST', '/api-keys', alice, { name: 'ci_1', expiresInSeconds: 60 });
    const search = async (...criteria: object[]) => {
      const { status, body } = await app.call('POST', '/api-keys/search', alice, { criteria });
      return status === 200 ? body.items.map((key) => key.id) : body.errors;
    };
    expect(await search({ field: 'name', test: 'like', value: 'CI\\_%' })).toEqual([made.id]);
    expect(await search({ field: 'expiresAt', test: 'less-than', value: '2000-01-01T00:00:00Z' })).toEqual([]);
    expect(
      await search({ field: 'useCount', test: 'equal', value: 0 }, { field: 'id', test: 'equal', value: made.id }),
    ).toEqual([made.id]);
    expect(await search({ field: 'createdAt', test: 'less-than', value: 'yesterday' })).toEqual([
      { path: 'criteria.0.value', message: 'must be an RFC 3339 time' },
    ]);
    expect(await search({ field: 'secretHash', test: 'like', value: '%' })).toEqual([
      expect.objectContaining({ path: 'criteria.0.field' }),
    ]);
  });
});
