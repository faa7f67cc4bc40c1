import { PatternIndex } from './pattern-index.js';
import type { Ceiling, Statement } from './statement.js';

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

/** A list of statements by the patterns of their actions. */
class CompiledList {
  readonly statements: readonly Statement[];
  readonly isEverything: boolean;
  #rules: PatternIndex<readonly Rule[]> | null = null;

  constructor(statements: readonly Statement[]) {
    this.statements = statements;
    this.isEverything = statements.some(
      ({ actions, resources, workspace }) => workspace === '*' && actions.includes('*') && resources.includes('*'),
    );
  }

  allows(action: string, resource: string, workspace: string): boolean {
    return this.#index().some(action, allowsAny, resource, workspace);
  }

  rulesFor(action: string): Rule[] {
    return this.#index().all(action).flat();
  }

  /** Made with the first question: of many credentials nobody ever asks one. */
  #index(): PatternIndex<readonly Rule[]> {
    this.#rules ??= new PatternIndex(rulesByAction(this.statements));
    return this.#rules;
  }
}

/** Lists that do not change are compiled once, however many credentials have them: a role, what an owner may do. */
const COMPILED = new WeakMap<readonly Statement[], CompiledList>();

function compile(statements: readonly Statement[]): CompiledList {
  const known = COMPILED.get(statements);
  if (known !== undefined) return known;
  const compiled = new CompiledList(statements);
  if (Object.isFrozen(statements)) COMPILED.set(statements, compiled);
  return compiled;
}

/** Lists of statements of which any may allow. */
class Layer {
  readonly #lists: readonly CompiledList[];

  constructor(lists: readonly CompiledList[]) {
    this.#lists = lists;
  }

  get statements(): readonly Statement[] {
    return this.#lists.flatMap(({ statements }) => statements);
  }

  get isEverything(): boolean {
    return this.#lists.some((list) => list.isEverything);
  }

  allows(action: string, resource: string, workspace: string): boolean {
    for (const list of this.#lists) if (list.allows(action, resource, workspace)) return true;
    return false;
  }

  /**
   * Which of `statements` it does not allow as a whole, by their index. Patterns are asked for as texts: what contains them
   * matches them. What a pattern contains is found out once for all of them.
   */
  uncovered(statements: readonly Statement[]): number[] {
    const rules = new Map<string, readonly Rule[]>();
    const rulesFor = (action: string) =>
      getOr(rules, action, () => this.#lists.flatMap((list) => list.rulesFor(action)));
    const contained = new Map<Patterns, Map<string, boolean>>();
    const contains = (patterns: Patterns, resource: string) => {
      const known = getOr(contained, patterns, () => new Map<string, boolean>());
      return getOr(known, resource, () => patterns.matches(resource));
    };
    const isCovered = ({ actions, resources, workspace }: Statement) =>
      actions.every((action) => {
        const here = rulesFor(action).filter((rule) => rule.workspace === '*' || rule.workspace === workspace);
        const distinct = [...new Set(here.map((rule) => rule.resources))];
        return resources.every((resource) => distinct.some((patterns) => contains(patterns, resource)));
      });
    return statements.flatMap((statement, index) => (isCovered(statement) ? [] : [index]));
  }

  includes(other: Layer): boolean {
    return this === other || this.uncovered(other.statements).length === 0;
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
  const known = map.get(key);
  if (known !== undefined) return known;
  const made = make();
  map.set(key, made);
  return made;
}

/** One list of statements, or several lists of which any may allow. */
export type Allowance = readonly Statement[] | { readonly anyOf: readonly (readonly Statement[])[] };

/**
 * Statements compiled once into a matcher. It has one layer or several, all of which must allow: a list of statements has
 * one, an intersection those of all its parts. Pure and immutable.
 */
export class Permissions {
  readonly #layers: readonly Layer[];

  /** Of statements any of which may allow. Of several parts: only what all of them allow. */
  constructor(first: Allowance | Permissions, ...further: readonly (Allowance | Permissions)[]) {
    const layers = [first, ...further].flatMap((part) =>
      part instanceof Permissions ? part.#layers : [layerOf(part)],
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
    return this.uncovered([statement]).length === 0;
  }

  /** Which of `statements` these permissions do not cover, by their index. */
  uncovered(statements: readonly Statement[]): number[] {
    const indexes = new Set(this.#layers.flatMap((layer) => layer.uncovered(statements)));
    return [...indexes].sort((a, b) => a - b);
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

function layerOf(allowance: Allowance): Layer {
  return new Layer('anyOf' in allowance ? allowance.anyOf.map(compile) : [compile(allowance)]);
}

/** What all of the parts allow, and nothing else. Compiles nothing again. */
export function intersect(first: Permissions, ...further: readonly Permissions[]): Permissions {
  return new Permissions(first, ...further);
}
