import type { FieldError, KeyImport } from '../index.js';
import { parseTime } from './option-values.js';

/** How the fields of the admin API that name a time or a span are called by the library. */
const TIMES = ['notBefore', 'expiresAt', 'createdAt'];
const SPANS: Readonly<Record<string, string>> = {
  expiresInSeconds: 'lifetimeMs',
  disableUnusedAfterSeconds: 'disableUnusedAfterMs',
};
/** Fields of the library that the admin API has under another name, or not at all. */
const NOT_HERE = [...Object.values(SPANS), 'dialects'];

/**
 * A key as the admin API takes it (times as RFC 3339, spans in seconds), as the library takes it. All else is passed on as it is,
 * to be checked there. `errors` hold no value.
 */
export function keyOf(fields: Readonly<Record<string, unknown>>): {
  readonly key: Partial<KeyImport>;
  readonly errors: readonly FieldError[];
} {
  const errors: FieldError[] = [];
  const entries = Object.entries(fields).map(([name, value]): [string, unknown] => {
    if (NOT_HERE.includes(name)) errors.push({ path: '', message: 'holds what is not a field of a key' });
    if (TIMES.includes(name) && value !== null) {
      const at = parseTime(value);
      if (at === undefined)
        errors.push({ path: name, message: 'must be a time such as 2027-01-31T12:00:00Z, or null' });
      return [name, at];
    }
    const span = Object.hasOwn(SPANS, name) ? SPANS[name] : undefined;
    if (span === undefined || value === null) return [span ?? name, value];
    if (!Number.isSafeInteger(value)) errors.push({ path: name, message: 'must be a whole number of seconds' });
    return [span, Number(value) * 1_000];
  });
  return { key: Object.fromEntries(entries), errors };
}
