import { Redis } from 'ioredis';
import { RedisStore } from '../../lib/stores/redis/redis-store.js';
import { until } from '../conformance/store-suite.js';
import { type AdminApp, startAdminApp } from '../support/admin-app.js';
import { type RedisServer, startRedis } from '../support/redis-server.js';

describe('GET /health', () => {
  let app: AdminApp;

  const keyOf = async (...actions: string[]) => (await app.key({ orgId: 'acme', actions })).token;

  it('tells whoever has health:read what the memory store says, and nobody else', async () => {
    app = await startAdminApp();
    for (const rights of ['health:read', '*:read', '*']) {
      const { status, body, headers } = await app.call('GET', '/health', await keyOf(rights));
      expect([status, headers.get('cache-control')]).toEqual([200, 'no-store']);
      expect(body).toEqual({ ...(await app.latchkey.health()), latencyMs: expect.any(Number) });
    }
    const { status, body } = await app.call('GET', '/health', await keyOf('keys:manage', 'audit:read'));
    expect([status, body.code, body.detail]).toEqual([
      403,
      'forbidden',
      'The credential lacks the right "health:read".',
    ]);
    expect((await app.call('GET', '/health', null)).status).toBe(401);
    expect((await app.call('GET', '/health?deep=true', await keyOf('*'))).status).toBe(400);
    await app.close();
  });

  describe('on Redis', () => {
    let server: RedisServer;
    let client: Redis;

    beforeEach(async () => {
      server = await startRedis();
      client = new Redis(server.port, '127.0.0.1');
      client.on('error', () => {});
      app = await startAdminApp({ store: new RedisStore(client, { timeoutMs: 2_000 }) });
    });
    afterEach(async () => {
      await app.close();
      client.disconnect();
      await server.stop();
    });

    it('tells what the doctor finds, with the mend', async () => {
      await client.config('SET', 'maxmemory', '100mb', 'maxmemory-policy', 'allkeys-lru');
      const { status, body } = await app.call('GET', '/health', await keyOf('health:read'));
      expect(status).toBe(200);
      expect(body).toMatchObject({ ok: true, feedIsLive: true });
      expect(body.findings).toContainEqual({
        id: 'eviction',
        level: 'warning',
        node: null,
        detail: expect.stringContaining('allkeys-lru'),
        mend: expect.stringContaining('noeviction'),
        risk: 'eviction',
      });
    });

    it('is ok: false once Redis does not answer, for a caller who is still known; in bounded time', async () => {
      const token = await keyOf('health:read');
      expect((await app.call('GET', '/health', token)).body).toMatchObject({ ok: true });
      server.pause();
      const { status, body } = await app.call('GET', '/health', token);
      server.resume();
      await until('Redis answers again', async () => (await app.latchkey.health()).ok);
      expect([200, 503]).toContain(status); // 503 once the feed is known to be lost: then nobody is let in
      if (status === 200) expect(body).toMatchObject({ ok: false });
    }, 60_000);
  });
});
