import { Redis } from 'ioredis';
import type { Finding, StoreHealth } from '../../lib/index.js';
import { RedisStore, recommendedRedisOptions } from '../../lib/stores/redis/redis-store.js';
import { until } from '../conformance/store-suite.js';
import { MASTER_NAME, type RedisSentinel, startRedisSentinel } from '../support/redis-sentinel.js';

describe('the health of a RedisStore behind Sentinel', () => {
  let sentinel: RedisSentinel;

  beforeAll(async () => {
    sentinel = await startRedisSentinel({ args: ['--appendonly', 'yes'] });
  });

  afterAll(() => sentinel.stop());

  async function healthOf(user: object = {}): Promise<StoreHealth> {
    const options = {
      sentinels: sentinel.addresses,
      name: MASTER_NAME,
      ...recommendedRedisOptions('sentinel'),
      ...user,
    };
    const client = new Redis(options);
    client.on('error', () => {});
    const store = new RedisStore(client, { timeoutMs: 5_000 });
    try {
      await until('the feed is live', () => store.changes.isLive);
      return await store.health();
    } finally {
      await store.close();
      client.disconnect();
    }
  }

  const wrongIn = ({ findings }: StoreHealth): readonly Finding[] => findings.filter(({ level }) => level !== 'ok');

  it('is that of the master', async () => {
    const health = await healthOf();
    expect(health.ok).toBe(true);
    expect(health.findings.find(({ id }) => id === 'role')).toMatchObject({ level: 'ok', detail: 'A master.' });
    expect(wrongIn(health)).toMatchObject([{ id: 'min-replicas', level: 'warning', node: null }]);
  });

  it('misses ROLE where it is refused: a replaced master is known by it', async () => {
    const rules = ['reset', 'on', '>secret', '+@all', '~*', '&*', '-role'];
    for (const server of sentinel.servers) await sentinel.ask(server, 'ACL', 'SETUSER', 'app', ...rules);
    const found = wrongIn(await healthOf({ username: 'app', password: 'secret' }));
    expect(found.find(({ id }) => id === 'acl')).toMatchObject({ level: 'warning', detail: 'Refused: role.' });
  });
});
