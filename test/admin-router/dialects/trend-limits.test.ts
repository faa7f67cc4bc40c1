import { Redis } from 'ioredis';
import { type TrendOptions, trend } from '../../../admin-router/dialects/trend.js';
import { MemoryStore, type Store } from '../../../lib/index.js';
import { RedisStore } from '../../../lib/stores/redis/redis-store.js';
import { PATIENT } from '../../support/patience.js';
import { type RedisServer, startRedis } from '../../support/redis-server.js';
import { type Headers, type Stage, startStage } from './stage.js';
import { wrongSecret } from './story.js';
import { makeKey, message, recordIdOf, signIn, TREND_OPTIONS, type TrendKey, withKey } from './trend-driver.js';

const FAILED = message(401, 'Authentication failed.');

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
])('on %s', (_name, makeStore) => {
  let stage: Stage;
  let ada: Headers;

  async function start(options: TrendOptions = {}): Promise<void> {
    stage = await startStage((app, latchkey) => void app.use('/', trend(latchkey, { ...TREND_OPTIONS, ...options })), {
      store: makeStore(),
    });
    ada = await signIn(stage, 'ada');
  }
  afterEach(() => stage.close());

  const use = (secretKey: string) => stage.send('GET', '/api/apikeys', withKey(secretKey));
  const read = async (ID: number) => (await stage.send('GET', `/api/apikeys/${ID}`, ada)).body as TrendKey;
  const change = (ID: number, body: object) => stage.send('POST', `/api/apikeys/${ID}`, ada, body);

  describe('failed authentications', () => {
    it('are counted until one succeeds, and lock nothing by default', async () => {
      await start();
      const { ID, secretKey } = await makeKey(stage, ada, {});
      for (let failure = 1; failure <= 12; failure++) expect(await use(wrongSecret(secretKey))).toMatchObject(FAILED);
      await use(`${ID}:short`);
      expect(await read(ID)).toMatchObject({ unsuccessfulSignInAttempts: 13, active: true });
      expect(await read(ID)).not.toHaveProperty('unlockTime');
      expect((await use(secretKey)).status).toBe(200);
      expect(await read(ID)).toMatchObject({ unsuccessfulSignInAttempts: 0 });
    });

    it('count for a key that is locked out or expired, and not for one that is deleted or was never there', async () => {
      await start();
      const off = await makeKey(stage, ada, { active: false });
      expect((await use(off.secretKey)).status).toBe(401);
      expect(await read(off.ID)).toMatchObject({ unsuccessfulSignInAttempts: 1 });
      const gone = await makeKey(stage, ada, {});
      await stage.send('DELETE', `/api/apikeys/${gone.ID}`, ada);
      for (const key of [gone.secretKey, `999:${'A'.repeat(43)}=`, '999:x', 'x', ':', '']) {
        expect(await use(key)).toMatchObject(FAILED);
      }
      const { state } = stage.latchkey.dialects;
      expect(await state('trend').attempts(`key-${await recordIdOf(stage, gone.ID)}`)).toMatchObject({ count: 0 });
    });

    it('lock a key for a while where the host says so, and an administrator unlocks it', async () => {
      await start({ keyLockout: { limit: 3, lockMs: 600_000 } });
      const { ID, secretKey } = await makeKey(stage, ada, {});
      const other = await makeKey(stage, ada, {});
      for (let failure = 1; failure <= 2; failure++) await use(wrongSecret(secretKey));
      expect((await use(secretKey)).status).toBe(200);
      for (let failure = 1; failure <= 3; failure++) await use(wrongSecret(secretKey));
      expect(await use(secretKey)).toMatchObject(FAILED);
      expect((await use(other.secretKey)).status).toBe(200);
      const locked = await read(ID);
      expect(locked).toMatchObject({ active: false, unsuccessfulSignInAttempts: 3 });
      expect(Math.abs((locked.unlockTime ?? 0) - Date.now() - 600_000)).toBeLessThan(30_000);
      const found = await stage.send('POST', '/api/apikeys/search', ada, {
        searchCriteria: [
          { fieldName: 'unlockTime', nullTest: false },
          { fieldName: 'active', booleanTest: false },
        ],
      });
      expect((found.body as { apiKeys: TrendKey[] }).apiKeys).toMatchObject([{ ID }]);
      const unlocked = await change(ID, { active: true });
      expect(unlocked.body).toMatchObject({ active: true, unsuccessfulSignInAttempts: 0 });
      expect(unlocked.body).not.toHaveProperty('unlockTime');
      expect((await use(secretKey)).status).toBe(200);
    });

    it('unlock a key by themselves', async () => {
      await start({ keyLockout: { limit: 1, lockMs: 1_000 } });
      const { ID, secretKey } = await makeKey(stage, ada, {});
      await use(wrongSecret(secretKey));
      expect(await use(secretKey)).toMatchObject(FAILED);
      const deadline = Date.now() + 20_000;
      while ((await use(secretKey)).status !== 200) {
        if (Date.now() > deadline) throw new Error('the key stays locked');
        await new Promise((resolve) => setTimeout(resolve, 100));
      }
      expect(await read(ID)).toMatchObject({ active: true, unsuccessfulSignInAttempts: 0 });
    });
  });

  describe('the limit of requests', () => {
    it('is one of each key and each session, with the time to wait', async () => {
      await start({ maxRequestsPerMinute: 4 });
      const one = await makeKey(stage, ada, {});
      const other = await makeKey(stage, ada, {});
      for (let request = 1; request <= 4; request++) expect((await use(one.secretKey)).status).toBe(200);
      const reply = await use(one.secretKey);
      expect([reply.status, reply.text]).toEqual([429, '{"message":"Too many API requests"}']);
      const wait = Number(reply.headers['retry-after']);
      expect([Number.isInteger(wait), wait >= 1, wait <= 60]).toEqual([true, true, true]);
      expect((await use(other.secretKey)).status).toBe(200);
      expect((await stage.send('GET', '/api/apikeys', ada)).status).toBe(200);
      expect((await stage.send('GET', '/api/apikeys', ada)).status).toBe(200);
      expect((await stage.send('GET', '/api/apikeys', ada)).status).toBe(429);
      expect((await use(wrongSecret(one.secretKey))).status).toBe(401);
    });

    it('can be left out', async () => {
      await start({ maxRequestsPerMinute: null });
      expect((await stage.send('GET', '/api/apikeys', ada)).status).toBe(200);
      const [session] = (await stage.latchkey.sessions?.list('ada')) ?? [];
      const { count } = await stage.latchkey.dialects.state('trend').hit(`rate-${session?.id}`, 60_000);
      expect(count).toBe(1); // nothing was counted before
    });

    it('is 600 by itself', async () => {
      await start();
      expect((await stage.send('GET', '/api/apikeys', ada)).status).toBe(200);
      const [session] = (await stage.latchkey.sessions?.list('ada')) ?? [];
      const hit = () => stage.latchkey.dialects.state('trend').hit(`rate-${session?.id}`, 60_000);
      const counts = await Promise.all(Array.from({ length: 598 }, hit));
      expect(Math.max(...counts.map(({ count }) => count))).toBe(599);
      expect((await stage.send('GET', '/api/apikeys', ada)).status).toBe(200);
      expect((await stage.send('GET', '/api/apikeys', ada)).status).toBe(429);
    });
  });
});
