import type { Numbers } from '../numbers.js';
import { canBeGiven, checkNumbered } from '../numbers.js';

/** The numbers of the embedded store. */
export class MemoryNumbers implements Numbers {
  /** By kind. Whatever stands at n - 1 has the number n. */
  readonly #given = new Map<string, { readonly ids: string[]; readonly numbers: Map<string, number> }>();

  async of(kind: string, ids: readonly string[]): Promise<number[]> {
    checkNumbered(kind, ids);
    const given = this.#given.get(kind) ?? { ids: [], numbers: new Map<string, number>() };
    this.#given.set(kind, given);
    return ids.map((id) => {
      const number = given.numbers.get(id) ?? given.ids.push(id);
      given.numbers.set(id, number);
      return number;
    });
  }

  async find(kind: string, number: number): Promise<string | null> {
    return canBeGiven(kind, number) ? (this.#given.get(kind)?.ids[number - 1] ?? null) : null;
  }
}
