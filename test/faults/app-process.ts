import { Cluster, Redis } from 'ioredis';
import { createLatchkey, type LatchkeyOptions } from '../../lib/index.js';
import { RedisStore, type RedisStoreOptions, recommendedRedisOptions } from '../../lib/stores/redis/redis-store.js';
import { until } from '../conformance/store-suite.js';
import type { RedisCluster } from '../support/redis-cluster.js';
import { MASTER_NAME, type RedisSentinel } from '../support/redis-sentinel.js';
import { type Pair, statusFor } from '../support/verify.js';

export interface ProcessOptions extends LatchkeyOptions {
  /** Options of the client; default: the recommended ones. */
  readonly client?: object;
  readonly storeOptions?: RedisStoreOptions;
}

/** What one process of an app has. */
export interface AppProcess<Client extends Redis | Cluster = Redis | Cluster> {
  readonly client: Client;
  readonly store: RedisStore;
  verify(pair: Pair): Promise<number>;
  issue(): Promise<Pair>;
  untilLive(): Promise<void>;
  close(): Promise<void>;
}

export function onCluster(
  cluster: RedisCluster,
  { client = recommendedRedisOptions('cluster'), ...options }: ProcessOptions = {},
): AppProcess<Cluster> {
  return start(new Cluster([...cluster.startupNodes], client), options);
}

export function onSentinel(
  { addresses }: RedisSentinel,
  { client = recommendedRedisOptions('sentinel'), ...options }: ProcessOptions = {},
): AppProcess<Redis> {
  return start(new Redis({ sentinels: addresses, name: MASTER_NAME, ...client } as object), options);
}

function start<Client extends Redis | Cluster>(
  client: Client,
  { storeOptions = {}, ...options }: Omit<ProcessOptions, 'client'>,
): AppProcess<Client> {
  client.on('error', () => {});
  const store = new RedisStore(client, storeOptions);
  const latchkey = createLatchkey({ store, usage: { flushIntervalMs: 3_600_000 }, ...options });
  return {
    client,
    store,
    verify: (pair) => statusFor(latchkey, pair),
    async issue() {
      const { key, secret } = await latchkey.apiKeys.create({ name: 'A key', ownerId: 'anna' }, { by: 'test' });
      return { id: key.id, secret };
    },
    untilLive: () => until('the feed is live', () => store.changes.isLive, 10_000),
    async close() {
      await latchkey.close().catch(() => {});
      client.disconnect();
    },
  };
}
