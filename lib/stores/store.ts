import type { Finding } from '../finding.js';
import type { ApiKeyRecord, KeyUsage, PolicyRecord } from '../records.js';
import type { Documents } from './documents.js';
import type { Numbers } from './numbers.js';
import type { StateStore } from './state.js';

/**
 * Where records live. A store is written once per database and must pass `testStore()` of `latchkey/testing`.
 *
 * Every verb is atomic on one record, answers within a bounded time, and rejects with an `AuthError` of code
 * `store_unavailable` when it cannot: never with "not found". A store that has replicas confirm what is written rejects with
 * `not_durable` when they do not: the write may have taken effect. What a verb returns is a copy, and what it was given is
 * not kept by reference.
 */
export interface Store {
  /** Whether it lives within this process, which has it to itself. Default: others may share it. */
  readonly isEmbedded?: boolean;
  /** What lasts: API keys and session keys, policies, the audit trail, and what dialects need besides. */
  readonly records: RecordStores;
  /** What expires: sessions, login tokens, counters. */
  readonly state: StateStore;
  readonly changes: ChangeFeed;
  /**
   * Asks the database, and changes nothing there; never rejects.
   * @param now the clock that the database's is compared with, in epoch ms; default `Date.now`.
   */
  health(now?: () => number): Promise<StoreHealth>;
  /** Ends what the store itself has opened (not a client that the host handed in). Idempotent. */
  close(): Promise<void>;
}

export interface RecordStores {
  readonly apiKeys: ApiKeyStore;
  readonly policies: PolicyStore;
  readonly audit: AuditStore;
  /** Integers for ids, for products that have such. */
  readonly numbers: Numbers;
  /** What dialects keep for good and the core has no record for. */
  readonly documents: Documents;
}

export interface StoreHealth {
  /** Whether the database answers. What is wrong with its settings is among the findings. */
  readonly ok: boolean;
  /** Round trip in ms. */
  readonly latencyMs: number;
  /** Whether changes made by other processes are heard of; false means that every verification reads the store. */
  readonly feedIsLive: boolean;
  readonly detail: string;
  /** What it tells of itself, one for each thing asked; for a cluster one for each node where they differ. */
  readonly findings: readonly Finding[];
}

/**
 * The field that a list is sorted by; the id breaks ties. Null `expiresAt` sorts last, null `lastUsedAt` first. Names sort
 * without regard to case, by the bytes of their UTF-8 form; ids by their bytes. Descending is the exact reverse, ids
 * included.
 */
export type ApiKeyOrder = 'createdAt' | 'name' | 'expiresAt' | 'lastUsedAt' | 'id';

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
  /** Where this record stands in the order: `<what it sorts by>:<id>`, where ids sort by 0. */
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

/** What happened to a key on one day, in UTC. */
export interface DayUsage {
  /** `YYYY-MM-DD`. */
  readonly day: string;
  readonly uses: number;
  readonly failures: number;
}

export interface ApiKeyStore {
  /**
   * False, and the stored record is as before, when the id exists. An index entry is written before its record: a key
   * that works can always be found. As with `update`, true where this very record is stored already is allowed.
   */
  insert(record: ApiKeyRecord): Promise<boolean>;
  get(id: string): Promise<ApiKeyRecord | null>;
  /**
   * Replaces `previous` by `next` when the stored version is still `previous.version`; else false and nothing is
   * written. A store may also answer true when `next` is stored already, to the letter: a command sent twice over a broken
   * connection must not look like a conflict. `next.version` must be above `previous.version`, by one but for a key that is
   * ended again after the database went back; id, ownerId, orgId and createdAt must not differ.
   */
  update(previous: ApiKeyRecord, next: ApiKeyRecord): Promise<boolean>;
  /**
   * Resolves once what is stored of `id` at the moment, or that nothing is, lasts as a write does that was acknowledged:
   * whoever finds nothing to change may answer for a write that nobody has acknowledged. Left out where every write that can be
   * read lasts. @throws AuthError `not_durable`.
   */
  confirm?(id: string): Promise<void>;
  /** Neither repeats nor skips a record that was there throughout, whatever is added meanwhile. */
  page(request: PageRequest): Promise<Page>;
  /** In the order of `ids`; a key never used, or unknown, has zero counts. */
  usage(ids: readonly string[]): Promise<KeyUsage[]>;
  /**
   * Adds counts and raises `lastUsedAt` and `lastFailedAt`; ids without a record are skipped. At least once after a
   * time-out. Adds uses to the day of `lastUsedAt` as well, and failures to that of `lastFailedAt`: those of the seconds that a
   * batch covers may be of the day before. Without the instant they are of no day. Returns the ids of those that were used for the first time ever. Each is told once, to one process: never
   * twice, and not at all where the answer was lost, be it that this rejects or that a command had to be sent again.
   */
  addUsage(deltas: readonly UsageDelta[]): Promise<string[]>;
  /**
   * The days on which something happened to a key, ascending, from `fromDay` (`YYYY-MM-DD`) on: at most `USAGE_DAYS`. Of a day
   * as long ago as that, or longer, before the last one nothing may be left, and nothing may be added to it. None for an
   * unknown key.
   */
  usageByDay(id: string, fromDay: string): Promise<DayUsage[]>;
  /**
   * The ids of the keys that refer to a policy, ascending, after `after`; fewer than `limit` only at the end. May name
   * keys that no longer do.
   */
  usersOfPolicy(policyId: string, after: string | undefined, limit: number): Promise<string[]>;
  /** Has `watched` name a key from `at` on, in place of any instant before; null: no more. */
  watch(id: string, at: number | null): Promise<void>;
  /** At most `limit` ids whose instant has come, the longest due first. They stay until `watch` moves them. */
  watched(nowAt: number, limit: number): Promise<string[]>;
  /** Removes at most `limit` records whose `expungeAt` has come; returns how many it removed. */
  expunge(nowAt: number, limit: number): Promise<number>;
}

