import type { ApiKey, Principal, User } from '../../../lib/index.js';
import { isEverything } from './described.js';
import type { Setting, UserProfile } from './options.js';

/** Who a request is, as the product tells of it. */
export interface Caller {
  readonly principal: Principal;
  readonly username: string;
  readonly profile: UserProfile;
  /** The key that it acts with; null for a user, also for one for whom a key acts. */
  readonly key: { readonly id: string; readonly name: string } | null;
  /** How the request came in: with a password, or with a key. */
  readonly cameWith: 'realm' | 'api_key';
}

/** A user who came with a password, or for whom somebody acts. */
export function userCaller(setting: Setting, user: User, principal: Principal, cameWith: Caller['cameWith']): Caller {
  const profile = { ...defaultProfile(principal), ...setting.describeUser(user, principal) };
  return { principal, username: user.userName, profile, key: null, cameWith };
}

/** A key, which has no roles of its own. */
export function keyCaller(principal: Principal, username: string): Caller {
  const { id, name } = principal.credential;
  const profile = { ...NOTHING, roles: [] };
  return { principal, username, profile, key: { id, name }, cameWith: 'api_key' };
}

const NOTHING = { full_name: null, email: null, metadata: {} };

function defaultProfile({ statements }: Principal): UserProfile {
  if (statements.length === 0) return { ...NOTHING, roles: [] };
  return { ...NOTHING, roles: [statements.some(isEverything) ? 'superuser' : 'latchkey'] };
}

/** Whether the key belongs to the user behind the caller. */
export function isOwn({ principal }: Caller, key: ApiKey): boolean {
  return key.orgId === principal.orgId && key.ownerKind === principal.ownerKind && key.ownerId === principal.id;
}
