import fc from 'fast-check';
import { Redis } from 'ioredis';
import { type Core, createCore } from '../../lib/core.js';
import { AuthError, type NewKey } from '../../lib/index.js';
import { RedisStore } from '../../lib/stores/redis/redis-store.js';
import { PATIENT } from '../support/patience.js';
import { type RedisServer, startRedis } from '../support/redis-server.js';

/** What comes from outside ends in a clear answer, and a key that was made can always be ended. */
describe('API keys in Redis, made from anything', () => {
  let server: RedisServer;
  let client: Redis;
  let core: Core;
  let nowAt = Date.UTC(2026, 0, 1);

  beforeAll(async () => {
    server = await startRedis();
    client = new Redis(server.url);
    core = createCore({ store: new RedisStore(client, PATIENT), now: () => nowAt }, {});
  });
  afterAll(async () => {
    await core.close();
    client.disconnect();
    await server.stop();
  });

  const text = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 20 }),
    fc.constantFrom('\ud800', 'a\udfff', '"version":9', '\0'),
  );
  const anything = fc.oneof(text, fc.anything());
  const mostly = <Value>(...values: Value[]) =>
    fc.oneof({ weight: 8, arbitrary: fc.constantFrom(...values) }, anything);
  const input = fc.record(
    {
      name: mostly('n', 'ü"version":9', '🔑'),
      description: mostly('', '"version":7 \\" {', '\n\u2028'),
      statements: fc.oneof(
        { weight: 8, arbitrary: fc.constant([{ actions: ['a:b'], description: '"version":8' }]) },
        fc.array(fc.record({ actions: fc.array(text, { maxLength: 3 }), description: text, workspace: text }), {
          maxLength: 2,
        }),
        anything,
      ),
      resources: mostly<unknown>(null, ['a/*'], ['"version":1']),
      properties: fc.oneof(
        { weight: 3, arbitrary: fc.constant({ version: '3' }) },
        fc.dictionary(text, text),
        anything,
      ),
      locale: mostly<unknown>(null, 'en'),
      policyIds: mostly<unknown>([], ['auditor'], ['full-access', 'auditor'], ['__proto__']),
      allowedAddresses: mostly<unknown>(null, ['192.0.2.0/24', '::1']),
      allowedOrigins: mostly<unknown>(null, ['https://app.example.com']),
      disableUnusedAfterMs: mostly<unknown>(null, 3_600_000, Number.MAX_SAFE_INTEGER),
      maxRequestsPerMinute: mostly<unknown>(null, 60),
      internalOnly: mostly<unknown>(false, true),
      notBefore: mostly<unknown>(null, Date.UTC(2026, 1, 1)),
      expiresAt: mostly<unknown>(undefined, Date.UTC(2026, 5, 1)),
    },
    { requiredKeys: ['name'] },
  );

  it('either refuses, naming the fields, or makes one that can be changed and revoked', async () => {
    let made = 0;
    await fc.assert(
      fc.asyncProperty(input, text, async (fields, reason) => {
        const asked = { ownerId: 'ada', ...fields } as NewKey;
        const issued = await core.apiKeys.create(asked, { by: 'test' }).catch((error: unknown) => error);
        if (issued instanceof Error) {
          expect(issued).toBeInstanceOf(AuthError);
          expect((issued as AuthError).code).toBe('invalid_request');
          return;
        }
        made++;
        const { id } = (issued as Awaited<ReturnType<Core['apiKeys']['create']>>).key;
        await core.apiKeys.disable(id, { by: 'test' });
        const revoked = await core.apiKeys.revoke(id, { by: 'test', reason }).catch((error: AuthError) => error.code);
        if (revoked === 'invalid_request') await core.apiKeys.revoke(id, { by: 'test' });
        expect((await core.apiKeys.get(id))?.state).toBe('revoked');
      }),
      { numRuns: 300 },
    );
    expect(made).toBeGreaterThan(10);
  });

  it('removes every one of them when its time has come', async () => {
    nowAt += 1_000 * 86_400_000;
    while ((await core.apiKeys.expunge()) > 0);
    expect(await client.zcard('latchkey:due')).toBe(0);
    expect(await client.zcard('latchkey:watch')).toBe(0);
    expect(await client.keys('latchkey:key:*')).toEqual([]);
    expect(await client.keys('latchkey:idx:*')).toEqual([]);
    expect(await client.keys('latchkey:pol-users:*')).toEqual([]);
  });

  it.each([undefined, null, '', 5, { id: 'ada' }, { id: 'ada', can: () => true }])(
    'takes %j for nobody who may ask',
    async (by) => {
      const options = { by: by as never };
      const wrong = /^by must be the principal/;
      const { key } = await core.apiKeys.create({ name: 'n', ownerId: 'ada' }, { by: 'test' });
      await expect(core.apiKeys.create({ name: 'n', ownerId: 'ada' }, options)).rejects.toThrow(wrong);
      await expect(core.sessionKeys.mint({ userId: 'ada' }, options)).rejects.toThrow(wrong);
      for (const change of ['update', 'rotate', 'disable', 'enable', 'revoke'] as const) {
        const call =
          change === 'update' ? core.apiKeys.update(key.id, {}, options) : core.apiKeys[change](key.id, options);
        await expect(call).rejects.toThrow(wrong);
      }
    },
  );

  it('makes nothing in another organisation than the one that asks', async () => {
    const { key, secret } = await core.apiKeys.create(
      { name: 'n', ownerId: 'ada', orgId: 'a', statements: [{ actions: ['*'] }] },
      { by: 'test' },
    );
    const principal = await core.verifier.verify({ scheme: 'api-key', id: key.id, secret }, null);
    const made = core.apiKeys.create({ name: 'n', ownerId: 'eve', orgId: 'b' }, { by: principal as never });
    await expect(made).rejects.toMatchObject({ code: 'forbidden', errors: [{ path: 'orgId' }] });
  });

  it('keeps a record small enough to be read on every request', async () => {
    const resources = Array.from({ length: 100 }, (_, i) => String(i).padEnd(512, 'r'));
    const properties = Object.fromEntries(Array.from({ length: 32 }, (_, i) => [`p${i}`, 'v'.repeat(512)]));
    const made = core.apiKeys.create({ name: 'n', ownerId: 'ada', resources, properties }, { by: 'test' });
    await expect(made).rejects.toMatchObject({ code: 'invalid_request' });
  });
});

