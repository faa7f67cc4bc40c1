import type { Fault } from './faults/fault.js';
import { faultsOn, NEEDS_DISK } from './faults/index.js';
import type { Random } from './random.js';
import type { TopologyName } from './topology.js';

/** How often each fault strikes that replaces no master, for every so many that do. */
const OTHERS_PER_FAILOVERS = 25;
const LEAST = 1;

export interface PlanOptions {
  readonly failovers: number;
  /** What the names of the faults contain. */
  readonly only: string;
  readonly hasDisk: boolean;
}

/**
 * The faults of a run, in the order in which they strike: `failovers` that replace a master, of each sort as many, and of
 * the others some each.
 */
export function planOf(topology: TopologyName, { failovers, only, hasDisk }: PlanOptions, random: Random): Fault[] {
  const possible = faultsOn(topology).filter((fault) => hasDisk || !NEEDS_DISK.includes(fault));
  const all = possible.filter(({ name }) => name.includes(only));
  const replacing = all.filter(({ isFailover }) => isFailover);
  const others = all.filter(({ isFailover }) => !isFailover);
  const times = Math.max(LEAST, Math.round(failovers / OTHERS_PER_FAILOVERS));
  return random.shuffled([
    ...Array.from(
      { length: replacing.length === 0 ? 0 : failovers },
      (_, n) => replacing[n % replacing.length] as Fault,
    ),
    ...others.flatMap((fault) => Array.from({ length: times }, () => fault)),
  ]);
}
