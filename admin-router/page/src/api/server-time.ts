/** What clocks may differ by and still count as the same, in ms: answers take their time, and tell theirs to the second. */
const TOLERATED_MS = 30_000;

let aheadMs = 0;

/** @param date the answer's header of that name; what is none tells nothing. */
export function noteServerTime(date: string | null): void {
  const difference = Date.parse(date ?? '') - Date.now();
  if (Number.isNaN(difference)) return;
  aheadMs = Math.abs(difference) < TOLERATED_MS ? 0 : difference;
}

/** Now, in epoch ms, as the server has it: keys live by its clock, however wrong that of this computer is. */
export function serverNow(): number {
  return Date.now() + aheadMs;
}
