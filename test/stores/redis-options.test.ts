import { Cluster, Redis } from 'ioredis';
import { RedisStore, recommendedRedisOptions } from '../../lib/stores/redis/redis-store.js';

const SENTINELS = { sentinels: [{ host: '127.0.0.1', port: 1 }], name: 'm' };
const NODES = [{ host: '127.0.0.1', port: 1 }];

describe('the options of a Redis client', () => {
  let opened: { readonly store: RedisStore; readonly client: Redis | Cluster }[] = [];

  afterEach(async () => {
    jest.restoreAllMocks();
    for (const { store, client } of opened) {
      await store.close();
      client.disconnect();
    }
    opened = [];
  });

  /** The warnings that a store brings about, of a client that never connects. */
  function warningsFor(client: Redis | Cluster): unknown[][] {
    const warning = jest.spyOn(process, 'emitWarning').mockReturnValue(undefined);
    client.on('error', () => {});
    opened.push({ client, store: new RedisStore(client) });
    return warning.mock.calls;
  }

  const redis = (options: object) => new Redis({ port: 1, lazyConnect: true, ...options });
  const cluster = (options: object) => new Cluster(NODES, { lazyConnect: true, ...options });

  it.each<[string, () => Redis | Cluster]>([
    ['the defaults', () => redis({})],
    ['the recommended', () => redis(recommendedRedisOptions())],
    ['the recommended, with Sentinel', () => redis({ ...SENTINELS, ...recommendedRedisOptions('sentinel') })],
    ['the defaults of a Cluster', () => cluster({})],
    ['the recommended, of a Cluster', () => cluster(recommendedRedisOptions('cluster'))],
    [
      'resending switched off where nothing is left to be resent',
      () => redis({ autoResendUnfulfilledCommands: false, maxRetriesPerRequest: 0 }),
    ],
  ])('are not warned of: %s', (_what, connect) => {
    expect(warningsFor(connect())).toEqual([]);
  });

  it.each<[string, () => Redis | Cluster]>([
    [
      'retryStrategy is no function, so a connection that breaks is never made again: leave it out',
      () => redis({ retryStrategy: null }),
    ],
    [
      'autoResendUnfulfilledCommands is false, so commands under way when a connection breaks never settle: leave it out, or set maxRetriesPerRequest: 0',
      () => redis({ autoResendUnfulfilledCommands: false }),
    ],
    [
      'sentinelCommandTimeout is not set, so a sentinel that is frozen is waited for without end: set it to 500',
      () => redis(SENTINELS),
    ],
    [
      'sentinelRetryStrategy is no function, so the client ends when no sentinel answers: leave it out',
      () => redis({ ...SENTINELS, sentinelCommandTimeout: 500, sentinelRetryStrategy: null }),
    ],
    [
      'clusterRetryStrategy is no function, so the client ends when no node answers: leave it out',
      () => cluster({ clusterRetryStrategy: null }),
    ],
    [
      "scaleReads is not 'master', so what was revoked may be read from a replica as if it were not: leave it out",
      () => cluster({ scaleReads: 'all' }),
    ],
    [
      'slotsRefreshTimeout is not positive, so failovers are never learned of: leave it out',
      () => cluster({ slotsRefreshTimeout: 0 }),
    ],
  ])('are warned of, with the mend: %s', (fault, connect) => {
    const mend = 'recommendedRedisOptions() of latchkey/redis gives safe ones.';
    expect(warningsFor(connect())).toEqual([
      [
        `The Redis client was made with options that are not safe: ${fault}. ${mend}`,
        { code: 'LATCHKEY_REDIS_OPTIONS' },
      ],
    ]);
  });

  it('are warned of once for each client, all of them at once', () => {
    const client = cluster({ scaleReads: 'slave', clusterRetryStrategy: null });
    expect(warningsFor(client)).toHaveLength(1);
    expect(warningsFor(client)).toHaveLength(1);
    expect(String(warningsFor(client)[0]?.[0])).toMatch(/clusterRetryStrategy .*; scaleReads /);
  });

  it('are recommended anew each time, and for what there is only', () => {
    expect(recommendedRedisOptions()).not.toBe(recommendedRedisOptions());
    expect(recommendedRedisOptions('cluster').redisOptions).not.toBe(recommendedRedisOptions('cluster').redisOptions);
    const message = 'recommendedRedisOptions takes "standalone", "sentinel" or "cluster"';
    expect(() => recommendedRedisOptions('replica' as 'cluster')).toThrow(new TypeError(message));
  });
});
