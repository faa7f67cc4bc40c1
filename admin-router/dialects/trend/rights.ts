import type { Principal } from '../../../lib/index.js';
import { lacks } from './answers.js';

interface RightMapping {
  /** The group in a role's `rights.platformRights`. */
  readonly group: 'apikeyRights' | 'administratorRoleRights';
  /** What a role of the product grants. */
  readonly action: string;
  /** Rights of Latchkey's own that mean the same. */
  readonly natively: readonly string[];
  /** The resource: the collection, and `<collection>/<id>` for one of it. */
  readonly on: 'api-keys' | 'policies';
}

/**
 * The rights of the product, and the actions that they stand for. Full access has them all. `keys:read` is none of them: the
 * built-in Auditor has it, and may not see keys in this product.
 */
export const RIGHTS = {
  canCreateNewApiKeys: ofKeys('canCreateNewApiKeys'),
  canDeleteApiKeys: ofKeys('canDeleteApiKeys'),
  /** New secrets, too, also of other people's keys, which natively takes `keys:grant` besides. */
  canEditApiKeyProperties: ofKeys('canEditApiKeyProperties'),
  canViewApiKeys: ofKeys('canViewApiKeys'),
  canCreateNewAdministratorRoles: ofRoles('canCreateNewAdministratorRoles'),
  canDeleteAdministratorRoles: ofRoles('canDeleteAdministratorRoles'),
  canEditAdministratorRoleProperties: ofRoles('canEditAdministratorRoleProperties'),
  canViewAdministratorRoles: ofRoles('canViewAdministratorRoles', 'policies:read'),
} as const satisfies Readonly<Record<string, RightMapping>>;

export type Right = keyof typeof RIGHTS;

function ofKeys(right: string): RightMapping {
  return { group: 'apikeyRights', action: `trend:apikeyRights:${right}`, natively: ['keys:manage'], on: 'api-keys' };
}

function ofRoles(right: string, ...besides: readonly string[]): RightMapping {
  const action = `trend:administratorRoleRights:${right}`;
  return { group: 'administratorRoleRights', action, natively: ['policies:manage', ...besides], on: 'policies' };
}

/** Whether `principal` has the right, to the collection or to one of it. */
export function may(principal: Pick<Principal, 'can'>, right: Right, id?: string): boolean {
  const { action, natively, on } = RIGHTS[right];
  const resource = id === undefined ? on : `${on}/${id}`;
  return [action, ...natively].some((each) => principal.can(each, resource));
}

/** @throws AuthError `forbidden`. */
export function demand(principal: Principal, right: Right, id?: string): void {
  if (!may(principal, right, id)) throw lacks(right);
}
