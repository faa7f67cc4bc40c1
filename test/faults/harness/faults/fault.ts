import type { AppChild } from '../app-child.js';
import type { Disks } from '../disks.js';
import type { AppName } from '../history.js';
import type { Proxies } from '../proxies.js';
import type { Random } from '../random.js';
import type { Recorder } from '../recorder.js';
import type { Topology, TopologyName } from '../topology.js';

/** What a fault can get at. */
export interface Scene {
  readonly topology: Topology;
  readonly apps: Readonly<Record<AppName, AppChild>>;
  /** Between app `b` and all servers. */
  readonly proxies: Proxies;
  /** Null where none could be made. */
  readonly disks: Disks | null;
  readonly recorder: Recorder;
  readonly random: Random;
}

/** Something that can happen to what the apps run on. */
export interface Fault {
  /** As the table calls it. */
  readonly name: string;
  readonly on: readonly TopologyName[];
  /** Whether a master is replaced. */
  readonly isFailover: boolean;
  /** Resolves when it has come about. */
  strike(scene: Scene): Promise<Struck>;
}

export interface Struck {
  /** What was hit, in words. */
  readonly target: string;
  /** Undoes what `topology.mend()`, which follows, does not: it starts what was killed, and thaws what was frozen. */
  heal(): Promise<void>;
}

export const BOTH: readonly TopologyName[] = ['sentinel', 'cluster'];

export async function nothing(): Promise<void> {}

export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** Holds what has come about for a time that the seed draws. */
export function hold({ random }: Scene, leastMs: number, mostMs: number): Promise<void> {
  return pause(random.within(leastMs, mostMs));
}

export function nameOf({ port }: { readonly port: number }): string {
  return `:${port}`;
}
