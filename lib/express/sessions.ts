import type { Request, RequestHandler, Response } from 'express';
import type { Core, UserServices } from '../core.js';
import { checkOptions } from '../options.js';
import type { Principal } from '../principal.js';
import type { Session } from '../sessions/login-record.js';
import type { Authenticated } from '../sessions/logins.js';
import type { SessionUserPage, SessionUsersQuery } from '../sessions/session-users.js';
import type { EndAllOptions, EndOptions, SessionTimeOptions } from '../sessions/sessions.js';
import type { CookieOptions } from './session-cookie.js';
import { SessionCookie } from './session-cookie.js';
import type { RequestIdOptions } from './session-gate.js';
import { SessionGate } from './session-gate.js';
import type { StartedSession, StartSessionOptions } from './session-login.js';
import { demandTls, endSession, startSession } from './session-login.js';
import { createSessionMiddleware } from './session-middleware.js';
import { TlsDemand } from './tls-demand.js';

export interface SessionOptions extends SessionTimeOptions, RequestIdOptions {
  /** Signs the cookie; at least 32 characters. A list: the first signs, the others still verify. */
  readonly secret: string | readonly string[];
  readonly cookie?: CookieOptions;
  /** Whether a login takes over the host's data of the session before it. Default false: it begins empty. */
  readonly keepData?: boolean;
}

/** Login sessions: begun and ended with the answer to a request, listed and ended by user. */
export interface LoginSessions {
  /**
   * Whether a session can begin with this request, asked before a password is looked at.
   * @throws AuthError `tls_required` in production for a request over plain HTTP; Error when the cookie, which no `token`
   * needs, is `Secure` and the request did not come over TLS.
   */
  demandTls(req: Request, options?: Pick<StartSessionOptions, 'token'>): void;
  /**
   * Begins a session for a user whose login `logins.authenticate` or `logins.exchange` has accepted.
   * With `latchkey.session()` mounted, `req.session` is null for the rest of this request: the next one has the new session.
   */
  start(req: Request, res: Response, who: Authenticated, options?: StartSessionOptions): Promise<StartedSession>;
  /** Logs out the session that `principal` came with: as `end`. */
  endCurrent(req: Request, res: Response, principal: Principal): Promise<void>;
  /** The user's sessions that are alive, newest first. */
  list(userId: string): Promise<Session[]>;
  /** A page of an organisation's users who have sessions, by their id. @throws AuthError `invalid_request`. */
  users(query: SessionUsersQuery): Promise<SessionUserPage>;
  /** By the public id; null when it has ended. */
  find(id: string): Promise<Session | null>;
  /**
   * By the public id. False when the user has no such session. When it resolves, after `session.rememberMs`, the session is over
   * in every process, also where somebody else has just ended it.
   * @throws AuthError `not_durable` when it is over, but a failover might bring it back.
   */
  end(id: string, userId: string, options?: EndOptions): Promise<boolean>;
  /** Ends all sessions of a user but `exceptId`, or those of them that `where` picks; returns how many. As `end`. */
  endAll(userId: string, exceptId?: string, options?: EndAllOptions): Promise<number>;
  /** How often the request id of a session was missing or wrong lately. */
  requestIdFailures(id: string): Promise<number>;
}

const COOKIE_KINDS = { name: 'string', secure: 'boolean', sameSite: 'string', path: 'string' } as const;
const KINDS = {
  secret: 'string or list',
  cookie: 'object',
  keepData: 'boolean',
  idleMs: 'number',
  tokenIdleMs: 'number',
  absoluteMs: 'number',
  maxPerUser: 'number',
  whenFull: 'string',
  rememberMs: 'number',
  requestIdHeader: 'string',
  safeMethodsWithoutRequestId: 'boolean',
  xsrfCookie: 'boolean',
} as const;

/** @throws TypeError naming the option that is wrong. */
export function createLoginSessions(
  core: Core,
  { sessions, sessionVerifier }: UserServices,
  options: SessionOptions,
): { sessions: LoginSessions; gate: SessionGate; middleware: () => RequestHandler } {
  checkOptions('session', options, KINDS);
  checkOptions('session.cookie', options.cookie, COOKIE_KINDS);
  const cookie = new SessionCookie(options.secret, options.cookie);
  const tls = core.start.refuses('plain-http') ? new TlsDemand() : null;
  if (tls !== null && !cookie.attributes.secure) {
    throw new TypeError(
      "session.cookie.secure: false sends the cookie in plain text: in production leave it out, or accept it by production: { accept: ['plain-http'] }",
    );
  }
  const host = createSessionMiddleware(
    sessions,
    core.store.state.sessions,
    cookie,
    core.now,
    options.keepData ?? false,
  );
  const gate = new SessionGate(cookie, sessionVerifier, host.loaded, options);
  return {
    gate,
    middleware: host.middleware,
    sessions: {
      demandTls: (req, { token = false } = {}) => demandTls(req, gate, tls, token),
      async start(req, res, who, settings = {}) {
        demandTls(req, gate, tls, settings.token ?? false);
        return await startSession(sessions, gate, host, req, res, who, settings);
      },
      endCurrent: (req, res, principal) => endSession(sessions, gate, host, req, res, principal),
      list: (userId) => sessions.list(userId),
      users: (query) => sessions.users(query),
      find: (id) => sessions.find(id),
      end: (id, userId, settings) => sessions.end(id, userId, settings),
      endAll: (userId, exceptId, settings) => sessions.endAll(userId, exceptId, settings),
      requestIdFailures: (id) => sessionVerifier.requestIdFailures(id),
    },
  };
}
