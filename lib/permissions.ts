import type { FieldError } from './errors.js';
import { LIMITS } from './limits.js';
import { isText } from './text.js';

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
    actions: copy(actions),
    resources: copy(resources ?? ['*']),
    workspace: workspace ?? '*',
    description: description ?? '',
  };
}

/** As `toStatement`, each; what is no list of objects stays what it is, for `checkStatements` to name. */
export function toStatements(inputs: readonly StatementInput[]): readonly Statement[] {
  if (!Array.isArray(inputs)) return inputs as readonly Statement[];
  return inputs.map((input) => (typeof input === 'object' && input !== null ? toStatement(input) : input));
}

/** What is no list stays what it is, for `checkStatements` to name. */
function copy(list: readonly string[]): readonly string[] {
  return Array.isArray(list) ? [...list] : list;
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
  covers({ actions, resources, workspace }: Statement): boolean {
    const rules = this.#rules.filter((rule) => rule.workspace === '*' || rule.workspace === workspace);
    const ofResource = resources.map((resource) => rules.filter((rule) => rule.resources.matches(resource)));
    return actions.every((action) => {
      const ofAction = new Set(rules.filter((rule) => rule.actions.matches(action)));
      return ofResource.every((matching) => matching.some((rule) => ofAction.has(rule)));
    });
  }
}

const ACTION = /^(\*|[A-Za-z0-9_.-]+\*?|\*[A-Za-z0-9_.-]+)(:(\*|[A-Za-z0-9_.-]+\*?|\*[A-Za-z0-9_.-]+))*$/;
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what it refuses
const RESOURCE = /^[^\u0000-\u0020\u007f]+$/;

/** The faults of a list of statements; none when it can be kept. `path` is where the list stands in the input. */
export function checkStatements(statements: readonly Statement[], path = 'statements'): FieldError[] {
  if (!Array.isArray(statements) || statements.length > LIMITS.statements) {
    return [{ path, message: `must have at most ${LIMITS.statements} entries` }];
  }
  const errors = statements.flatMap((statement, index) => checkStatement(statement, `${path}.${index}`));
  const patterns =
    errors.length === 0 ? statements.flatMap(({ actions, resources }) => [...actions, ...resources]) : [];
  if (patterns.length <= LIMITS.patterns) return errors;
  return [{ path, message: `must have at most ${LIMITS.patterns} actions and resources in all` }];
}

function checkStatement(statement: Statement, path: string): FieldError[] {
  if (typeof statement !== 'object' || statement === null) return [{ path, message: 'must be a statement' }];
  const { actions, resources, workspace, description } = statement;
  const errors = checkPatterns(actions, `${path}.actions`, LIMITS.actions, isAction, ACTION_MESSAGE);
  errors.push(...checkResources(resources, `${path}.resources`));
  const isWorkspace = isText(workspace, 1, LIMITS.identifier) && (workspace === '*' || !workspace.includes('*'));
  if (!isWorkspace)
    errors.push({ path: `${path}.workspace`, message: 'must be the id of one workspace, or "*" for all' });
  if (!isText(description, 0, LIMITS.description)) {
    errors.push({ path: `${path}.description`, message: `must have at most ${LIMITS.description} characters` });
  }
  return errors;
}

/** The faults of a list of resource patterns. */
export function checkResources(resources: readonly string[], path = 'resources'): FieldError[] {
  return checkPatterns(resources, path, LIMITS.resources, isResource, RESOURCE_MESSAGE);
}

const ACTION_MESSAGE = `must be like "orders:read", with * alone or at the start or end of a part, at most ${LIMITS.action} characters`;
const RESOURCE_MESSAGE = `must have 1 to ${LIMITS.resource} characters and no white space`;

/** Whether `action` is one that a statement may name. */
export function isAction(action: unknown): action is string {
  return isText(action, 1, LIMITS.action) && ACTION.test(action);
}

function isResource(resource: unknown): boolean {
  return isText(resource, 1, LIMITS.resource) && RESOURCE.test(resource);
}

function checkPatterns(
  patterns: readonly string[],
  path: string,
  max: number,
  isPattern: (pattern: unknown) => boolean,
  message: string,
): FieldError[] {
  if (!Array.isArray(patterns) || patterns.length < 1 || patterns.length > max) {
    return [{ path, message: `must have 1 to ${max} entries` }];
  }
  const errors = patterns.flatMap((pattern, index) =>
    isPattern(pattern) ? [] : [{ path: `${path}.${index}`, message }],
  );
  if (errors.length > 0 || new Set(patterns).size === patterns.length) return errors;
  return [{ path, message: 'must hold no entry twice' }];
}
