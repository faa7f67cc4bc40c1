import type { Principal } from '../principal.js';
import {
  COOKIE_OWNER_DISABLED,
  COOKIE_SESSION_ENDED,
  OWNER_DISABLED,
  REQUEST_ID_MISSING,
  REQUEST_ID_WRONG,
  Refusal,
  SESSION_ENDED,
} from '../refusal.js';
import type { SessionStates, StateStore } from '../stores/state.js';
import type { Telemetry } from '../telemetry/telemetry.js';
import type { User } from '../users.js';
import type { Owner, Owners } from '../verification/owners.js';
import type { SessionScheme } from './known-logins.js';
import { KnownLogin, KnownLogins, ownerPrincipal } from './known-logins.js';
import type { LoginRecord } from './login-record.js';
import { authUserName, parseSessionId, publicSessionId, remainingMs } from './session-id.js';

/** Wrong request ids of one session are counted for this long after the first, in ms. */
const COUNT_WINDOW_MS = 900_000;
const NEVER_WAIT = { limit: Number.MAX_SAFE_INTEGER, windowMs: COUNT_WINDOW_MS, waitMs: 1, maxWaitMs: 1 };

/**
 * Turns a session into a principal, or refuses it: one command for the store, which also slides it. None, and no promise, for
 * one that is remembered, or that the session middleware has read already.
 */
export class SessionVerifier {
  readonly #state: StateStore;
  readonly #owners: Owners;
  readonly #now: () => number;
  readonly #telemetry: Telemetry;
  readonly #logins: KnownLogins;

  /** @param rememberMs as `Sessions` has it. */
  constructor(state: StateStore, owners: Owners, now: () => number, telemetry: Telemetry, rememberMs: number) {
    this.#logins = new KnownLogins(rememberMs);
    this.#telemetry = telemetry;
    this.#state = state;
    this.#owners = owners;
    this.#now = now;
  }

