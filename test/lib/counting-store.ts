import { MemoryStore } from '../../lib/stores/memory/memory-store.js';
import type { ApiKeyStore, RecordStores, Store, StoreHealth } from '../../lib/stores/store.js';

/** A `MemoryStore` that notes the name of every verb that is called on its keys, and can be down. */
export class CountingStore implements Store {
  readonly #inner = new MemoryStore();
  readonly calls: string[] = [];
  readonly changes = this.#inner.changes;
  readonly state = this.#inner.state;
  readonly records: RecordStores;
  /** What every verb rejects with from now on. */
  failure: Error | null = null;

  constructor() {
    const { apiKeys } = this.#inner.records;
    const note = <Answer>(verb: string, call: () => Promise<Answer>): Promise<Answer> => {
      this.calls.push(verb);
      return this.failure === null ? call() : Promise.reject(this.failure);
    };
    const counting: ApiKeyStore = {
      insert: (record) => note('insert', () => apiKeys.insert(record)),
      get: (id) => note('get', () => apiKeys.get(id)),
      update: (previous, next) => note('update', () => apiKeys.update(previous, next)),
      page: (request) => note('page', () => apiKeys.page(request)),
      usage: (ids) => note('usage', () => apiKeys.usage(ids)),
      addUsage: (deltas) => note('addUsage', () => apiKeys.addUsage(deltas)),
      usageByDay: (id, fromDay) => note('usageByDay', () => apiKeys.usageByDay(id, fromDay)),
      usersOfPolicy: (id, after, limit) => note('usersOfPolicy', () => apiKeys.usersOfPolicy(id, after, limit)),
      watch: (id, at) => note('watch', () => apiKeys.watch(id, at)),
      watched: (nowAt, limit) => note('watched', () => apiKeys.watched(nowAt, limit)),
      expunge: (nowAt, limit) => note('expunge', () => apiKeys.expunge(nowAt, limit)),
    };
    this.records = { ...this.#inner.records, apiKeys: counting };
  }

  /** The verbs called since the last time. */
  drain(): string[] {
    return this.calls.splice(0);
  }

  health(): Promise<StoreHealth> {
    return this.#inner.health();
  }

  close(): Promise<void> {
    return this.#inner.close();
  }
}