export interface PolicyStore {
  /** As `ApiKeyStore.insert`. */
  insert(record: PolicyRecord): Promise<boolean>;
  get(id: string): Promise<PolicyRecord | null>;
  /** As `ApiKeyStore.update`. id, orgId and createdAt must not differ. */
  update(previous: PolicyRecord, next: PolicyRecord): Promise<boolean>;
  /**
   * False, and nothing is removed, when the stored version is another, or there is none: also where a command had to be
   * sent again over a broken connection, and had removed it the first time.
   */
  remove(record: PolicyRecord): Promise<boolean>;
  /** As `ApiKeyStore.confirm`. */
  confirm?(id: string): Promise<void>;
  /** Those of an organisation by id, ascending, after the id `after`. May be fewer than `limit` although more follow. */
  page(request: PolicyPageRequest): Promise<PolicyPage>;
}

export interface PolicyPageRequest {
  readonly orgId: string | null;
  readonly after?: string | undefined;
  /** At least 1. */
  readonly limit: number;
}

export interface PolicyPage {
  readonly records: readonly PolicyRecord[];
  /** The id after which to go on; null at the end. */
  readonly next: string | null;
}

/** The two halves of an organisation's trail: a flood of the one must not displace the other. */
export type TrailPart = 'changes' | 'activity';

/** Append-only lists of JSON texts, one for each organisation and part. Bounded by age and length, the oldest going first. */
export interface AuditStore {
  /**
   * Adds entries at their end, in order; others may come between very many. When it resolves they can be read. Returns
   * their ids. When it rejects, or the connection broke meanwhile, they may have been added all the same, or twice.
   * @throws TypeError for a `maxAgeMs` of 0 or less.
   */
  append(orgId: string | null, part: TrailPart, values: readonly string[], bounds: TrailBounds): Promise<string[]>;
  /**
   * Takes back an entry whose change did not come about; no other one ever gets its id.
   * @throws TypeError for an id that is none.
   */
  withdraw(orgId: string | null, part: TrailPart, id: string): Promise<void>;
  /**
   * Newest first: those before the id `before`, not older than `fromAt`; fewer than `limit` only at the end.
   * @throws TypeError for a `before` that is no id.
   */
  page(request: TrailPageRequest): Promise<TrailEntry[]>;
}

export interface TrailBounds {
  /** The instant of appending. */
  readonly nowAt: number;
  /** Entries older than this, in ms, go; some hundreds may stay until as many more, or none for so long, were added. */
  readonly maxAgeMs: number;
  /** About so many are kept, never fewer. */
  readonly maxEntries: number;
}

export interface TrailPageRequest {
  readonly orgId: string | null;
  readonly part: TrailPart;
  readonly before?: string | undefined;
  readonly fromAt?: number | undefined;
  /** At least 1. */
  readonly limit: number;
}

export interface TrailEntry {
  /** `<ms>-<sequence>`, ascending by these numbers; `ms` is not before the instant of appending. */
  readonly id: string;
  readonly value: string;
}

/** The collections whose changes are told. */
export type Collection = 'apiKeys' | 'policies' | 'users';

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
