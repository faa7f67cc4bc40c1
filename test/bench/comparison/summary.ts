import type { Measurement } from '../load/measure.js';
import { median, type Spread, spread } from '../statistics.js';
import { acrossStarts, type Comparison, type Visit } from './rounds.js';

/** One contestant over all visits: medians, where nothing else is said. */
export interface Row {
  readonly name: string;
  readonly title: string;
  /** Requests/s to those of the baseline around each visit. */
  readonly ratio: Spread;
  /** The median ratio of each start, for what two processes of the same code differ by. */
  readonly ratioByStart: readonly number[];
  /** Visits, that is. */
  readonly rounds: number;
  readonly requestsPerSecond: number;
  readonly cpuUsPerRequest: number;
  /** To the baseline around each visit. */
  readonly addedCpuUs: Spread;
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** By command. */
  readonly redisCommands: Readonly<Record<string, number>>;
  readonly rssMb: number;
  readonly heapMb: number;
}

const MB = 1_048_576;

export function summarize({ contestants, starts }: Comparison): readonly Row[] {
  return contestants.map(({ name, title }) => {
    const byStart = starts.map((start) => start.visits.filter((visit) => visit.name === name));
    const visits = byStart.flat();
    if (byStart.some((own) => own.length === 0)) throw new Error(`a start has no visit of ${name}`);
    const ratio = ({ own, baseline }: Visit) => own.requestsPerSecond / baseline.requestsPerSecond;
    const middle = (pick: (own: Measurement) => number) => median(visits.map(({ own }) => pick(own)));
    const commands = new Set(starts.flatMap((start) => Object.keys(start.commandRates[name] ?? {})));
    const rate = (command: string) => acrossStarts(starts, (start) => start.commandRates[name]?.[command] ?? 0);
    return {
      name,
      title,
      ratio: spread(visits.map(ratio)),
      ratioByStart: byStart.map((own) => median(own.map(ratio))),
      rounds: visits.length,
      requestsPerSecond: middle((own) => own.requestsPerSecond),
      cpuUsPerRequest: middle((own) => own.cpuUsPerRequest),
      addedCpuUs: spread(visits.map(({ own, baseline }) => own.cpuUsPerRequest - baseline.cpuUsPerRequest)),
      p50Ms: middle((own) => own.p50Ms),
      p99Ms: middle((own) => own.p99Ms),
      redisCommands: Object.fromEntries([...commands].map((command) => [command, rate(command)])),
      rssMb: acrossStarts(starts, (start) => start.memory[name]?.rssBytes) / MB,
      heapMb: acrossStarts(starts, (start) => start.memory[name]?.heapBytes) / MB,
    };
  });
}
