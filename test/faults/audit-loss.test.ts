import { Redis } from 'ioredis';
import type { LatchkeyEvent } from '../../lib/index.js';
import { RedisStore } from '../../lib/stores/redis/redis-store.js';
import { until } from '../conformance/store-suite.js';
import { type AdminApp, type Answer, addRights, startAdminApp } from '../support/admin-app.js';
import { PATIENT } from '../support/patience.js';
import { type RedisServer, startRedis } from '../support/redis-server.js';

const CHANGES = 'latchkey:audit:{oacme}:changes';
const ACTIVITY = 'latchkey:audit:{oacme}:activity';

describe('a Redis that loses the audit trail, or takes no more of it', () => {
  let server: RedisServer;
  let client: Redis;
  let store: RedisStore;
  let app: AdminApp;
  let admin: string;
  let user: { id: string; token: string };
  let policyId: string;
  let told: LatchkeyEvent[];
  let others: AdminApp[];

  beforeEach(async () => {
    server = await startRedis();
    client = new Redis(server.url);
    store = new RedisStore(client, PATIENT);
    app = await startAdminApp({ store, audit: { flushIntervalMs: 10 } }, addRights);
    admin = (await app.key({ ownerId: 'root', orgId: 'acme', actions: ['*'] })).token;
    const { key, token } = await app.key({ ownerId: 'alice', orgId: 'acme', actions: ['orders:read'] });
    user = { id: key.id, token };
    policyId = (await app.latchkey.policies.create({ name: 'p', orgId: 'acme' }, { by: 'test' })).id;
    await until('the feed is live', () => store.changes.isLive);
    await until('the first activity is written', async () => {
      await app.callHost('GET', '/can/orders:write', user.token);
      return (await client.exists(ACTIVITY)) === 1;
    });
    [told, others] = [[], []];
    app.latchkey.on('*', (event) => void told.push(event));
  });

  afterEach(async () => {
    await client.config('SET', 'maxmemory', '0');
    await client.del(CHANGES, ACTIVITY);
    for (const each of [app, ...others]) await each.close();
    client.disconnect();
    await server.stop();
  });

  /** Keys are let in and refused as ever, those in the cache and those that are read anew. */
  async function expectAuthentication(): Promise<void> {
    const fresh = await startAdminApp({ store: new RedisStore(client, PATIENT) }, addRights);
    others.push(fresh);
    for (const instance of [app, fresh]) {
      const statuses = [];
      for (const [path, token] of [
        ['/can/orders:read', user.token],
        ['/can/orders:write', user.token],
        ['/can/orders:read', user.token.slice(0, -1)],
        ['/can/orders:read', null],
      ] as const) {
        statuses.push((await instance.callHost('GET', path, token)).status);
      }
      expect(statuses).toEqual([200, 403, 401, 401]);
    }
  }

  const changes = (): readonly (() => Promise<Answer>)[] => [
    () => app.call('POST', '/api-keys', admin, { name: 'n' }),
    () => app.call('POST', '/session-keys', admin, {}),
    () => app.call('PATCH', `/api-keys/${user.id}`, admin, { name: 'n' }),
    () => app.call('POST', `/api-keys/${user.id}/rotate`, admin, {}),
    () => app.call('POST', `/api-keys/${user.id}/disable`, admin),
    () => app.call('DELETE', `/api-keys/${user.id}`, admin),
    () => app.call('POST', '/leaked', null, { token: user.token }),
    () => app.call('POST', '/policies', admin, { name: 'n' }),
    () => app.call('PATCH', `/policies/${policyId}`, admin, { name: 'n' }),
    () => app.call('DELETE', `/policies/${policyId}`, admin),
  ];

  async function records(): Promise<unknown[]> {
    const { apiKeys, policies } = store.records;
    const keys = await apiKeys.page({ orgId: 'acme', order: 'id', descending: false, limit: 200 });
    return [...keys.entries, ...(await policies.page({ orgId: 'acme', limit: 200 })).records];
  }

  async function expectChangesRefused(): Promise<void> {
    const before = await records();
    told.length = 0;
    for (const change of changes()) {
      const { status, headers, body } = await change();
      expect([status, body.code, headers.get('retry-after')]).toEqual([503, 'store_unavailable', '1']);
    }
    const bulk = await app.call('POST', '/api-keys/revoke', admin, { ids: [user.id] });
    expect(bulk.body.results).toEqual([{ id: user.id, outcome: 'failed' }]);
    expect(await records()).toEqual(before);
    expect(told.filter(({ type }) => /^(key|policy)\./.test(type) && type !== 'key.first-used')).toEqual([]);
  }

  async function expectChangesMade(): Promise<void> {
    const renamed = await app.call('PATCH', `/api-keys/${user.id}`, admin, { name: 'renamed' });
    expect([renamed.status, renamed.body.name]).toEqual([200, 'renamed']);
    expect((await app.call('PATCH', `/policies/${policyId}`, admin, { name: 'renamed' })).status).toBe(200);
    expect((await app.call('POST', '/api-keys', admin, { name: 'n' })).status).toBe(201);
    const { body } = await app.call('GET', '/audit?type=key.changed,policy.changed,key.created&limit=3', admin);
    expect(body.items.map(({ type }) => type)).toEqual(['key.created', 'policy.changed', 'key.changed']);
  }

  it('deleted: everything goes on, and a new trail begins', async () => {
    expect(await client.del(CHANGES, ACTIVITY)).toBe(2);
    const { status, body } = await app.call('GET', '/audit?type=key.created', admin);
    expect([status, body.items]).toEqual([200, []]);
    await expectAuthentication();
    await expectChangesMade();
    const all = await app.call('GET', '/audit?limit=200', admin);
    expect(all.body.items.filter(({ type }) => type === 'key.created')).toHaveLength(1);
  });

  it('evicted: everything goes on, and a new trail begins', async () => {
    const entry = 'x'.repeat(1_000);
    for (let n = 0; n < 4_000; n += 1_000) {
      const adding = client.pipeline();
      for (let i = 0; i < 1_000; i++) for (const stream of [CHANGES, ACTIVITY]) adding.xadd(stream, '*', 'e', entry);
      await adding.exec();
    }
    await client.config('SET', 'maxmemory-policy', 'volatile-lru');
    const used = Number(/^used_memory:(\d+)/m.exec(await client.info('memory'))?.[1]);
    await client.config('SET', 'maxmemory', String(used - 5_000_000)); // both streams hold about 4 MB each
    await client.set('a write', '1');
    expect(await client.exists(CHANGES, ACTIVITY)).toBeLessThan(2);
    await expectAuthentication();
    expect((await app.call('PATCH', `/api-keys/${user.id}`, admin, { name: 'n' })).status).toBe(200);
    await client.config('SET', 'maxmemory', '0');
    await expectChangesMade();
  });

  it('with something else in its place: changes are refused and not made, keys work; afterwards all is well', async () => {
    await client.set(CHANGES, 'something else');
    await expectAuthentication();
    await expectChangesRefused();
    await expectAuthentication();
    expect((await app.call('GET', '/audit?type=key.created', admin)).status).toBe(503);
    expect((await app.call('GET', '/api-keys', admin)).status).toBe(200);
    expect((await app.call('GET', '/policies', admin)).status).toBe(200);
    await client.del(CHANGES);
    await expectChangesMade();
  });

  it('with something else in place of its refusals: nothing is refused for it, and they are written afterwards', async () => {
    await client.set(ACTIVITY, 'something else');
    await expectAuthentication();
    await expectChangesMade();
    for (let n = 0; n < 3; n++) await app.callHost('GET', `/can/orders:delete`, user.token);
    await client.del(ACTIVITY);
    await until('they are written', async () => {
      const { body } = await app.call('GET', `/audit?type=request.forbidden&credential=${user.id}`, admin);
      const written = body.items.filter((item) => item.path === '/can/orders:delete');
      return written.reduce((sum, { count }) => sum + Number(count), 0) === 3;
    });
  });

  it('full, where nothing is evicted: changes are refused and not made, keys work; afterwards all is well', async () => {
    await client.config('SET', 'maxmemory-policy', 'noeviction');
    await client.config('SET', 'maxmemory', '1');
    await expect(client.set('a write', '1')).rejects.toThrow('OOM');
    await expectAuthentication();
    await expectChangesRefused();
    await expectAuthentication();
    expect((await app.call('GET', '/audit', admin)).status).toBe(200);
    await client.config('SET', 'maxmemory', '0');
    await expectChangesMade();
  });
});
