import type { RedisServer } from '../../support/redis-server.js';
import type { Address } from './app-plan.js';

export type TopologyName = 'sentinel' | 'cluster';

/** Servers that stand in for each other, as the faults see them. */
export interface Topology {
  readonly name: TopologyName;
  /** All that hold data. */
  readonly servers: readonly RedisServer[];
  /** None on a Cluster. */
  readonly sentinels: readonly RedisServer[];
  /** What an app is told to connect to. */
  readonly entryPorts: readonly number[];
  /** Replicas of each master. */
  readonly replicas: number;
  masters(): Promise<RedisServer[]>;
  replicasOf(master: RedisServer): Promise<RedisServer[]>;
  /** Polls until all that live name another master in its place. */
  untilReplaced(master: RedisServer): Promise<void>;
  /** Has the replicas take over by the means of the topology (SENTINEL FAILOVER, CLUSTER FAILOVER). */
  failover(master: RedisServer): Promise<void>;
  ask(server: RedisServer, command: string, ...args: string[]): Promise<unknown>;
  /** Has all go on that was frozen, starts all that was killed, and resolves when all are in step. */
  mend(): Promise<void>;
  /** What mounts under the folders of the servers must be undone before. */
  stop(): Promise<void>;
}

/** The ports of all that an app may connect to. */
export function portsOf({ servers, sentinels }: Topology): number[] {
  return [...servers, ...sentinels].map(({ port }) => port);
}

export function addresses(ports: readonly number[]): Address[] {
  return ports.map((port) => ({ host: '127.0.0.1', port }));
}
