import type { ApiKeyRecord } from '../records.js';
import { keyState, UNUSED } from '../records.js';
import type { Criterion } from '../search/criteria.js';
import { checkCriteria, compileCriteria } from '../search/criteria.js';
import { checkLimit, decodeCursor, encodeCursor, filterGently, scan } from '../search/scan.js';
import type { ApiKeyOrder, ApiKeyStore, PageEntry } from '../stores/store.js';
import { refuseFaults } from './key-builder.js';
import { checkIdentifier } from './key-input.js';
import type { KeyLifetimes } from './key-lifetimes.js';
import type { ApiKey } from './key-view.js';
import { SEARCHABLE_FIELDS, toApiKey } from './key-view.js';

/** What a list begins with: the organisation (null: none), and its order. */
export interface ListQuery {
  readonly orgId: string | null;
  readonly ownerId?: string | undefined;
  /** Default `createdAt`. */
  readonly sort?: ApiKeyOrder | undefined;
  readonly descending?: boolean | undefined;
  /** 1 to 200; default 50. */
  readonly limit?: number | undefined;
  /** `nextCursor` of the page before, for the same `sort` and direction. */
  readonly cursor?: string | undefined;
}

export interface KeyPage {
  readonly items: readonly ApiKey[];
  /** Null at the end. A page may be short, even empty, before it. */
  readonly nextCursor: string | null;
}

/** Where keys are read from, and how they are seen. */
export interface KeySource {
  readonly store: ApiKeyStore;
  readonly lifetimes: KeyLifetimes;
  /** Epoch ms. */
  readonly now: () => number;
}

/** A page of the keys that meet all `criteria`. The one way to search, whatever the store. */
export async function searchKeys(
  { store, lifetimes, now }: KeySource,
  query: ListQuery,
  criteria: readonly Criterion[],
): Promise<KeyPage> {
  const { orgId, ownerId, sort: order = 'createdAt', descending = false, limit = 50, cursor } = query;
  checkLimit(limit);
  refuseFaults([
    ...(orgId === null ? [] : checkIdentifier('orgId', orgId)),
    ...(ownerId === undefined ? [] : checkIdentifier('ownerId', ownerId)),
    ...checkCriteria(criteria, SEARCHABLE_FIELDS),
  ]);
  const meetsAll = compileCriteria(criteria);
  const isWanted = (key: ApiKey | ApiKeyRecord) => meetsAll({ ...key, state: keyState(key, now()) });
  const asksUsage = criteria.some(({ field }) => field in UNUSED);
  const { items, next } = await scan<PageEntry, ApiKey>({
    read: (after, most) => store.page({ orgId, ownerId, order, descending, after, limit: most }),
    positionOf: ({ position }) => position,
    async select(entries) {
      const aged = entries.map(({ record }) => lifetimes.aged(record));
      const candidates = asksUsage ? aged : await filterGently(aged, isWanted);
      const usage = candidates.length === 0 ? [] : await store.usage(candidates.map(({ id }) => id));
      const keys = candidates.map((record, index) => toApiKey(record, usage[index] ?? UNUSED, now()));
      const byId = new Map((asksUsage ? await filterGently(keys, isWanted) : keys).map((key) => [key.id, key]));
      return entries.map(({ record }) => byId.get(record.id) ?? null);
    },
    limit,
    after: cursor === undefined ? firstPosition(order, descending, criteria) : decode(cursor, order, descending),
    isAll: criteria.every(({ field }) => field === 'ownerKind'), // which next to all entries meet
  });
  return { items, nextCursor: next === null ? null : encodeCursor([order, descending, next]) };
}

/** Paging by id: what is known to come before is not looked at. */
function firstPosition(order: ApiKeyOrder, descending: boolean, criteria: readonly Criterion[]): string | undefined {
  if (order !== 'id') return undefined;
  const test = descending ? 'less-than' : 'greater-than';
  const bounds = criteria.filter((criterion) => criterion.field === 'id' && criterion.test === test);
  const ids = bounds.map(({ value }) => String(value)).sort();
  const id = descending ? ids[0] : ids.at(-1);
  return id !== undefined && /^[\w-]+$/.test(id) ? `0:${id}` : undefined;
}

/** `<sort>:<id>`, where a number sorts in every order but one. */
const POSITION = /^(?:\d{1,17}|Infinity):[\w-]+$/;
const NAME_POSITION = /:[\w-]+$/;

function decode(cursor: string, order: ApiKeyOrder, descending: boolean): string {
  const shape = order === 'name' ? NAME_POSITION : POSITION;
  return decodeCursor(cursor, ([of, direction, position]) =>
    of === order && direction === descending && typeof position === 'string' && shape.test(position)
      ? position
      : undefined,
  );
}
