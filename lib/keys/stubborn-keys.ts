import type { AuditTrail } from '../audit/audit.js';
import { isNotDurable, passNotDurable } from '../errors.js';
import type { ApiKeyRecord, KeyUsage } from '../records.js';
import { AfterFailover, lookAtEach } from '../stores/after-failover.js';
import type { ApiKeyStore, ChangeFeed, DayUsage, Page, PageRequest, UsageDelta } from '../stores/store.js';
import { difference } from './key-changes.js';
import { endedAgain, isUndone, type KeyEnding, KeyEndings } from './key-endings.js';
import { doer } from './key-rights.js';

/** Keys looked at, or ended again, at once. */
const CONCURRENCY = 32;
/** Remembered at most; the oldest go first. */
const MAX_UNCONFIRMED = 10_000;
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
  readonly #trail: AuditTrail;
  readonly #now: () => number;
  readonly #endings = new KeyEndings();
  /** Of the endings, those that were written and not confirmed. */
  readonly #unconfirmed = new Set<string>();
  /** Endings being written again, by the id. */
  readonly #underWay = new Map<string, Promise<ApiKeyRecord>>();
  readonly #after: AfterFailover;

  constructor(store: ApiKeyStore, feed: ChangeFeed, trail: AuditTrail, now: () => number) {
    this.#store = store;
    this.#trail = trail;
    this.#now = now;
    this.#after = new AfterFailover(feed, () => this.#lookAtAll());
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
      if (isNotDurable(error)) {
        this.#endings.note(next, true);
        this.#noteUnconfirmed(next.id);
      }
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

  usageByDay(id: string, fromDay: string): Promise<DayUsage[]> {
    return this.#store.usageByDay(id, fromDay);
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
    this.#after.close();
  }

  /** The record, or as it must be where the database went back behind its end: also when that cannot be written now. */
  async #checked(record: ApiKeyRecord): Promise<ApiKeyRecord> {
    const ending = this.#endings.get(record.id);
    if (ending === undefined || !isUndone(ending, record)) {
      this.#endings.note(record, false);
      return record;
    }
    this.#after.doubt();
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

  #noteUnconfirmed(id: string): void {
    if (this.#endings.get(id) !== undefined) this.#unconfirmed.add(id);
    if (this.#unconfirmed.size > MAX_UNCONFIRMED)
      this.#unconfirmed.delete(this.#unconfirmed.values().next().value ?? '');
  }

  /** It is as it should be; what goes with it may not be. */
  async #confirmLate(id: string): Promise<void> {
    try {
      await this.#store.confirm?.(id);
      this.#unconfirmed.delete(id);
    } catch (error) {
      passNotDurable(error);
    }
  }

  /** False when the store cut it short. */
  #lookAtAll(): Promise<boolean> {
    return lookAtEach(this.#endings.ids(), CONCURRENCY, async (id) => {
      const record = await this.#store.get(id);
      const ending = this.#endings.get(id);
      if (record === null || ending === undefined) return;
      if (isUndone(ending, record))
        await this.#endAgain(id, record).catch(passNotDurable); // there may be no replica yet
      else if (this.#unconfirmed.has(id)) await this.#confirmLate(id);
    });
  }
}
