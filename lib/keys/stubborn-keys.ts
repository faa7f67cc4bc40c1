import type { AuditTrail } from '../audit/audit.js';
import { isNotDurable, passNotDurable } from '../errors.js';
import type { ApiKeyRecord, KeyUsage } from '../records.js';
import type { ApiKeyStore, ChangeFeed, Page, PageRequest, UsageDelta } from '../stores/store.js';
import { difference } from './key-changes.js';
import { endedAgain, isUndone, type KeyEnding, KeyEndings } from './key-endings.js';
import { doer } from './key-rights.js';

/** How often to ask whether the change feed is back, in ms. */
const ASK_EVERY_MS = 100;
/** All that is remembered is looked at so often after a failover: the host's client may come over later than the feed. */
const LOOKS = 2;
const LOOK_AGAIN_MS = 10_000;
/** Between two looks, in ms, of which the store has cut short the first, or that reads have given cause for. */
const RETRY_AFTER_MS = 5_000;
/** Keys looked at, or ended again, at once. */
const CONCURRENCY = 32;
/** Each loses only to another change of the same key. */
const MAX_TRIES = 10;

/**
 * The keys of a store, of which those that ended stay ended. A failover can bring back a key as it was before it was revoked
 * or disabled; this process remembers the endings that it made or read (see `KeyEndings`), reads such a key as ended
 * all the same, and writes the ending again, in the audit trail as done by `latchkey`. It looks by itself once the change feed
 * was lost and is back. A record that is gone stays gone.
 */
export class StubbornKeys implements ApiKeyStore {
  readonly #store: ApiKeyStore;
  readonly #feed: ChangeFeed;
  readonly #trail: AuditTrail;
  readonly #now: () => number;
  readonly #endings = new KeyEndings();
  /** Endings being written again, by the id. */
  readonly #underWay = new Map<string, Promise<ApiKeyRecord>>();
  readonly #unsubscribe: () => void;
  #timer: NodeJS.Timeout | null = null;
  /** Monotonic ms of the look that the timer is for, and of the last one. */
  #lookAt = 0;
  #lookedAt = Number.NEGATIVE_INFINITY;
  #looksDue = 0;
  #isLooking = false;
  #isClosed = false;

  constructor(store: ApiKeyStore, feed: ChangeFeed, trail: AuditTrail, now: () => number) {
    this.#store = store;
    this.#feed = feed;
    this.#trail = trail;
    this.#now = now;
    this.#unsubscribe = feed.subscribe({ changed: () => {}, lost: () => this.#suspect() });
  }

  insert(record: ApiKeyRecord): Promise<boolean> {
    return this.#store.insert(record);
  }

  async get(id: string): Promise<ApiKeyRecord | null> {
    const record = await this.#store.get(id);
    return record === null ? null : await this.#checked(record);
  }

  /** An ending that may have been written counts as made: it was asked for. */
  async update(previous: ApiKeyRecord, next: ApiKeyRecord): Promise<boolean> {
    try {
      const isWritten = await this.#store.update(previous, next);
      if (isWritten) this.#endings.note(next, true);
      return isWritten;
    } catch (error) {
      if (isNotDurable(error)) this.#endings.note(next, true);
      throw error;
    }
  }

  async confirm(id: string): Promise<void> {
    await this.#store.confirm?.(id);
  }

