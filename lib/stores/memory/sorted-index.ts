import { firstWhere } from '../binary-search.js';

/** Where an entry stands: by `sort`, then by `id`, both ascending. */
export interface IndexEntry {
  readonly sort: number | string;
  readonly id: string;
}

/** UTF-8 bytes as Latin-1 characters, so that comparing strings compares bytes. */
export function byteOrder(text: string): string {
  return Buffer.from(text, 'utf8').toString('latin1');
}

/** An ordered list of ids with binary search; one entry for each id. Strings compare by UTF-16 code unit. */
export class SortedIndex {
  readonly #entries: IndexEntry[] = [];
  readonly #sortOf = new Map<string, number | string>();

  /** Adds the id, or moves it. */
  set(id: string, sort: number | string): void {
    if (this.#sortOf.get(id) === sort) return;
    this.delete(id);
    this.#entries.splice(this.#firstAfter({ sort, id }), 0, { sort, id });
    this.#sortOf.set(id, sort);
  }

  delete(id: string): void {
    const sort = this.#sortOf.get(id);
    if (sort === undefined) return;
    this.#entries.splice(this.#firstAfter({ sort, id }) - 1, 1);
    this.#sortOf.delete(id);
  }

  has(id: string): boolean {
    return this.#sortOf.has(id);
  }

  sortOf(id: string): number | string | undefined {
    return this.#sortOf.get(id);
  }

  get isEmpty(): boolean {
    return this.#entries.length === 0;
  }

  /** At most `limit` entries beyond `after`, in the direction asked for. */
  page(after: IndexEntry | null, descending: boolean, limit: number): IndexEntry[] {
    if (descending) {
      const end = after === null ? this.#entries.length : this.#firstAtOrAfter(after);
      return this.#entries.slice(Math.max(0, end - limit), end).reverse();
    }
    const start = after === null ? 0 : this.#firstAfter(after);
    return this.#entries.slice(start, start + limit);
  }

  #firstAfter(entry: IndexEntry): number {
    return firstWhere(this.#entries, (other) => compare(other, entry) > 0);
  }

  #firstAtOrAfter(entry: IndexEntry): number {
    return firstWhere(this.#entries, (other) => compare(other, entry) >= 0);
  }
}

function compare(a: IndexEntry, b: IndexEntry): number {
  if (a.sort !== b.sort) return a.sort < b.sort ? -1 : 1;
  if (a.id === b.id) return 0;
  return a.id < b.id ? -1 : 1;
}
