import { Cluster, Redis } from 'ioredis';
import { recommendedRedisOptions } from '../../lib/stores/redis/redis-store.js';
import { leadClients } from './led-clients.js';
import { startRedisCluster } from './redis-cluster.js';
import { MASTER_NAME, startRedisSentinel } from './redis-sentinel.js';

/**
 * In place of `redis-server.js` and, with `led-clients.js` in place of `ioredis`, of the client: suites that start one
 * server run as they are on another topology, of which all suites of a test file share one, one after the other.
 *
 * ```ts
 * jest.mock('ioredis', () => jest.requireActual('./led-clients.js').clients);
 * jest.mock('./redis-server.js', () => jest.requireActual('./other-topology.js').onCluster());
 * import '../admin-router/api-keys.test.js';
 * ```
 */
export function onCluster(): Stand {
  return inPlaceOfServers(
    startRedisCluster,
    (cluster) => cluster.flushAll(),
    ({ startupNodes }) => new Cluster([...startupNodes], recommendedRedisOptions('cluster')),
  );
}

/** As `onCluster`, on a master with two replicas and three sentinels. */
export function onSentinel(): Stand {
  return inPlaceOfServers(
    startRedisSentinel,
    async (sentinel) => void (await sentinel.ask(await sentinel.master(), 'FLUSHALL')),
    ({ addresses }) => new Redis({ sentinels: addresses, name: MASTER_NAME, ...recommendedRedisOptions('sentinel') }),
  );
}

interface Stand {
  startRedis(): Promise<{ readonly url: string; readonly port: number; stop(): Promise<void> }>;
}

function inPlaceOfServers<Started extends { stop(): Promise<void> }>(
  start: () => Promise<Started>,
  empty: (started: Started) => Promise<void>,
  connect: (started: Started) => Redis | Cluster,
): Stand {
  let starting: Promise<Started> | null = null;
  let users = 0;
  return {
    async startRedis() {
      users++;
      starting ??= start();
      const started = await starting;
      await empty(started); // as a server of their own would be
      const where = leadClients(() => connect(started));
      const stop = async () => {
        users--;
        if (users > 0) return;
        starting = null;
        await started.stop();
      };
      return { ...where, stop };
    },
  };
}
