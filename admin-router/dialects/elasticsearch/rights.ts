import type { Principal } from '../../../lib/index.js';
import type { Caller } from './caller.js';
import { refusal } from './errors.js';
import { actionOf, resourceOf } from './names.js';
import { holdersOf } from './privileges.js';
import { type ApplicationPrivileges, actionsOf, folderOf, indexResource, RUN_AS } from './statements.js';

/** The native right that means the same as a privilege, on the resource `api-keys`. */
export const NATIVE_RIGHTS: Readonly<Record<string, string>> = {
  manage_own_api_key: 'keys:manage-own',
  manage_api_key: 'keys:manage',
  read_security: 'keys:read',
  grant_api_key: 'keys:grant',
};

const KEYS = 'cluster:admin/xpack/security/api_key/';
const MANAGING = ['manage_api_key', 'manage_security', 'all'];
const OWN_TOO = ['manage_own_api_key', ...MANAGING];

/** The privileges that allow a request, weakest first; any of them does. `own`: one that stays with the caller's own keys. */
export const RIGHTS = {
  create: { action: `${KEYS}create`, privileges: OWN_TOO },
  clone: { action: `${KEYS}clone`, privileges: OWN_TOO },
  getOwn: { action: `${KEYS}get`, privileges: ['manage_own_api_key', 'read_security', ...MANAGING] },
  get: { action: `${KEYS}get`, privileges: ['read_security', ...MANAGING] },
  queryOwn: { action: `${KEYS}query`, privileges: ['manage_own_api_key', 'read_security', ...MANAGING] },
  query: { action: `${KEYS}query`, privileges: ['read_security', ...MANAGING] },
  invalidateOwn: { action: `${KEYS}invalidate`, privileges: OWN_TOO },
  invalidate: { action: `${KEYS}invalidate`, privileges: MANAGING },
  update: { action: `${KEYS}update`, privileges: OWN_TOO },
  bulkUpdate: { action: `${KEYS}bulk_update`, privileges: OWN_TOO },
  grant: { action: `${KEYS}grant`, privileges: ['grant_api_key', ...MANAGING] },
  bulkGrant: { action: `${KEYS}grant/bulk`, privileges: ['grant_api_key', ...MANAGING] },
  /** What is demanded is more than the text tells. */
  clearCache: { action: `${KEYS}cache/clear`, privileges: MANAGING, demanded: ['manage_security', 'all'] },
  main: { action: 'cluster:monitor/main', privileges: ['monitor', 'manage', 'all'] },
} as const satisfies Readonly<Record<string, Right>>;

export interface Right {
  /** As the product's own texts name it. */
  readonly action: string;
  readonly privileges: readonly string[];
  readonly demanded?: readonly string[];
}

/** Whether the principal holds the privilege on the cluster: by itself, by one that implies it, or as a native right. */
export function holdsCluster(principal: Principal, name: string): boolean {
  const native = Object.hasOwn(NATIVE_RIGHTS, name) ? NATIVE_RIGHTS[name] : undefined;
  return (
    holdersOf('cluster', name).some((holder) => can(principal, actionOf('cluster', holder))) ||
    canNatively(principal, native)
  );
}

function canNatively(principal: Principal, native: string | undefined): boolean {
  return native !== undefined && principal.can(native, 'api-keys');
}

function can(principal: Principal, action: string | null, resource: string | null = '*'): boolean {
  return action !== null && resource !== null && principal.can(action, resource);
}

export function mayDo({ principal }: Caller, right: Right): boolean {
  const privileges = right.demanded ?? right.privileges;
  return privileges.some((name) => holdsCluster(principal, name)) || can(principal, actionOf('cluster', right.action));
}

/** @throws DialectError 403 with the product's text. */
export function demand(caller: Caller, right: Right): void {
  if (mayDo(caller, right)) return;
  const granted = `this action is granted by the cluster privileges [${right.privileges.join(',')}]`;
  throw refusal(
    403,
    'security_exception',
    `action [${right.action}] is unauthorized for ${nameOf(caller)}, ${granted}`,
  );
}

function nameOf({ key, username, profile }: Caller): string {
  if (key !== null) return `API key id [${key.id}] of user [${username}]`;
  return `user [${username}] with effective roles [${profile.roles.join(',')}]`;
}

export function mayRunAs({ principal }: Caller, username: string): boolean {
  return can(principal, RUN_AS, resourceOf('users', username));
}

/** 403: the caller may not act for that user, or there is none. */
export function runAsRefusal(caller: Caller, username: string, action: string): Error {
  const who = `because user [${caller.username}] is unauthorized to run as [${username}]`;
  return refusal(403, 'security_exception', `action [${action}] is unauthorized for ${nameOf(caller)}, ${who}`);
}

/** Whether the privilege is held on all that the pattern covers. */
export function holdsIndex(principal: Principal, name: string, privilege: string, allowsRestricted: boolean): boolean {
  const folders = new Set([
    folderOf(name),
    ...(allowsRestricted && name.includes('*') ? (['restricted-indices'] as const) : []),
  ]);
  return [...folders].every((folder) => {
    const resource = indexResource(folder, name);
    return holdersOf('index', privilege).some((holder) =>
      (['index', 'index-filtered'] as const).some((kind) => can(principal, actionOf(kind, holder), resource)),
    );
  });
}

/** Whether the privilege, or every action that its name stands for, is held on the resource. */
export function holdsApplication(
  principal: Principal,
  application: string,
  resource: string,
  privilege: string,
  known: ApplicationPrivileges,
): boolean {
  const on = resourceOf('applications', application, resource);
  if (can(principal, actionOf('application', privilege), on)) return true;
  const actions = actionsOf(known, application, privilege);
  return actions.length > 0 && actions.every((action) => can(principal, actionOf('application', action), on));
}
