import { Glob } from './glob.js';

/** Up to so many patterns with a star are tried one after the other; more are looked up. */
const FEW = 8;

/** Values by pattern. What is asked for is looked up where its pattern allows, so that a thousand are no slower than a few. */
export class PatternIndex<Value> {
  readonly #exact: ReadonlyMap<string, Value>;
  readonly #globs: readonly Entry<Value>[];
  /** By the text before the first star; those that begin with a star and have no other, by the text after it. */
  readonly #byPrefix = new Map<string, Entry<Value>[]>();
  readonly #bySuffix = new Map<string, Entry<Value>[]>();
  readonly #prefixLengths: readonly number[];
  readonly #suffixLengths: readonly number[];

  constructor(entries: Iterable<readonly [pattern: string, value: Value]>) {
    const all = [...entries];
    this.#exact = new Map(all.filter(([pattern]) => !pattern.includes('*')));
    const starred = all.filter(([pattern]) => pattern.includes('*'));
    const [few, many] = starred.length > FEW ? [[], starred] : [starred, []];
    this.#globs = few.map(([pattern, value]) => ({ glob: new Glob(pattern), value }));
    for (const [pattern, value] of many) {
      const entry = { glob: new Glob(pattern), value };
      if (pattern.lastIndexOf('*') === 0) push(this.#bySuffix, pattern.slice(1), entry);
      else push(this.#byPrefix, pattern.slice(0, pattern.indexOf('*')), entry);
    }
    this.#prefixLengths = lengthsOf(this.#byPrefix);
    this.#suffixLengths = lengthsOf(this.#bySuffix);
  }

  /**
   * Whether `accepts(value, a, b)` for the value of any pattern that matches. Takes no closure: a question costs no memory.
   * A `*` in `text` is matched only by a `*`: so a pattern can be asked whether it contains another one.
   */
  some(text: string, accepts: (value: Value, a: string, b: string) => boolean, a: string, b: string): boolean {
    const exact = this.#exact.get(text);
    if (exact !== undefined && accepts(exact, a, b)) return true;
    if (anyAccepts(this.#globs, text, accepts, a, b)) return true;
    for (const length of this.#prefixLengths) {
      if (length > text.length) break;
      const entries = this.#byPrefix.get(text.slice(0, length));
      if (entries !== undefined && anyAccepts(entries, text, accepts, a, b)) return true;
    }
    for (const length of this.#suffixLengths) {
      if (length > text.length) break;
      const entries = this.#bySuffix.get(text.slice(text.length - length));
      if (entries !== undefined && anyAccepts(entries, text, accepts, a, b)) return true;
    }
    return false;
  }

  /** The values of all patterns that match. */
  all(text: string): Value[] {
    const found: Value[] = [];
    this.some(text, (value) => found.push(value) < 0, '', '');
    return found;
  }
}

interface Entry<Value> {
  readonly glob: Glob;
  readonly value: Value;
}

function anyAccepts<Value>(
  entries: readonly Entry<Value>[],
  text: string,
  accepts: (value: Value, a: string, b: string) => boolean,
  a: string,
  b: string,
): boolean {
  for (const { glob, value } of entries) if (glob.matches(text) && accepts(value, a, b)) return true;
  return false;
}

function push<Value>(lists: Map<string, Value[]>, key: string, value: Value): void {
  const list = lists.get(key);
  if (list === undefined) lists.set(key, [value]);
  else list.push(value);
}

/** The shortest first. */
function lengthsOf(texts: ReadonlyMap<string, unknown>): number[] {
  return [...new Set(Array.from(texts.keys(), ({ length }) => length))].sort((x, y) => x - y);
}
