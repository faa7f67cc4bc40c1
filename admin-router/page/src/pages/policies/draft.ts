import type { FieldError, Policy, Statement } from '../../api/types.ts';
import { checkDescription, checkIdentifier, checkName, checkStatements } from './check.ts';

export type EditableType = 'custom' | 'role' | 'template';

/** A policy as it is being written. */
export interface Draft {
  readonly type: EditableType;
  readonly name: string;
  readonly description: string;
  /** Null: it has its own statements. Empty: none has been chosen yet. */
  readonly templateId: string | null;
  /** Of a policy that follows a template. */
  readonly workspace: string;
  readonly statements: readonly Statement[];
}

export const NEW_STATEMENT: Statement = { actions: [], resources: ['*'], workspace: '*', description: '' };

export const NEW_DRAFT: Draft = {
  type: 'custom',
  name: '',
  description: '',
  templateId: null,
  workspace: '',
  statements: [NEW_STATEMENT],
};

export function draftOf({ type, name, description, templateId, workspace, statements }: Policy): Draft {
  const kind = type === 'internal' ? 'custom' : type;
  return { type: kind, name, description, templateId, workspace: workspace ?? '', statements: ordered(statements) };
}

/** Another policy that begins as this one is. */
export function copyOf(policy: Policy): Draft {
  return { ...draftOf(policy), name: `Copy of ${policy.name}` };
}

export function checkDraft({ name, description, templateId, workspace, statements }: Draft): FieldError[] {
  const errors = [...checkName(name), ...checkDescription(description)];
  if (templateId === null) return [...errors, ...checkStatements(statements)];
  if (templateId === '') errors.push({ path: 'templateId', message: 'must be chosen' });
  return [...errors, ...checkIdentifier('workspace', workspace)];
}

/** What makes a policy of it. */
export function bodyOf({ type, name, description, templateId, workspace, statements }: Draft): object {
  const about = { type, name, description };
  return templateId === null ? { ...about, statements } : { ...about, templateId, workspace };
}

/** What can be changed of a policy that is there. */
export const CHANGEABLE = ['name', 'description', 'workspace', 'statements'] as const;
export type Changeable = (typeof CHANGEABLE)[number];

/** The fields in which it differs from what was read. */
export function changedFields(draft: Draft, base: Draft): Changeable[] {
  const own = CHANGEABLE.filter((field) => field !== (base.templateId === null ? 'workspace' : 'statements'));
  return own.filter((field) => !isSame(draft[field], base[field]));
}

export function changesOf(draft: Draft, base: Draft): Partial<Draft> {
  return Object.fromEntries(changedFields(draft, base).map((field) => [field, draft[field]]));
}

export interface Merged {
  readonly draft: Draft;
  /** What both have changed, each in another way: it stays as it was typed here. */
  readonly disputed: readonly Changeable[];
}

/** What was typed here, beside what somebody else has saved meanwhile. */
export function merge(mine: Draft, base: Draft, theirs: Draft): Merged {
  const kept = changedFields(mine, base);
  const draft = { ...theirs, ...Object.fromEntries(kept.map((field) => [field, mine[field]])) };
  const disputed = kept.filter((field) => !isSame(theirs[field], base[field]) && !isSame(theirs[field], mine[field]));
  return { draft, disputed };
}

function isSame(one: unknown, other: unknown): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}

export function jsonOf(statements: readonly Statement[]): string {
  return JSON.stringify(ordered(statements), null, 2);
}

/** With their fields in one order, so that they can be compared. */
function ordered(statements: readonly Statement[]): Statement[] {
  return statements.map(({ actions, resources, workspace, description }) => ({
    actions,
    resources,
    workspace,
    description,
  }));
}

/** What was typed into a field of patterns; none of them holds white space, and no action a comma. */
export function patternsIn(text: string, field: 'actions' | 'resources'): string[] {
  return text.split(field === 'actions' ? /[\s,]+/ : /\s+/).filter((pattern) => pattern !== '');
}

/** Whether rows can show them without making others of them. */
export function fitsRows(statements: readonly Statement[]): boolean {
  return statements.every((statement) =>
    (['actions', 'resources'] as const).every((field) =>
      isSame(patternsIn(statement[field].join('\n'), field), statement[field]),
    ),
  );
}
