import { type ApiKey, AuthError, hidden, type Latchkey, type Principal } from '../lib/index.js';

/** The rights of the admin API: ordinary actions, on the resources `api-keys` and `api-keys/<id>`. */
export type KeyAction = 'keys:manage-own' | 'keys:read' | 'keys:manage' | 'keys:grant' | 'keys:introspect';

const COLLECTION = 'api-keys';

/** Whether `principal` may do one of `actions` on the collection. */
export function may(principal: Principal, ...actions: readonly KeyAction[]): boolean {
  return actions.some((action) => principal.can(action, COLLECTION));
}

/** @throws AuthError `forbidden` naming the first of `actions`. */
export function demand(principal: Principal, ...actions: readonly [KeyAction, ...KeyAction[]]): void {
  if (!may(principal, ...actions)) throw lacks(actions[0]);
}

export function mayManage(principal: Principal, key: ApiKey): boolean {
  return isOwnAndAllowed(principal, key) || principal.can('keys:manage', resourceOf(key));
}

/** @throws AuthError `forbidden`. */
export function demandManage(principal: Principal, key: ApiKey): void {
  if (!mayManage(principal, key)) throw lacks('keys:manage');
}

/** A new secret of somebody else's key is as good as a key made for them. */
export function demandRotate(principal: Principal, key: ApiKey): void {
  demandManage(principal, key);
  if (!isOwn(principal, key) && !principal.can('keys:grant', resourceOf(key))) throw lacks('keys:grant');
}

/**
 * The key, when `principal` may see it. An unknown one, one of another organisation, and one of somebody else's that may not
 * be seen look the same.
 * @throws AuthError `not_found`.
 */
export async function visibleKey(latchkey: Latchkey, principal: Principal, id: string): Promise<ApiKey> {
  const key = await readKey(latchkey, id);
  if (key === null) throw new AuthError('not_found');
  if (!maySee(principal, key)) throw hidden();
  return key;
}

/** Whether a key is in the organisation of `principal`, and may be read there. */
export function maySee(principal: Principal, key: ApiKey): boolean {
  const isVisible = mayManage(principal, key) || principal.can('keys:read', resourceOf(key));
  return key.orgId === principal.orgId && isVisible;
}

/** Null for an unknown key; what cannot be an id does not reach the store. */
export async function readKey({ apiKeys }: Pick<Latchkey, 'apiKeys'>, id: string): Promise<ApiKey | null> {
  return /^[\w-]{1,64}$/.test(id) ? await apiKeys.get(id) : null;
}

function isOwnAndAllowed(principal: Principal, key: ApiKey): boolean {
  return isOwn(principal, key) && principal.can('keys:manage-own', resourceOf(key));
}

/** The key of a service is nobody’s own: one of the same id may be a user’s, and a service manages nothing as its own. */
function isOwn(principal: Principal, key: ApiKey): boolean {
  return isUser(principal) && key.ownerKind === 'user' && principal.id === key.ownerId;
}

/** False for a service: what belongs to a user of the same id is not its own. */
export function isUser({ ownerKind }: Principal): boolean {
  return ownerKind === 'user';
}

function resourceOf(key: ApiKey): string {
  return `${COLLECTION}/${key.id}`;
}

/** The refusal for want of a right. */
export function lacks(action: string): AuthError {
  return new AuthError('forbidden', { message: `The credential lacks the right "${action}".` });
}
