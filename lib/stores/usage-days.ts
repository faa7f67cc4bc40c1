import type { DayUsage } from './store.js';

/** Days that are kept of a key's usage, the present one included. */
export const USAGE_DAYS = 30;
export const DAY_MS = 86_400_000;

/** The UTC day of an instant in epoch ms, counted from 1970. */
export function dayOf(at: number): number {
  return Math.floor(at / DAY_MS);
}

/** `YYYY-MM-DD`, which sorts as text. */
export function dayName(day: number): string {
  return new Date(day * DAY_MS).toISOString().slice(0, 10);
}

/** One day as it is kept. Day n lies in slot n % USAGE_DAYS: a newer day takes the place of one that is over. */
export interface KeptDay {
  readonly day: number;
  readonly uses: number;
  readonly failures: number;
}

/** Of the slots of a key, those from `fromDay` on, ascending. */
export function toDayUsage(slots: readonly KeptDay[], fromDay: string): DayUsage[] {
  return slots
    .toSorted((a, b) => a.day - b.day)
    .map(({ day, uses, failures }) => ({ day: dayName(day), uses, failures }))
    .filter(({ day }) => day >= fromDay);
}
