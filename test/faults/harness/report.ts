import { cpus } from 'node:os';
import { RULES, type Rule, type Violation } from './checker.js';
import type { StepsSummary } from './steps/run-steps.js';
import type { FaultSummary, Times } from './summary.js';

const HEAD = [
  'fault',
  'on',
  'strikes',
  'failovers',
  'operations',
  '503',
  'longest answer',
  'writes go on after',
  'refused everywhere after',
];
/** Violations of a rule that are told in full. */
const SHOWN = 10;

/** A Markdown table, a row for each sort of fault; times in ms. */
export function table(summaries: readonly FaultSummary[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  const rule = line(HEAD.map((_, column) => (column < 2 ? '---' : '--:')));
  const rows = summaries.map((summary) => [
    summary.fault,
    summary.topology,
    String(summary.strikes),
    String(summary.failovers),
    summary.operations.toLocaleString('en-US'),
    summary.noAnswer === 0 ? String(summary.unavailable) : `${summary.unavailable} + ${summary.noAnswer} unanswered`,
    `${summary.longestMs.toFixed(0)} ms`,
    times(summary.writesAfterMs),
    times(summary.refusedAfterMs),
  ]);
  return [line(HEAD), rule, ...rows.map(line)].join('\n');
}

/** A Markdown table, a row for each write of several steps. */
export function stepsTable(summaries: readonly StepsSummary[]): string {
  const rows = summaries.map(({ write, steps, violations }) => `| ${write} | ${steps.length} | ${violations} |`);
  return [
    '| app killed while it was to | after each of so many commands | left half made |',
    '| --- | --: | --: |',
    ...rows,
  ].join('\n');
}

/** Every rule, with how often it was broken and how. */
export function verdict(violations: readonly Violation[]): string {
  const lines = (Object.keys(RULES) as Rule[]).flatMap((rule) => {
    const found = violations.filter((violation) => violation.rule === rule);
    const shown = found.slice(0, SHOWN).map(({ what }) => `    ${what}`);
    const more = found.length > SHOWN ? [`    and ${found.length - SHOWN} more`] : [];
    return [`${String(found.length).padStart(5)}  ${RULES[rule]}`, ...shown, ...more];
  });
  return lines.join('\n');
}

/** Where and how: one line, to stand under the table. */
export function circumstances(seed: number, seconds: number): string {
  const processors = cpus();
  return [
    `seed ${seed}`,
    `Node ${process.version}`,
    `${processors[0]?.model ?? 'unknown CPU'} (${processors.length} cores)`,
    `${seconds.toFixed(0)} s`,
    new Date().toISOString().slice(0, 10),
  ].join('; ');
}

function times({ median, longest, count }: Times): string {
  if (count === 0) return '-';
  return `${median.toFixed(0)} ms (longest ${longest.toFixed(0)} ms)`;
}
