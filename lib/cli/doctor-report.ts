import type { Finding, StoreHealth } from '../index.js';
import { printable } from './printable.js';

export type Diagnosis = Pick<StoreHealth, 'ok' | 'detail' | 'findings'>;

/** What was found, for people: a line for each finding, and its mend below it. */
export function doctorReport(name: string, { ok, detail, findings }: Diagnosis): string {
  const head = ok ? `${name}: ${detail}.` : `${name} cannot be used: ${detail}`;
  const lines = findings.length === 0 ? [] : ['', ...findings.map(lineOf), '', summaryOf(findings)];
  return [head, ...lines].map(printable).join('\n'); // a part of it is what a server says of itself
}

function lineOf({ level, id, node, detail, mend, risk }: Finding): string {
  const where = node === null ? '' : `${node}: `;
  const refused = risk === null ? '' : ` Production refuses it, unless production.accept names '${risk}'.`;
  const below = mend === null ? '' : `\n${' '.repeat(23)}Mend: ${mend}${refused}`;
  return `${level.padEnd(8)} ${id.padEnd(13)} ${where}${detail}${below}`;
}

function summaryOf(findings: readonly Finding[]): string {
  const count = (level: Finding['level']) => findings.filter((finding) => finding.level === level).length;
  const warnings = count('warning');
  return `${count('ok')} ok, ${warnings} ${warnings === 1 ? 'warning' : 'warnings'}, ${count('unknown')} unknown.`;
}
