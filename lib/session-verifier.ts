import { timingSafeEqual } from 'node:crypto';
import type { LoginRecord } from './login-record.js';
import type { Owner, Owners } from './owners.js';
import { Principal } from './principal.js';
import type { Refusal } from './refusal.js';
import {
  COOKIE_OWNER_DISABLED,
  COOKIE_SESSION_ENDED,
  OWNER_DISABLED,
  REQUEST_ID_MISSING,
  REQUEST_ID_WRONG,
  SESSION_ENDED,
} from './refusal.js';
import type { CredentialScheme } from './secret.js';
import { authUserName, hashRequestId, parseSessionId, publicSessionId, remainingMs } from './session-id.js';
import type { SessionStates, StateStore } from './stores/state.js';

/** Wrong request ids of one session are counted for this long after the first, in ms. */
const COUNT_WINDOW_MS = 900_000;
const NEVER_WAIT = { limit: Number.MAX_SAFE_INTEGER, windowMs: COUNT_WINDOW_MS, waitMs: 1, maxWaitMs: 1 };

/** A session that the session middleware has read already. */
export interface LoadedSession {
  readonly sessionId: string;
  readonly login: LoginRecord;
}

/**
 * Turns a session into a principal, or refuses it: one command for the store, which also slides it; none when the
 * session middleware has read it already.
 */
export class SessionVerifier {
  readonly #state: StateStore;
  readonly #owners: Owners;
  readonly #now: () => number;

  constructor(state: StateStore, owners: Owners, now: () => number) {
    this.#state = state;
    this.#owners = owners;
    this.#now = now;
  }

  get #sessions(): SessionStates {
    return this.#state.sessions;
  }

  /** `userName` and `token` of Basic. */
  async verifyToken(userName: string, token: string): Promise<Principal | Refusal> {
    const login = await this.#read(token);
    if (login === null || login.kind !== 'token' || userName !== authUserName(token)) return SESSION_ENDED;
    return await this.#principal(login, token, 'basic');
  }

  /**
   * A session that a cookie carries.
   *
   * @param loaded what the session middleware read; null: it is read here.
   * @param requestId what came in the header; undefined: nothing. Null: none is needed for this request.
   */
  async verifyCookie(
    sessionId: string,
    loaded: LoginRecord | null,
    requestId: string | undefined | null,
  ): Promise<Principal | Refusal> {
    const login = loaded ?? (await this.#read(sessionId));
    if (login === null || login.kind !== 'cookie' || login.expiresAt <= this.#now()) return COOKIE_SESSION_ENDED;
    if (requestId !== null) {
      const refusal = this.#checkRequestId(login, sessionId, requestId);
      if (refusal !== null) return refusal;
    }
    return await this.#principal(login, sessionId, 'session-cookie');
  }

  /** How often the request id of a session was missing or wrong lately. */
  async requestIdFailures(id: string): Promise<number> {
    return (await this.#state.attempts(`rid-${id}`)).count;
  }

  async #read(sessionId: string): Promise<LoginRecord | null> {
    const times = parseSessionId(sessionId);
    const ttlMs = times === null ? 0 : remainingMs(times, this.#now());
    if (ttlMs <= 0) return null;
    const stored = await this.#sessions.read(publicSessionId(sessionId), ttlMs);
    return stored === null || stored.login === null ? null : (JSON.parse(stored.login) as LoginRecord);
  }

  /** In constant time. Failures are counted, without keeping the request waiting. */
  #checkRequestId(login: LoginRecord, sessionId: string, requestId: string | undefined): Refusal | null {
    const isRight =
      requestId !== undefined &&
      timingSafeEqual(Buffer.from(hashRequestId(requestId)), Buffer.from(login.requestIdHash));
    if (isRight) return null;
    const subject = `rid-${publicSessionId(sessionId)}`;
    this.#state.attempt(subject, NEVER_WAIT, this.#now()).catch(() => {}); // the refusal stands without the count
    return requestId === undefined ? REQUEST_ID_MISSING : REQUEST_ID_WRONG;
  }

  async #principal(login: LoginRecord, sessionId: string, scheme: CredentialScheme): Promise<Principal | Refusal> {
    const known = this.#owners.peek(login.userId, this.#now());
    const owner = known === undefined ? await this.#owners.fetch(login.userId) : known;
    if (owner === null) return scheme === 'session-cookie' ? COOKIE_OWNER_DISABLED : OWNER_DISABLED;
    return sessionPrincipal(owner, login, sessionId, scheme);
  }
}

function sessionPrincipal(owner: Owner, login: LoginRecord, sessionId: string, scheme: CredentialScheme): Principal {
  const credential = {
    kind: 'session' as const,
    id: publicSessionId(sessionId),
    name: login.userName,
    scheme,
    expiresAt: login.expiresAt,
  };
  const { user, statements, rights } = owner;
  const { id, orgId } = user;
  const identity = { id, orgId, credential, statements, resources: null, properties: {}, locale: null, timeZone: null };
  return new Principal(identity, rights);
}
