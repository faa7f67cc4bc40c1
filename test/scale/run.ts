import { writeFileSync } from 'node:fs';
import { quantile } from '../bench/statistics.js';
import { judgeBytes, judgeGrowth, type Timing, type Timings, type Verdict } from './judge.js';
import type { Operation } from './operation.js';
import { OPERATIONS } from './operations.js';
import { readOptions, type ScaleOptions, USAGE, WARM_UP_ROUNDS } from './options.js';
import { type Population, populate } from './population.js';
import { circumstances, memoryTable, timeTable } from './report.js';

async function main({ sizes, sessions, rounds, calls, json }: ScaleOptions): Promise<void> {
  const populations: Population[] = [];
  try {
    const most = sizes.at(-1) ?? 0;
    for (const keys of sizes) {
      note(`load ${keys} keys`);
      populations.push(await populate(keys, Math.ceil((sessions * keys) / most)));
    }
    note(`measure ${rounds} rounds`);
    const measured = await measure(populations, rounds, calls);
    const verdicts = judge(populations, measured);
    const facts = circumstances(populations, rounds * calls);
    process.stdout.write(`${memoryTable(populations)}\n\n${timeTable(populations, measured)}\n\n${facts}\n\n`);
    for (const { holds, text } of verdicts) process.stdout.write(`${holds ? 'holds' : 'DOES NOT HOLD'}: ${text}\n`);
    if (json !== null)
      writeFileSync(json, `${JSON.stringify(plain(facts, populations, measured, verdicts), null, 2)}\n`);
    if (verdicts.some(({ holds }) => !holds)) process.exitCode = 1;
  } finally {
    await Promise.all(populations.map((population) => population.stop()));
  }
}

/** Every visit goes to all sizes, each time beginning with another: what the machine does besides, meets them alike. */
async function measure(
  populations: readonly Population[],
  rounds: number,
  calls: number,
): Promise<ReadonlyMap<Operation, Timings>> {
  const times = new Map(OPERATIONS.map((operation) => [operation, new Map<number, number[]>()]));
  for (let round = -WARM_UP_ROUNDS; round < rounds; round++) {
    for (const operation of OPERATIONS) {
      for (const population of rotate(populations, round + WARM_UP_ROUNDS)) {
        const { keys } = population;
        const taken = times.get(operation)?.get(keys) ?? [];
        for (let call = 0; call < calls; call++) {
          const ms = await operation.time(population, (round + WARM_UP_ROUNDS) * calls + call);
          if (round >= 0) taken.push(ms);
        }
        times.get(operation)?.set(keys, taken);
      }
    }
  }
  const timingsOf = (bySize: ReadonlyMap<number, number[]>) =>
    new Map(Array.from(bySize, ([keys, taken]) => [keys, timingOf(taken)]));
  return new Map(Array.from(times, ([operation, bySize]) => [operation, timingsOf(bySize)]));
}

function timingOf(taken: readonly number[]): Timing {
  const ascending = taken.toSorted((a, b) => a - b);
  return { median: quantile(ascending, 0.5), p99: quantile(ascending, 0.99) };
}

function judge(populations: readonly Population[], measured: ReadonlyMap<Operation, Timings>): Verdict[] {
  const growth = Array.from(measured, ([operation, timings]) => judgeGrowth(operation, timings));
  return [
    ...populations.flatMap(({ keys, ofKey, ofSession }) => [
      judgeBytes('key', keys, ofKey),
      judgeBytes('session', keys, ofSession),
    ]),
    ...growth.filter((verdict) => verdict !== null),
  ];
}

function plain(
  facts: string,
  populations: readonly Population[],
  measured: ReadonlyMap<Operation, Timings>,
  verdicts: readonly Verdict[],
): unknown {
  return {
    facts,
    populations: populations.map(({ keys, sessions, loadSeconds, ofKey, ofSession, ofUse, snapshot }) => {
      const times = Array.from(measured, ([{ title }, timings]) => [title, timings.get(keys)]);
      return { keys, sessions, loadSeconds, ofKey, ofSession, ofUse, snapshot, ms: Object.fromEntries(times) };
    }),
    verdicts,
  };
}

function rotate<T>(items: readonly T[], by: number): readonly T[] {
  const start = by % items.length;
  return [...items.slice(start), ...items.slice(0, start)];
}

function note(text: string): void {
  process.stderr.write(`${text}\n`);
}

let options: ScaleOptions;
try {
  options = readOptions(process.argv.slice(2));
} catch (error) {
  note(`${error instanceof Error ? error.message : error}\n\n${USAGE}`);
  process.exit(2);
}
await main(options).catch((error: unknown) => {
  note(error instanceof Error ? (error.stack ?? error.message) : String(error));
  process.exitCode = 1;
});
