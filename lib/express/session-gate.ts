import type { Request } from 'express';
import type { Principal } from '../principal.js';
import type { Refusal } from '../refusal.js';
import { COOKIE_SESSION_ENDED, MISSING } from '../refusal.js';
import type { LoginRecord } from '../sessions/login-record.js';
import type { SessionVerifier } from '../sessions/session-verifier.js';
import type { SessionCookie } from './session-cookie.js';

export interface RequestIdOptions {
  /** The header that carries the request id. Default `rID`. */
  readonly requestIdHeader?: string;
  /** Let GET and HEAD through without a request id. Default false. */
  readonly safeMethodsWithoutRequestId?: boolean;
  /**
   * Hand the request id out as the cookie `XSRF-TOKEN` too, which a script of the same origin can read, and take it back in
   * the header `X-XSRF-TOKEN`, in place of `requestIdHeader`. Default false.
   */
  readonly xsrfCookie?: boolean;
}

/**
 * What our own session middleware has read for a request: the login (null: nobody is logged in), or undefined where it is
 * not mounted.
 */
export type LoadedLogin = (
  req: Request,
) => { readonly sessionId: string; readonly login: LoginRecord | null } | undefined;

type Verdict = Principal | Refusal;

/** Lets requests in by session cookie and request id, whether or not `latchkey.session()` is mounted. */
export class SessionGate {
  readonly cookie: SessionCookie;
  /** As hosts and clients write it. */
  readonly requestIdHeader: string;
  readonly hasXsrfCookie: boolean;
  readonly #header: string;
  readonly #verifier: SessionVerifier;
  readonly #loaded: LoadedLogin;
  readonly #isFreeWhenSafe: boolean;

  /** @throws TypeError for a header name that is none. */
  constructor(cookie: SessionCookie, verifier: SessionVerifier, loaded: LoadedLogin, options: RequestIdOptions = {}) {
    const { requestIdHeader = 'rID', safeMethodsWithoutRequestId = false, xsrfCookie = false } = options;
    if (!/^[A-Za-z0-9-]+$/.test(requestIdHeader)) throw new TypeError('session.requestIdHeader must be a header name');
    this.cookie = cookie;
    this.hasXsrfCookie = xsrfCookie;
    this.requestIdHeader = xsrfCookie ? 'X-XSRF-TOKEN' : requestIdHeader;
    this.#header = this.requestIdHeader.toLowerCase();
    this.#verifier = verifier;
    this.#loaded = loaded;
    this.#isFreeWhenSafe = safeMethodsWithoutRequestId;
  }

  verifyToken(userName: string, token: string): Verdict | Promise<Verdict> {
    return this.#verifier.verifyToken(userName, token);
  }

  /** Reads nothing again that the session middleware has read. */
  authenticate(req: Request): Verdict | Promise<Verdict> {
    const loaded = this.#loaded(req);
    // A middleware that found no login has put a new session in place of the one that the cookie names.
    if (loaded?.login) return this.#verifier.verifyCookie(loaded.sessionId, loaded.login, this.#requestId(req));
    const carried = this.cookie.read(req);
    if (carried === null) return MISSING;
    if (loaded !== undefined) return COOKIE_SESSION_ENDED;
    return this.#verifier.verifyCookie(carried.sessionId, null, this.#requestId(req), carried.id);
  }

  /** Null where none is needed. */
  #requestId(req: Request): string | undefined | null {
    if (this.#isFreeWhenSafe && (req.method === 'GET' || req.method === 'HEAD')) return null;
    const value = req.headers[this.#header];
    return typeof value === 'string' ? value : undefined;
  }
}
