import type { Finding, Health } from '../../api/types.ts';

export type Level = Finding['level'];

export const LEVELS: Readonly<Record<Level, string>> = { warning: 'Warning', unknown: 'Not told', ok: 'In order' };
const ORDER: readonly Level[] = ['warning', 'unknown', 'ok'];

const NAMES: Readonly<Record<string, string>> = {
  connection: 'Connection',
  version: 'Version',
  role: 'Role',
  persistence: 'Persistence',
  eviction: 'Eviction',
  memory: 'Memory',
  'min-replicas': 'Replicas',
  tls: 'Encryption on the way',
  acl: 'Rights of its user',
  tracking: 'News of changes',
  clock: 'Clock',
};

/** What was asked, in words; what only a newer server knows by its name. */
export function nameOf(id: string): string {
  return NAMES[id] ?? id;
}

/** What has to be seen to comes first; otherwise in the order of the store. */
export function sorted(findings: readonly Finding[]): Finding[] {
  return [...findings].sort((a, b) => ORDER.indexOf(a.level) - ORDER.indexOf(b.level));
}

export function countsOf(findings: readonly Finding[]): Readonly<Record<Level, number>> {
  const count = (wanted: Level) => findings.filter(({ level }) => level === wanted).length;
  return { ok: count('ok'), warning: count('warning'), unknown: count('unknown') };
}

/** In one sentence how it is. */
export function headlineOf({ ok, findings }: Pick<Health, 'ok' | 'findings'>): string {
  const { warning } = countsOf(findings);
  if (!ok) return 'The store cannot be used';
  if (warning === 0) return 'The store answers, and is in order';
  return `The store answers; ${warning === 1 ? 'one finding has' : `${warning} findings have`} to be seen to`;
}

/** `0.8 ms`, `12 ms`. */
export function latencyInWords(ms: number): string {
  return ms < 10 ? `${Math.round(ms * 10) / 10} ms` : `${Math.round(ms)} ms`;
}
