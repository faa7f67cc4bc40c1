import { parseArgs } from 'node:util';
import type { Contestant } from './contestant.js';
import { BASELINE, CONTESTANTS, SETS } from './contestants/index.js';
import { majorOf } from './nodes.js';
import { PARTS, type PartName } from './sections.js';

export interface BenchOptions {
  readonly parts: readonly PartName[];
  readonly rounds: number;
  /** Of load, for each contestant in each round. */
  readonly seconds: number;
  readonly connections: number;
  /** Always with the baseline. */
  readonly contestants: readonly Contestant[];
  /** Where the measurements go, as JSON. */
  readonly json: string | null;
  /** Major versions, or paths, of the Nodes that run the servers. */
  readonly nodes: readonly string[];
  /** Their own arguments. */
  readonly nodeArgs: readonly string[];
  readonly check: boolean;
  readonly saveBaseline: boolean;
  readonly readme: boolean;
}

/** With fewer rounds, quartiles say nothing of the noise. */
export const LEAST_ROUNDS_TO_JUDGE = 10;

export const USAGE = `npm run bench -- [options]
  What is measured; by default only --compare:
  --compare          what guards a route, side by side
  --floods           what refused requests cost, and what they take from good ones
  --cold             import, first request, memory of 100,000 cached keys, 1,000 rotations at once
  --processes        two workers on one Redis: rate, delay of a revocation, traffic of the feed
  --micro            what each step of a verified request costs, and a permission question
  --all              all of these

  --node 20,24       major versions (downloaded from npm unless they are this one) or paths; default: this Node
  --rounds N         each visits every contestant; default 20
  --seconds S        of load for each contestant and round; default 0.45
  --connections N    default 32
  --set name         of contestants: ${Object.keys(SETS).join(', ')}
  --only name,...    besides ${BASELINE.name}: ${CONTESTANTS.filter((one) => one !== BASELINE)
    .map(({ name }) => name)
    .join(', ')}

  --json file        write every measurement
  --readme           put the tables into README.md, in place of those of the same part and Node
  --check            end with 1 when a ratio has dropped, beyond the noise, below test/bench/baseline.json, or a target is missed
  --save-baseline    make this run what --check compares with, on this version of Node
  --profile folder   write a CPU profile of each server; its figures then count for nothing`;

/** @throws TypeError for what it cannot read. */
export function readOptions(args: string[]): BenchOptions {
  const { values } = parseArgs({
    args,
    options: {
      compare: { type: 'boolean', default: false },
      floods: { type: 'boolean', default: false },
      cold: { type: 'boolean', default: false },
      processes: { type: 'boolean', default: false },
      micro: { type: 'boolean', default: false },
      all: { type: 'boolean', default: false },
      node: { type: 'string', default: majorOf(process.version) },
      rounds: { type: 'string', default: '20' },
      seconds: { type: 'string', default: '0.45' },
      connections: { type: 'string', default: '32' },
      set: { type: 'string' },
      only: { type: 'string' },
      json: { type: 'string' },
      readme: { type: 'boolean', default: false },
      check: { type: 'boolean', default: false },
      'save-baseline': { type: 'boolean', default: false },
      profile: { type: 'string' },
    },
  });
  const chosen = PARTS.filter((part) => values.all || values[part]);
  const parts: readonly PartName[] = chosen.length === 0 ? ['compare'] : chosen;
  const saveBaseline = values['save-baseline'];
  const rounds = within('rounds', values.rounds, 1, 1_000);
  const connections = within('connections', values.connections, 1, 256);
  if (!Number.isInteger(rounds) || !Number.isInteger(connections)) {
    throw new TypeError('--rounds and --connections take whole numbers');
  }
  const isJudged = parts.includes('compare') && (values.check || saveBaseline);
  if (isJudged && rounds < LEAST_ROUNDS_TO_JUDGE) {
    throw new TypeError(`--check and --save-baseline need --rounds ${LEAST_ROUNDS_TO_JUDGE} or more`);
  }
  if (saveBaseline && !parts.includes('compare')) throw new TypeError('--save-baseline needs --compare');
  if (values.profile !== undefined && (saveBaseline || values.check || values.readme)) {
    throw new TypeError('--profile goes without --check, --save-baseline and --readme: its figures count for nothing');
  }
  return {
    parts,
    rounds,
    seconds: within('seconds', values.seconds, 0.2, 60),
    connections,
    contestants: contestantsOf(values.set, values.only),
    json: values.json ?? null,
    nodes: values.node.split(','),
    nodeArgs: values.profile === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${values.profile}`],
    check: values.check,
    saveBaseline,
    readme: values.readme,
  };
}

function within(name: string, text: string, least: number, most: number): number {
  const value = Number(text);
  if (!(value >= least && value <= most)) throw new TypeError(`--${name} takes a number from ${least} to ${most}`);
  return value;
}

function contestantsOf(set: string | undefined, only: string | undefined): readonly Contestant[] {
  if (set !== undefined && only !== undefined) throw new TypeError('--set and --only do not go together');
  if (only !== undefined) return named(only.split(','));
  const contestants = SETS[(set ?? 'default') as keyof typeof SETS];
  if (contestants === undefined) throw new TypeError(`--set takes one of ${Object.keys(SETS).join(', ')}`);
  return contestants;
}

function named(names: readonly string[]): readonly Contestant[] {
  const unknown = names.filter((name) => !CONTESTANTS.some((contestant) => contestant.name === name));
  if (unknown.length > 0) throw new TypeError(`--only: there is no ${unknown.join(', ')}`);
  return CONTESTANTS.filter((contestant) => contestant === BASELINE || names.includes(contestant.name));
}
