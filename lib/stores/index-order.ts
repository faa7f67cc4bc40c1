import type { ApiKeyRecord } from '../records.js';

/** How records sort, the same in every store. */

/** A key that never expires sorts after all that do. */
export function expirySort(record: ApiKeyRecord): number {
  return record.expiresAt ?? Number.POSITIVE_INFINITY;
}

/** A key never used sorts before all that were. */
export function lastUsedSort(lastUsedAt: number | null): number {
  return lastUsedAt ?? 0;
}

/** Names sort without regard to case, by the bytes of their UTF-8 form, as Redis compares. */
export function nameSort(record: ApiKeyRecord): string {
  return record.name.toLowerCase();
}

/** A position is `<sort>:<id>`; ids hold no colon. */
export function encodePosition(sort: number | string, id: string): string {
  return `${sort}:${id}`;
}

/** @throws TypeError for a position that no store returned. */
export function decodePosition(position: string): { sort: string; id: string } {
  const colon = position.lastIndexOf(':');
  if (colon < 0) throw new TypeError('after must be a position that page() returned');
  return { sort: position.slice(0, colon), id: position.slice(colon + 1) };
}
