import { parseArgs } from 'node:util';
import type { Contestant } from './contestant.js';
import { BASELINE, CONTESTANTS } from './contestants/index.js';
import type { NodeCommand } from './server-process.js';

export interface BenchOptions {
  readonly rounds: number;
  /** Of load, for each contestant in each round. */
  readonly seconds: number;
  readonly connections: number;
  /** Always with the baseline. */
  readonly contestants: readonly Contestant[];
  /** Where the measurements go, as JSON. */
  readonly json: string | null;
  /** The Node that runs the servers. */
  readonly node: NodeCommand;
  /** In place of all that: what a permission question costs. */
  readonly isMicro: boolean;
}

export const USAGE = `npm run bench -- [options]
  --rounds N         each visits every contestant; default 40
  --seconds S        of load for each contestant and round; default 0.45
  --connections N    default 32
  --only name,...    besides ${BASELINE.name}: ${CONTESTANTS.filter((one) => one !== BASELINE)
    .map(({ name }) => name)
    .join(', ')}
  --json file        write every measurement
  --node path        the Node that runs the servers; default: this one
  --profile folder   write a CPU profile of each server; its figures then count for nothing
  --micro            only the table of what a permission question costs`;

/** @throws TypeError for what it cannot read. */
export function readOptions(args: string[]): BenchOptions {
  const { values } = parseArgs({
    args,
    options: {
      rounds: { type: 'string', default: '40' },
      seconds: { type: 'string', default: '0.45' },
      connections: { type: 'string', default: '32' },
      only: { type: 'string' },
      json: { type: 'string' },
      node: { type: 'string', default: process.execPath },
      profile: { type: 'string' },
      micro: { type: 'boolean', default: false },
    },
  });
  const rounds = within('rounds', values.rounds, 1, 1_000);
  const connections = within('connections', values.connections, 1, 256);
  if (!Number.isInteger(rounds) || !Number.isInteger(connections)) {
    throw new TypeError('--rounds and --connections take whole numbers');
  }
  return {
    rounds,
    seconds: within('seconds', values.seconds, 0.2, 60),
    connections,
    contestants: values.only === undefined ? CONTESTANTS : named(values.only.split(',')),
    json: values.json ?? null,
    isMicro: values.micro,
    node: {
      path: values.node,
      args: values.profile === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${values.profile}`],
    },
  };
}

function within(name: string, text: string, least: number, most: number): number {
  const value = Number(text);
  if (!(value >= least && value <= most)) throw new TypeError(`--${name} takes a number from ${least} to ${most}`);
  return value;
}

function named(names: readonly string[]): readonly Contestant[] {
  const unknown = names.filter((name) => !CONTESTANTS.some((contestant) => contestant.name === name));
  if (unknown.length > 0) throw new TypeError(`--only: there is no ${unknown.join(', ')}`);
  return CONTESTANTS.filter((contestant) => contestant === BASELINE || names.includes(contestant.name));
}