  async page(request: PageRequest): Promise<Page> {
    const page = await this.#store.page(request);
    const entries = [];
    for (const entry of page.entries) entries.push({ ...entry, record: await this.#checked(entry.record) });
    return { ...page, entries };
  }

  usage(ids: readonly string[]): Promise<KeyUsage[]> {
    return this.#store.usage(ids);
  }

  addUsage(deltas: readonly UsageDelta[]): Promise<string[]> {
    return this.#store.addUsage(deltas);
  }

  usersOfPolicy(policyId: string, after: string | undefined, limit: number): Promise<string[]> {
    return this.#store.usersOfPolicy(policyId, after, limit);
  }

  watch(id: string, at: number | null): Promise<void> {
    return this.#store.watch(id, at);
  }

  watched(nowAt: number, limit: number): Promise<string[]> {
    return this.#store.watched(nowAt, limit);
  }

  expunge(nowAt: number, limit: number): Promise<number> {
    return this.#store.expunge(nowAt, limit);
  }

  close(): void {
    this.#isClosed = true;
    this.#unsubscribe();
    if (this.#timer !== null) clearTimeout(this.#timer);
  }

  /** The record, or as it must be where the database went back behind its end: also when that cannot be written now. */
  async #checked(record: ApiKeyRecord): Promise<ApiKeyRecord> {
    const ending = this.#endings.get(record.id);
    if (ending === undefined || !isUndone(ending, record)) {
      this.#endings.note(record, false);
      return record;
    }
    if (performance.now() - this.#lookedAt > RETRY_AFTER_MS) this.#suspect();
    return await this.#endAgain(record.id, record).catch(() => endedAgain(record, ending, this.#now()));
  }

  /** Once for all who read the key meanwhile. Rejects when it cannot be written. */
  #endAgain(id: string, read: ApiKeyRecord): Promise<ApiKeyRecord> {
    const underWay = this.#underWay.get(id);
    if (underWay !== undefined) return underWay;
    const writing = this.#writeAgain(id, read).finally(() => this.#underWay.delete(id));
    this.#underWay.set(id, writing);
    return writing;
  }

  async #writeAgain(id: string, read: ApiKeyRecord): Promise<ApiKeyRecord> {
    let last = read;
    for (let tries = 0; tries < MAX_TRIES; tries++) {
      const ending = this.#endings.get(id) as KeyEnding;
      const record = await this.#store.get(id); // what was read may be older than the ending itself
      if (record === null || !isUndone(ending, record)) return record ?? endedAgain(last, ending, this.#now());
      last = record;
      const next = endedAgain(record, ending, this.#now());
      if (await this.#write(record, next)) return next;
    }
    throw new Error('the key is being changed by many at once');
  }

  #write(record: ApiKeyRecord, next: ApiKeyRecord): Promise<boolean> {
    const { id: keyId, ownerId, orgId, updatedAt: at } = next;
    const type = next.revokedAt === null ? 'key.disabled' : 'key.revoked';
    const facts = { at, address: null, orgId, ...doer('latchkey'), keyId, ownerId };
    return this.#trail.write({ type, ...facts, ...difference(record, next) }, () => this.update(record, next));
  }

  /** The database may have gone back: all that is remembered is to be looked at. */
  #suspect(): void {
    this.#looksDue = LOOKS;
    this.#lookIn(ASK_EVERY_MS);
  }

  /** Or earlier, where that is due. */
  #lookIn(ms: number): void {
    const at = performance.now() + ms;
    if (this.#isClosed || (this.#timer !== null && this.#lookAt <= at)) return;
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#lookAt = at;
    this.#timer = setTimeout(() => {
      this.#timer = null;
      void this.#look();
    }, ms).unref();
  }

  async #look(): Promise<void> {
    if (this.#isLooking || !this.#feed.isLive) {
      this.#lookIn(ASK_EVERY_MS);
      return;
    }
    this.#isLooking = true;
    this.#lookedAt = performance.now();
    this.#looksDue--;
    const isDone = await this.#lookAtAll();
    this.#isLooking = false;
    if (!isDone) this.#looksDue = Math.max(1, this.#looksDue);
    if (this.#looksDue > 0) this.#lookIn(isDone ? LOOK_AGAIN_MS : RETRY_AFTER_MS);
  }

  /** False when the store cut it short. */
  async #lookAtAll(): Promise<boolean> {
    const ids = this.#endings.ids().values();
    const look = async () => {
      for (const id of ids) {
        const record = await this.#store.get(id);
        const ending = this.#endings.get(id);
        if (record === null || ending === undefined || !isUndone(ending, record)) continue;
        await this.#endAgain(id, record).catch(passNotDurable); // there may be no replica yet
      }
    };
    const looks = await Promise.allSettled(Array.from({ length: CONCURRENCY }, look));
    return looks.every(({ status }) => status === 'fulfilled');
  }
}
