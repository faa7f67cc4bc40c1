import { sign } from 'cookie-signature';
import type { Request, Response } from 'express';
import type { Session } from '../login-record.js';
import type { Authenticated } from '../logins.js';
import type { Principal } from '../principal.js';
import { authUserName } from '../session-id.js';
import type { BegunSession, Sessions } from '../sessions.js';
import { addressOf } from './address.js';
import type { SessionGate } from './session-gate.js';

const XSRF_COOKIE = 'XSRF-TOKEN';

export interface StartSessionOptions {
  /** A session token for Basic in place of a cookie. Default false. */
  readonly token?: boolean | undefined;
  /** Shorter than the instance's, in ms. */
  readonly idleMs?: number | undefined;
  readonly absoluteMs?: number | undefined;
}

/** A session that has just begun, with the secrets that only its first answer holds. */
export interface StartedSession {
  readonly session: Session;
  /** Goes with the cookie, in the request-id header. Null for a token. */
  readonly requestId: string | null;
  /** User name and password of Basic. Null for a cookie. */
  readonly authUsername: string | null;
  readonly sessionToken: string | null;
}

/** What is known of the express-session on a request, if any. */
export interface HostSession {
  /** The host's own data in the session before this login; undefined where none is to be kept. */
  dataOf(req: Request): string | undefined;
  /** Ends the session before this login, and has express-session write nothing more for this request. */
  release(req: Request): Promise<void>;
}

/**
 * Begins a session for a user who has just logged in, always with a new id, and stores it before it returns.
 * @throws Error when the cookie is `Secure` and the request did not come over TLS: browsers would drop it without a word.
 */
export async function startSession(
  sessions: Sessions,
  gate: SessionGate,
  host: HostSession,
  req: Request,
  res: Response,
  { user, failed }: Authenticated,
  { token = false, idleMs, absoluteMs }: StartSessionOptions,
): Promise<StartedSession> {
  if (!token) demandTls(req, gate);
  const kind = token ? 'token' : 'cookie';
  const userAgent = req.headers['user-agent'] ?? null;
  const begun = sessions.begin({ user, kind, address: addressOf(req), userAgent, failed, idleMs, absoluteMs });
  const session = await sessions.save(begun, token ? undefined : host.dataOf(req));
  if (!token) await host.release(req); // before the limit: who logs in again here takes the place of the one before
  await sessions.enforceLimit(begun.sessionId, user.id);
  if (token) {
    const { sessionId } = begun;
    return { session, requestId: null, authUsername: authUserName(session.id), sessionToken: sessionId };
  }
  setCookies(res, gate, begun);
  return { session, requestId: begun.requestId, authUsername: null, sessionToken: null };
}

/** Logs out: when it resolves, cookie, request id and token are dead. */
export async function endSession(
  sessions: Sessions,
  gate: SessionGate,
  host: HostSession,
  req: Request,
  res: Response,
  { id, credential }: Principal,
): Promise<void> {
  await sessions.end(credential.id, id);
  if (credential.scheme !== 'session-cookie') return;
  await host.release(req);
  const { name, attributes } = gate.cookie;
  res.clearCookie(name, attributes);
  if (gate.hasXsrfCookie) res.clearCookie(XSRF_COOKIE, { ...attributes, httpOnly: false });
}

function setCookies(res: Response, gate: SessionGate, { sessionId, requestId }: BegunSession): void {
  const { name, attributes, secrets } = gate.cookie;
  res.cookie(name, `s:${sign(sessionId, secrets[0] as string)}`, attributes);
  if (gate.hasXsrfCookie) res.cookie(XSRF_COOKIE, requestId, { ...attributes, httpOnly: false });
}

function demandTls(req: Request, { cookie }: SessionGate): void {
  if (!cookie.attributes.secure || req.secure) return;
  throw new Error(
    'The session cookie is Secure, but the request did not come over TLS. Serve over TLS, or set "trust proxy" behind a proxy that does, or for development on localhost: session.cookie.secure = false',
  );
}
