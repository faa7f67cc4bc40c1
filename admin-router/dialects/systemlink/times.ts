/** What the product says of a key that never ends. */
const NEVER = '9999-12-31T23:59:59Z';

/** ISO 8601 in UTC, with milliseconds. */
export function toTime(at: number): string {
  return new Date(at).toISOString();
}

export function toExpiry(at: number | null): string {
  return at === null ? NEVER : toTime(at);
}
