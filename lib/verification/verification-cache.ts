import { LRUCache } from 'lru-cache';
import type { ChangeFeed, Collection } from '../stores/store.js';
import type { LookupCounts } from '../telemetry/telemetry.js';
import { copyOf } from '../text.js';

export interface VerificationCacheOptions {
  /** Keys kept at most; the least recently used go first. Default 10,000; 0 turns the cache off. */
  readonly maxEntries?: number;
  /** A cached key is read again after this long, in ms, even when no change was heard of. Default 60,000. */
  readonly maxAgeMs?: number;
  /** Unknown ids kept at most, apart from the keys, so that a flood of them displaces no key. Default 10,000. */
  readonly maxUnknown?: number;
  /** An unknown id is looked up again after this long, in ms. Default 5,000. */
  readonly unknownAgeMs?: number;
}

interface Slot<Entry> {
  readonly entry: Entry;
  readonly freshUntil: number;
}

/** Records that entries were made of, besides their own. */
export interface Dependency<Entry> {
  readonly collection: Collection;
  /** Whether `entry` was made of the record with that id. */
  readonly isPartOf: (entry: Entry, id: string) => boolean;
}

/**
 * What was read from the store for verification, by id. Serves only while the change feed is live; a changed id is
 * dropped at once, and everything when the feed is lost. Concurrent misses of one id read the store once.
 */
export class VerificationCache<Entry extends object> {
  readonly #known: LRUCache<string, Slot<Entry>> | null;
  readonly #unknown: LRUCache<string, Slot<true>> | null;
  readonly #flights = new Map<string, Promise<Entry | null>>();
  readonly #load: (id: string) => Promise<Entry | null>;
  readonly #feed: ChangeFeed;
  readonly #now: () => number;
  readonly #maxAgeMs: number;
  readonly #unknownAgeMs: number;
  readonly #lookups: LookupCounts;
  readonly #unsubscribe: () => void;

  constructor(
    collection: Collection,
    load: (id: string) => Promise<Entry | null>,
    feed: ChangeFeed,
    now: () => number,
    options: VerificationCacheOptions = {},
    dependency?: Dependency<Entry>,
    lookups: LookupCounts = { hits: 0, misses: 0 },
  ) {
    this.#lookups = lookups;
    const max = wholeNumber('cache.maxEntries', options.maxEntries ?? 10_000);
    const maxUnknown = wholeNumber('cache.maxUnknown', options.maxUnknown ?? 10_000);
    this.#known = max === 0 ? null : new LRUCache({ max });
    this.#unknown = max === 0 || maxUnknown === 0 ? null : new LRUCache({ max: maxUnknown });
    this.#maxAgeMs = wholeNumber('cache.maxAgeMs', options.maxAgeMs ?? 60_000);
    this.#unknownAgeMs = wholeNumber('cache.unknownAgeMs', options.unknownAgeMs ?? 5_000);
    this.#load = load;
    this.#feed = feed;
    this.#now = now;
    this.#unsubscribe = feed.subscribe({
      changed: (changed, id) => {
        if (changed === collection) this.#forget(id);
        else if (changed === dependency?.collection) this.#forgetWhere((entry) => dependency.isPartOf(entry, id));
      },
      lost: () => this.#forgetAll(),
    });
  }

  /** The cached entry; null for an id known not to exist; undefined when the store has to be asked. */
  peek(id: string, nowAt: number): Entry | null | undefined {
    const entry = this.#cached(id, nowAt);
    if (entry === undefined) this.#lookups.misses++;
    else this.#lookups.hits++;
    return entry;
  }

  #cached(id: string, nowAt: number): Entry | null | undefined {
    if (!this.#feed.isLive) return undefined;
    const known = this.#known?.get(id);
    if (known !== undefined) return known.freshUntil > nowAt ? known.entry : undefined;
    const unknown = this.#unknown?.get(id);
    return unknown !== undefined && unknown.freshUntil > nowAt ? null : undefined;
  }

  /** Reads the store. Joins a read under way only while the feed would have told of a change since it began. */
  fetch(id: string): Promise<Entry | null> {
    if (!this.#feed.isLive) return this.#load(id);
    const underWay = this.#flights.get(id);
    if (underWay !== undefined) return underWay;
    const own = copyOf(id);
    const flight = this.#load(own).then(
      (entry) => {
        if (this.#land(own, flight)) this.#keep(own, entry);
        return entry;
      },
      (error: unknown) => {
        this.#land(own, flight);
        throw error;
      },
    );
    this.#flights.set(own, flight);
    return flight;
  }

  close(): void {
    this.#unsubscribe();
    this.#forgetAll();
  }

  /** False when the id changed, or the feed was lost, while the read was under way: what it brings is not kept. */
  #land(id: string, flight: Promise<Entry | null>): boolean {
    return this.#flights.get(id) === flight && this.#flights.delete(id) && this.#feed.isLive;
  }

  #keep(id: string, entry: Entry | null): void {
    const nowAt = this.#now();
    if (entry === null) {
      this.#unknown?.set(id, { entry: true, freshUntil: nowAt + this.#unknownAgeMs });
    } else {
      this.#unknown?.delete(id);
      // The entry keeps its own id in memory anyway.
      this.#known?.set('id' in entry && entry.id === id ? entry.id : id, { entry, freshUntil: nowAt + this.#maxAgeMs });
    }
  }

  #forget(id: string): void {
    this.#flights.delete(id);
    this.#known?.delete(id);
    this.#unknown?.delete(id);
  }

  /** Also what is being read: nobody knows yet what it is made of. */
  #forgetWhere(isAffected: (entry: Entry) => boolean): void {
    this.#flights.clear();
    for (const [id, { entry }] of this.#known?.entries() ?? []) {
      if (isAffected(entry)) this.#known?.delete(id);
    }
  }

  #forgetAll(): void {
    this.#flights.clear();
    this.#known?.clear();
    this.#unknown?.clear();
  }
}

/** The largest number of entries, or of ms, that can be asked for. */
const MOST = 10_000_000;

function wholeNumber(name: string, value: number): number {
  if (Number.isSafeInteger(value) && value >= 0 && value <= MOST) return value;
  throw new TypeError(`${name} must be a whole number from 0 to ${MOST}`);
}
