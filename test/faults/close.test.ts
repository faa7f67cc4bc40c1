import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { Redis } from 'ioredis';
import { createLatchkey } from '../../lib/index.js';
import { RedisStore } from '../../lib/stores/redis/redis-store.js';
import { PATIENT } from '../support/patience.js';
import { startRedisCluster } from '../support/redis-cluster.js';
import { MASTER_NAME, startRedisSentinel } from '../support/redis-sentinel.js';
import { startRedis } from '../support/redis-server.js';
import { transpileLibrary } from '../support/transpiled-library.js';
import { statusFor } from '../support/verify.js';

/** What a process may take in all; one that keeps a handle never ends. */
const END_WITHIN_MS = 60_000;

interface Place {
  /** What `closing-process.mjs` is told. */
  readonly connection: object;
  stop(): Promise<void>;
}

const PLACES: readonly { readonly name: string; open(): Promise<Place> }[] = [
  { name: 'memory', open: async () => ({ connection: { kind: 'memory' }, stop: async () => {} }) },
  {
    name: 'Redis',
    async open() {
      const redis = await startRedis();
      return { connection: { kind: 'standalone', url: redis.url }, stop: () => redis.stop() };
    },
  },
  {
    name: 'Redis behind Sentinel, with durability',
    async open() {
      const { addresses, stop } = await startRedisSentinel();
      const durability = { replicas: 1, timeoutMs: 40_000 };
      return { connection: { kind: 'sentinel', sentinels: addresses, name: MASTER_NAME, durability }, stop };
    },
  },
  {
    name: 'Redis Cluster, with durability',
    async open() {
      const { startupNodes, stop } = await startRedisCluster();
      const durability = { replicas: 1, timeoutMs: 40_000 };
      return { connection: { kind: 'cluster', nodes: startupNodes, durability }, stop };
    },
  },
];

describe('after close() nothing keeps a process alive', () => {
  let folder: string;
  let place: Place | undefined;
  let child: ChildProcess | undefined;

  beforeAll(async () => {
    folder = await transpileLibrary();
  });

  afterEach(async () => {
    child?.kill('SIGKILL');
    await place?.stop();
    place = undefined;
  });

  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it.each(PLACES)(
    'on $name',
    async ({ open }) => {
      place = await open();
      const script = join(__dirname, '..', 'support', 'closing-process.mjs');
      child = spawn(process.execPath, [script, folder, JSON.stringify(place.connection)], {
        stdio: ['ignore', 'pipe', 'pipe'],
        timeout: END_WITHIN_MS,
      });
      const [output, errors, [exitCode]] = await Promise.all([
        text(child.stdout as NodeJS.ReadableStream),
        text(child.stderr as NodeJS.ReadableStream),
        once(child, 'close') as Promise<[number | null]>,
      ]);
      expect({ output, errors, exitCode }).toEqual({
        output: '200 200 200 200 401, closed\n',
        errors: '',
        exitCode: 0,
      });
    },
    2 * END_WITHIN_MS,
  );
});

describe('close() while requests are under way', () => {
  it('decides those that came before, refuses those that come after, and counts what it has let in', async () => {
    const redis = await startRedis();
    const [client, other] = [new Redis(redis.url), new Redis(redis.url)];
    const settings = { usage: { flushIntervalMs: 3_600_000 }, cache: { maxEntries: 0 } };
    const latchkey = createLatchkey({ store: new RedisStore(client, PATIENT), ...settings });
    const { key, secret } = await latchkey.apiKeys.create({ name: 'k', ownerId: 'ada' }, { by: 'test' });
    const verify = () => statusFor(latchkey, { id: key.id, secret });
    const before = Array.from({ length: 500 }, verify);
    const changes = Array.from({ length: 20 }, (_, n) =>
      latchkey.apiKeys.create({ name: `k${n}`, ownerId: 'ada' }, { by: 'test' }),
    );
    const closed = latchkey.close();
    const after = Array.from({ length: 50 }, verify);
    expect(new Set(await Promise.all(after))).toEqual(new Set([503]));
    expect(new Set(await Promise.all(before))).toEqual(new Set([200]));
    expect(await Promise.all(changes)).toHaveLength(20);
    await closed;
    expect(await verify()).toBe(503);

    const later = createLatchkey({ store: new RedisStore(other, PATIENT) });
    expect((await later.apiKeys.get(key.id))?.useCount).toBe(500);
    await later.close();
    client.disconnect();
    other.disconnect();
    await redis.stop();
  });
});
