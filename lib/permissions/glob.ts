/** Runs up to this length are searched for plainly: that costs at most so many steps for each character. */
const SHORT_RUN = 32;

/** A pattern with `*`, cut once into the literal runs between the stars. */
export class Glob {
  readonly #first: string;
  readonly #middle: readonly Run[];
  readonly #last: string;
  readonly #hasStar: boolean;
  readonly #minLength: number;

  constructor(pattern: string) {
    const runs = pattern.split('*');
    this.#hasStar = runs.length > 1;
    this.#first = runs[0] ?? '';
    this.#last = runs.length > 1 ? (runs.at(-1) ?? '') : '';
    this.#middle = runs
      .slice(1, -1)
      .filter((run) => run !== '')
      .map((run) => new Run(run));
    this.#minLength = pattern.length - (runs.length - 1);
  }

  /** Takes the leftmost place for each run: no backtracking, and time linear in `text`, whatever the pattern. */
  matches(text: string): boolean {
    if (!this.#hasStar) return text === this.#first;
    if (text.length < this.#minLength || !text.startsWith(this.#first) || !text.endsWith(this.#last)) return false;
    let position = this.#first.length;
    const end = text.length - this.#last.length;
    for (const run of this.#middle) {
      const found = run.findIn(text, position);
      if (found < 0 || found + run.length > end) return false;
      position = found + run.length;
    }
    return true;
  }
}

/** A literal text to be found. `indexOf` takes the product of both lengths in the worst case: a long one is found by KMP. */
class Run {
  readonly #text: string;
  /** For each length of a beginning: the longest shorter beginning that it ends with. Null: short. */
  readonly #fallbacks: Uint16Array | null;

  constructor(text: string) {
    this.#text = text;
    this.#fallbacks = text.length <= SHORT_RUN ? null : fallbacksOf(text);
  }

  get length(): number {
    return this.#text.length;
  }

  /** Where it begins, at `from` or later; -1: nowhere. */
  findIn(text: string, from: number): number {
    const fallbacks = this.#fallbacks;
    if (fallbacks === null) return text.indexOf(this.#text, from);
    let matched = 0;
    for (let at = from; at < text.length; at++) {
      while (matched > 0 && text.charCodeAt(at) !== this.#text.charCodeAt(matched)) matched = fallbacks[matched] ?? 0;
      if (text.charCodeAt(at) === this.#text.charCodeAt(matched)) matched++;
      if (matched === this.#text.length) return at - matched + 1;
    }
    return -1;
  }
}

function fallbacksOf(text: string): Uint16Array {
  const fallbacks = new Uint16Array(text.length + 1);
  let matched = 0;
  for (let at = 1; at < text.length; at++) {
    while (matched > 0 && text.charCodeAt(at) !== text.charCodeAt(matched)) matched = fallbacks[matched] ?? 0;
    if (text.charCodeAt(at) === text.charCodeAt(matched)) matched++;
    fallbacks[at + 1] = matched;
  }
  return fallbacks;
}
