import type { FieldError } from './errors.js';
import { LIMITS } from './limits.js';

/**
 * What a credential may do: any of `actions` on any of `resources` in `workspace`. Statements only allow, never deny.
 * `*` stands for any run of characters, also for none. Matching is case-sensitive.
 */
export interface Statement {
  readonly actions: readonly string[];
  readonly resources: readonly string[];
  /** An id, or `*` for every workspace. */
  readonly workspace: string;
  readonly description: string;
}

/** A statement as people write it. */
export interface StatementInput {
  readonly actions: readonly string[];
  /** Default `['*']`. */
  readonly resources?: readonly string[] | undefined;
  /** Default `*`. */
  readonly workspace?: string | undefined;
  /** Default empty. */
  readonly description?: string | undefined;
}

export function toStatement({ actions, resources, workspace, description }: StatementInput): Statement {
  return {
    actions: [...actions],
    resources: [...(resources ?? ['*'])],
    workspace: workspace ?? '*',
    description: description ?? '',
  };
}

/** Everything: `*` on `*`. */
export const FULL_ACCESS: Statement = Object.freeze({
  actions: Object.freeze(['*']),
  resources: Object.freeze(['*']),
  workspace: '*',
  description: '',
});

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

/** Patterns of which any may match. */
export class Patterns {
  readonly #exact: ReadonlySet<string>;
  readonly #globs: readonly Glob[];
  readonly #any: boolean;

  constructor(patterns: readonly string[]) {
    this.#any = patterns.includes('*');
    this.#exact = new Set(patterns.filter((pattern) => !pattern.includes('*')));
    this.#globs = patterns.filter((pattern) => pattern.includes('*')).map((pattern) => new Glob(pattern));
  }

  /** A `*` in `text` is matched only by a `*`: so a pattern can be asked whether it contains another one. */
  matches(text: string): boolean {
    return this.#any || this.#exact.has(text) || this.#globs.some((glob) => glob.matches(text));
  }
}

interface Rule {
  readonly actions: Patterns;
  readonly resources: Patterns;
  readonly workspace: string;
}

/** A list of statements, compiled once into a matcher. Pure and immutable. */
export class Permissions {
  readonly #rules: readonly Rule[];

  constructor(statements: readonly Statement[]) {
    this.#rules = statements.map((statement) => ({
      actions: new Patterns(statement.actions),
      resources: new Patterns(statement.resources),
      workspace: statement.workspace,
    }));
  }

  /**
   * Whether some statement allows `action` on `resource` in `workspace`. Leaving the resource or the workspace out
   * asks for all of them: only a statement whose pattern is `*` answers yes.
   */
  allows(action: string, resource = '*', workspace = '*'): boolean {
    for (const rule of this.#rules) {
      if (
        (rule.workspace === '*' || rule.workspace === workspace) &&
        rule.actions.matches(action) &&
        rule.resources.matches(resource)
      ) {
        return true;
      }
    }
    return false;
  }

  /** Whether these permissions allow all that `statement` allows. */
  covers(statement: Statement): boolean {
    return statement.actions.every((action) =>
      statement.resources.every((resource) => this.allows(action, resource, statement.workspace)),
    );
  }
}

const ACTION = /^(\*|[A-Za-z0-9_.-]+\*?|\*[A-Za-z0-9_.-]+)(:(\*|[A-Za-z0-9_.-]+\*?|\*[A-Za-z0-9_.-]+))*$/;
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what it refuses
const RESOURCE = /^[^\u0000-\u0020\u007f]+$/;

/** The faults of a list of statements; none when it can be kept. `path` is where the list stands in the input. */
export function checkStatements(statements: readonly Statement[], path = 'statements'): FieldError[] {
  if (statements.length > LIMITS.statements) {
    return [{ path, message: `must have at most ${LIMITS.statements} entries` }];
  }
  return statements.flatMap((statement, index) => checkStatement(statement, `${path}.${index}`));
}

function checkStatement(statement: Statement, path: string): FieldError[] {
  const errors: FieldError[] = [];
  const { actions, resources, workspace, description } = statement;
  if (actions.length < 1 || actions.length > LIMITS.actions) {
    errors.push({ path: `${path}.actions`, message: `must have 1 to ${LIMITS.actions} entries` });
  }
  actions.forEach((action, index) => {
    if (action.length > LIMITS.action || !ACTION.test(action)) {
      const message = `must be like "orders:read", with * alone or at the start or end of a part, at most ${LIMITS.action} characters`;
      errors.push({ path: `${path}.actions.${index}`, message });
    }
  });
  errors.push(...checkResources(resources, `${path}.resources`));
  if (workspace.length < 1 || workspace.length > LIMITS.identifier || (workspace.includes('*') && workspace !== '*')) {
    errors.push({ path: `${path}.workspace`, message: 'must be the id of one workspace, or "*" for all' });
  }
  if (description.length > LIMITS.description) {
    errors.push({ path: `${path}.description`, message: `must have at most ${LIMITS.description} characters` });
  }
  return errors;
}

/** The faults of a list of resource patterns. */
export function checkResources(resources: readonly string[], path = 'resources'): FieldError[] {
  if (resources.length < 1 || resources.length > LIMITS.resources) {
    return [{ path, message: `must have 1 to ${LIMITS.resources} entries` }];
  }
  return resources.flatMap((resource, index) =>
    resource.length <= LIMITS.resource && RESOURCE.test(resource)
      ? []
      : [{ path: `${path}.${index}`, message: `must have 1 to ${LIMITS.resource} characters and no white space` }],
  );
}
