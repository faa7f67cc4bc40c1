import { Redis } from 'ioredis';
import { RedisStore } from '../../lib/stores/redis/redis-store.js';
import { type AdminApp, startAdminApp } from '../support/admin-app.js';
import { PATIENT } from '../support/patience.js';
import { type RedisReplicas, startRedisReplicas } from '../support/redis-replicas.js';
import type { RedisServer } from '../support/redis-server.js';

/** What a replica that is frozen is waited for. */
const TIMEOUT_MS = 3_000;

jest.setTimeout(120_000);
const STATEMENTS = [{ actions: ['orders:read'] }];
const NEVER_MADE = 'NeverMade1234567890ab';

describe('DELETE of a policy that a replica did not confirm, asked for again', () => {
  let redis: RedisReplicas;
  let replica: RedisServer;
  let first: AdminApp;
  let second: AdminApp;
  let admin: string;
  const clients: Redis[] = [];

  beforeAll(async () => {
    redis = await startRedisReplicas(1);
    replica = redis.replicas[0] as RedisServer;
    [first, second] = [await start(), await start()];
    admin = (await first.key({ ownerId: 'root', orgId: 'acme', actions: ['*'] })).token;
  });

  afterEach(async () => {
    replica.resume();
    await redis.untilInStep();
  });

  afterAll(async () => {
    for (const app of [first, second]) await app.close();
    for (const client of clients) client.disconnect();
    await redis.stop();
  });

  /** A process of the app. */
  function start(): Promise<AdminApp> {
    const client = new Redis(redis.master.url);
    clients.push(client);
    return startAdminApp({
      store: new RedisStore(client, { ...PATIENT, durability: { replicas: 1, timeoutMs: TIMEOUT_MS } }),
    });
  }

  async function make(): Promise<string> {
    const { status, body } = await first.call('POST', '/policies', admin, { name: 'p', statements: STATEMENTS });
    expect(status).toBe(201);
    return body.id;
  }

  const remove = (id: string, { app = first, as = admin, headers = {} } = {}) =>
    app.call('DELETE', `/policies/${id}`, as, undefined, headers);

  async function removeInVain(id: string): Promise<void> {
    replica.pause();
    expect(await remove(id)).toMatchObject({ status: 503, body: { code: 'not_durable' } });
    expect((await first.call('GET', `/policies/${id}`, admin)).status).toBe(404);
  }

  async function thaw(): Promise<void> {
    replica.resume();
    await redis.untilInStep();
  }

  it('is 503 until it is confirmed, then 200, by whatever process; once acknowledged it is 404', async () => {
    const id = await make();
    await removeInVain(id);
    expect((await remove(id)).status).toBe(503);
    expect((await remove(id, { app: second })).status).toBe(503);
    await thaw();
    expect(await remove(id, { app: second })).toMatchObject({ status: 200, body: { detached: 0 } });
    for (const app of [first, second]) expect((await remove(id, { app })).status).toBe(404);
  });

  it('is held to the version and the organisation of what was removed, and to the right to do so', async () => {
    const id = await make();
    const stranger = (await first.key({ ownerId: 'eve', orgId: 'other', actions: ['*'] })).token;
    const reader = (await first.key({ ownerId: 'ada', orgId: 'acme', actions: ['policies:read'] })).token;
    await removeInVain(id);
    await thaw();
    expect((await remove(id, { as: stranger })).status).toBe(404);
    expect((await remove(id, { as: reader })).status).toBe(404);
    expect((await remove(id, { headers: { 'If-Match': '"2"' } })).status).toBe(412);
    expect((await remove(id, { headers: { 'If-Match': '"1"' } })).status).toBe(200);
  });

  it('of one that never was is 404, as often as it is asked for', async () => {
    for (let n = 0; n < 2; n++) expect((await remove(NEVER_MADE)).status).toBe(404);
  });
});
