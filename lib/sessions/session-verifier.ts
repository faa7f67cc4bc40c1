import { timingSafeEqual } from 'node:crypto';
import type { PrincipalCredential } from '../principal.js';
import { Principal, Rights } from '../principal.js';
import type { Refusal } from '../refusal.js';
import {
  COOKIE_OWNER_DISABLED,
  COOKIE_SESSION_ENDED,
  OWNER_DISABLED,
  REQUEST_ID_MISSING,
  REQUEST_ID_WRONG,
  SESSION_ENDED,
} from '../refusal.js';
import type { SessionStates, StateStore, StoredSession } from '../stores/state.js';
import type { Telemetry } from '../telemetry/telemetry.js';
import type { User } from '../users.js';
import type { Owner, Owners } from '../verification/owners.js';
import type { LoginRecord } from './login-record.js';
import { authUserName, hashRequestId, parseSessionId, publicSessionId, remainingMs } from './session-id.js';

/** Wrong request ids of one session are counted for this long after the first, in ms. */
const COUNT_WINDOW_MS = 900_000;
const NEVER_WAIT = { limit: Number.MAX_SAFE_INTEGER, windowMs: COUNT_WINDOW_MS, waitMs: 1, maxWaitMs: 1 };

/**
 * Turns a session into a principal, or refuses it: one command for the store, which also slides it; none when the
 * session middleware has read it already.
 */
export class SessionVerifier {
  readonly #state: StateStore;
  readonly #owners: Owners;
  readonly #now: () => number;
  readonly #telemetry: Telemetry;

  constructor(state: StateStore, owners: Owners, now: () => number, telemetry: Telemetry) {
    this.#telemetry = telemetry;
    this.#state = state;
    this.#owners = owners;
    this.#now = now;
  }

