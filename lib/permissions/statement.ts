import type { FieldError } from '../errors.js';
import { LIMITS } from '../limits.js';
import { isText } from '../text.js';

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

/** Lists of statements, each of which must allow what is asked: an intersection. Empty: no bound. */
export type Ceiling = readonly (readonly Statement[])[];

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
  return Array.from(inputs, (input) => (typeof input === 'object' && input !== null ? toStatement(input) : input));
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
