import { UsageError } from './command.js';

const SECOND_MS = 1_000;
const UNITS_MS: Readonly<Record<string, number>> = {
  s: SECOND_MS,
  m: 60 * SECOND_MS,
  h: 3_600 * SECOND_MS,
  d: 86_400 * SECOND_MS,
  w: 604_800 * SECOND_MS,
};
const TIME_SHAPE = /^\d{4}-\d\d-\d\d(?:T\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?(?:Z|[+-]\d\d:\d\d))?$/;

/** No function here puts the value that was given into what it throws. */

/** Null where the option is not given. @throws UsageError */
export function wholeNumber(name: string, text: string | undefined, least: number, most: number): number | null {
  if (text === undefined) return null;
  const number = /^\d{1,9}$/.test(text) ? Number(text) : -1;
  if (number < least || number > most) {
    throw new UsageError(`--${name} must be a whole number from ${least} to ${most}`);
  }
  return number;
}

/** A time as RFC 3339, or a date (its beginning, in UTC), in epoch ms; undefined when it is none. */
export function parseTime(text: unknown): number | undefined {
  const at = typeof text === 'string' && TIME_SHAPE.test(text) && hasDay(text) ? Date.parse(text) : Number.NaN;
  return Number.isNaN(at) ? undefined : at;
}

/** `Date.parse` takes the 30th of February for one of March. */
function hasDay(time: string): boolean {
  const day = time.slice(0, 'YYYY-MM-DD'.length);
  const at = Date.parse(day);
  return !Number.isNaN(at) && new Date(at).toISOString().startsWith(day);
}

/** A span such as `90d`, in ms; undefined when it is none. */
export function parseSpan(text: string): number | undefined {
  const [, count, unit = ''] = /^(\d{1,6})([smhdw])$/.exec(text) ?? [];
  return count === undefined ? undefined : Number(count) * (UNITS_MS[unit] as number);
}

/** Undefined where the option is not given. @throws UsageError */
export function timeOf(name: string, text: string | undefined): number | undefined {
  const at = parseTime(text);
  if (text !== undefined && at === undefined) {
    throw new UsageError(`--${name} must be a time such as 2027-01-31T12:00:00Z, or a date`);
  }
  return at;
}

/** Undefined where the option is not given. @throws UsageError */
export function spanOf(name: string, text: string | undefined): number | undefined {
  const ms = text === undefined ? undefined : parseSpan(text);
  if (text !== undefined && ms === undefined) {
    throw new UsageError(`--${name} must be a span such as 90d: a whole number and s, m, h, d or w`);
  }
  return ms;
}

/** When something is to end: a time, a span from now, or `never`. Undefined where the option is not given. @throws UsageError */
export function endOf(name: string, text: string | undefined): { at: number | null } | { inMs: number } | undefined {
  if (text === undefined) return undefined;
  if (text === 'never') return { at: null };
  const inMs = parseSpan(text);
  if (inMs !== undefined) return { inMs };
  const at = parseTime(text);
  if (at !== undefined) return { at };
  throw new UsageError(`--${name} must be a span such as 90d, a time such as 2027-01-31T12:00:00Z, a date, or never`);
}

/** One of `choices`. @throws UsageError, which names them. */
export function choiceOf<Choice extends string>(name: string, text: string, choices: readonly Choice[]): Choice {
  const choice = choices.find((each) => each === text);
  if (choice === undefined) throw new UsageError(`--${name} takes: ${choices.join(', ')}`);
  return choice;
}

/** Values given several times, or with commas between them, of which each is one of `choices`. @throws UsageError */
export function choicesOf<Choice extends string>(
  name: string,
  texts: readonly string[] | undefined,
  choices: readonly Choice[],
): Choice[] | undefined {
  return texts?.flatMap((text) => text.split(',')).map((text) => choiceOf(name, text, choices));
}

/** `name=value` as an object. @throws UsageError */
export function propertiesOf(name: string, texts: readonly string[] | undefined): Record<string, string> | undefined {
  if (texts === undefined) return undefined;
  return Object.fromEntries(
    texts.map((text) => {
      const [, key, value] = /^([^=]+)=(.*)$/s.exec(text) ?? [];
      if (key === undefined || value === undefined) throw new UsageError(`--${name} must be NAME=VALUE`);
      return [key, value];
    }),
  );
}

export const VERSION_OPTIONS = { 'if-version': { type: 'string' } } as const;

/** The version that a change is asked for. @throws UsageError */
export function versionOf(values: { readonly 'if-version'?: string | undefined }): number | undefined {
  return wholeNumber('if-version', values['if-version'], 1, 999_999_999) ?? undefined;
}
