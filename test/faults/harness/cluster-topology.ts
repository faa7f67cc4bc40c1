import { startRedisCluster } from '../../support/redis-cluster.js';
import type { Topology } from './topology.js';

/** Three masters, each with a replica. */
export async function startClusterTopology(args: readonly string[]): Promise<Topology> {
  const redis = await startRedisCluster(args);
  return {
    name: 'cluster',
    servers: redis.nodes,
    sentinels: [],
    entryPorts: redis.nodes.map(({ port }) => port),
    replicas: 1,
    masters: () => redis.masters(),
    replicasOf: async (master) => {
      const replica = await redis.replicaOf(master);
      return replica === undefined ? [] : [replica];
    },
    untilReplaced: (master) => redis.untilReplaced(master),
    failover: (master) => redis.failover(master),
    ask: redis.ask,
    mend: () => redis.mend(),
    stop: () => redis.stop(),
  };
}
