import { Redis } from 'ioredis';
import { RedisStore } from '../../../lib/stores/redis/redis-store.js';
import { PATIENT } from '../../support/patience.js';
import { type RedisServer, startRedis } from '../../support/redis-server.js';
import { testDialect } from './story.js';
import { trendDriver } from './trend-driver.js';

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

describe('on memory', () => testDialect(trendDriver));
describe('on Redis', () => {
  testDialect(trendDriver, () => new RedisStore(client, { ...PATIENT, keyPrefix: `t${Math.random()}:` }));
});
