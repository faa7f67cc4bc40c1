import type { Ceiling, Statement } from './statement.js';

/** A pattern with `*`, cut once into the literal runs between the stars. */
class Glob {
  readonly #first: string;
  readonly #middle: readonly string[];
  readonly #last: string;
  readonly #hasStar: boolean;
  readonly #minLength: number;

  constructor(pattern: string) {
    const runs = pattern.split('*');
    this.#hasStar = runs.length > 1;
    this.#first = runs[0] ?? '';
    this.#last = runs.length > 1 ? (runs.at(-1) ?? '') : '';
    this.#middle = runs.slice(1, -1).filter((run) => run !== '');
    this.#minLength = pattern.length - (runs.length - 1);
  }

  /** Takes the leftmost place for each run: no backtracking, so no hostile pattern is slow. */
  matches(text: string): boolean {
    if (!this.#hasStar) return text === this.#first;
    if (text.length < this.#minLength || !text.startsWith(this.#first) || !text.endsWith(this.#last)) return false;
    let position = this.#first.length;
    const end = text.length - this.#last.length;
    for (const run of this.#middle) {
      const found = text.indexOf(run, position);
      if (found < 0 || found + run.length > end) return false;
      position = found + run.length;
    }
    return true;
  }
}

/** Up to so many patterns with a star are tried one after the other; more are looked up. */
const FEW = 8;

/** Values by pattern. What is asked for is looked up where its pattern allows, so that a thousand of them are no slower than a few. */
class PatternIndex<Value> {
  readonly #exact = new Map<string, Value>();
  /** By the text before the only star, or after it. */
  readonly #prefixes = new Map<string, Value>();
  readonly #suffixes = new Map<string, Value>();
  readonly #prefixLengths: readonly number[];
  readonly #suffixLengths: readonly number[];
  readonly #globs: (readonly [Glob, Value])[] = [];

  constructor(entries: Iterable<readonly [pattern: string, value: Value]>) {
    const [starred, exact] = split([...entries], ([pattern]) => pattern.includes('*'));
    this.#exact = new Map(exact);
    const isOnlyStar = (pattern: string, at: number) => starred.length > FEW && pattern.indexOf('*') === at;
    for (const [pattern, value] of starred) {
      const last = pattern.length - 1;
      if (isOnlyStar(pattern, last)) this.#prefixes.set(pattern.slice(0, last), value);
      else if (pattern.lastIndexOf('*') === 0 && isOnlyStar(pattern, 0)) this.#suffixes.set(pattern.slice(1), value);
      else this.#globs.push([new Glob(pattern), value]);
    }
    this.#prefixLengths = lengthsOf(this.#prefixes);
    this.#suffixLengths = lengthsOf(this.#suffixes);
  }

  /**
   * Whether `accepts(value, a, b)` for the value of any pattern that matches. Takes no closure: a question costs no memory.
   * A `*` in `text` is matched only by a `*`: so a pattern can be asked whether it contains another one.
   */
  some(text: string, accepts: (value: Value, a: string, b: string) => boolean, a: string, b: string): boolean {
    const exact = this.#exact.get(text);
    if (exact !== undefined && accepts(exact, a, b)) return true;
    for (const [glob, value] of this.#globs) if (glob.matches(text) && accepts(value, a, b)) return true;
    for (const length of this.#prefixLengths) {
      const value = length <= text.length ? this.#prefixes.get(text.slice(0, length)) : undefined;
      if (value !== undefined && accepts(value, a, b)) return true;
    }
    for (const length of this.#suffixLengths) {
      const value = length <= text.length ? this.#suffixes.get(text.slice(text.length - length)) : undefined;
      if (value !== undefined && accepts(value, a, b)) return true;
    }
    return false;
  }
}

function split<Item>(items: readonly Item[], test: (item: Item) => boolean): [Item[], Item[]] {
  return [items.filter(test), items.filter((item) => !test(item))];
}

function lengthsOf(texts: ReadonlyMap<string, unknown>): number[] {
  return [...new Set(Array.from(texts.keys(), ({ length }) => length))].sort((x, y) => x - y);
}

/** Patterns of which any may match. */
export class Patterns {
  readonly #index: PatternIndex<true>;
  readonly #any: boolean;

  constructor(patterns: Iterable<string>) {
    const distinct = [...new Set(patterns)];
    this.#any = distinct.includes('*');
    this.#index = new PatternIndex(this.#any ? [] : distinct.map((pattern) => [pattern, true]));
  }

  /** As `PatternIndex.some`. */
  matches(text: string): boolean {
    return this.#any || this.#index.some(text, isThere, '', '');
  }
}

function isThere(): boolean {
  return true;
}

/** The resources on which an action is allowed in one workspace, or in all of them. */
interface Rule {
  readonly workspace: string;
  readonly resources: Patterns;
}

function allowsAny(rules: readonly Rule[], resource: string, workspace: string): boolean {
  for (const rule of rules) {
    if ((rule.workspace === '*' || rule.workspace === workspace) && rule.resources.matches(resource)) return true;
  }
  return false;
}

/** A list of statements of which any may allow, by the patterns of their actions. */
class Layer {
  readonly statements: readonly Statement[];
  readonly #rules: PatternIndex<readonly Rule[]>;

  constructor(statements: readonly Statement[]) {
    this.statements = statements;
    this.#rules = new PatternIndex(rulesByAction(statements));
  }

  get isEverything(): boolean {
    return this.statements.some(
      ({ actions, resources, workspace }) => workspace === '*' && actions.includes('*') && resources.includes('*'),
    );
  }

  allows(action: string, resource: string, workspace: string): boolean {
    return this.#rules.some(action, allowsAny, resource, workspace);
  }

  /** Patterns are asked for as texts: what contains them matches them. */
  covers({ actions, resources, workspace }: Statement): boolean {
    return actions.every((action) => resources.every((resource) => this.allows(action, resource, workspace)));
  }

  includes(other: Layer): boolean {
    return other.statements.every((statement) => this.covers(statement));
  }
}

/** The rules of each action pattern, one for each workspace. Those that come from the same statements share their resources. */
function rulesByAction(statements: readonly Statement[]): Map<string, Rule[]> {
  const sources = new Map<string, Map<string, number[]>>();
  for (const [index, { actions, workspace }] of statements.entries()) {
    for (const action of new Set(actions)) {
      const byWorkspace = getOr(sources, action, () => new Map<string, number[]>());
      getOr(byWorkspace, workspace, () => []).push(index);
    }
  }
  const shared = new Map<string, Patterns>();
  const resourcesOf = (indexes: readonly number[]) =>
    new Patterns(indexes.flatMap((index) => statements[index]?.resources ?? []));
  const rules = new Map<string, Rule[]>();
  for (const [action, byWorkspace] of sources) {
    const ofAction = Array.from(byWorkspace, ([workspace, indexes]) => ({
      workspace,
      resources: getOr(shared, indexes.join(), () => resourcesOf(indexes)),
    }));
    rules.set(action, ofAction);
  }
  return rules;
}

function getOr<Key, Value>(map: Map<Key, Value>, key: Key, make: () => Value): Value {
  const value = map.get(key) ?? make();
  map.set(key, value);
  return value;
}

/**
 * Statements compiled once into a matcher. It has one layer or several, all of which must allow: a list of statements has
 * one, an intersection those of all its parts. Pure and immutable.
 */
export class Permissions {
  readonly #layers: readonly Layer[];

  /** Of a list of statements, any of which may allow. Of several parts: only what all of them allow. */
  constructor(first: readonly Statement[] | Permissions, ...further: readonly (readonly Statement[] | Permissions)[]) {
    const layers = [first, ...further].flatMap((part) =>
      part instanceof Permissions ? part.#layers : [new Layer(part)],
    );
    const [bounding = layers[0] as Layer, ...others] = layers.filter((layer) => !layer.isEverything);
    this.#layers = [...new Set([bounding, ...others])];
  }

  /**
   * Whether `action` is allowed on `resource` in `workspace`. Leaving the resource or the workspace out asks for all of
   * them: only a statement whose pattern is `*` answers yes.
   */
  allows(action: string, resource = '*', workspace = '*'): boolean {
    for (const layer of this.#layers) {
      if (!layer.allows(action, resource, workspace)) return false;
    }
    return true;
  }

  /** Whether these permissions allow all that `statement` allows. May say no where only several of them together do. */
  covers(statement: Statement): boolean {
    return this.#layers.every((layer) => layer.covers(statement));
  }

  /** Whether these permissions allow all that `other` does. As careful as `covers`. */
  includes(other: Permissions): boolean {
    return this.#layers.every((layer) => other.#layers.some((inner) => layer.includes(inner)));
  }

  /** These permissions as a bound that can be kept; layers that bound nothing are left out. Empty: everything is allowed. */
  toCeiling(): Ceiling {
    let kept: Layer[] = [];
    for (const layer of this.#layers) {
      if (layer.isEverything || kept.some((inner) => layer.includes(inner))) continue;
      kept = [...kept.filter((outer) => !outer.includes(layer)), layer];
    }
    return kept.map(({ statements }) => statements);
  }
}

/** What all of the parts allow, and nothing else. Compiles nothing again. */
export function intersect(first: Permissions, ...further: readonly Permissions[]): Permissions {
  return new Permissions(first, ...further);
}
