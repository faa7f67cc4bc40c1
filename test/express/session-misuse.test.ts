import { Redis } from 'ioredis';
import { MemoryStore, type Store } from '../../lib/index.js';
import { RedisStore } from '../../lib/stores/redis/redis-store.js';
import { PATIENT } from '../support/patience.js';
import { type RedisServer, startRedis } from '../support/redis-server.js';
import { newLatchkey, type SessionApp, startSessionApp } from '../support/session-app.js';

describe.each(['MemoryStore', 'RedisStore'])('sessions on %s', (kind) => {
  let server: RedisServer;
  let client: Redis;
  let store: Store;
  let app: SessionApp;

  beforeAll(async () => {
    server = await startRedis();
    client = new Redis(server.url);
  });
  beforeEach(async () => {
    store =
      kind === 'MemoryStore'
        ? new MemoryStore()
        : new RedisStore(client, { ...PATIENT, keyPrefix: `t${Math.random()}:` });
    app = await startSessionApp(newLatchkey({ store }), {
      isMounted: true,
      add: (express) =>
        express.post('/remember', (req, res) => {
          const { session } = req as unknown as { session: { cookie: { maxAge: number }; asked: boolean } };
          session.cookie.maxAge = 60_000;
          session.asked = true;
          res.end();
        }),
    });
  });
  afterEach(async () => {
    await app.close();
    await app.latchkey.close();
  });
  afterAll(async () => {
    client.disconnect();
    await server.stop();
  });

  it('are ended for their own user only', async () => {
    const { session, headers } = await app.login('ada');
    expect(await app.latchkey.sessions?.end(session.id, 'bob')).toBe(false);
    expect((await app.call('GET', '/me', headers)).status).toBe(200);
    expect(await app.latchkey.sessions?.end(session.id, 'ada')).toBe(true);
    expect((await app.call('GET', '/me', headers)).status).toBe(401);
  });

  it('keep the attributes of their cookie when the host changes its life', async () => {
    const { headers } = await app.login('ada');
    const { cookies } = await app.call('POST', '/remember', headers);
    expect(cookies).toHaveLength(1);
    expect(cookies[0]).toMatch(/^sID=s%3A[^;]+; Path=\/; Expires=[^;]+; HttpOnly; SameSite=Lax$/);
  });

  it('that have ended by themselves leave no trace in the list of their user', async () => {
    const { session } = await app.login('ada');
    await app.login('ada');
    await store.state.sessions.end(session.id, null); // as Redis ends it: the list is not told
    expect(await app.latchkey.sessions?.list('ada')).toHaveLength(1);
    if (kind === 'RedisStore') {
      const [index = ''] = await client.keys('t*user-sess:{ada}');
      expect(await client.zcard(index)).toBe(1);
      await client.del(index);
    }
  });
});
