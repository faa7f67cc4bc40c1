import type { Request } from 'express';
import { type Latchkey, type Principal, Refusal } from '../../../lib/index.js';
import { basicIn, readPair, readSecret, resolvePair } from '../credential.js';
import type { DialectCall, DialectRequest } from '../dialect.js';
import { refuse } from './answers.js';
import { type IllumioRole, type IllumioSettings, ROLES } from './options.js';

const MINUTE_MS = 60_000;
const NUMBER = /^[1-9][0-9]{0,14}$/;

/** The number in `user_4`, as which sessions come. (The guide's own curl has `user4`.) */
function userNumberIn(userName: string): number | null {
  const [, digits = ''] = /^user_?([0-9]+)$/.exec(userName) ?? [];
  return NUMBER.test(digits) ? Number(digits) : null;
}

/** Reads Basic: a session of a user, or a key. Counts the request towards the limit of a minute. */
export function callerOf({ dialects }: Latchkey, { idleMs, maxRequestsPerMinute }: IllumioSettings) {
  const state = dialects.state('illumio');

  async function sessionOf(req: Request, number: number, token: string): Promise<Principal | Refusal | null> {
    if (dialects.sessions === null || !/^[0-9a-f]{40}$/.test(token)) return null;
    const verdict = await dialects.sessions.verify(req, token, { idleMs, requestId: null });
    if (verdict instanceof Refusal) return verdict;
    return (await numberOfUser(dialects, verdict.id)) === number ? verdict : null;
  }

  async function keyOf(req: Request, userName: string, password: string): Promise<Principal | Refusal> {
    // What has no id of its own is taken whole, in either half.
    const whole = userName === '' ? readSecret(dialects.prefix, password) : null;
    const pair = await resolvePair(dialects, whole ?? readPair(userName, password));
    return await dialects.verifyKey(req, pair);
  }

  return async ({ req }: Pick<DialectRequest, 'req'>): Promise<Principal> => {
    const basic = basicIn(req);
    if (basic === null) throw refuse('unauthenticated');
    const { userName, password } = basic;
    const number = userNumberIn(userName);
    const verdict = number === null ? await keyOf(req, userName, password) : await sessionOf(req, number, password);
    if (verdict === null || verdict instanceof Refusal) throw refuse('unauthenticated');
    const { count, resetMs } = await state.hit(`requests-${verdict.credential.id}`, MINUTE_MS);
    if (count > maxRequestsPerMinute) {
      throw refuse('rateLimited', { 'Retry-After': String(Math.max(1, Math.ceil(resetMs / 1_000))) });
    }
    return verdict;
  };
}

export async function numberOfUser({ numbers }: Latchkey['dialects'], userId: string): Promise<number> {
  return (await numbers.of('user', [userId]))[0] as number;
}

export async function numberOfOrg({ numbers }: Latchkey['dialects'], orgId: string | null): Promise<number> {
  return (await numbers.of('org', [orgId ?? 'none']))[0] as number;
}

/** The roles that somebody has: `pce:<role>` each; who may do everything, or manage all keys, is an owner. */
export function rolesOf(principal: Principal): IllumioRole[] {
  if (principal.can('keys:manage', 'api-keys')) return ['owner'];
  return ROLES.filter((role) => principal.can(`pce:${role}`));
}

/** @throws DialectError 403 unless the caller has one of the roles. */
export function demandRole(principal: Principal, ...roles: readonly IllumioRole[]): void {
  const has = rolesOf(principal);
  if (!roles.some((role) => has.includes(role))) throw refuse('forbidden');
}

/** 403 for another organisation: it does not tell whether there is one. */
export async function demandOrg(latchkey: Latchkey, { principal, params }: DialectCall): Promise<number> {
  const number = await numberOfOrg(latchkey.dialects, principal.orgId);
  if (params.org !== String(number)) throw refuse('forbidden');
  return number;
}

/** 403 unless the path names the caller, who is a user: not the key of a service account. Returns the user's number. */
export async function demandSelf({ dialects }: Latchkey, { principal, params }: DialectCall): Promise<number> {
  if (principal.ownerKind !== 'user' || (await dialects.findUser(principal.id)) === null) throw refuse('forbidden');
  const number = await numberOfUser(dialects, principal.id);
  if (params.user !== String(number)) throw refuse('forbidden');
  return number;
}

/** Who may read only writes nothing, but for logging in and out and its one key. */
export function isReadOnly(principal: Principal): boolean {
  const roles = rolesOf(principal);
  return roles.length > 0 && roles.every((role) => role === 'read_only');
}
