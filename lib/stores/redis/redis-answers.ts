import { once } from 'node:events';
import type { Cluster, Redis } from 'ioredis';
import { storeUnavailable } from '../../errors.js';
import { asUnavailable, within } from '../within.js';
import { askRedis, type RedisFacts, type RedisNames } from './redis-facts.js';

/** What one server said of itself; null facts: nothing, and `trouble` says why. */
export interface RedisAnswer {
  /** Of a cluster's node, as `host:port`; null where there is only one server. */
  readonly node: string | null;
  /** The client that asked it; null for a node that the client is not connected to. */
  readonly redis: Redis | null;
  /** Whether keys are served by it. */
  readonly isMaster: boolean;
  readonly facts: RedisFacts | null;
  readonly trouble: string;
}

/** Asks the one server. Rejects where it does not answer. */
export async function askServer(redis: Redis, names: RedisNames): Promise<readonly RedisAnswer[]> {
  return [{ node: null, redis, isMaster: true, facts: await askRedis(redis, names), trouble: '' }];
}

/** Asks every node that the client knows of, each within `timeoutMs`. Rejects where it knows of none. */
export async function askCluster(
  cluster: Cluster,
  names: RedisNames,
  timeoutMs: number,
): Promise<readonly RedisAnswer[]> {
  await untilReady(cluster, timeoutMs);
  const connected = new Map(cluster.nodes().map((redis) => [`${redis.options.host}:${redis.options.port}`, redis]));
  const serving = [...new Set(cluster.slots)].filter((nodes) => nodes !== undefined);
  const masters = new Set(serving.map(([master]) => master));
  const known = new Set([...serving.flat(), ...connected.keys()]);
  return await Promise.all(
    [...known].map(async (node): Promise<RedisAnswer> => {
      const redis = connected.get(node) ?? null;
      const answer = { node, redis, isMaster: masters.has(node) };
      if (redis === null) return { ...answer, facts: null, trouble: 'Redis is not connected' };
      try {
        return { ...answer, facts: await within(timeoutMs, askRedis(redis, names)), trouble: '' };
      } catch (error) {
        return { ...answer, facts: null, trouble: asUnavailable(error).reason };
      }
    }),
  );
}

async function untilReady(cluster: Cluster, timeoutMs: number): Promise<void> {
  if (cluster.status === 'ready') return;
  if (cluster.status === 'end') throw storeUnavailable('the Redis client is closed');
  if (cluster.status === 'wait') cluster.connect().catch(() => {}); // told by the client's 'error' event
  await once(cluster, 'ready', { signal: AbortSignal.timeout(timeoutMs) }).catch(() => {
    throw storeUnavailable('Redis is not connected');
  });
}
