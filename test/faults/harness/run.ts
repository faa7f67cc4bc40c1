import { writeFileSync } from 'node:fs';
import { type CampaignResult, runCampaign } from './campaign.js';
import { check, type Violation } from './checker.js';
import { type HarnessOptions, readOptions, USAGE } from './options.js';
import { Random } from './random.js';
import { circumstances, stepsTable, table, verdict } from './report.js';
import { runSteps } from './steps/run-steps.js';
import { summarize } from './summary.js';

/** The one command of the harness: exits with 1 where something was violated. */

async function main(options: HarnessOptions): Promise<void> {
  const { failovers, seed, topologies, only, slackMs, withSteps, json } = options;
  const random = new Random(seed);
  const startedAt = performance.now();
  const results: CampaignResult[] = [];
  note(`seed ${seed}`);
  const steps = withSteps ? await runSteps(note) : { summaries: [], violations: [] };
  for (const [at, topology] of failovers === 0 ? [] : topologies.entries()) {
    const share = Math.floor((failovers + at) / topologies.length);
    const say = (text: string) => note(`${topology}: ${text}`);
    results.push(await runCampaign({ topology, failovers: share, only, random: random.fork(), slackMs, note: say }));
  }
  const summaries = results.flatMap(({ history, strikes }) => summarize(history, strikes));
  const violations = [...steps.violations, ...results.flatMap(violationsOf)];
  const left = results.flatMap((result) => result.left.map((why) => `left out: ${why}\n`));
  const facts = circumstances(seed, (performance.now() - startedAt) / 1_000);
  const tables = [...(withSteps ? [stepsTable(steps.summaries)] : []), ...(failovers > 0 ? [table(summaries)] : [])];
  process.stdout.write(`${tables.join('\n\n')}\n\n${verdict(violations)}\n\n${left.join('')}${facts}\n`);
  if (json !== null) writeFileSync(json, JSON.stringify({ facts, summaries, steps, violations, results }));
  if (violations.length > 0) process.exitCode = 1;
}

function violationsOf({ topology, history }: CampaignResult): Violation[] {
  return check(history).map(({ rule, what }) => ({ rule, what: `${topology}: ${what}` }));
}

function note(text: string): void {
  process.stderr.write(`${text}\n`);
}

let asked: HarnessOptions;
try {
  asked = readOptions(process.argv.slice(2));
} catch (error) {
  note(`${error instanceof Error ? error.message : error}\n\n${USAGE}`);
  process.exit(2);
}
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(130));
await main(asked).catch((error: unknown) => {
  note(error instanceof Error ? (error.stack ?? error.message) : String(error));
  process.exitCode = 1;
});
