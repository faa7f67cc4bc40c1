import type { ApiKey, KeySettings } from '../../api/types.ts';

const MINUTE = 60;
const HOUR = 3_600;
const DAY = 86_400;

const PRESETS: readonly number[] = [HOUR, DAY, 7 * DAY, 30 * DAY, 90 * DAY, 180 * DAY, 365 * DAY];
const NAMED: Readonly<Record<number, string>> = { [7 * DAY]: '1 week', [365 * DAY]: '1 year' };

/** As the form has it. */
export interface Expiry {
  /** `keep` as it is; `never`; `date`: the one beside it; else seconds from now. */
  readonly choice: string;
  /** `2027-01-31`: until the end of that day, in the time zone of this computer. */
  readonly date: string;
}

export interface Choice {
  readonly value: string;
  readonly label: string;
}

/** What a change of the key's expiry may come to at the latest, epoch ms. */
export function latestExpiry(rules: KeySettings, key: ApiKey | null, nowAt: number): number {
  const byAge = rules.maxLifetimeSeconds === null ? Number.POSITIVE_INFINITY : nowAt + rules.maxLifetimeSeconds * 1_000;
  const isBound = key !== null && !rules.allowExtension && key.expiresAt !== null;
  return isBound ? Math.min(byAge, Date.parse(key.expiresAt ?? '')) : byAge;
}

/** Those that the rules of the instance allow; for a key that there is, to keep it first. */
export function expiryChoices(rules: KeySettings, key: ApiKey | null, nowAt: number): Choice[] {
  const latestAt = latestExpiry(rules, key, nowAt);
  const seconds = new Set(PRESETS);
  if (key === null) seconds.add(rules.defaultLifetimeSeconds);
  const offered = [...seconds].filter((each) => nowAt + each * 1_000 <= latestAt).sort((a, b) => a - b);
  const mayNever = rules.allowNever && (key === null || (rules.allowExtension && key.expiresAt !== null));
  return [
    ...(key === null ? [] : [{ value: 'keep', label: 'As it is' }]),
    ...offered.map((each) => ({ value: String(each), label: lengthOf(each) })),
    { value: 'date', label: 'On a date …' },
    ...(mayNever ? [{ value: 'never', label: 'Never' }] : []),
  ];
}

export function firstExpiry(rules: KeySettings, nowAt: number): Expiry {
  return { choice: String(rules.defaultLifetimeSeconds), date: dayOf(nowAt + rules.defaultLifetimeSeconds * 1_000) };
}

/** When the key will expire, epoch ms; null: never; undefined: no date is chosen yet. */
export function expiryAt({ choice, date }: Expiry, key: ApiKey | null, latestAt: number, nowAt: number) {
  if (choice === 'never') return null;
  if (choice === 'keep') return key === null || key.expiresAt === null ? null : Date.parse(key.expiresAt);
  if (choice !== 'date') return nowAt + Number(choice) * 1_000;
  const endAt = endOfDay(date);
  if (Number.isNaN(endAt)) return undefined;
  return dayOf(endAt) === dayOf(latestAt) ? Math.min(endAt, latestAt) : endAt;
}

/** `2027-01-31`, in the time zone of this computer; empty for no end. */
export function dayOf(at: number): string {
  if (!Number.isFinite(at)) return '';
  const day = new Date(at);
  return [day.getFullYear(), day.getMonth() + 1, day.getDate()].map((part) => String(part).padStart(2, '0')).join('-');
}

/** `30 days`, `1 week`, `90 minutes`. */
export function lengthOf(seconds: number): string {
  const named = NAMED[seconds];
  if (named !== undefined) return named;
  const [unit, size] = [['day', DAY] as const, ['hour', HOUR] as const, ['minute', MINUTE] as const].find(
    ([, each]) => seconds >= each && seconds % each === 0,
  ) ?? ['second', 1];
  const count = seconds / size;
  return `${count} ${unit}${count === 1 ? '' : 's'}`;
}

function endOfDay(date: string): number {
  const [year, month, day] = date.split('-').map(Number);
  if (year === undefined || month === undefined || day === undefined) return Number.NaN;
  return new Date(year, month - 1, day, 23, 59, 59).getTime();
}
