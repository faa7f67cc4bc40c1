import { baselineFor, ownRows, saveBaseline, toKeptRun } from '../check/baseline.js';
import { compareRuns, describe } from '../check/compare-runs.js';
import { BASELINE } from '../contestants/index.js';
import { figureTable } from '../figure.js';
import { LEAD_IN_SECONDS } from '../load/measure.js';
import type { NodeCommand } from '../nodes.js';
import { note } from '../note.js';
import type { BenchOptions } from '../options.js';
import type { Part, PartResult } from '../part.js';
import { circumstances, comparisonTable, today } from './report.js';
import { compare, STARTS, visitsPerRound, WARM_UP_SECONDS } from './rounds.js';
import { summarize } from './summary.js';
import { targetFigures } from './targets.js';

/** Besides the load itself: a contestant's visit, and its start with a thousand keys, in s. */
const VISIT_SECONDS = 0.02;
const START_SECONDS = 1.2;

export const comparison: Part = {
  seconds: ({ contestants, rounds, seconds }) =>
    rounds * visitsPerRound(contestants.length) * (LEAD_IN_SECONDS + seconds + VISIT_SECONDS) +
    Math.min(STARTS, rounds) * contestants.length * (WARM_UP_SECONDS + START_SECONDS),

  async run(node, options) {
    const before = options.check ? baselineFor(node.version) : null; // that there is none should be said at once
    const measured = await compare(node, options);
    const rows = summarize(measured);
    const run = toKeptRun(node.version, rows, today());
    const table = comparisonTable(rows, BASELINE.name);
    const targets = targetFigures(rows);
    if (targets.length > 0) note(`\n${figureTable(targets)}\n`);
    const result: PartResult = {
      markdown: `${table}\n\n${circumstances(measured, options)}`,
      data: { rows, targets, starts: measured.starts },
      misses: [],
    };
    if (options.saveBaseline) {
      saveBaseline(run);
      note(`Saved as what --check compares with on ${node.version}`);
    }
    return before === null ? result : { ...result, misses: judge(node, options, run, before) };
  },
};

function judge(
  { version }: NodeCommand,
  { contestants }: BenchOptions,
  run: Parameters<typeof compareRuns>[1],
  before: Parameters<typeof compareRuns>[0],
): readonly string[] {
  const outcome = compareRuns(before, run, ownRows(run, [...contestants]));
  for (const line of describe(outcome, before, run)) note(line);
  return [
    ...outcome.drops.map(({ name }) => `Node ${version}: ${name} has dropped`),
    ...outcome.noisy.map(({ name }) => `Node ${version}: ${name} was too noisy to be checked`),
  ];
}
