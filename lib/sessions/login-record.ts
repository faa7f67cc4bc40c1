import type { SessionTimes } from './session-id.js';

/**
 * `cookie`: reached by cookie and request id; `token`: by session token, as Basic; `dialect`: as a product has it whose wire
 * format a router speaks. Each is accepted only in its own way.
 */
export type SessionKind = 'cookie' | 'token' | 'dialect';

/** What is kept of a login, beside the host's own session data. Instants are epoch ms. */
export interface LoginRecord extends SessionTimes {
  readonly userId: string;
  readonly orgId: string | null;
  readonly userName: string;
  readonly kind: SessionKind;
  /** SHA-256 of the request id, base64url. Null for a session of a dialect that has none. */
  readonly requestIdHash: string | null;
  readonly createdAt: number;
  readonly address: string | null;
  /** Cut to 200 characters. */
  readonly userAgent: string | null;
  /** Failed logins between the login before and this one, and the last of them. */
  readonly failedBefore: number;
  readonly lastFailedAt: number | null;
}

/** A session as people and programs see it. */
export interface Session
  extends Pick<
    LoginRecord,
    'userId' | 'orgId' | 'userName' | 'kind' | 'createdAt' | 'expiresAt' | 'idleMs' | 'address' | 'userAgent'
  > {
  /** The public id: a hash, which opens nothing. */
  readonly id: string;
  /** When it ends if it is not used again. */
  readonly idleExpiresAt: number;
  /** Within the accuracy of the clocks; for a session in its last idle time, the latest it can have been. */
  readonly lastActivityAt: number;
  /** Failed logins of the user between the login before and this one, and the last of them. */
  readonly unsuccessfulSignInAttempts: number;
  readonly lastFailedSignInAt: number | null;
}

export function toSession(id: string, login: LoginRecord, ttlMs: number, nowAt: number): Session {
  const { requestIdHash: _, failedBefore, lastFailedAt, ...shown } = login;
  const idleExpiresAt = Math.min(nowAt + ttlMs, login.expiresAt);
  const lastActivityAt = Math.min(nowAt, Math.max(login.createdAt, idleExpiresAt - login.idleMs));
  const failed = { unsuccessfulSignInAttempts: failedBefore, lastFailedSignInAt: lastFailedAt };
  return { ...shown, ...failed, id, idleExpiresAt, lastActivityAt };
}
