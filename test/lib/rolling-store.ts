import { notDurable, storeUnavailable } from '../../lib/errors.js';
import type { ApiKeyRecord } from '../../lib/records.js';
import { ChangeEmitter } from '../../lib/stores/change-emitter.js';
import { MemoryStore } from '../../lib/stores/memory/memory-store.js';
import type { ApiKeyStore, Collection, RecordStores, Store } from '../../lib/stores/store.js';

/** A store in memory whose keys can go back to what they were before, as a database does whose replica was behind. */
export class RollingStore implements Store {
  readonly #inner = new MemoryStore();
  readonly #feed = new ChangeEmitter(true);
  #keys: ApiKeyStore;
  readonly changes = this.#feed;
  readonly state = this.#inner.state;
  readonly records: RecordStores;
  /** Updates from now on: written and confirmed; written, but not confirmed; refused. */
  updates: 'durable' | 'not durable' | 'refused' = 'durable';
  /** The ids that were read, and those asked to be confirmed. */
  readonly reads: string[] = [];
  readonly confirmed: string[] = [];

  constructor() {
    this.#keys = this.#inner.records.apiKeys;
    const confirm = async (id: string) => {
      this.confirmed.push(id);
      if (this.updates === 'not durable') throw notDurable('0 of 1 replicas have confirmed');
    };
    const written = async (writing: () => Promise<boolean>) => {
      if (this.updates === 'refused') throw storeUnavailable('READONLY');
      const isWritten = await writing();
      if (this.updates === 'not durable') throw notDurable('0 of 1 replicas have confirmed');
      return isWritten;
    };
    const apiKeys: ApiKeyStore = {
      insert: (record) => written(() => this.#keys.insert(record)),
      get: (id) => {
        this.reads.push(id);
        return this.#keys.get(id);
      },
      update: (previous, next) => written(() => this.#keys.update(previous, next)),
      confirm,
      page: (request) => this.#keys.page(request),
      usage: (ids) => this.#keys.usage(ids),
      addUsage: (deltas) => this.#keys.addUsage(deltas),
      usageByDay: (id, fromDay) => this.#keys.usageByDay(id, fromDay),
      usersOfPolicy: (id, after, limit) => this.#keys.usersOfPolicy(id, after, limit),
      watch: (id, at) => this.#keys.watch(id, at),
      watched: (nowAt, limit) => this.#keys.watched(nowAt, limit),
      expunge: (nowAt, limit) => this.#keys.expunge(nowAt, limit),
    };
    this.records = { ...this.#inner.records, apiKeys };
    this.#relay(this.#inner);
  }

  /** From now on the database has these keys and no others. The change feed is lost until `recover`. */
  async goBack(...records: readonly ApiKeyRecord[]): Promise<void> {
    await this.goBackSilently(...records);
    this.#feed.down();
  }

  /** As `goBack`, but the change feed notices nothing. */
  async goBackSilently(...records: readonly ApiKeyRecord[]): Promise<void> {
    const inner = new MemoryStore();
    for (const record of records) await inner.records.apiKeys.insert(record);
    this.#keys = inner.records.apiKeys;
    this.#relay(inner);
  }

  /** The change feed is back. */
  recover(): void {
    this.#feed.up();
  }

  /** What the database has. */
  async stored(id: string): Promise<ApiKeyRecord> {
    return (await this.#keys.get(id)) as ApiKeyRecord;
  }

  health() {
    return this.#inner.health();
  }

  async close(): Promise<void> {}

  #relay(inner: MemoryStore): void {
    const changed = (collection: Collection, id: string) => this.#feed.changed(collection, id);
    inner.changes.subscribe({ changed, lost: () => {} });
  }
}
