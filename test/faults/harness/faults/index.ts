import type { TopologyName } from '../topology.js';
import type { Fault } from './fault.js';
import {
  clusterFailover,
  frozenMaster,
  killedMaster,
  restartedMaster,
  sentinelFailover,
  staleReplica,
} from './masters.js';
import {
  cutOff,
  feedCut,
  flushedBeside,
  frozenReplica,
  frozenSentinel,
  fullDisk,
  fullMemory,
  killedApp,
  killedReplica,
  killedSentinel,
  silentNetwork,
} from './others.js';

/** In the order of the table. */
export const FAULTS: readonly Fault[] = [
  killedMaster,
  frozenMaster,
  staleReplica,
  sentinelFailover,
  clusterFailover,
  restartedMaster,
  killedReplica,
  frozenReplica,
  killedSentinel,
  frozenSentinel,
  cutOff,
  silentNetwork,
  feedCut,
  flushedBeside,
  fullDisk,
  fullMemory,
  killedApp,
];

/** What needs a disk of its own. */
export const NEEDS_DISK: readonly Fault[] = [fullDisk];

export function faultsOn(topology: TopologyName): Fault[] {
  return FAULTS.filter(({ on }) => on.includes(topology));
}
