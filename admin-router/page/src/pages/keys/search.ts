import { post } from '../../api/client.ts';
import { serverNow } from '../../api/server-time.ts';
import type { ApiKey, Page } from '../../api/types.ts';
import { searchOf } from './criteria.ts';
import type { KeyFilter } from './filter.ts';

/** Requests for one page of a search. Each looks at 2,000 keys at most: where few keys match, one finds little or nothing. */
const MAX_READS = 10;

export interface KeyList extends Page<ApiKey> {
  /** Whether the page is short because only so many keys were looked at: the rest comes with the next one. */
  readonly isPartial: boolean;
}

/**
 * A page of the keys that meet `filter`: one request, unless few keys meet it.
 * @param ownId the user whose own keys are asked for; null: all that may be seen.
 */
export async function readKeys(filter: KeyFilter, ownId: string | null, signal: AbortSignal): Promise<KeyList> {
  const search = searchOf(filter, ownId, serverNow());
  if (search === null) return { items: [], nextCursor: null, isPartial: false };
  const { endsShort, ...criteria } = search;
  const items: ApiKey[] = [];
  let cursor = filter.cursor;
  for (let reads = 0; reads < MAX_READS; reads++) {
    const maxItems = filter.size - items.length;
    const body = { ...criteria, maxItems, ...(cursor !== null && { cursor }) };
    const page = await post<Page<ApiKey>>('api-keys/search', body, { signal });
    items.push(...page.items);
    const isFull = items.length === filter.size;
    if (page.nextCursor === null || (endsShort && !isFull)) return { items, nextCursor: null, isPartial: false };
    if (isFull) return { items, nextCursor: page.nextCursor, isPartial: false };
    cursor = page.nextCursor;
  }
  return { items, nextCursor: cursor, isPartial: true };
}
