import { Redis } from 'ioredis';
import { until } from '../conformance/store-suite.js';
import { type RedisServer, startRedis } from './redis-server.js';

/** A master and its replicas, without anybody who watches them: who takes over is for the test to say. */
export interface RedisReplicas {
  readonly master: RedisServer;
  readonly replicas: readonly RedisServer[];
  /** Runs a command on a server. */
  ask(server: RedisServer, command: string, ...args: string[]): Promise<unknown>;
  /** Polls until every replica that lives is in step. */
  untilInStep(): Promise<void>;
  /** Ends all processes, frozen or not. */
  stop(): Promise<void>;
}

/** Starts them and resolves once the replicas are in step. */
export async function startRedisReplicas(count: number): Promise<RedisReplicas> {
  const admins = new Map<RedisServer, Redis>();
  const add = async (...args: string[]) => {
    const server = await startRedis({ args: ['--repl-diskless-sync-delay', '0', ...args] });
    const admin = new Redis(server.port, '127.0.0.1', { maxRetriesPerRequest: 1, retryStrategy: () => 50 });
    admin.on('error', () => {}); // servers are killed
    admins.set(server, admin);
    return server;
  };
  const master = await add();
  const replicaOf = () => add('--replicaof', '127.0.0.1', String(master.port));
  const replicas = await Promise.all(Array.from({ length: count }, replicaOf));
  const ask = (server: RedisServer, command: string, ...args: string[]) =>
    (admins.get(server) as Redis).call(command, ...args);
  const isInStep = async (replica: RedisServer) => ((await ask(replica, 'ROLE')) as unknown[])[3] === 'connected';
  const made: RedisReplicas = {
    master,
    replicas,
    ask,
    untilInStep: () =>
      until('the replicas are in step', async () => (await Promise.all(replicas.map(isInStep))).every(Boolean)),
    async stop() {
      for (const admin of admins.values()) if (admin.status !== 'end') admin.disconnect();
      await Promise.all([master, ...replicas].map((server) => server.stop()));
    },
  };
  await made.untilInStep();
  return made;
}
