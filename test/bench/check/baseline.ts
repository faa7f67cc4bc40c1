import { readFileSync, writeFileSync } from 'node:fs';
import type { Row } from '../comparison/summary.js';
import { BASELINE, isOwn } from '../contestants/index.js';
import { majorOf } from '../nodes.js';
import { BASELINE_FILE } from '../places.js';
import type { KeptRun } from './compare-runs.js';
import { errorBetweenStarts } from './noise.js';

/** By the major version of Node. */
type Baseline = Readonly<Record<string, KeptRun>>;

/** What is kept of a run. */
export function toKeptRun(node: string, rows: readonly Row[], at: string): KeptRun {
  const others = rows.filter(({ name }) => name !== BASELINE.name); // its ratio to itself is 1, without any noise
  return {
    node,
    at,
    errorBetweenStarts: errorBetweenStarts(others.map((row) => row.ratioByStart)),
    rows: Object.fromEntries(others.map(({ name, ratio, rounds }) => [name, { ...ratio, rounds }])),
  };
}

/** Keeps a run in place of the one on the same major version of Node. */
export function saveBaseline(run: KeptRun): void {
  const others = readBaseline();
  writeFileSync(BASELINE_FILE, `${JSON.stringify({ ...others, [majorOf(run.node)]: run }, null, 2)}\n`);
}

/** @throws Error saying how to get one. */
export function baselineFor(node: string): KeptRun {
  const run = readBaseline()[majorOf(node)];
  if (run !== undefined) return run;
  throw new Error(
    `There is nothing to compare with for Node ${majorOf(node)}: npm run bench -- --save-baseline --node ${majorOf(node)}`,
  );
}

/** The rows that are held against the baseline: what a peer does is no fault of ours. */
export function ownRows(run: KeptRun, contestants: Parameters<typeof isOwn>[0][]): readonly string[] {
  return contestants.filter((one) => isOwn(one) && one.name in run.rows).map(({ name }) => name);
}

function readBaseline(): Baseline {
  try {
    return JSON.parse(readFileSync(BASELINE_FILE, 'utf8')) as Baseline;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return {};
    throw new Error(`${BASELINE_FILE} cannot be read: ${(error as Error).message}`, { cause: error });
  }
}
