/**
 * The half of a store that expires: sessions, login tokens, counters. Ids are hashes where the thing itself is secret.
 * Every verb is atomic; a life of 0 or less throws a TypeError: it would mean for ever.
 */
export interface StateStore {
  readonly sessions: SessionStates;
  /** Keeps `value` under `id` for `ttlMs`. Lasts as a change of a record does. @throws AuthError `not_durable`. */
  keep(id: string, value: string, ttlMs: number): Promise<void>;
  /**
   * Reads and deletes: of several at once, exactly one gets it, also where a failover brings it back.
   * @throws AuthError `not_durable` when it was taken, and a failover may bring it back: then nobody has it.
   */
  take(id: string): Promise<string | null>;
  /** Reads what was kept and has it live `ttlMs` from now, in one command: what was taken meanwhile does not come back. */
  slide(id: string, ttlMs: number): Promise<string | null>;
  /** True for one of those who ask for `id` within `ttlMs`, never for two; for none where its answer was lost. */
  claim(id: string, ttlMs: number): Promise<boolean>;
  /**
   * Counts one more request of `subject` within a window that begins with its first. Always ask with the same length for
   * one subject. Over a broken connection one may count twice.
   */
  hit(subject: string, windowMs: number): Promise<Hits>;
  /** Counts one more try, made at `nowAt`, or refuses it because too many failed before. */
  attempt(subject: string, rule: AttemptRule, nowAt: number): Promise<Attempt>;
  /** The tries of a subject so far, without counting one; `lastAt` is the last of them. */
  attempts(subject: string): Promise<Attempt>;
  /** Takes back one try: it succeeded. Nobody waits while fewer than the rule's limit are left. */
  takeBackAttempt(subject: string, rule: AttemptRule): Promise<void>;
  /** Forgets the tries of a subject. */
  clearAttempts(subject: string): Promise<void>;
  /** Tells every process that a user was changed, through the change feed. */
  touchUser(userId: string): Promise<void>;
}

export interface Hits {
  /** This one included. */
  readonly count: number;
  /** When the window ends, in ms from now. */
  readonly resetMs: number;
}

export interface AttemptRule {
  /** Tries that are free, within `windowMs` of the first. */
  readonly limit: number;
  readonly windowMs: number;
  /** Every try beyond the limit waits: this long, then twice as long each time, up to `maxWaitMs`. */
  readonly waitMs: number;
  readonly maxWaitMs: number;
}

export interface Attempt {
  /** Tries counted, this one included. */
  readonly count: number;
  /** How long to wait before the next one, in ms; 0: this one may go on. */
  readonly waitMs: number;
  /** When the try before this one was made; null when there was none. */
  readonly lastAt: number | null;
}

/** A session as it is kept: two JSON texts, of which only the login is Latchkey's. */
export interface StoredSession {
  /** Raised by every save. */
  readonly version: number;
  /** Who is logged in; null for a session of the host's that nobody is logged in to. */
  readonly login: string | null;
  /** The host's own data, as express-session has it. */
  readonly data: string;
}

export interface ListedSession {
  readonly id: string;
  readonly login: string;
  /** How long it lives from now without use, in ms. */
  readonly ttlMs: number;
}

export interface SessionStates {
  /**
   * False when the id exists. A session with a user is entered in the user's index until `expiresAt`, and the user in that of
   * the organisation; then it is written, and lasts as a change of a record does. @throws AuthError `not_durable` when a failover may undo it.
   */
  insert(id: string, session: NewSession, ttlMs: number): Promise<boolean>;
  /**
   * Reads a session and has it live `ttlMs` from now, in one command.
   *
   * @param known what was read of it before, with or without the host's data: itself is the answer where version and login are
   * the same still, so that nothing has to be sent that the caller has. A store may answer a new object all the same.
   */
  read(id: string, ttlMs: number, known?: StoredSession): Promise<StoredSession | null>;
  /**
   * Replaces the host's data when the stored version is still `version`: null. Else what is stored now, or `gone`: a
   * session that was ended is never written again.
   */
  save(id: string, version: number, data: string, ttlMs: number): Promise<StoredSession | 'gone' | null>;
  /**
   * Ends a session; when this resolves it cannot be read any more. False when there was none. The end of one with a user lasts
   * as a change of a record does. @throws AuthError `not_durable` when a failover may bring it back.
   */
  end(id: string, userId: string | null): Promise<boolean>;
  /** Reads a session without having it live longer; null too where nobody is logged in. */
  find(id: string): Promise<ListedSession | null>;
  /** The sessions of a user that are still alive. */
  list(userId: string): Promise<ListedSession[]>;
  /**
   * Users of an organisation, with their sessions that are still alive: by id, ascending by its bytes, after the id `after`.
   * Neither repeats nor skips one who has had a session throughout. A user is entered for the organisation of the login, and
   * stays while any session lasts, be it another organisation's.
   * @param nowAt the process's clock, in epoch ms.
   */
  users(orgId: string | null, after: string | undefined, limit: number, nowAt: number): Promise<SessionUsersPage>;
}

/** A user, with at least one session. */
export interface UserSessions {
  readonly userId: string;
  readonly sessions: readonly ListedSession[];
}

export interface SessionUsersPage {
  /** May be fewer than `limit`, or none, although more follow. */
  readonly users: readonly UserSessions[];
  /** The id after which to go on; null at the end. */
  readonly next: string | null;
}

export interface NewSession {
  readonly login: string | null;
  readonly data: string;
  /** Null: nobody is logged in. */
  readonly userId: string | null;
  /** Of the user; null: none. */
  readonly orgId: string | null;
  /** Epoch ms, as the absolute end. */
  readonly createdAt: number;
  readonly expiresAt: number;
}
