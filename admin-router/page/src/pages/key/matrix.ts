import type { ApiKey, Policy, Statement } from '../../api/types.ts';
import { matches, overlap } from './patterns.ts';

/** Where rights come from: the key itself, or a policy of its. */
export interface Source {
  readonly id: string;
  /** Null: the key itself. */
  readonly policyId: string | null;
  readonly name: string;
  readonly statements: readonly Statement[];
}

/** What a right is about. */
export interface Scope {
  readonly resource: string;
  readonly workspace: string;
}

/** What is left of a right: all of it, some of it, or nothing. */
export type Extent = 'whole' | 'part' | 'none';

export interface Grant extends Scope {
  /** Their ids. */
  readonly sources: readonly string[];
  readonly extent: Extent;
  /** What takes something from it; null where nothing does. */
  readonly cutBy: 'ceiling' | 'tie' | null;
}

/** What holds a key in, whatever its statements say. */
export type Bounds = Pick<ApiKey, 'ceiling' | 'resources'>;

/** The actions that are named, each with the sources that name it: in the order in which they are. */
export class RightsMatrix {
  readonly actions: readonly string[];
  /** What the actions are on, the most frequent first. */
  readonly scopes: readonly Scope[];
  readonly #byAction: ReadonlyMap<string, readonly { statement: Statement; source: string }[]>;
  readonly #bounds: Bounds;

  constructor(sources: readonly Source[], bounds: Bounds) {
    const byAction = new Map<string, { statement: Statement; source: string }[]>();
    for (const { id, statements } of sources) {
      for (const statement of statements) {
        for (const action of statement.actions) {
          const named = byAction.get(action) ?? [];
          named.push({ statement, source: id });
          byAction.set(action, named);
        }
      }
    }
    this.#byAction = byAction;
    this.#bounds = bounds;
    this.actions = [...byAction.keys()];
    this.scopes = scopesOf(sources);
  }

  /** On how much the action is granted. */
  countOf(action: string): number {
    return this.#scopesOf(action).length;
  }

  /** What the action is granted on, the first `limit` of it, and what is left of that. */
  grantsOf(action: string, limit = Number.POSITIVE_INFINITY): Grant[] {
    return this.#scopesOf(action)
      .slice(0, limit)
      .map(({ scope, sources }) => ({ ...scope, sources: [...sources], ...extentOf(action, scope, this.#bounds) }));
  }

  #scopesOf(action: string): { scope: Scope; sources: Set<string> }[] {
    const scopes = new Map<string, { scope: Scope; sources: Set<string> }>();
    for (const { statement, source } of this.#byAction.get(action) ?? []) {
      for (const resource of statement.resources) {
        const scope = { resource, workspace: statement.workspace };
        const known = scopes.get(nameOf(scope)) ?? { scope, sources: new Set() };
        known.sources.add(source);
        scopes.set(nameOf(scope), known);
      }
    }
    return [...scopes.values()];
  }
}

export function nameOf({ resource, workspace }: Scope): string {
  return `${workspace} ${resource}`;
}

function scopesOf(sources: readonly Source[]): Scope[] {
  const counts = new Map<string, { scope: Scope; count: number }>();
  for (const { actions, resources, workspace } of sources.flatMap(({ statements }) => statements)) {
    for (const resource of resources) {
      const scope = { resource, workspace };
      const known = counts.get(nameOf(scope)) ?? { scope, count: 0 };
      known.count += actions.length;
      counts.set(nameOf(scope), known);
    }
  }
  return [...counts.values()].sort((a, b) => b.count - a.count).map(({ scope }) => scope);
}

/** What a right comes to within the ceiling and the tie. `part` may be said where it is all: patterns are compared one by one. */
export function extentOf(
  action: string,
  { resource, workspace }: Scope,
  { ceiling, resources }: Bounds,
): Pick<Grant, 'extent' | 'cutBy'> {
  const byTie =
    resources === null ? 'whole' : extentIn(resources, (tie) => [matches(tie, resource), overlap(tie, resource)]);
  if (byTie === 'none') return { extent: 'none', cutBy: 'tie' };
  const layers = ceiling.map((layer) =>
    extentIn(layer, (statement) => [
      covers(statement, action, resource, workspace),
      touches(statement, action, resource, workspace),
    ]),
  );
  if (layers.includes('none')) return { extent: 'none', cutBy: 'ceiling' };
  if (layers.includes('part')) return { extent: 'part', cutBy: 'ceiling' };
  return byTie === 'part' ? { extent: 'part', cutBy: 'tie' } : { extent: 'whole', cutBy: null };
}

function extentIn<Item>(
  items: readonly Item[],
  judge: (item: Item) => readonly [isWhole: boolean, isPart: boolean],
): Extent {
  const verdicts = items.map(judge);
  if (verdicts.some(([isWhole]) => isWhole)) return 'whole';
  return verdicts.some(([, isPart]) => isPart) ? 'part' : 'none';
}

function covers(statement: Statement, action: string, resource: string, workspace: string): boolean {
  return (
    (statement.workspace === '*' || statement.workspace === workspace) &&
    statement.actions.some((pattern) => matches(pattern, action)) &&
    statement.resources.some((pattern) => matches(pattern, resource))
  );
}

function touches(statement: Statement, action: string, resource: string, workspace: string): boolean {
  return (
    (statement.workspace === '*' || workspace === '*' || statement.workspace === workspace) &&
    statement.actions.some((pattern) => overlap(pattern, action)) &&
    statement.resources.some((pattern) => overlap(pattern, resource))
  );
}

/** The key itself and its policies, as far as they could be read. */
export function sourcesOf({ statements }: Pick<ApiKey, 'statements'>, policies: readonly Policy[]): Source[] {
  const own: Source[] =
    statements.length === 0 ? [] : [{ id: '', policyId: null, name: 'Its own statements', statements }];
  return [
    ...own,
    ...policies.map(({ id, name, statements: given }) => ({ id, policyId: id, name, statements: given })),
  ];
}

export interface Question {
  readonly action: string;
  readonly resource: string;
  readonly workspace: string;
}

/** Which part of a key answers no to a question: for a refusal whose reason is `forbidden`. Null: none of those that are known. */
export function refuserOf(
  { action, resource, workspace }: Question,
  sources: readonly Source[],
  { ceiling, resources }: Bounds,
): 'statements' | 'tie' | 'ceiling' | null {
  const isIn = (statements: readonly Statement[]) =>
    statements.some((statement) => covers(statement, action, resource || '*', workspace || '*'));
  if (!sources.some(({ statements }) => isIn(statements))) return 'statements';
  if (resources !== null && !resources.some((tie) => matches(tie, resource || '*'))) return 'tie';
  return ceiling.every(isIn) ? null : 'ceiling';
}
