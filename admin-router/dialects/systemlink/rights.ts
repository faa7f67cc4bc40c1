import type { ApiKey, Principal } from '../../../lib/index.js';
import { isUser } from '../../access.js';
import { refuse } from './errors.js';

/**
 * What a call takes: the action of the product on everything, or one of Latchkey's own that means the same. Without
 * `manageKeys`, users list and read their own keys; they disable and delete them by password, with the key itself, or with one
 * that has `keys:manage-own`.
 */
export const RIGHTS = {
  manageKeys: { action: 'niauth:*', natively: ['keys:manage'], on: 'api-keys' },
  readPolicies: { action: 'niauth:*', natively: ['policies:read', 'policies:manage'], on: 'policies' },
  managePolicies: { action: 'niauth:*', natively: ['policies:manage'], on: 'policies' },
} as const;

export type Right = keyof typeof RIGHTS;

export function may(principal: Principal, right: Right): boolean {
  const { action, natively, on } = RIGHTS[right];
  return principal.can(action) || natively.some((each) => principal.can(each, on));
}

/** @throws DialectError 401 -254850. */
export function demand(principal: Principal, right: Right): void {
  if (!may(principal, right)) throw refuse('notAllowed');
}

/** The key of a service is nobody's own. */
export function isOwn(principal: Principal, { ownerId, ownerKind }: ApiKey): boolean {
  return isUser(principal) && ownerKind === 'user' && ownerId === principal.id;
}

export function mayEndOwn(principal: Principal, key: ApiKey): boolean {
  const { kind, id } = principal.credential;
  if (!isOwn(principal, key)) return false;
  return kind === 'password' || id === key.id || principal.can('keys:manage-own', `api-keys/${key.id}`);
}
