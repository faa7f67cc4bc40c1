import { sign } from 'cookie-signature';
import type { Request, Response } from 'express';
import type { Principal } from '../principal.js';
import type { Session } from '../sessions/login-record.js';
import type { Authenticated } from '../sessions/logins.js';
import { authUserName } from '../sessions/session-id.js';
import type { BegunSession, Sessions } from '../sessions/sessions.js';
import { addressOf } from './address.js';
import type { SessionGate } from './session-gate.js';
import type { TlsDemand } from './tls-demand.js';

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

/** The session that a request came with, and what express-session knows of it. */
export interface HostSession {
  /** Null without one. `userId` null: nobody is logged in to it, or it has ended. */
  before(req: Request): Promise<{ readonly sessionId: string; readonly userId: string | null } | null>;
  /** The host's own data that a login of `userId` takes over; undefined where none is to be kept, or another's. */
  dataOf(req: Request, userId: string): string | undefined;
  /** Ends the session for a login of `userId`, and forgets it. */
  release(req: Request, sessionId: string, userId: string): Promise<void>;
  /** Has express-session write nothing more for this request: `req.session` is null from now on. */
  forget(req: Request): void;
}

/** Begins a session for a user who has just logged in, always with a new id, and stores it before it returns. */
export async function startSession(
  sessions: Sessions,
  gate: SessionGate,
  host: HostSession,
  req: Request,
  res: Response,
  { user, failed }: Authenticated,
  { token = false, idleMs, absoluteMs }: StartSessionOptions,
): Promise<StartedSession> {
  const kind = token ? 'token' : 'cookie';
  const userAgent = req.headers['user-agent'] ?? null;
  const begun = sessions.begin({ user, kind, address: addressOf(req), userAgent, failed, idleMs, absoluteMs });
  const session = await sessions.save(begun, token ? undefined : host.dataOf(req, user.id));
  const before = token ? null : await host.before(req);
  // Who logs in again takes the place of the session before; one of somebody else ends only when the login has succeeded.
  const isSame = before?.userId === user.id;
  if (before !== null && isSame) await host.release(req, before.sessionId, user.id);
  await sessions.enforceLimit(begun);
  if (token) {
    const { sessionId } = begun;
    return { session, requestId: null, authUsername: authUserName(session.id), sessionToken: sessionId };
  }
  if (before !== null && !isSame) await host.release(req, before.sessionId, user.id);
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
  principal: Principal,
): Promise<void> {
  const { id, credential } = principal;
  await sessions.end(credential.id, id, { by: principal, address: addressOf(req) });
  if (credential.scheme !== 'session-cookie') return;
  host.forget(req);
  const { name, attributes } = gate.cookie;
  res.clearCookie(name, attributes);
  if (gate.hasXsrfCookie) res.clearCookie(XSRF_COOKIE, { ...attributes, httpOnly: false });
}

function setCookies(res: Response, gate: SessionGate, { sessionId, requestId }: BegunSession): void {
  const { name, attributes, secrets } = gate.cookie;
  res.cookie(name, `s:${sign(sessionId, secrets[0] as string)}`, attributes);
  if (gate.hasXsrfCookie) res.cookie(XSRF_COOKIE, requestId, { ...attributes, httpOnly: false });
}

/**
 * @throws AuthError `tls_required` in production for a request over plain HTTP; Error when the cookie, which no `token` needs,
 * is `Secure` and the request did not come over TLS: browsers would drop it without a word.
 */
export function demandTls(req: Request, { cookie }: SessionGate, tls: TlsDemand | null, token: boolean): void {
  tls?.demand(req);
  if (token || !cookie.attributes.secure || req.secure) return;
  throw new Error(
    'The session cookie is Secure, but the request did not come over TLS. Serve over TLS, or set "trust proxy" behind a proxy that does, or for development on localhost: session.cookie.secure = false',
  );
}