describe('a key whose record is changed while it is being removed', () => {
  it('stays findable after a sweep that was cut off half-way', async () => {
    const server = await startRedis();
    const client = new Redis(server.url);
    let nowAt = Date.UTC(2026, 0, 1);
    const core = createCore(
      { store: new RedisStore(client, PATIENT), now: () => nowAt, keys: { retentionMs: 1_000 } },
      {},
    );
    try {
      const { key } = await core.apiKeys.create({ name: 'n', ownerId: 'ada', lifetimeMs: 1_000 }, { by: 'test' });
      // What a sweep leaves that was cut off after the index entries, before the record, and then raced by a change.
      await core.apiKeys.update(key.id, { lifetimeMs: 86_400_000 }, { by: 'test' });
      for (const index of await client.keys('latchkey:idx:*')) await client.del(index);
      await client.zadd('latchkey:due', nowAt, key.id);
      nowAt += 2_000;
      expect(await core.apiKeys.expunge()).toBe(0);
      expect((await core.apiKeys.list({ orgId: null })).items.map(({ id }) => id)).toEqual([key.id]);
      expect(Number(await client.zscore('latchkey:due', key.id))).toBeGreaterThan(nowAt);
      nowAt += 86_400_000;
      await expect(core.apiKeys.update(key.id, { name: 'x' }, { by: 'test' })).rejects.toMatchObject({
        code: 'not_found',
      });
      expect(await core.apiKeys.expunge()).toBe(1);
    } finally {
      await core.close();
      client.disconnect();
      await server.stop();
    }
  });
});
