import { type FieldTypes, type Policy, Principal } from '../../../lib/index.js';
import { may, RIGHTS, type Right } from './rights.js';

/** What a search of roles takes, besides the ID. */
export const ROLE_FIELDS = Object.freeze({ name: 'string', description: 'string' } as const satisfies FieldTypes);
export const CORE_ROLE_FIELDS = Object.freeze({ name: 'name' });

/** What only the product knows of a role. It is kept and given back; it restricts nothing but `allowWebService`. */
export interface RoleFields {
  readonly canOnlyManipulateUsersWithEqualOrLesserRights: boolean;
  readonly allComputers: boolean;
  readonly allPolicies: boolean;
  readonly allowUserInterface: boolean;
  /** False: the role's statements are empty, and `rights` says what they were to be. */
  readonly allowWebService: boolean;
  readonly computerIDs: readonly number[];
  readonly computerGroupIDs: readonly number[];
  readonly policyIDs: readonly number[];
  readonly rights: readonly Right[];
}

const DEFAULTS: RoleFields = Object.freeze({
  canOnlyManipulateUsersWithEqualOrLesserRights: true,
  allComputers: true,
  allPolicies: true,
  allowUserInterface: true,
  allowWebService: true,
  computerIDs: [],
  computerGroupIDs: [],
  policyIDs: [],
  rights: [],
});

/** The roles that every manager has; their IDs begin with 1. The product describes neither. */
export const BUILT_IN: readonly string[] = ['full-access', 'auditor'];
const AUDITOR = 'auditor';

export function fieldsOf(role: Pick<Policy, 'dialects'> | null): RoleFields {
  return { ...DEFAULTS, ...(role?.dialects.trend as Partial<RoleFields> | undefined) };
}

/** The rights that statements amount to, whoever wrote them. */
export function rightsOf(statements: Policy['statements']): Right[] {
  const credential = { kind: 'api-key', id: 'role', name: 'role', scheme: 'api-key', expiresAt: null } as const;
  const none = { policyIds: [], resources: null, properties: {}, locale: null, timeZone: null };
  const holder = new Principal({ id: 'role', orgId: null, credential, statements, ...none });
  return (Object.keys(RIGHTS) as Right[]).filter((right) => may(holder, right));
}

export function urnOf(name: string, region: string, tenant: number): string {
  return `urn:tmds:identity:${region}:${tenant}:role/${name}`;
}

/** A Role, its members in the product's order; JSON leaves out what is undefined. */
export function toWire(role: Policy, ID: number, region: string, tenant: number) {
  const fields = fieldsOf(role);
  const { allComputers, allPolicies } = fields;
  return {
    name: role.name,
    description: BUILT_IN.includes(role.id) ? '' : role.description,
    urn: urnOf(role.name, region, tenant),
    immutable: role.isBuiltIn && role.id !== AUDITOR,
    canOnlyManipulateUsersWithEqualOrLesserRights: fields.canOnlyManipulateUsersWithEqualOrLesserRights,
    allComputers,
    allPolicies,
    allowUserInterface: fields.allowUserInterface,
    allowWebService: fields.allowWebService,
    rights: { platformRights: toGroups(fields.allowWebService ? rightsOf(role.statements) : fields.rights) },
    computerIDs: allComputers ? undefined : fields.computerIDs,
    computerGroupIDs: allComputers ? undefined : fields.computerGroupIDs,
    policyIDs: allPolicies ? undefined : fields.policyIDs,
    ID,
  };
}

function toGroups(held: readonly Right[]): Record<string, Record<string, boolean>> {
  const groups: Record<string, Record<string, boolean>> = {};
  for (const [right, { group }] of Object.entries(RIGHTS)) {
    groups[group] = { ...groups[group], [right]: held.includes(right as Right) };
  }
  return groups;
}
