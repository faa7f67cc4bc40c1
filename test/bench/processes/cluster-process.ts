import { Redis } from 'ioredis';
import { createLatchkey, type Latchkey } from 'latchkey';
import { RedisStore } from 'latchkey/redis';
import { type RedisServer, startRedis } from '../../support/redis-server.js';
import type { Headers } from '../contestant.js';
import { thousand } from '../contestants/thousand-keys.js';
import type { NodeCommand } from '../nodes.js';
import { endChild, firstMessage, forkOn } from '../server-process.js';
import type { ClusterReady } from './cluster-server.js';

/** Workers on one Redis, and keys that they accept. */
export interface RunningCluster extends ClusterReady {
  readonly redis: RedisServer;
  /** Of keys for the route. */
  readonly keys: readonly Headers[];
  /** Of a key that may revoke them. */
  readonly admin: Headers;
}

export async function withCluster<Result>(
  node: NodeCommand,
  workers: number,
  keyCount: number,
  work: (cluster: RunningCluster) => Promise<Result>,
): Promise<Result> {
  const redis = await startRedis();
  try {
    const { keys, admin } = await makeKeys(redis.url, keyCount);
    const child = forkOn(node, new URL('./cluster-server.js', import.meta.url), [redis.url, String(workers)]);
    try {
      const ready = await firstMessage<ClusterReady>(child, 'the cluster');
      return await work({ ...ready, redis, keys, admin });
    } finally {
      await endChild(child);
    }
  } finally {
    await redis.stop();
  }
}

async function makeKeys(redisUrl: string, count: number) {
  const client = new Redis(redisUrl);
  const latchkey = createLatchkey({ store: new RedisStore(client) });
  try {
    const admin = await issue(latchkey, ['keys:manage'], 'admin');
    return { admin, keys: await thousand((index) => issue(latchkey, ['orders:*'], `u${index}`), count) };
  } finally {
    await latchkey.close();
    client.disconnect();
  }
}

async function issue(latchkey: Latchkey, actions: readonly string[], ownerId: string): Promise<Headers> {
  const key = { name: 'Orders', ownerId, orgId: 'acme', statements: [{ actions }] };
  return { 'X-API-Key': (await latchkey.apiKeys.create(key, { by: 'bench' })).token };
}
