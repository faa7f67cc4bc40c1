import { Redis } from 'ioredis';
import { createLatchkey, type Latchkey } from '../../lib/index.js';
import { RedisStore } from '../../lib/stores/redis/redis-store.js';
import { PATIENT } from '../support/patience.js';
import { type RedisServer, startRedis } from '../support/redis-server.js';

/** What the README promises under "Upgrades", of records that another version has written. */
describe('a record of another version', () => {
  let redis: RedisServer;
  let client: Redis;
  let latchkey: Latchkey;

  beforeAll(async () => {
    redis = await startRedis();
    client = new Redis(redis.url);
    latchkey = createLatchkey({ store: new RedisStore(client, PATIENT) });
  });
  afterAll(async () => {
    await latchkey.close();
    await client.quit();
    await redis.stop();
  });

  /** Puts fields into the stored JSON, or takes them out (undefined). */
  async function rewrite(key: string, fields: object): Promise<void> {
    const [version = '', json = ''] = (await client.get(key))?.split(/ (.*)/s) ?? [];
    await client.set(key, `${version} ${JSON.stringify({ ...JSON.parse(json), ...fields })}`);
  }

  it.each(['apiKeys', 'policies'] as const)('of %s keeps the fields that this one does not know', async (kind) => {
    const by = { by: 'test' };
    const made =
      kind === 'apiKeys'
        ? (await latchkey.apiKeys.create({ name: 'k', ownerId: 'alice' }, by)).key
        : await latchkey.policies.create({ name: 'p', statements: [{ actions: ['a:b'] }] }, by);
    const stored = `latchkey:${kind === 'apiKeys' ? 'key' : 'policy'}:{${made.id}}`;
    await rewrite(stored, { ofTheFuture: { kept: true } });
    await latchkey[kind].update(made.id, { name: 'renamed' }, by);
    const text = await client.get(stored);
    expect(text).toContain('"renamed"');
    expect(text).toContain('"ofTheFuture":{"kept":true}');
  });

  it('reads a field that is not there as not set', async () => {
    const { key } = await latchkey.apiKeys.create(
      { name: 'k', ownerId: 'alice', maxRequestsPerMinute: 5 },
      { by: 'test' },
    );
    await rewrite(`latchkey:key:{${key.id}}`, { maxRequestsPerMinute: undefined });
    expect(await latchkey.apiKeys.get(key.id)).toMatchObject({ maxRequestsPerMinute: null, state: 'active' });
  });
});
