import type { Request } from 'express';
import type { UserServices } from '../core.js';
import type { Principal } from '../principal.js';
import { Refusal } from '../refusal.js';
import type { Session } from '../sessions/login-record.js';
import type { Authenticated } from '../sessions/logins.js';
import { parseSessionId, publicSessionId } from '../sessions/session-id.js';
import { addressOf } from './address.js';
import type { Authenticator } from './authenticator.js';

/** 128 bits take so many characters of base64url. */
const MIN_SECRET = 22;
const MAX_SECRET = 256;
const SECOND_MS = 1_000;
const DAY_MS = 86_400_000;
const YEAR_MS = 366 * DAY_MS;

/**
 * Sessions of users as `latchkey.sessions` has them (listed, limited, ended, told of), but with secrets drawn by the dialect.
 * They open nothing as cookies or tokens of Latchkey's own, nor do those open anything here.
 */
export interface DialectSessions {
  /**
   * Begins a session; sets no cookie. Rejects with AuthError `conflict` when the user has as many as are allowed, of whatever
   * kind, and the instance refuses one more; with TypeError for secrets that are too short and times that are none.
   */
  open(req: Request, who: Authenticated, options: OpenSessionOptions): Promise<Session>;
  /**
   * Reads a session, slides it by `idleMs` and answers its user's principal, whose credential has the id of the session; for a
   * moment it is remembered, as `session.rememberMs` says. A refusal is told of.
   *
   * `requestId` is what came. Undefined: nothing, which is a refusal where the session has one. Null: the same, for a product
   * that has no such thing; the principal's scheme is then `basic` in place of `session-cookie`.
   */
  verify(
    req: Request,
    sessionId: string,
    options: { readonly idleMs: number; readonly requestId?: string | null | undefined },
  ): Promise<Principal | Refusal>;
  /** The session without sliding it; null when it has ended, or is of another kind. */
  find(sessionId: string): Promise<Session | null>;
  /** False when there is none of that user. When it resolves, the session is over, also where another process has ended it. */
  end(req: Request, sessionId: string, userId: string): Promise<boolean>;
  /** The user's sessions that are alive, of whatever kind, newest first. */
  list(userId: string): Promise<Session[]>;
}

export interface OpenSessionOptions {
  /** 22 to 256 characters, of which at least 128 bits are random; not of the form of Latchkey's own. */
  readonly sessionId: string;
  /** As long, and as random. Null: a session that needs none. */
  readonly requestId: string | null;
  /** How long it lives without use, in ms: 1,000 to a year. */
  readonly idleMs: number;
  /** In all, in ms; Infinity: until the year 9999. */
  readonly absoluteMs: number;
  /** Sessions of one user, of whatever kind, beyond which this one is refused. Default: none but the instance's own limit. */
  readonly maxPerUser?: number;
}

export function createDialectSessions(
  { sessions, sessionVerifier }: UserServices,
  authenticator: Authenticator,
): DialectSessions {
  const find = async (sessionId: string): Promise<Session | null> => {
    const session = await sessions.find(publicSessionId(sessionId));
    return session?.kind === 'dialect' ? session : null;
  };
  return {
    async open(req, { user, failed }, options) {
      authenticator.demandTls(req);
      check(options);
      const userAgent = req.headers['user-agent'] ?? null;
      const begun = sessions.beginDrawn({ user, failed, address: addressOf(req), userAgent }, options);
      const session = await sessions.save(begun);
      await sessions.enforceLimit(begun);
      if (options.maxPerUser !== undefined) await sessions.refuseBeyond(begun, options.maxPerUser);
      // What nobody used leaves the user's list when that is read; else only at its absolute end, which may never come.
      if (options.absoluteMs > DAY_MS) await sessions.list(user.id);
      return session;
    },
    async verify(req, sessionId, { idleMs, requestId }) {
      authenticator.demandTls(req);
      checkDuration('idleMs', idleMs);
      const verdict = await sessionVerifier.verifyDrawn(sessionId, idleMs, requestId);
      if (verdict instanceof Refusal) {
        authenticator.tellSessionRefused(req, verdict, requestId === null ? 'basic' : 'session-cookie');
      }
      return verdict;
    },
    find,
    async end(req, sessionId, userId) {
      const id = publicSessionId(sessionId);
      const session = await sessions.find(id);
      if (session !== null && session.kind !== 'dialect') return false;
      return await sessions.end(id, userId, { by: userId, address: addressOf(req) });
    },
    list: (userId) => sessions.list(userId),
  };
}

/** @throws TypeError naming the option. The values are secret. */
function check({ sessionId, requestId, idleMs, absoluteMs, maxPerUser = 1 }: OpenSessionOptions): void {
  if (!Number.isSafeInteger(maxPerUser) || maxPerUser < 1) throw new TypeError('maxPerUser must be at least 1');
  checkSecret('sessionId', sessionId);
  if (parseSessionId(sessionId) !== null) throw new TypeError('sessionId must not have the form of Latchkey’s own');
  if (requestId !== null) checkSecret('requestId', requestId);
  checkDuration('idleMs', idleMs);
  if (absoluteMs !== Number.POSITIVE_INFINITY) checkDuration('absoluteMs', absoluteMs, Number.MAX_SAFE_INTEGER);
}

function checkSecret(name: string, value: string): void {
  if (typeof value === 'string' && value.length >= MIN_SECRET && value.length <= MAX_SECRET) return;
  throw new TypeError(`${name} must be a text of ${MIN_SECRET} to ${MAX_SECRET} characters, with 128 random bits`);
}

function checkDuration(name: string, ms: number, most = YEAR_MS): void {
  if (Number.isSafeInteger(ms) && ms >= SECOND_MS && ms <= most) return;
  throw new TypeError(`${name} must be a whole number of ms from 1,000 to ${most}`);
}
