import { setImmediate as nextTurn } from 'node:timers/promises';
import { invalidRequest } from '../errors.js';
import { LIMITS } from '../limits.js';
import { type Criterion, compileCriteria, type Searchable } from './criteria.js';

/** Records that one call looks at; a filter that few records meet may bring short pages. */
const MAX_SCAN = 2_000;
const SCAN_CHUNK = 200;
/** How long a search may keep other requests waiting at a time, in ms. */
const MAX_TURN_MS = 10;

/** What a store answers: entries in order, and where to go on (null: at the end). */
export interface ScanRead<Entry> {
  readonly entries: readonly Entry[];
  readonly next: string | null;
}

export interface Scan<Entry, Item> {
  readonly read: (after: string | undefined, limit: number) => Promise<ScanRead<Entry>>;
  readonly positionOf: (entry: Entry) => string;
  /** What becomes of each entry; null: it is not wanted. */
  readonly select: (entries: readonly Entry[]) => Promise<readonly (Item | null)[]>;
  readonly limit: number;
  readonly after: string | undefined;
  /** Whether every entry is wanted: then no more is read than asked for. */
  readonly isAll: boolean;
}

/** A page of those entries that are wanted, `next` being the position after which to go on: null at the end. */
export async function scan<Entry, Item>({
  read,
  positionOf,
  select,
  limit,
  after,
  isAll,
}: Scan<Entry, Item>): Promise<{ readonly items: readonly Item[]; readonly next: string | null }> {
  const items: Item[] = [];
  let from = after;
  for (let scanned = 0; scanned < MAX_SCAN; scanned += SCAN_CHUNK) {
    const page = await read(from, isAll ? limit - items.length : SCAN_CHUNK);
    const selected = await select(page.entries);
    for (const [index, entry] of page.entries.entries()) {
      const item = selected[index] ?? null;
      if (item !== null) items.push(item);
      const isLast = page.next === null && entry === page.entries.at(-1);
      if (items.length === limit && !isLast) return { items, next: positionOf(entry) };
    }
    if (page.next === null) return { items, next: null };
    from = page.next;
  }
  return { items, next: from ?? null };
}

/** Those of `items` that meet all `criteria`, which must have passed `checkCriteria`. */
export async function meetAll<Item extends object>(
  items: readonly Item[],
  criteria: readonly Criterion[],
): Promise<Item[]> {
  const meets = compileCriteria(criteria);
  return await filterGently(items, (item) => meets(item as Searchable));
}

/** As `filter`, but other requests get their turn: criteria may be many, and texts long. */
export async function filterGently<Item>(items: readonly Item[], isWanted: (item: Item) => boolean): Promise<Item[]> {
  const wanted: Item[] = [];
  let turnEndsAt = performance.now() + MAX_TURN_MS;
  for (const item of items) {
    if (isWanted(item)) wanted.push(item);
    if (performance.now() < turnEndsAt) continue;
    await nextTurn();
    turnEndsAt = performance.now() + MAX_TURN_MS;
  }
  return wanted;
}

/** @throws AuthError `invalid_request`. */
export function checkLimit(limit: number): void {
  if (Number.isInteger(limit) && limit >= 1 && limit <= LIMITS.page) return;
  throw invalidRequest([{ path: 'limit', message: `must be a whole number from 1 to ${LIMITS.page}` }]);
}

/** Opaque to clients. */
export function encodeCursor(parts: readonly unknown[]): string {
  return Buffer.from(JSON.stringify(parts)).toString('base64url');
}

/** @throws AuthError `invalid_request` for a cursor that is none, or is not `isRight`. */
export function decodeCursor<Parts>(cursor: string, isRight: (parts: unknown[]) => Parts | undefined): Parts {
  try {
    const parts: unknown = JSON.parse(Buffer.from(cursor, 'base64url').toString());
    const right = Array.isArray(parts) ? isRight(parts) : undefined;
    if (right !== undefined) return right;
  } catch {
    // the same answer as for a cursor of another list
  }
  throw invalidRequest([{ path: 'cursor', message: 'must be the nextCursor of a page of the same list' }]);
}
