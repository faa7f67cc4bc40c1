import { cpus } from 'node:os';
import { markdownTable } from '../markdown.js';
import { NOT_COUNTED } from '../redis-commands.js';
import type { Comparison } from './rounds.js';
import { STARTS } from './rounds.js';
import type { Row } from './summary.js';

/** Fewer commands per request than this are not named: they are batches of usage. */
const NAMED_FROM = 0.005;

const HEAD = [
  '',
  'ratio to bare Express (quartiles)',
  'requests/s',
  'CPU µs per request',
  'added (quartiles)',
  'p50 ms',
  'p99 ms',
  'RSS / heap MB',
  'Redis commands per request',
];

/** A Markdown table, each row to the one of `baseline`. */
export function comparisonTable(rows: readonly Row[], baseline: string): string {
  return markdownTable(
    HEAD,
    rows.map((row) => cells(row, row.name === baseline)),
  );
}

function cells(row: Row, isBaseline: boolean): string[] {
  const { ratio, addedCpuUs: added } = row;
  const range = (lower: number, upper: number, digits: number) =>
    `${lower.toFixed(digits)} to ${upper.toFixed(digits)}`;
  return [
    row.title,
    isBaseline ? '1' : `${ratio.median.toFixed(2)} (${range(ratio.lower, ratio.upper, 2)})`,
    Math.round(row.requestsPerSecond).toLocaleString('en-US'),
    row.cpuUsPerRequest.toFixed(0),
    isBaseline ? '' : `${added.median.toFixed(1)} (${range(added.lower, added.upper, 1)})`,
    row.p50Ms.toFixed(1),
    row.p99Ms.toFixed(1),
    `${row.rssMb.toFixed(0)} / ${row.heapMb.toFixed(0)}`,
    commandsText(row.redisCommands),
  ];
}

/** The sum, and what it is made of. */
export function commandsText(rates: Readonly<Record<string, number>>): string {
  const all = Object.entries(rates);
  const sum = all.reduce((total, [, rate]) => total + rate, 0);
  const shown = all.filter(([, rate]) => rate >= NAMED_FROM).map(([name, rate]) => `${short(rate)} ${name}`);
  return shown.length === 0 ? short(sum) : `${short(sum)} (${shown.join(', ')})`;
}

function short(rate: number): string {
  return Number(rate.toFixed(2)).toString();
}

export interface Load {
  readonly rounds: number;
  readonly seconds: number;
  readonly connections: number;
}

/** Where, when and how: one line, to stand under the table. */
export function circumstances({ node, redisVersion }: Comparison, { rounds, seconds, connections }: Load): string {
  return [
    machine(node.version),
    redisVersion === null ? 'no Redis' : `Redis ${redisVersion}`,
    `${rounds} interleaved rounds of ${seconds} s in ${Math.min(STARTS, rounds)} starts`,
    `${connections} connections`,
    `Redis commands without ${NOT_COUNTED.join(', ')}`,
    today(),
  ].join('; ');
}

/** The Node and the processor. */
export function machine(nodeVersion: string): string {
  const processors = cpus();
  return `Node ${nodeVersion}; ${processors[0]?.model ?? 'unknown CPU'} (${processors.length} cores)`;
}

export function today(): string {
  return new Date().toISOString().slice(0, 10);
}
