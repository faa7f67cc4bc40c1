import type { ApiKeyRecord, KeyUsage } from '../records.js';
import type { StateStore } from './state.js';

/**
 * Where records live. A store is written once per database and must pass `testStore()` of `latchkey/testing`.
 *
 * Every verb is atomic on one record, answers within a bounded time, and rejects with an `AuthError` of code
 * `store_unavailable` when it cannot: never with "not found". What a verb returns is a copy, and what it was given
 * is not kept by reference.
 */
export interface Store {
  /** What lasts: API keys and session keys. */
  readonly records: RecordStores;
  /** What expires: sessions, login tokens, counters. */
  readonly state: StateStore;
  readonly changes: ChangeFeed;
  /** Asks the database; never rejects. */
  health(): Promise<StoreHealth>;
  /** Ends what the store itself has opened (not a client that the host handed in). Idempotent. */
  close(): Promise<void>;
}

export interface RecordStores {
  readonly apiKeys: ApiKeyStore;
}

export interface StoreHealth {
  readonly ok: boolean;
  /** Round trip in ms. */
  readonly latencyMs: number;
  /** Whether changes made by other processes are heard of; false means that every verification reads the store. */
  readonly feedIsLive: boolean;
  readonly detail: string;
}

/**
 * The field that a list is sorted by; the id breaks ties. Null `expiresAt` sorts last, null `lastUsedAt` first. Names sort
 * without regard to case, by the bytes of their UTF-8 form. Descending is the exact reverse, ids included.
 */
export type ApiKeyOrder = 'createdAt' | 'name' | 'expiresAt' | 'lastUsedAt';

export interface PageRequest {
  readonly orgId: string | null;
  /** Only this owner's. */
  readonly ownerId?: string | undefined;
  readonly order: ApiKeyOrder;
  readonly descending: boolean;
  /** The position after which the page begins: one that this store returned for the same order. */
  readonly after?: string | undefined;
  /** At least 1. */
  readonly limit: number;
}

export interface PageEntry {
  readonly record: ApiKeyRecord;
  /** Where this record stands in the order: `<what it sorts by>:<id>`. */
  readonly position: string;
}

export interface Page {
  /** In order; may be fewer than `limit` although more follow. */
  readonly entries: readonly PageEntry[];
  /** Where to go on; null at the end. */
  readonly next: string | null;
}

/** What happened to a key since the last flush. */
export interface UsageDelta {
  readonly id: string;
  readonly orgId: string | null;
  readonly ownerId: string;
  readonly uses: number;
  readonly failures: number;
  readonly lastFailedAt: number | null;
  readonly lastUsedAt: number | null;
  readonly lastUsedFrom: string | null;
}

export interface ApiKeyStore {
  /**
   * False, and the stored record is as before, when the id exists. An index entry is written before its record: a key
   * that works can always be found.
   */
  insert(record: ApiKeyRecord): Promise<boolean>;
  get(id: string): Promise<ApiKeyRecord | null>;
  /**
   * Replaces `previous` by `next` when the stored version is still `previous.version`; else false and nothing is
   * written. A store may also answer true when `next` is stored already, to the letter: a command sent twice over a broken
   * connection must not look like a conflict. `next.version` must be `previous.version + 1`; id, ownerId, orgId and createdAt must not differ.
   */
  update(previous: ApiKeyRecord, next: ApiKeyRecord): Promise<boolean>;
  /** Neither repeats nor skips a record that was there throughout, whatever is added meanwhile. */
  page(request: PageRequest): Promise<Page>;
  /** In the order of `ids`; a key never used, or unknown, has zero counts. */
  usage(ids: readonly string[]): Promise<KeyUsage[]>;
  /** Adds counts and raises `lastUsedAt` and `lastFailedAt`; ids without a record are skipped. At least once after a time-out. */
  addUsage(deltas: readonly UsageDelta[]): Promise<void>;
  /** Removes at most `limit` records whose `expungeAt` has come; returns how many it removed. */
  expunge(nowAt: number, limit: number): Promise<number>;
}

/** The collections whose changes are told. */
export type Collection = keyof RecordStores | 'users';

export interface ChangeListener {
  /** A record was written or removed, by this process or by another one. A local write tells before it resolves. */
  changed(collection: Collection, id: string): void;
  /** Changes may have been missed: what was cached is worth nothing. */
  lost(): void;
}

export interface ChangeFeed {
  /** True while no change can be missed. While false, nothing may be served from a cache. */
  readonly isLive: boolean;
  /** Returns the function that ends the subscription. */
  subscribe(listener: ChangeListener): () => void;
}
