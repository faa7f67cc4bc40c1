import { AuthError, type FieldError } from '../errors.js';
import type { DialectChanges } from '../keys/dialect-fields.js';
import { checkIdentifier, checkKeyFields, checkSize } from '../keys/key-input.js';
import type { Actor } from '../keys/key-rights.js';
import type { Statement, StatementInput } from '../permissions/statement.js';
import { checkStatements } from '../permissions/statement.js';
import { Principal } from '../principal.js';
import type { PolicyRecord } from '../records.js';
import type { Policy } from './policy-view.js';

export interface NewPolicy {
  readonly name: string;
  /** Default `custom`. */
  readonly type?: PolicyRecord['type'] | undefined;
  /** Default empty. */
  readonly description?: string | undefined;
  /** Default: that of the principal that asks, else null. */
  readonly orgId?: string | null | undefined;
  /** Not with `templateId`. */
  readonly statements?: readonly StatementInput[] | undefined;
  /** The template whose statements it has, and goes on to have as they change. */
  readonly templateId?: string | null | undefined;
  /** The workspace in which it has the statements of its template. Only with `templateId`. */
  readonly workspace?: string | null | undefined;
  readonly properties?: Readonly<Record<string, string>> | undefined;
  /** By the name of the dialect: replaces what is kept under that name, null removes it. From code only. */
  readonly dialects?: DialectChanges | undefined;
}

/** What is undefined stays as it is. */
export type PolicyChanges = {
  readonly [Field in 'name' | 'description' | 'statements' | 'workspace' | 'properties' | 'dialects']?:
    | NewPolicy[Field]
    | undefined;
};

const KNOWN = [
  'name',
  'type',
  'description',
  'orgId',
  'statements',
  'templateId',
  'workspace',
  'properties',
  'dialects',
];
const TYPES: readonly string[] = ['role', 'custom', 'template'];

/** The faults of a policy, as it is to be kept; `input` is what was asked for. */
export function checkPolicy(input: NewPolicy | PolicyChanges, record: PolicyRecord, known = KNOWN): FieldError[] {
  const { type, name, description, properties, statements, templateId, workspace, orgId } = record;
  const unknown = Object.keys(input).filter((path) => !known.includes(path));
  const errors = [
    ...unknown.map((path) => ({ path, message: 'cannot be set' })),
    ...checkKeyFields({ name, description, properties }),
    ...(orgId === null ? [] : checkIdentifier('orgId', orgId)),
  ];
  if (!TYPES.includes(type)) errors.push({ path: 'type', message: `must be one of: ${TYPES.join(', ')}` });
  if (templateId === null) {
    errors.push(...checkStatements(statements));
    if (workspace !== null) errors.push({ path: 'workspace', message: 'must stand beside templateId only' });
  } else {
    errors.push(...checkIdentifier('templateId', templateId), ...checkIdentifier('workspace', workspace));
    if (type === 'template') errors.push({ path: 'templateId', message: 'must not be set: a template has its own' });
    if (input.statements !== undefined) {
      errors.push({ path: 'statements', message: 'must not stand beside templateId: the template has them' });
    }
  }
  return errors.length > 0 ? errors : checkSize(record);
}

/** What a change can name. */
export const CHANGEABLE_POLICY_FIELDS = ['name', 'description', 'statements', 'workspace', 'properties', 'dialects'];

/**
 * Nobody can make or change a policy that gives more than they have themselves, or one of another organisation. A template
 * gives its statements in whatever workspace it comes to be followed.
 * @throws AuthError `forbidden`, naming each field.
 */
export function refusePolicyExcess(by: Actor, { orgId, type, statements }: Policy): void {
  if (!(by instanceof Principal)) return;
  const given = type === 'template' ? statements.map((statement) => ({ ...statement, workspace: '*' })) : statements;
  const errors = excessOf(by, given);
  if (orgId !== by.orgId) errors.push({ path: 'orgId', message: 'must be that of the credential' });
  if (errors.length === 0) return;
  throw new AuthError('forbidden', { message: 'The policy would give more rights than the credential has.', errors });
}

/**
 * Whether a key that `by` makes would have all that the policy gives. No key has a template, and only its own key an internal
 * policy.
 */
export function isGrantable(by: Principal, { type, statements }: Policy): boolean {
  return type !== 'template' && type !== 'internal' && excessOf(by, statements).length === 0;
}

/** What of `statements` goes beyond the rights of `by`, or beyond the resources that it is tied to. */
function excessOf(by: Principal, statements: readonly Statement[]): FieldError[] {
  const resources = [...new Set(statements.flatMap((statement) => statement.resources))];
  return [...by.exceededBy(statements), ...by.untied(resources)];
}
