const EXACT = new Intl.DateTimeFormat('en-GB', { dateStyle: 'medium', timeStyle: 'medium' });

/** `22 Nov 2026, 14:05:09`, in the time zone of this computer: in a trail seconds matter. */
export function exactTime(at: string | number): string {
  return EXACT.format(new Date(at));
}
