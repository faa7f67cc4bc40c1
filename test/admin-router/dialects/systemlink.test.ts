import { Redis } from 'ioredis';
import { RedisStore } from '../../../lib/stores/redis/redis-store.js';
import { PATIENT } from '../../support/patience.js';
import { type RedisServer, startRedis } from '../../support/redis-server.js';
import { basic, startStage } from './stage.js';
import {
  BASE,
  INTERNAL,
  mountBoth,
  type SkylineKey,
  SUPER_USER,
  WHITELISTED_KEY,
  withKey,
} from './systemlink-driver.js';

let server: RedisServer;
let client: Redis;

beforeAll(async () => {
  server = await startRedis();
  client = new Redis(server.url);
  client.on('error', () => {});
});

afterAll(async () => {
  client.disconnect();
  await server.stop();
});

const newRedisStore = () => new RedisStore(client, { ...PATIENT, keyPrefix: `t${Math.random()}:` });

it('mints session keys with policies of their own on Redis, which end themselves', async () => {
  const stage = await startStage((app, latchkey) => mountBoth(app, latchkey), { store: newRedisStore() });
  const policies = [
    { statements: [{ actions: ['tag:Read'], workspace: 'lab' }] },
    { statements: [{ actions: ['niauth:*'], workspace: '*' }] },
  ];
  const body = { orgId: 'acme', policies, policyIds: ['unknown', SUPER_USER] };
  const reply = await stage.send('POST', `${INTERNAL}${BASE}/session-keys`, withKey(WHITELISTED_KEY), body);
  const { secret, policies: shown } = reply.body as SkylineKey;
  expect(shown).toMatchObject([
    { id: SUPER_USER, type: 'role' },
    { sessionPolicy: true, statements: policies[0]?.statements },
    { sessionPolicy: true, statements: policies[1]?.statements },
  ]);
  const read = await stage.send('GET', `${BASE}/policies/${shown[2]?.id}`, withKey(secret));
  expect([read.status, read.body]).toEqual([200, shown[2]]);
  expect((await stage.send('DELETE', `${BASE}/session-keys/self`, withKey(secret))).status).toBe(204);
  expect((await stage.send('GET', `${BASE}/policies/${shown[2]?.id}`, basic('ada'))).status).toBe(404);
  await stage.close();
});
