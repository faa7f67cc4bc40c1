import { MASTER_NAME, type RedisSentinel, startRedisSentinel } from '../../support/redis-sentinel.js';
import type { RedisServer } from '../../support/redis-server.js';
import type { Topology } from './topology.js';

/** Long enough for a loaded machine not to fail over by itself, as short as the run is to be. */
const DOWN_AFTER_MS = 800;
/** After a failed election the sentinels wait twice as long. */
const FAILOVER_TIMEOUT_MS = 1_500;
const FOLLOW_EVERY_MS = 200;

/** A master with two replicas and three sentinels. */
export async function startSentinelTopology(args: readonly string[]): Promise<Topology> {
  const redis = await startRedisSentinel({ downAfterMs: DOWN_AFTER_MS, args });
  for (const sentinel of redis.sentinels) {
    await redis.ask(sentinel, 'SENTINEL', 'SET', MASTER_NAME, 'failover-timeout', String(FAILOVER_TIMEOUT_MS));
  }
  const replicasOf = async (master: RedisServer) => redis.servers.filter((server) => server !== master);
  return {
    name: 'sentinel',
    servers: redis.servers,
    sentinels: redis.sentinels,
    entryPorts: redis.sentinels.map(({ port }) => port),
    replicas: redis.servers.length - 1,
    masters: async () => [await redis.master()],
    replicasOf,
    untilReplaced: (master) => redis.untilReplaced(master),
    failover: () => redis.failover(),
    ask: redis.ask,
    mend: () => mend(redis),
    stop: () => redis.stop(),
  };
}

/**
 * A server that was killed comes back as the master that it was started as: sentinels make a replica of it after eight
 * seconds, which would make up most of the run. So it is made one here.
 */
async function mend(redis: RedisSentinel): Promise<void> {
  for (const server of [...redis.sentinels, ...redis.servers]) {
    if (server.isRunning) server.resume();
    else await server.restart();
  }
  const following = setInterval(() => void follow(redis).catch(() => {}), FOLLOW_EVERY_MS); // a failover may begin only now
  try {
    await redis.untilWhole();
  } finally {
    clearInterval(following);
  }
}

/** Not while a replica is being promoted: it would be made a replica of the master before. */
async function follow(redis: RedisSentinel): Promise<void> {
  const views = await Promise.all(redis.sentinels.map((each) => redis.ask(each, 'SENTINEL', 'MASTER', MASTER_NAME)));
  const named = views.map((view) => ({ port: fieldOf(view, 'port'), flags: fieldOf(view, 'flags') }));
  const master = await redis.master();
  if (named.some(({ port, flags }) => port !== String(master.port) || flags !== 'master')) return;
  for (const server of redis.servers.filter((each) => each !== master)) {
    const [, , port] = (await redis.ask(server, 'ROLE')) as [role: string, host: unknown, port?: unknown];
    if (port !== master.port) await redis.ask(server, 'REPLICAOF', '127.0.0.1', String(master.port));
  }
}

/** Of a flat list of names and values. */
function fieldOf(flat: unknown, name: string): string | undefined {
  return Array.isArray(flat) ? String(flat[flat.indexOf(name) + 1]) : undefined;
}