  get #sessions(): SessionStates {
    return this.#state.sessions;
  }

  /** `userName` and `token` of Basic. */
  verifyToken(userName: string, token: string): Promise<Principal | Refusal> {
    return this.#telemetry.traced('basic', () => this.#verifyToken(userName, token));
  }

  async #verifyToken(userName: string, token: string): Promise<Principal | Refusal> {
    const id = publicSessionId(token);
    const login = userName === authUserName(id) ? await this.#read(token, id) : null;
    return login?.kind === 'token' ? this.#principal(login, id, 'basic') : SESSION_ENDED;
  }

  /**
   * A session that a cookie carries.
   *
   * @param loaded what the session middleware read; null: it is read here.
   * @param requestId what came in the header; undefined: nothing. Null: none is needed for this request.
   */
  verifyCookie(
    sessionId: string,
    loaded: LoginRecord | null,
    requestId: string | undefined | null,
  ): Promise<Principal | Refusal> {
    return this.#telemetry.traced('session-cookie', () => this.#verifyCookie(sessionId, loaded, requestId));
  }

  async #verifyCookie(
    sessionId: string,
    loaded: LoginRecord | null,
    requestId: string | undefined | null,
  ): Promise<Principal | Refusal> {
    const id = publicSessionId(sessionId);
    const login = loaded ?? (await this.#read(sessionId, id));
    if (login === null || login.kind !== 'cookie' || login.expiresAt <= this.#now()) return COOKIE_SESSION_ENDED;
    if (requestId !== null) {
      const refusal = this.#checkRequestId(login, id, requestId);
      if (refusal !== null) return refusal;
    }
    return this.#principal(login, id, 'session-cookie');
  }

  /**
   * A session that a dialect has begun: no other one is let in, whatever its id. Slides it by `idleMs`, its secret not
   * telling that.
   *
   * @param requestId what came; undefined or null: nothing, which is refused where the session has one.
   */
  verifyDrawn(sessionId: string, idleMs: number, requestId: string | undefined | null): Promise<Principal | Refusal> {
    const scheme = requestId === null ? 'basic' : 'session-cookie';
    return this.#telemetry.traced(scheme, () => this.#verifyDrawn(sessionId, idleMs, requestId ?? undefined, scheme));
  }

  async #verifyDrawn(
    sessionId: string,
    idleMs: number,
    requestId: string | undefined,
    scheme: SessionScheme,
  ): Promise<Principal | Refusal> {
    const ended = scheme === 'basic' ? SESSION_ENDED : COOKIE_SESSION_ENDED;
    if (parseSessionId(sessionId) !== null) return ended; // one of our own is not even slid
    const id = publicSessionId(sessionId);
    const stored = await this.#sessions.read(id, idleMs);
    const login = loginIn(stored);
    if (login?.kind !== 'dialect') return ended;
    if (login.expiresAt <= this.#now()) {
      this.#sessions.end(id, login.userId).catch(() => {}); // reading has slid it beyond its end
      return ended;
    }
    // One that was begun without a request id is none of those that have one: whatever came with it is wrong.
    const isBare = login.requestIdHash === null;
    if (isBare && requestId !== undefined) return REQUEST_ID_WRONG;
    const refusal = isBare ? null : this.#checkRequestId(login, id, requestId);
    return refusal ?? (await this.#principal(login, id, scheme));
  }

  /** Of a user who has just proven who they are; null when they are disabled, or not there any more. */
  async principalOfUser({ id, isEnabled }: User): Promise<Principal | null> {
    if (!isEnabled) return null;
    // Whom the cache has for disabled may have been enabled since: the password was accepted.
    const owner = this.#owners.peek(id, this.#now()) ?? (await this.#owners.fetch(id));
    if (owner === null) return null;
    const { userName: name } = owner.user;
    return ownerPrincipal(owner, { kind: 'password', id, name, scheme: 'basic', expiresAt: null });
  }

  /** How often the request id of a session was missing or wrong lately. */
  async requestIdFailures(id: string): Promise<number> {
    return (await this.#state.attempts(`rid-${id}`)).count;
  }

  async #read(sessionId: string, id: string): Promise<LoginRecord | null> {
    const times = parseSessionId(sessionId);
    const ttlMs = times === null ? 0 : remainingMs(times, this.#now());
    if (ttlMs <= 0) return null;
    const stored = await this.#sessions.read(id, ttlMs);
    return loginIn(stored);
  }

  /** In constant time. Failures are counted, without keeping the request waiting. */
  #checkRequestId(login: LoginRecord, id: string, requestId: string | undefined): Refusal | null {
    const isRight =
      requestId !== undefined &&
      login.requestIdHash !== null &&
      timingSafeEqual(Buffer.from(hashRequestId(requestId)), Buffer.from(login.requestIdHash));
    if (isRight) return null;
    this.#state.attempt(`rid-${id}`, NEVER_WAIT, this.#now()).catch(() => {}); // the refusal stands without the count
    return requestId === undefined ? REQUEST_ID_MISSING : REQUEST_ID_WRONG;
  }

  #principal(login: LoginRecord, id: string, scheme: SessionScheme): Verdict | Promise<Verdict> {
    const owner = this.#owners.peek(login.userId, this.#now());
    if (owner !== undefined) return settle(owner, login, id, scheme);
    return this.#owners.fetch(login.userId).then((asked) => settle(asked, login, id, scheme));
  }
}

type Verdict = Principal | Refusal;
type SessionScheme = 'basic' | 'session-cookie';

function settle(owner: Owner | null, login: LoginRecord, id: string, scheme: SessionScheme): Verdict {
  if (owner === null) return scheme === 'session-cookie' ? COOKIE_OWNER_DISABLED : OWNER_DISABLED;
  return sessionPrincipal(owner, login, id, scheme);
}

function loginIn(stored: StoredSession | null): LoginRecord | null {
  return stored === null || stored.login === null ? null : (JSON.parse(stored.login) as LoginRecord);
}

function sessionPrincipal(owner: Owner, login: LoginRecord, sessionId: string, scheme: SessionScheme): Principal {
  const credential = {
    kind: 'session' as const,
    id: sessionId,
    name: login.userName,
    scheme,
    expiresAt: login.expiresAt,
  };
  return ownerPrincipal(owner, credential);
}

/** With the rights that the user has now. */
function ownerPrincipal({ user, statements, permissions }: Owner, credential: PrincipalCredential): Principal {
  const { id, orgId } = user;
  const none = { policyIds: [], resources: null, properties: {}, locale: null, timeZone: null };
  return new Principal({ id, orgId, credential, statements, ...none }, new Rights(permissions, null));
}
