import { cpus } from 'node:os';
import type { Contestant } from './contestant.js';
import { BASELINE } from './contestants/index.js';
import type { Measurement } from './load.js';
import { type CommandCounts, NOT_COUNTED } from './redis-commands.js';
import { median, spread } from './statistics.js';

/** One round: what was measured, by the contestant's name. */
export type Round = Readonly<Record<string, Measurement>>;

/** Redis commands per request, by the contestant's name. */
export type CommandRates = Readonly<Record<string, CommandCounts>>;

/** Fewer commands per request than this are not named: they are batches of usage. */
const NAMED_FROM = 0.005;

const HEAD = [
  '',
  'ratio to bare Express (quartiles)',
  'requests/s',
  'CPU us per request',
  'added',
  'p50 ms',
  'p99 ms',
  'Redis commands per request',
];

/** A Markdown table: medians of all rounds; ratios and added CPU time are taken within each round. */
export function table(
  contestants: readonly Contestant[],
  rounds: readonly Round[],
  commandRates: CommandRates,
): string {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  const rule = line(HEAD.map((_, column) => (column === 0 || column === HEAD.length - 1 ? '---' : '--:')));
  return [line(HEAD), rule, ...contestants.map((contestant) => line(row(contestant, rounds, commandRates)))].join('\n');
}

function row(contestant: Contestant, rounds: readonly Round[], commandRates: CommandRates): string[] {
  const pairs = rounds.map((round) => ({ own: at(round, contestant), base: at(round, BASELINE) }));
  const of = (pick: (own: Measurement, base: Measurement) => number) => pairs.map(({ own, base }) => pick(own, base));
  const ratio = spread(of((own, base) => own.requestsPerSecond / base.requestsPerSecond));
  const isBaseline = contestant === BASELINE;
  return [
    contestant.title,
    isBaseline ? '1' : `${ratio.median.toFixed(2)} (${ratio.lower.toFixed(2)}-${ratio.upper.toFixed(2)})`,
    Math.round(median(of((own) => own.requestsPerSecond))).toLocaleString('en-US'),
    median(of((own) => own.cpuUsPerRequest)).toFixed(0),
    isBaseline ? '' : median(of((own, base) => own.cpuUsPerRequest - base.cpuUsPerRequest)).toFixed(1),
    median(of((own) => own.p50Ms)).toFixed(1),
    median(of((own) => own.p99Ms)).toFixed(1),
    contestant.usesRedis ? commands(commandRates[contestant.name] ?? {}) : '0',
  ];
}

function at(round: Round, { name }: Contestant): Measurement {
  const measurement = round[name];
  if (measurement === undefined) throw new Error(`a round has no measurement of ${name}`);
  return measurement;
}

function commands(rateOf: CommandCounts): string {
  const rates = Object.entries(rateOf).map(([name, rate]) => ({ name, rate }));
  const sum = rates.reduce((total, { rate }) => total + rate, 0);
  const shown = rates.filter(({ rate }) => rate >= NAMED_FROM).map(({ name, rate }) => `${short(rate)} ${name}`);
  return shown.length === 0 ? short(sum) : `${short(sum)} (${shown.join(', ')})`;
}

function short(rate: number): string {
  return Number(rate.toFixed(2)).toString();
}

export interface Circumstances {
  readonly nodeVersion: string;
  readonly redisVersion: string | null;
  readonly rounds: number;
  readonly seconds: number;
  readonly connections: number;
}

/** Where, when and how: one line, to stand under the table. */
export function circumstances({ nodeVersion, redisVersion, rounds, seconds, connections }: Circumstances): string {
  const processors = cpus();
  return [
    `Node ${nodeVersion}`,
    `${processors[0]?.model ?? 'unknown CPU'} (${processors.length} cores)`,
    redisVersion === null ? 'no Redis' : `Redis ${redisVersion}`,
    `${rounds} interleaved rounds of ${seconds} s`,
    `${connections} connections`,
    `Redis commands without ${NOT_COUNTED.join(', ')}`,
    new Date().toISOString().slice(0, 10),
  ].join('; ');
}
