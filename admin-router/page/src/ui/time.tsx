import { serverNow } from '../api/server-time.ts';

const UNITS: readonly (readonly [unit: Intl.RelativeTimeFormatUnit, ms: number])[] = [
  ['year', 31_557_600_000],
  ['month', 2_629_800_000],
  ['day', 86_400_000],
  ['hour', 3_600_000],
  ['minute', 60_000],
];
const RELATIVE = new Intl.RelativeTimeFormat('en', { numeric: 'auto' });
const ABSOLUTE = new Intl.DateTimeFormat('en-GB', { dateStyle: 'medium', timeStyle: 'short' });
const DATE = new Intl.DateTimeFormat('en-GB', { dateStyle: 'medium' });

export interface TimeProps {
  /** RFC 3339; null has no time. */
  readonly at: string | null;
  /** In place of null. Default `never`. */
  readonly none?: string;
}

/** `3 days ago`; the exact time, in the time zone of this computer, on pointing at it. */
export function RelativeTime({ at, none = 'never' }: TimeProps) {
  if (at === null) return <span class="faint">{none}</span>;
  return (
    <time dateTime={at} title={absoluteTime(at)}>
      {relativeTime(at)}
    </time>
  );
}

/** `22 Nov 2026, 14:05` */
export function AbsoluteTime({ at, none = 'never' }: TimeProps) {
  if (at === null) return <span class="faint">{none}</span>;
  return (
    <time dateTime={at} title={relativeTime(at)}>
      {absoluteTime(at)}
    </time>
  );
}

export function absoluteTime(at: string): string {
  return ABSOLUTE.format(new Date(at));
}

export function dateOf(at: string | number): string {
  return DATE.format(new Date(at));
}

export function relativeTime(at: string, nowAt = serverNow()): string {
  const distance = Date.parse(at) - nowAt;
  const [unit, ms] = UNITS.find(([, size]) => Math.abs(distance) >= size) ?? ['minute', 60_000];
  const count = Math.trunc(distance / ms);
  return count === 0 ? (distance > 0 ? 'in a moment' : 'just now') : RELATIVE.format(count, unit);
}
