import { randomBytes } from 'node:crypto';
import { setTimeout } from 'node:timers/promises';
import { AuthError, invalidRequest, isNotDurable, passNotDurable } from '../errors.js';
import type { Events } from '../events.js';
import type { Actor } from '../keys/key-rights.js';
import { doer } from '../keys/key-rights.js';
import { LAST_INSTANT, LIMITS } from '../limits.js';
import type { ListedSession, NewSession, SessionStates } from '../stores/state.js';
import type { User } from '../users.js';
import type { FailedLogins } from './lockout.js';
import type { LoginRecord, Session, SessionKind } from './login-record.js';
import { toSession } from './login-record.js';
import type { SessionTimes } from './session-id.js';
import { generateSessionId, hashRequestId, publicSessionId, remainingMs } from './session-id.js';
import type { SessionUserPage, SessionUsersQuery } from './session-users.js';
import { listUsers } from './session-users.js';

const MAX_USER_AGENT = 200;
/** An IPv6 address with a zone fits; what a trusted header claims to be one may be anything. */
const MAX_ADDRESS = 64;
const REQUEST_ID_BYTES = 16;
/** express-session wants its cookie in what it reads. */
const EMPTY_DATA = '{"cookie":{}}';
const DAY_MS = 86_400_000;
/** How often, and after how many ms, one of several logins at once looks whether the others have given way. */
const LOOKS = 10;
const LOOK_AGAIN_MS = 20;
const DEFAULT_REMEMBER_MS = 100;
/** Timers may fire by so much too early. */
const TIMER_SLACK_MS = 2;

export interface SessionTimeOptions {
  /** A session ends after this long without use, in ms. Default 30 minutes. */
  readonly idleMs?: number;
  /** The same for session tokens. Default 10 minutes. */
  readonly tokenIdleMs?: number;
  /** A session ends after this long whatever its use, in ms. Default 12 hours. */
  readonly absoluteMs?: number;
  /** Sessions that one user may have at once. Default: any number. */
  readonly maxPerUser?: number;
  /** What happens to one more: it is refused (409), or the oldest ends. Default `end-oldest`. */
  readonly whenFull?: 'refuse' | 'end-oldest';
  /**
   * For how long a process lets in a session that it has read without asking the store again, in ms: 0 to 1,000. Default 100;
   * 0 where the store is embedded; never longer than half of what the session has left. To end a session takes as much longer:
   * it is over in every process when that resolves, so none may remember for longer than the others. A session may end without
   * use so much earlier.
   */
  readonly rememberMs?: number;
}

/** Kinds whose secrets are drawn here. */
type NativeKind = Exclude<SessionKind, 'dialect'>;

/** A login about to become a session. */
export interface NewLogin {
  readonly user: User;
  readonly kind: NativeKind;
  readonly address: string | null;
  readonly userAgent: string | null;
  readonly failed: FailedLogins;
  /** Shorter than the instance's, for this login. */
  readonly idleMs?: number | undefined;
  readonly absoluteMs?: number | undefined;
}

/** The same, for `beginDrawn`. */
export type DrawnLogin = Pick<NewLogin, 'user' | 'address' | 'userAgent' | 'failed'>;

/** Who ends a session, for the audit trail. */
export interface EndOptions {
  /** Default: nobody who is known. */
  readonly by?: Actor | undefined;
  /** The client's. */
  readonly address?: string | null | undefined;
}

export interface EndAllOptions extends EndOptions {
  /** Which of them; default: all. */
  readonly where?: (session: Session) => boolean;
}

/** Secrets that a dialect has drawn, and the times that it has for them, whatever the instance's are. */
export interface DrawnSession {
  readonly sessionId: string;
  /** Null: the session needs none. */
  readonly requestId: string | null;
  readonly idleMs: number;
  /** Infinity: until `LAST_INSTANT`. */
  readonly absoluteMs: number;
}

/** The secrets of a new session, told once. */
export interface BegunSession {
  readonly sessionId: string;
  readonly requestId: string;
  readonly login: LoginRecord;
}

/** What `save` stores of it. */
type StorableSession = Pick<BegunSession, 'sessionId' | 'login'>;

