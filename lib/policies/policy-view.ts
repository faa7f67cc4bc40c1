import { NO_DIALECTS } from '../keys/dialect-fields.js';
import type { Statement, StatementInput } from '../permissions/statement.js';
import type { ApiKeyRecord, PolicyRecord, PolicyType } from '../records.js';
import type { FieldTypes } from '../search/criteria.js';

/** A policy as people and programs see it: with the statements that it has now, its template's where it follows one. */
export interface Policy extends Omit<PolicyRecord, 'type'> {
  readonly type: PolicyType;
  /** It came with Latchkey or with the host's code: it cannot be changed or deleted. */
  readonly isBuiltIn: boolean;
}

/** Whether `id` can be that of a policy: as it may stand in a path, of which clients take `.` and `..` for steps. */
export function isPolicyId(id: unknown): id is string {
  return typeof id === 'string' && /^(?!\.{1,2}$)[\w.-]{1,128}$/.test(id);
}

export function toPolicy(record: PolicyRecord, statements: readonly Statement[]): Policy {
  return { ...record, statements, isBuiltIn: false };
}

/** The statements of a session key as a policy: its id is the key's, and it ends with the key. No other key can have it. */
export function toInternalPolicy(key: Pick<ApiKeyRecord, InternalFields>): Policy {
  const { id, name, orgId, statements, createdBy, createdAt } = key;
  const own = { id, name, orgId, statements, createdBy, createdAt, updatedAt: createdAt };
  const none = {
    description: '',
    templateId: null,
    workspace: null,
    properties: {},
    dialects: NO_DIALECTS,
    version: 1,
  };
  return { ...own, ...none, type: 'internal', isBuiltIn: false };
}

type InternalFields = 'id' | 'name' | 'orgId' | 'statements' | 'createdBy' | 'createdAt';

/** The fields that a search of policies takes. */
export const SEARCHABLE_POLICY_FIELDS = Object.freeze({
  id: 'id',
  type: ['role', 'custom', 'template', 'internal'],
  name: 'string',
  description: 'string',
  templateId: 'string',
  workspace: 'string',
  isBuiltIn: 'boolean',
  createdBy: 'string',
  createdAt: 'date',
  updatedAt: 'date',
  version: 'number',
} as const satisfies FieldTypes);

/** A policy that the host's own code names. */
export interface HostPolicy {
  readonly id: string;
  readonly name: string;
  readonly statements: readonly StatementInput[];
  /** Default empty. */
  readonly description?: string | undefined;
}
