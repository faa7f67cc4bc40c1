import { LAST_INSTANT } from '../index.js';

/**
 * A record, or an entry of the audit trail, as the admin API answers it: what is named `at`, `...At` or `notBefore` as RFC 3339
 * in UTC, `...Ms` as `...Seconds`; without what only the product of a dialect knows.
 */
export function jsonView(record: object): Record<string, unknown> {
  const facts = Object.entries(record).filter(([name]) => name !== 'dialects');
  return Object.fromEntries(facts.map(([name, value]) => viewOf(name, value)));
}

function viewOf(name: string, value: unknown): [string, unknown] {
  if ((name === 'before' || name === 'after') && typeof value === 'object' && value !== null) {
    return [name, Object.fromEntries(Object.entries(value).map(([field, fact]) => viewOf(field, fact)))];
  }
  if (typeof value !== 'number' && value !== null) return [name, value];
  if (name.endsWith('Ms')) return [`${name.slice(0, -2)}Seconds`, value && value / 1_000];
  const isTime = typeof value === 'number' && /^(?:at|notBefore)$|At$/.test(name) && Math.abs(value) <= LAST_INSTANT;
  return [name, isTime ? new Date(value).toISOString() : value];
}
