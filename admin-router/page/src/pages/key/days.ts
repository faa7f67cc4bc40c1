import type { KeyUsage } from '../../api/types.ts';

const DAY_MS = 86_400_000;
/** That are kept, today's included. */
export const DAYS = 30;

export interface DayCount {
  /** `YYYY-MM-DD`, UTC. */
  readonly day: string;
  readonly uses: number;
  readonly failures: number;
}

/** Every one of the last 30 days, the oldest first, also those without any use. */
export function everyDay(days: KeyUsage['days'], nowAt: number): DayCount[] {
  const known = new Map(days.map((each) => [each.day, each]));
  const today = Math.floor(nowAt / DAY_MS);
  return Array.from({ length: DAYS }, (_, index) => {
    const day = new Date((today - DAYS + 1 + index) * DAY_MS).toISOString().slice(0, 10);
    return known.get(day) ?? { day, uses: 0, failures: 0 };
  });
}

export function totalOf(days: readonly DayCount[]): Pick<DayCount, 'uses' | 'failures'> {
  return {
    uses: days.reduce((sum, { uses }) => sum + uses, 0),
    failures: days.reduce((sum, { failures }) => sum + failures, 0),
  };
}

const LONG = new Intl.DateTimeFormat('en-GB', { dateStyle: 'medium', timeZone: 'UTC' });

/** `22 Nov 2026` */
export function dayInWords(day: string): string {
  return LONG.format(new Date(`${day}T00:00:00Z`));
}

/** `1,204 uses, no refusals` */
export function countsInWords({ uses, failures }: Pick<DayCount, 'uses' | 'failures'>): string {
  return `${counted(uses, 'use')}, ${counted(failures, 'refusal')}`;
}

function counted(count: number, noun: string): string {
  if (count === 0) return `no ${noun}s`;
  return `${count.toLocaleString('en')} ${noun}${count === 1 ? '' : 's'}`;
}
