import { Cluster } from 'ioredis';
import { createLatchkey, type LatchkeyOptions } from '../../lib/index.js';
import { RedisStore, type RedisStoreOptions, recommendedRedisOptions } from '../../lib/stores/redis-store.js';
import { until } from '../conformance/store-suite.js';
import type { RedisCluster } from '../support/redis-cluster.js';
import type { RedisServer } from '../support/redis-server.js';
import { type Pair, statusFor } from '../support/verify.js';

export interface ProcessOptions extends LatchkeyOptions {
  readonly client?: object;
  readonly storeOptions?: RedisStoreOptions;
}

/** What one process of an app has of a cluster. */
export interface ClusterProcess {
  readonly client: Cluster;
  readonly store: RedisStore;
  verify(pair: Pair): Promise<number>;
  issue(): Promise<Pair>;
  revoke(pair: Pair): Promise<unknown>;
  untilLive(): Promise<void>;
  close(): Promise<void>;
}

export function startClusterProcess(
  cluster: RedisCluster,
  { client: clientOptions = recommendedRedisOptions('cluster'), storeOptions = {}, ...options }: ProcessOptions = {},
): ClusterProcess {
  const client = new Cluster([...cluster.startupNodes], clientOptions);
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
    revoke: ({ id }) => latchkey.apiKeys.revoke(id, { by: 'test' }),
    untilLive: () => until('the feed is live', () => store.changes.isLive, 10_000),
    async close() {
      await latchkey.close().catch(() => {});
      client.disconnect();
    },
  };
}

/** Keys, sorted by whether their record lies on `master`. */
export async function issueBySide(
  cluster: RedisCluster,
  { issue }: ClusterProcess,
  master: RedisServer,
  count: number,
): Promise<{ readonly there: Pair[]; readonly elsewhere: Pair[] }> {
  const [there, elsewhere]: [Pair[], Pair[]] = [[], []];
  while (there.length < count || elsewhere.length < count) {
    const pair = await issue();
    const isThere = (await cluster.masterOf(`latchkey:key:{${pair.id}}`)) === master;
    (isThere ? there : elsewhere).push(pair);
  }
  return { there, elsewhere };
}