/** Begins, lists and ends login sessions. */
export class Sessions {
  readonly #states: SessionStates;
  readonly #events: Events;
  readonly #now: () => number;
  readonly #idleMs: Readonly<Record<NativeKind, number>>;
  readonly #absoluteMs: number;
  readonly #maxPerUser: number;
  readonly #whenFull: 'refuse' | 'end-oldest';
  /** See `SessionTimeOptions`. */
  readonly rememberMs: number;

  /**
   * @param isEmbedded whether no other process reads these sessions.
   * @throws TypeError for an option out of range.
   */
  constructor(
    states: SessionStates,
    options: SessionTimeOptions,
    events: Events,
    now: () => number,
    isEmbedded: boolean,
  ) {
    this.#events = events;
    const { maxPerUser = Number.POSITIVE_INFINITY, whenFull = 'end-oldest' } = options;
    this.#states = states;
    this.#now = now;
    this.#idleMs = {
      cookie: duration('idleMs', options.idleMs ?? 1_800_000),
      token: duration('tokenIdleMs', options.tokenIdleMs ?? 600_000),
    };
    this.#absoluteMs = duration('absoluteMs', options.absoluteMs ?? 43_200_000);
    const isAny = maxPerUser === Number.POSITIVE_INFINITY;
    if (!isAny && !(Number.isInteger(maxPerUser) && maxPerUser >= 1)) {
      throw new TypeError('session.maxPerUser must be at least 1');
    }
    if (!['refuse', 'end-oldest'].includes(whenFull)) {
      throw new TypeError('session.whenFull must be "refuse" or "end-oldest"');
    }
    this.#maxPerUser = maxPerUser;
    this.#whenFull = whenFull;
    const { rememberMs = DEFAULT_REMEMBER_MS } = options;
    if (!Number.isSafeInteger(rememberMs) || rememberMs < 0 || rememberMs > LIMITS.rememberMs) {
      throw new TypeError(`session.rememberMs must be a whole number of ms from 0 to ${LIMITS.rememberMs}`);
    }
    this.rememberMs = isEmbedded ? 0 : rememberMs;
  }

  /** An id for a session of the host's that nobody is logged in to. */
  anonymousId(): string {
    return generateSessionId({ idleMs: this.#idleMs.cookie, expiresAt: this.#now() + this.#absoluteMs });
  }

  /** Makes a session and its secrets; nothing is stored yet. */
  begin(login: NewLogin): BegunSession {
    const { kind, idleMs, absoluteMs } = login;
    const createdAt = this.#now();
    const requestId = randomBytes(REQUEST_ID_BYTES).toString('hex').toUpperCase();
    const times = {
      idleMs: shorter('idleMs', idleMs, this.#idleMs[kind]),
      expiresAt: createdAt + shorter('absoluteMs', absoluteMs, this.#absoluteMs),
    };
    const sessionId = generateSessionId(times);
    return { sessionId, requestId, login: toRecord(login, kind, times, requestId, createdAt) };
  }

  /** As `begin`, for secrets that a dialect has drawn: they do not carry the times of the session. */
  beginDrawn(login: DrawnLogin, { sessionId, requestId, idleMs, absoluteMs }: DrawnSession): StorableSession {
    const createdAt = this.#now();
    const times = { idleMs, expiresAt: Math.min(createdAt + absoluteMs, LAST_INSTANT) };
    return { sessionId, login: toRecord(login, 'dialect', times, requestId, createdAt) };
  }

  /**
   * Stores a session that has begun. `data` is the host's own, as express-session has it in JSON; default empty.
   * @throws Error where another session has the same id: whoever drew it does not draw at random; AuthError `not_durable`,
   * the session being ended as far as that goes.
   */
  async save({ sessionId, login }: StorableSession, data = EMPTY_DATA): Promise<Session> {
    const { userId, orgId, createdAt, expiresAt } = login;
    const ttlMs = remainingMs(login, createdAt);
    const session = { login: JSON.stringify(login), data, userId, orgId, createdAt, expiresAt };
    const id = publicSessionId(sessionId);
    const isNew = await this.#insert(id, session, ttlMs);
    // One that was sent twice over a broken connection is ours all the same.
    if (!isNew && (await this.#states.find(id))?.login !== session.login) throw new Error('the session id is taken');
    const { kind, address } = login;
    this.#events.emit({ type: 'session.started', at: createdAt, address, orgId, sessionId: id, userId, kind });
    return toSession(id, login, ttlMs, createdAt);
  }

  /**
   * Sees to it that the user of a session just stored has no more than `maxPerUser`.
   * @throws AuthError `conflict`, the session being ended, when it is refused.
   */
  async enforceLimit(begun: StorableSession): Promise<void> {
    if (this.#maxPerUser === Number.POSITIVE_INFINITY) return;
    if (this.#whenFull === 'refuse') return await this.refuseBeyond(begun, this.#maxPerUser);
    const { userId, address } = begun.login;
    const oldest = (await this.#aliveByAge(userId)).slice(0, -this.#maxPerUser);
    if (oldest.length > 0) await this.#end(oldest, { by: userId, address }).catch(passNotDurable); // not the login's concern
  }

  /**
   * Refuses a session just stored where its user has more than `most`. It stays only once it has seen no more than allowed:
   * whatever the clocks say, and however many come at once, of which the oldest stay.
   * @throws AuthError `conflict`, the session being ended, when it is refused.
   */
  async refuseBeyond({ sessionId, login }: StorableSession, most: number): Promise<void> {
    const { userId, orgId, address } = login;
    const id = publicSessionId(sessionId);
    for (let looks = 0; looks < LOOKS; looks++) {
      const sessions = await this.#aliveByAge(userId);
      if (sessions.length <= most) return;
      if (!sessions.slice(0, most).some((session) => session.id === id)) break;
      await setTimeout(LOOK_AGAIN_MS);
    }
    // No process can remember a session whose secret nobody was told.
    const isEnded = await this.#states.end(id, userId).catch(passNotDurable);
    if (isEnded) this.#tell({ id, userId, orgId }, { by: userId, address });
    throw new AuthError('conflict', { message: 'The user has as many sessions as are allowed. End one of them.' });
  }

  /** The user's sessions that are alive, newest first. */
  async list(userId: string): Promise<Session[]> {
    const nowAt = this.#now();
    return (await this.#ofUser(userId))
      .map(({ id, login, ttlMs }) => toSession(id, login, ttlMs, nowAt))
      .filter(({ expiresAt }) => expiresAt > nowAt)
      .sort((a, b) => b.createdAt - a.createdAt || (a.id < b.id ? 1 : -1));
  }

  /** A page of an organisation's users who have sessions, by their id. */
  users(query: SessionUsersQuery): Promise<SessionUserPage> {
    return listUsers(this.#states, query, this.#now);
  }

  /** By the public id; null when it has ended. */
  async find(id: string): Promise<Session | null> {
    const found = await this.#states.find(id);
    const nowAt = this.#now();
    const session = found && toSession(id, JSON.parse(found.login) as LoginRecord, found.ttlMs, nowAt);
    return session !== null && session.expiresAt > nowAt ? session : null;
  }

  /**
   * By the public id. False when there was no such session of this user. When it resolves, the session is over in every
   * process, also where somebody else has just ended it.
   * @throws AuthError `not_durable` when it is over, but a failover might bring it back.
   */
  async end(id: string, userId: string, options: EndOptions = {}): Promise<boolean> {
    const session = await this.find(id);
    if (session !== null && session.userId !== userId) return false;
    return (await this.#end(session === null ? [] : [session], options)) === 1;
  }

  /** By the public id, whoever is logged in to it, or nobody. When it resolves, the session is over, as with `end`. */
  async endAnybodys(id: string, options: EndOptions = {}): Promise<void> {
    const session = await this.find(id);
    const isVisitors = session === null && (await this.#states.end(id, null));
    if (!isVisitors) await this.#end(session === null ? [] : [session], options);
  }

  /**
   * Ends all sessions of a user but `exceptId`; returns how many. When it resolves, they are over, as with `end`.
   * @throws AuthError as `end` does; `store_unavailable` when some of them may be left.
   */
  async endAll(
    userId: string,
    exceptId?: string,
    { where = () => true, ...options }: EndAllOptions = {},
  ): Promise<number> {
    const nowAt = this.#now();
    const theirs = (await this.#ofUser(userId)).map(({ id, login, ttlMs }) => toSession(id, login, ttlMs, nowAt));
    return await this.#end(
      theirs.filter((session) => session.id !== exceptId && where(session)),
      options,
    );
  }

  /** An index may name a session that was another's already when this user was to get it. */
  async #ofUser(userId: string): Promise<(Omit<ListedSession, 'login'> & { readonly login: LoginRecord })[]> {
    const listed = await this.#states.list(userId);
    return listed
      .map((session) => ({ ...session, login: JSON.parse(session.login) as LoginRecord }))
      .filter(({ login }) => login.userId === userId);
  }

  async #aliveByAge(userId: string): Promise<Session[]> {
    return (await this.list(userId)).toSorted((a, b) => a.createdAt - b.createdAt || (a.id < b.id ? -1 : 1));
  }

  /** A session that nobody was told of is of no use, and must not count as one of the user's. */
  async #insert(id: string, session: NewSession, ttlMs: number): Promise<boolean> {
    try {
      return await this.#states.insert(id, session, ttlMs);
    } catch (error) {
      if (isNotDurable(error)) await this.#states.end(id, session.userId).catch(() => {}); // told so
      throw error;
    }
  }

  /**
   * Ends sessions that are known to be their users', and tells of each; returns how many. Settles once no process remembers them
   * any more: also where there are none left, since whoever ended them may still be waiting.
   */
  async #end(sessions: readonly Ended[], options: EndOptions): Promise<number> {
    const ends = await Promise.allSettled(sessions.map(({ id, userId }) => this.#states.end(id, userId)));
    const failures = ends.flatMap((end) => (end.status === 'rejected' ? [end.reason as unknown] : []));
    const unended = failures.find((error) => !isNotDurable(error));
    if (unended !== undefined && failures.length === sessions.length) throw unended; // nothing to wait for
    if (this.rememberMs > 0) await setTimeout(this.rememberMs + TIMER_SLACK_MS);
    const ended = sessions.filter((_, at) => isTrue(ends[at]));
    for (const session of ended) this.#tell(session, options);
    if (failures.length > 0) throw unended ?? failures[0];
    return ended.length;
  }

  #tell({ id: sessionId, userId, orgId }: Ended, { by, address = null }: EndOptions): void {
    const who = by === undefined ? NOBODY : doer(by);
    this.#events.emit({ type: 'session.ended', at: this.#now(), address, orgId, ...who, sessionId, userId });
  }
}

function toRecord(
  { user, address, userAgent, failed }: DrawnLogin,
  kind: SessionKind,
  times: SessionTimes,
  requestId: string | null,
  createdAt: number,
): LoginRecord {
  return {
    ...times,
    userId: user.id,
    orgId: user.orgId,
    userName: user.userName,
    kind,
    requestIdHash: requestId === null ? null : hashRequestId(requestId),
    createdAt,
    address: address === null ? null : address.slice(0, MAX_ADDRESS),
    userAgent: userAgent === null ? null : userAgent.slice(0, MAX_USER_AGENT),
    failedBefore: failed.count,
    lastFailedAt: failed.count === 0 ? null : failed.lastAt,
  };
}

type Ended = Pick<Session, 'id' | 'userId' | 'orgId'>;

function isTrue(end: PromiseSettledResult<boolean> | undefined): boolean {
  return end?.status === 'fulfilled' && end.value;
}

const NOBODY = { actorId: null, credentialId: null };

function duration(name: string, ms: number): number {
  if (Number.isSafeInteger(ms) && ms >= 1_000 && ms <= 366 * DAY_MS) return ms;
  throw new TypeError(`session.${name} must be a whole number of ms from 1,000 to a year`);
}

/** A login may ask for less than the instance allows, not for more. */
function shorter(name: string, asked: number | undefined, allowed: number): number {
  if (asked === undefined) return allowed;
  if (Number.isSafeInteger(asked) && asked >= 1_000 && asked <= allowed) return asked;
  throw invalidRequest([{ path: name, message: `must be a whole number of ms from 1000 to ${allowed}` }]);
}
