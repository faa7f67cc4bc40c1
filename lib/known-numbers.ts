import { LRUCache } from 'lru-cache';
import type { Numbers } from './stores/numbers.js';

/** Pairs that are remembered, each way. */
const MAX_KNOWN = 10_000;

/** Numbers through a cache. A number once given stays with its id for good, so nothing that is known can be out of date. */
export class KnownNumbers implements Numbers {
  readonly #store: Numbers;
  readonly #numbers = new LRUCache<string, number>({ max: MAX_KNOWN });
  readonly #ids = new LRUCache<string, string>({ max: MAX_KNOWN });

  constructor(store: Numbers) {
    this.#store = store;
  }

  async of(kind: string, ids: readonly string[]): Promise<number[]> {
    const known = ids.map((id) => this.#numbers.get(`${kind}:${id}`));
    const missing = ids.filter((_, index) => known[index] === undefined);
    if (missing.length === 0 && ids.length > 0) return known as number[];
    const given = await this.#store.of(kind, missing);
    for (const [index, id] of missing.entries()) this.#keep(kind, id, given[index] as number);
    let next = 0;
    return known.map((number) => number ?? (given[next++] as number));
  }

  async find(kind: string, number: number): Promise<string | null> {
    const known = this.#ids.get(`${kind}:${number}`);
    if (known !== undefined) return known;
    const id = await this.#store.find(kind, number);
    if (id !== null) this.#keep(kind, id, number);
    return id;
  }

  #keep(kind: string, id: string, number: number): void {
    this.#numbers.set(`${kind}:${id}`, number);
    this.#ids.set(`${kind}:${number}`, id);
  }
}
