import type { Contestant } from '../contestant.js';
import type { Measurement } from '../load/measure.js';
import { median, type Spread, spread } from '../statistics.js';
import { acrossStarts, type Comparison, type Round } from './rounds.js';

/** One contestant over all rounds: medians, where nothing else is said. */
export interface Row {
  readonly name: string;
  readonly title: string;
  /** Requests/s to those of the baseline, taken within each round. */
  readonly ratio: Spread;
  /** The median ratio of each start, for what two processes of the same code differ by. */
  readonly ratioByStart: readonly number[];
  readonly rounds: number;
  readonly requestsPerSecond: number;
  readonly cpuUsPerRequest: number;
  /** To the baseline, taken within each round. */
  readonly addedCpuUs: Spread;
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** By command. */
  readonly redisCommands: Readonly<Record<string, number>>;
  readonly rssMb: number;
  readonly heapMb: number;
}

const MB = 1_048_576;

export function summarize({ contestants, starts }: Comparison, baseline: Contestant): readonly Row[] {
  const rounds = starts.flatMap((start) => start.rounds);
  return contestants.map(({ name, title }) => {
    const of = (among: readonly Round[], pick: (own: Measurement, base: Measurement) => number) =>
      among.map((round) => pick(at(round, name), at(round, baseline.name)));
    const ratio = (own: Measurement, base: Measurement) => own.requestsPerSecond / base.requestsPerSecond;
    const middle = (pick: (own: Measurement) => number) => median(of(rounds, pick));
    const commands = new Set(starts.flatMap((start) => Object.keys(start.commandRates[name] ?? {})));
    const rate = (command: string) => acrossStarts(starts, (start) => start.commandRates[name]?.[command] ?? 0);
    return {
      name,
      title,
      ratio: spread(of(rounds, ratio)),
      ratioByStart: starts.map((start) => median(of(start.rounds, ratio))),
      rounds: rounds.length,
      requestsPerSecond: middle((own) => own.requestsPerSecond),
      cpuUsPerRequest: middle((own) => own.cpuUsPerRequest),
      addedCpuUs: spread(of(rounds, (own, base) => own.cpuUsPerRequest - base.cpuUsPerRequest)),
      p50Ms: middle((own) => own.p50Ms),
      p99Ms: middle((own) => own.p99Ms),
      redisCommands: Object.fromEntries([...commands].map((command) => [command, rate(command)])),
      rssMb: acrossStarts(starts, (start) => start.memory[name]?.rssBytes) / MB,
      heapMb: acrossStarts(starts, (start) => start.memory[name]?.heapBytes) / MB,
    };
  });
}

function at(round: Round, name: string): Measurement {
  const measurement = round[name];
  if (measurement === undefined) throw new Error(`a round has no measurement of ${name}`);
  return measurement;
}
