import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Events } from '../events.js';
import type { ApiKeyStore, UsageDelta } from '../stores/store.js';

/** Keys that may wait for the next flush; more are counted on the key itself and enter when there is room. */
const MAX_WAITING = 100_000;
/** When so many keys wait, the flush does not wait for its time. */
const FLUSH_EARLY_AT = 10_000;
/** Keys written at once: verifications wait behind what the process and the store do with so many, some 10 ms. */
const CHUNK = 200;

export interface UsageOptions {
  /** Between two writes of what was collected, in ms; a crash loses at most this much usage. Default 5,000. */
  readonly flushIntervalMs?: number;
}

interface Owned {
  readonly id: string;
  readonly orgId: string | null;
  readonly ownerId: string;
}

type Counted = { -readonly [Field in keyof UsageDelta]: UsageDelta[Field] };

/**
 * What happened to one key since the last flush: of most cached keys nothing, and that takes no memory. Belongs to the cached
 * entry of that key, or to several of one id. Has no private methods: they would cost each of them a field.
 */
export class UsageCounter {
  readonly #recorder: UsageRecorder;
  readonly #key: Owned;
  #counted: Counted | null = null;
  #isWaiting = false;

  constructor(recorder: UsageRecorder, key: Owned) {
    this.#recorder = recorder;
    this.#key = key;
  }

  get id(): string {
    return this.#key.id;
  }

  used(nowAt: number, address: string | null): void {
    this.#counted ??= nothingOf(this.#key);
    const counted = this.#counted;
    counted.uses++;
    counted.lastUsedAt = nowAt;
    counted.lastUsedFrom = address;
    if (!this.#isWaiting) this.#isWaiting = this.#recorder.enlist(this);
  }

  failed(nowAt: number): void {
    this.#counted ??= nothingOf(this.#key);
    const counted = this.#counted;
    counted.failures++;
    counted.lastFailedAt = nowAt;
    if (!this.#isWaiting) this.#isWaiting = this.#recorder.enlist(this);
  }

  /** Hands over what was counted and begins again at zero. */
  drain(): UsageDelta {
    const counted = this.#counted ?? nothingOf(this.#key);
    this.#counted = null;
    this.#isWaiting = false;
    return counted;
  }

  /** Takes back what could not be written. */
  restore(delta: UsageDelta): void {
    this.#counted ??= nothingOf(this.#key);
    const counted = this.#counted;
    counted.uses += delta.uses;
    counted.failures += delta.failures;
    counted.lastFailedAt = later(counted.lastFailedAt, delta.lastFailedAt);
    if (delta.lastUsedAt !== null && delta.lastUsedAt > (counted.lastUsedAt ?? Number.NEGATIVE_INFINITY)) {
      counted.lastUsedAt = delta.lastUsedAt;
      counted.lastUsedFrom = delta.lastUsedFrom;
    }
    if (!this.#isWaiting) this.#isWaiting = this.#recorder.enlist(this);
  }
}

function nothingOf({ id, orgId, ownerId }: Owned): Counted {
  return { id, orgId, ownerId, uses: 0, failures: 0, lastFailedAt: null, lastUsedAt: null, lastUsedFrom: null };
}

function later(a: number | null, b: number | null): number | null {
  return a === null || (b !== null && b > a) ? b : a;
}

/** Collects uses and refusals in the process and writes them in batches: never a write per request. */
export class UsageRecorder {
  readonly #store: ApiKeyStore;
  readonly #events: Events;
  readonly #timer: NodeJS.Timeout;
  readonly #waiting = new Map<string, UsageCounter>();
  #flush: Promise<void> | null = null;
  /** What a failed flush puts back must not call for the next one at once. */
  #isFailing = false;

  constructor(store: ApiKeyStore, events: Events, options: UsageOptions = {}) {
    const { flushIntervalMs = 5_000 } = options;
    if (!Number.isSafeInteger(flushIntervalMs) || flushIntervalMs < 10 || flushIntervalMs > 3_600_000) {
      throw new TypeError('usage.flushIntervalMs must be a whole number from 10 to 3600000');
    }
    this.#store = store;
    this.#events = events;
    this.#timer = setInterval(() => this.#flushInBackground(), flushIntervalMs).unref();
  }

  /** The one that waits for the next flush, if there is one: without a cache, too, a key is written once for each flush. */
  counter(key: Owned): UsageCounter {
    return this.#waiting.get(key.id) ?? new UsageCounter(this, key);
  }

  /** True when `counter` is written with the next flush; false when too many wait. */
  enlist(counter: UsageCounter): boolean {
    const waiting = this.#waiting.get(counter.id);
    if (waiting !== undefined) {
      waiting.restore(counter.drain()); // of the same key, read from the store twice
      return false;
    }
    if (this.#waiting.size >= MAX_WAITING) return false;
    this.#waiting.set(counter.id, counter);
    if (this.#waiting.size === FLUSH_EARLY_AT) this.#flushEarly();
    return true;
  }

  /**
   * Writes what waits now, a chunk at a time, so that verifications come in between. Rejects when the store does not take
   * one: it, and what had not been tried yet, is kept for the next time.
   */
  flush(): Promise<void> {
    this.#flush ??= this.#write().finally(() => {
      this.#flush = null;
      if (this.#waiting.size >= FLUSH_EARLY_AT) this.#flushEarly();
    });
    return this.#flush;
  }

  /** Writes what is left; rejects when the store does not take it. */
  async close(): Promise<void> {
    clearInterval(this.#timer);
    await this.#flush?.catch(() => {}); // what it could not write waits again
    await this.flush();
  }

  #flushInBackground(): void {
    this.flush().catch(() => {}); // kept for the next time
  }

  #flushEarly(): void {
    if (!this.#isFailing) setImmediate(() => this.#flushInBackground());
  }

  /** What comes to wait meanwhile is for the next flush: this one ends. */
  async #write(): Promise<void> {
    for (let left = this.#waiting.size; left > 0; left -= CHUNK) {
      await this.#writeChunk(this.#take(Math.min(left, CHUNK)));
      if (left > CHUNK) await nextTurn();
    }
  }

  /** The counters that have waited longest. */
  #take(count: number): UsageCounter[] {
    const taken: UsageCounter[] = [];
    for (const counter of this.#waiting.values()) {
      if (taken.length === count) break;
      taken.push(counter);
    }
    for (const { id } of taken) this.#waiting.delete(id);
    return taken;
  }

  async #writeChunk(counters: readonly UsageCounter[]): Promise<void> {
    const deltas = counters.map((counter) => counter.drain());
    try {
      const firstUsed = new Set(await this.#store.addUsage(deltas));
      this.#isFailing = false;
      for (const delta of deltas.filter(({ id }) => firstUsed.has(id))) this.#tellFirstUse(delta);
    } catch (error) {
      this.#isFailing = true;
      for (const [at, counter] of counters.entries()) counter.restore(deltas[at] as UsageDelta);
      throw error;
    }
  }

  #tellFirstUse({ id: keyId, orgId, ownerId, lastUsedAt, lastUsedFrom: address }: UsageDelta): void {
    if (lastUsedAt === null) return;
    this.#events.emit({ type: 'key.first-used', at: lastUsedAt, address, orgId, keyId, ownerId });
  }
}
