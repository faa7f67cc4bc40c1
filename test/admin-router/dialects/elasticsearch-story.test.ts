import { Redis } from 'ioredis';
import { RedisStore } from '../../../lib/stores/redis/redis-store.js';
import { PATIENT } from '../../support/patience.js';
import { type RedisServer, startRedis } from '../../support/redis-server.js';
import { elasticsearchDriver } from './elasticsearch-driver.js';
import { testDialect } from './story.js';

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

describe('in memory', () => testDialect(elasticsearchDriver));
describe('on Redis', () => {
  testDialect(elasticsearchDriver, () => new RedisStore(client, { ...PATIENT, keyPrefix: `es${Math.random()}:` }));
});