  get #sessions(): SessionStates {
    return this.#state.sessions;
  }

  /** `userName` and `token` of Basic. */
  verifyToken(userName: string, token: string): Verdict | Promise<Verdict> {
    const id = publicSessionId(token);
    if (userName !== authUserName(id)) return this.#atOnce('basic', SESSION_ENDED);
    const login = this.#logins.remembered(id, this.#now());
    if (login !== null) return this.#atOnce('basic', this.#ofToken(login, id));
    return this.#telemetry.traced('basic', async () => settled(this.#ofToken(await this.#read(token, id), id)));
  }

  /**
   * A session that a cookie carries.
   *
   * @param loaded what the session middleware read; null: it is read here.
   * @param requestId what came in the header; undefined: nothing. Null: none is needed for this request.
   * @param id the public id, where it is known.
   */
  verifyCookie(
    sessionId: string,
    loaded: LoginRecord | null,
    requestId: string | undefined | null,
    id: string = publicSessionId(sessionId),
  ): Verdict | Promise<Verdict> {
    const login = loaded === null ? this.#logins.remembered(id, this.#now()) : new KnownLogin(loaded);
    if (login !== null) return this.#atOnce('session-cookie', this.#ofCookie(login, id, requestId));
    return this.#telemetry.traced('session-cookie', async () =>
      settled(this.#ofCookie(await this.#read(sessionId, id), id, requestId)),
    );
  }

  /**
   * A session that a dialect has begun: no other one is let in, whatever its id. Slides it by `idleMs`, its secret not
   * telling that.
   *
   * @param requestId what came; undefined or null: nothing, which is refused where the session has one.
   */
  verifyDrawn(sessionId: string, idleMs: number, requestId: string | undefined | null): Verdict | Promise<Verdict> {
    const scheme = requestId === null ? 'basic' : 'session-cookie';
    const sent = requestId ?? undefined;
    const id = publicSessionId(sessionId);
    // One of our own is not even slid.
    if (parseSessionId(sessionId) !== null) return this.#atOnce(scheme, this.#ofDrawn(null, id, sent, scheme));
    const login = this.#logins.remembered(id, this.#now());
    if (login !== null) return this.#atOnce(scheme, this.#ofDrawn(login, id, sent, scheme));
    return this.#telemetry.traced(scheme, async () =>
      settled(this.#ofDrawn(await this.#readFor(id, idleMs, this.#now()), id, sent, scheme)),
    );
  }

  #ofToken(login: KnownLogin | null, id: string): Decision {
    return login?.record.kind === 'token' ? this.#principal(login, id, 'basic') : SESSION_ENDED;
  }

  #ofCookie(login: KnownLogin | null, id: string, requestId: string | undefined | null): Decision {
    if (login?.record.kind !== 'cookie' || login.record.expiresAt <= this.#now()) return COOKIE_SESSION_ENDED;
    const refusal = requestId === null ? null : this.#checkRequestId(login, id, requestId);
    return refusal ?? this.#principal(login, id, 'session-cookie');
  }

  #ofDrawn(login: KnownLogin | null, id: string, requestId: string | undefined, scheme: SessionScheme): Decision {
    const ended = scheme === 'basic' ? SESSION_ENDED : COOKIE_SESSION_ENDED;
    if (login?.record.kind !== 'dialect') return ended;
    const { expiresAt, userId, requestIdHash } = login.record;
    if (expiresAt <= this.#now()) {
      this.#sessions.end(id, userId).catch(() => {}); // reading has slid it beyond its end
      return ended;
    }
    // One that was begun without a request id is none of those that have one: whatever came with it is wrong.
    const isBare = requestIdHash === null;
    if (isBare && requestId !== undefined) return REQUEST_ID_WRONG;
    const refusal = isBare ? null : this.#checkRequestId(login, id, requestId);
    return refusal ?? this.#principal(login, id, scheme);
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

  /** Counts a verification that needs nothing of the store. */
  #atOnce(scheme: SessionScheme, decision: Decision): Verdict | Promise<Verdict> {
    if (typeof decision === 'function') return this.#telemetry.traced(scheme, decision);
    this.#telemetry.verified(scheme, decision instanceof Refusal ? decision.reason : null);
    return decision;
  }

  #read(sessionId: string, id: string): Promise<KnownLogin | null> {
    const times = parseSessionId(sessionId);
    const nowAt = this.#now();
    const ttlMs = times === null ? 0 : remainingMs(times, nowAt);
    return ttlMs <= 0 ? Promise.resolve(null) : this.#readFor(id, ttlMs, nowAt);
  }

  /** Remembered from before it is asked for: what ends it meanwhile waits from then on. */
  async #readFor(id: string, ttlMs: number, nowAt: number): Promise<KnownLogin | null> {
    const askedAt = { nowAt, tickedAt: performance.now() };
    const stored = await this.#sessions.read(id, ttlMs, this.#logins.lastRead(id));
    return stored === null ? null : this.#logins.of(id, stored, askedAt, ttlMs);
  }

  /** In constant time. Failures are counted, without keeping the request waiting. */
  #checkRequestId(login: KnownLogin, id: string, requestId: string | undefined): Refusal | null {
    if (requestId !== undefined && login.hasRequestId(requestId)) return null;
    this.#state.attempt(`rid-${id}`, NEVER_WAIT, this.#now()).catch(() => {}); // the refusal stands without the count
    return requestId === undefined ? REQUEST_ID_MISSING : REQUEST_ID_WRONG;
  }

  #principal(login: KnownLogin, id: string, scheme: SessionScheme): Decision {
    const { userId } = login.record;
    const owner = this.#owners.peek(userId, this.#now());
    if (owner !== undefined) return verdictOf(owner, login, id, scheme);
    return this.#askOwner(login, id, scheme);
  }

  /** By itself, since a function that makes closures costs every call a context, made or not. */
  #askOwner(login: KnownLogin, id: string, scheme: SessionScheme): Decision {
    return async () => verdictOf(await this.#owners.fetch(login.record.userId), login, id, scheme);
  }
}

type Verdict = Principal | Refusal;
/** A function where it still has to be asked who the user is: that leaves the process. */
type Decision = Verdict | (() => Promise<Verdict>);

function settled(decision: Decision): Verdict | Promise<Verdict> {
  return typeof decision === 'function' ? decision() : decision;
}

function verdictOf(owner: Owner | null, login: KnownLogin, id: string, scheme: SessionScheme): Verdict {
  if (owner === null) return scheme === 'session-cookie' ? COOKIE_OWNER_DISABLED : OWNER_DISABLED;
  return login.principal(id, scheme, owner);
}
