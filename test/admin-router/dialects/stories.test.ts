import { Redis } from 'ioredis';
import { RedisStore } from '../../../lib/stores/redis/redis-store.js';
import { PATIENT } from '../../support/patience.js';
import { type RedisServer, startRedis } from '../../support/redis-server.js';
import { elasticsearchDriver } from './elasticsearch-driver.js';
import { illumioDriver } from './illumio-driver.js';
import { plexusDriver } from './plexus-driver.js';
import { type Driver, testDialect } from './story.js';
import { systemlinkDriver } from './systemlink-driver.js';
import { trendDriver } from './trend-driver.js';

const DRIVERS: readonly Driver[] = [elasticsearchDriver, trendDriver, illumioDriver, systemlinkDriver, plexusDriver];

describe.each(DRIVERS)('$name in memory', (driver) => testDialect(driver));

describe('on Redis', () => {
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

  const newStore = () => new RedisStore(client, { ...PATIENT, keyPrefix: `t${Math.random()}:` });
  describe.each(DRIVERS)('$name', (driver) => testDialect(driver, newStore));
});
