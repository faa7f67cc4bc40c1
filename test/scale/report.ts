import { cpus } from 'node:os';
import { limitOf, MOST_OF_JSON, type Timings } from './judge.js';
import type { Operation } from './operation.js';
import type { Footprint, Population } from './population.js';

/** What the records take, in Markdown. */
export function memoryTable(populations: readonly Population[]): string {
  const row = (title: string, bytesOf: (population: Population) => number) => [
    title,
    ...populations.map((population) => whole(bytesOf(population))),
  ];
  const seconds = (title: string, secondsOf: (population: Population) => number) => [
    title,
    ...populations.map((population) => secondsOf(population).toFixed(1)),
  ];
  const rowsOf = (what: string, footprintOf: (population: Population) => Footprint) => [
    row(`bytes for each ${what}`, (one) => footprintOf(one).bytes),
    row(`at most: ${MOST_OF_JSON} of its JSON, and Redis's own`, (one) => limitOf(footprintOf(one))),
    row(`${what} as JSON`, (one) => footprintOf(one).json),
    row('Redis entries', (one) => footprintOf(one).entries),
    row('in them: names, values and members', (one) => footprintOf(one).share.contents),
    row("Redis's own for such entries", (one) => footprintOf(one).share.overhead),
  ];
  return table(
    ['', ...populations.map(({ keys }) => `${whole(keys)} keys`)],
    [
      ...rowsOf('key', ({ ofKey }) => ofKey),
      row('more, for each key that was used', ({ ofUse }) => ofUse),
      row('sessions', ({ sessions }) => sessions),
      ...rowsOf('session', ({ ofSession }) => ofSession),
      seconds('loading, in s', ({ loadSeconds }) => loadSeconds),
      row('snapshot: bytes', ({ snapshot }) => snapshot.bytes),
      seconds('snapshot: written in s', ({ snapshot }) => snapshot.writeSeconds),
      seconds('snapshot: read in s', ({ snapshot }) => snapshot.readSeconds),
    ],
  );
}

/** What each operation took, in Markdown. */
export function timeTable(populations: readonly Population[], measured: ReadonlyMap<Operation, Timings>): string {
  const cell = (timings: Timings, { keys }: Population) => {
    const { median, p99 } = timings.get(keys) ?? { median: Number.NaN, p99: Number.NaN };
    return `${ms(median)} / ${ms(p99)}`;
  };
  return table(
    ['median / p99 in ms', ...populations.map(({ keys }) => `${whole(keys)} keys`)],
    Array.from(measured, ([{ title }, timings]) => [title, ...populations.map((one) => cell(timings, one))]),
  );
}

/** Where, when and how: one line, to stand under the tables. */
export function circumstances(populations: readonly Population[], samples: number): string {
  return [
    `Node ${process.version}`,
    `${cpus()[0]?.model ?? 'unknown CPU'} (${cpus().length} cores)`,
    `Redis ${populations[0]?.redisVersion ?? 'unknown'}`,
    'one call at a time',
    `${samples} calls of each, the sizes in turn`,
    new Date().toISOString().slice(0, 10),
  ].join('; ');
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  const rule = line(head.map((_, column) => (column === 0 ? '---' : '--:')));
  return [line(head), rule, ...rows.map(line)].join('\n');
}

function whole(value: number): string {
  return Math.round(value).toLocaleString('en-US');
}

function ms(value: number): string {
  return value < 0.1 ? value.toFixed(3) : value.toFixed(2);
}
