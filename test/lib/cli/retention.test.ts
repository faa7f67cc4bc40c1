import { Redis } from 'ioredis';
import { createLatchkey, type Latchkey } from '../../../lib/index.js';
import { RedisStore } from '../../../lib/stores/redis/redis-store.js';
import { PATIENT } from '../../support/patience.js';
import { type RedisServer, startRedis } from '../../support/redis-server.js';
import { documentOf, runnerOn } from './run-command.js';

const DAY_MS = 86_400_000;

describe('--retention', () => {
  let redis: RedisServer;
  let client: Redis;
  let store: RedisStore;
  let app: Latchkey;
  const latch = runnerOn(() => redis.url);

  beforeAll(async () => {
    redis = await startRedis();
    client = new Redis(redis.url);
    store = new RedisStore(client, PATIENT);
    app = createLatchkey({ store });
  });
  afterAll(async () => {
    await app.close();
    client.disconnect();
    await redis.stop();
  });

  const make = async () => (await app.apiKeys.create({ name: 'k', ownerId: 'ann' }, { by: 'test' })).key.id;
  /** How long after its end the record is kept, in ms. */
  const keptOf = async (id: string) => {
    const { expungeAt, revokedAt, expiresAt } = (await store.records.apiKeys.get(id)) ?? {};
    return Number(expungeAt) - Number(revokedAt ?? expiresAt);
  };

  it('says how long a revoked key stays, also of several', async () => {
    const [byDefault, one, two, three] = await Promise.all([make(), make(), make(), make()]);
    await latch(['keys', 'revoke', byDefault]);
    expect((await latch(['keys', 'revoke', one, '--retention', '365d'])).code).toBe(0);
    expect((await latch(['keys', 'revoke', two, three, '--retention', '7d'])).code).toBe(0);
    expect(await Promise.all([byDefault, one, two, three].map(keptOf))).toEqual(
      [90, 365, 7, 7].map((days) => days * DAY_MS),
    );
  });

  it('says how long a key stays once it has expired, that is made or imported', async () => {
    const flags = ['--owner', 'ann', '--action', 'a:b', '--expires', '30d', '--retention', '52w'];
    const file = `${await import('node:os').then(({ tmpdir }) => tmpdir())}/retention-${process.pid}-${Date.now()}`;
    const made = documentOf(await latch(['keys', 'create', '--name', 'n', ...flags, '--json', '--secret-file', file]));
    await import('node:fs/promises').then(({ rm }) => rm(file));
    expect(await keptOf(String(made.id))).toBe(364 * DAY_MS);
    const input = `${JSON.stringify({ name: 'old', sha256: 'a'.repeat(64) })}\n`;
    expect((await latch(['keys', 'import', '-', ...flags], { input })).code).toBe(0);
    const { items } = await app.apiKeys.list({ orgId: null, ownerId: 'ann' });
    const imported = items.find(({ name }) => name === 'old');
    expect(await keptOf(String(imported?.id))).toBe(364 * DAY_MS);
  });

  it.each(['0d', '-1d', 'long'])('refuses %s, and revokes nothing', async (span) => {
    const id = await make();
    const ran = await latch(['keys', 'revoke', id, `--retention=${span}`]);
    expect([ran.code, ran.errors]).toEqual([2, expect.stringMatching(/^latchkey: --retention must be /)]);
    expect((await app.apiKeys.get(id))?.revokedAt).toBeNull();
  });
});
