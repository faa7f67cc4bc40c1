import { parseArgs } from 'node:util';
import type { TopologyName } from './topology.js';

export interface HarnessOptions {
  /** In all, spread evenly over the topologies. */
  readonly failovers: number;
  readonly seed: number;
  readonly topologies: readonly TopologyName[];
  /** Only faults whose names contain it; empty: all. */
  readonly only: string;
  /** What a loaded machine may add to the bound of an answer, in ms. */
  readonly slackMs: number;
  /** Whether apps are killed at each step of what they write, too. */
  readonly withSteps: boolean;
  /** Where everything goes, as JSON. */
  readonly json: string | null;
}

export const USAGE = `npm run faults -- [options]
  --failovers N      masters that are replaced, in all; default 12; 0: none, only the steps
  --seed N           repeats the faults of a run; default: drawn, and printed
  --topology name,.. sentinel, cluster; default: both
  --only text        only faults whose names contain it
  --slack ms         what a loaded machine may add to the bound of an answer; default 1500
  --no-steps         leave out the apps that are killed at each step of what they write
  --json file        write the whole history, the figures and what was violated`;

const TOPOLOGIES: readonly TopologyName[] = ['sentinel', 'cluster'];

/** @throws TypeError for what it cannot read. */
export function readOptions(args: string[]): HarnessOptions {
  const { values } = parseArgs({
    args,
    options: {
      failovers: { type: 'string', default: '12' },
      seed: { type: 'string', default: String(Math.floor(Math.random() * 1_000_000)) },
      topology: { type: 'string', default: TOPOLOGIES.join(',') },
      only: { type: 'string', default: '' },
      slack: { type: 'string', default: '1500' },
      'no-steps': { type: 'boolean', default: false },
      json: { type: 'string' },
    },
  });
  return {
    failovers: within('failovers', values.failovers, 0, 10_000),
    seed: within('seed', values.seed, 0, 2 ** 31),
    topologies: named(values.topology.split(',')),
    only: values.only,
    slackMs: within('slack', values.slack, 0, 60_000),
    withSteps: !values['no-steps'],
    json: values.json ?? null,
  };
}

function within(name: string, text: string, least: number, most: number): number {
  const value = Number(text);
  const isRight = /^\d+$/.test(text) && value >= least && value <= most;
  if (!isRight) throw new TypeError(`--${name} takes a whole number from ${least} to ${most}`);
  return value;
}

function named(names: readonly string[]): TopologyName[] {
  const unknown = names.filter((name) => !TOPOLOGIES.some((topology) => topology === name));
  if (unknown.length > 0) throw new TypeError(`--topology: there is no ${unknown.join(', ')}`);
  return TOPOLOGIES.filter((topology) => names.includes(topology));
}
