import type { FieldError, Statement } from '../../api/types.ts';

/** As in lib/limits.ts, to which a test holds them. */
export const LIMITS = {
  name: 256,
  description: 1_000,
  identifier: 128,
  statements: 100,
  actions: 50,
  action: 128,
  resources: 100,
  resource: 512,
  patterns: 500,
} as const;

const PART = String.raw`(?:\*|[A-Za-z0-9_.-]+\*?|\*[A-Za-z0-9_.-]+)`;
const ACTION = new RegExp(`^${PART}(?::${PART})*$`);
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what it refuses
const RESOURCE = /^[^\u0000-\u0020\u007f]+$/;
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what it refuses
const CONTROL = /[\u0000-\u001f\u007f]/;
/** What is a text in JavaScript and none in UTF-8. */
const LONE_SURROGATE = /\p{Surrogate}/u;
const FIELDS = ['actions', 'resources', 'workspace', 'description'];

const ACTION_MESSAGE = `must be like "orders:read", with * alone or at the start or end of a part, at most ${LIMITS.action} characters`;
const RESOURCE_MESSAGE = `must have 1 to ${LIMITS.resource} characters and no white space`;

export function checkName(name: string): FieldError[] {
  const isRight = isText(name, 1, LIMITS.name) && !CONTROL.test(name);
  return isRight ? [] : [{ path: 'name', message: `must have 1 to ${LIMITS.name} printable characters` }];
}

export function checkDescription(description: string, path = 'description'): FieldError[] {
  if (isText(description, 0, LIMITS.description)) return [];
  return [{ path, message: `must have at most ${LIMITS.description} characters` }];
}

export function checkIdentifier(path: string, id: string): FieldError[] {
  if (isText(id, 1, LIMITS.identifier) && !CONTROL.test(id)) return [];
  return [{ path, message: `must have 1 to ${LIMITS.identifier} printable characters` }];
}

/** What the API would say of the form of these statements, in its words; whether they may be given it alone knows. */
export function checkStatements(statements: readonly Statement[]): FieldError[] {
  const path = 'statements';
  if (statements.length > LIMITS.statements) {
    return [{ path, message: `must have at most ${LIMITS.statements} entries` }];
  }
  const errors = statements.flatMap((statement, index) => checkStatement(statement, `${path}.${index}`));
  const patterns = statements.reduce((sum, { actions, resources }) => sum + actions.length + resources.length, 0);
  if (errors.length > 0 || patterns <= LIMITS.patterns) return errors;
  return [{ path, message: `must have at most ${LIMITS.patterns} actions and resources in all` }];
}

function checkStatement({ actions, resources, workspace, description }: Statement, path: string): FieldError[] {
  const errors = checkPatterns(actions, `${path}.actions`, LIMITS.actions, isAction, ACTION_MESSAGE);
  errors.push(...checkPatterns(resources, `${path}.resources`, LIMITS.resources, isResource, RESOURCE_MESSAGE));
  if (!isText(workspace, 1, LIMITS.identifier) || (workspace !== '*' && workspace.includes('*'))) {
    errors.push({ path: `${path}.workspace`, message: 'must be the id of one workspace, or "*" for all' });
  }
  return [...errors, ...checkDescription(description, `${path}.description`)];
}

function checkPatterns(
  patterns: readonly string[],
  path: string,
  max: number,
  isPattern: (pattern: string) => boolean,
  message: string,
): FieldError[] {
  if (patterns.length < 1 || patterns.length > max) return [{ path, message: `must have 1 to ${max} entries` }];
  const errors = patterns.flatMap((pattern, index) =>
    isPattern(pattern) ? [] : [{ path: `${path}.${index}`, message }],
  );
  if (errors.length > 0 || new Set(patterns).size === patterns.length) return errors;
  return [{ path, message: 'must hold no entry twice' }];
}

function isAction(action: string): boolean {
  return isText(action, 1, LIMITS.action) && ACTION.test(action);
}

function isResource(resource: string): boolean {
  return isText(resource, 1, LIMITS.resource) && RESOURCE.test(resource);
}

function isText(value: string, min: number, max: number): boolean {
  return value.length >= min && value.length <= max && !LONE_SURROGATE.test(value);
}

export interface StatementsRead {
  /** Null where the value cannot be a list of statements, whatever stands in them. */
  readonly statements: readonly Statement[] | null;
  readonly errors: readonly FieldError[];
}

/** The statements in a value that somebody has typed as JSON; what may be left out is filled in as the API does. */
export function statementsIn(value: unknown): StatementsRead {
  if (!Array.isArray(value)) {
    return { statements: null, errors: [{ path: 'statements', message: 'must be a list: [ … ]' }] };
  }
  const errors = value.flatMap((entry, index) => checkShape(entry, `statements.${index}`));
  if (errors.length > 0) return { statements: null, errors };
  const statements = (value as Partial<Statement>[]).map(
    ({ actions = [], resources = ['*'], workspace = '*', description = '' }) => ({
      actions,
      resources,
      workspace,
      description,
    }),
  );
  return { statements, errors: checkStatements(statements) };
}

function checkShape(entry: unknown, path: string): FieldError[] {
  if (typeof entry !== 'object' || entry === null || Array.isArray(entry)) {
    return [{ path, message: 'must be a statement: { "actions": [ … ] }' }];
  }
  const { actions, resources, workspace, description, ...others } = entry as Record<string, unknown>;
  const errors = Object.keys(others).map((name) => ({
    path: `${path}.${name}`,
    message: `"${name}" cannot be set; a statement has: ${FIELDS.join(', ')}`,
  }));
  const check = (name: string, isRight: boolean, message: string) => {
    if (!isRight) errors.push({ path: `${path}.${name}`, message: `"${name}" ${message}` });
  };
  check('actions', isTexts(actions), 'must be a list of texts');
  check('resources', resources === undefined || isTexts(resources), 'must be a list of texts');
  check('workspace', workspace === undefined || typeof workspace === 'string', 'must be a text');
  check('description', description === undefined || typeof description === 'string', 'must be a text');
  return errors;
}

function isTexts(value: unknown): boolean {
  return Array.isArray(value) && value.every((each) => typeof each === 'string');
}

/** Faults of single actions and resources, told of the whole list, with the text that is meant. */
export function namingPatterns(errors: readonly FieldError[], statements: readonly Statement[]): FieldError[] {
  return errors.map(({ path, message }) => {
    const [, list = '', index, field, place] = /^(statements\.(\d+)\.(actions|resources))\.(\d+)$/.exec(path) ?? [];
    if (index === undefined) return { path, message };
    const patterns = statements[Number(index)]?.[field as 'actions' | 'resources'] ?? [];
    return { path: list, message: `“${patterns[Number(place)] ?? ''}” ${message}` };
  });
}
