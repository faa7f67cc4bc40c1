import type { ChangeFeed, ChangeListener, Collection } from './store.js';

/** A change feed that a store drives: it tells its listeners and remembers whether it is live. */
export class ChangeEmitter implements ChangeFeed {
  readonly #listeners = new Set<ChangeListener>();
  #isLive: boolean;

  constructor(isLive: boolean) {
    this.#isLive = isLive;
  }

  get isLive(): boolean {
    return this.#isLive;
  }

  subscribe(listener: ChangeListener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  changed(collection: Collection, id: string): void {
    for (const listener of this.#listeners) listener.changed(collection, id);
  }

  /** All that was cached is void, but the feed itself goes on: the database was flushed, for example. */
  invalidateAll(): void {
    for (const listener of this.#listeners) listener.lost();
  }

  /** From now on no change is missed. */
  up(): void {
    this.#isLive = true;
  }

  down(): void {
    if (!this.#isLive) return;
    this.#isLive = false;
    this.invalidateAll();
  }
}
