import { isNotDurable, passNotDurable } from '../errors.js';
import { AfterFailover, lookAtEach } from '../stores/after-failover.js';
import type {
  ListedSession,
  NewSession,
  SessionStates,
  SessionUsersPage,
  StateStore,
  StoredSession,
} from '../stores/state.js';
import type { ChangeFeed } from '../stores/store.js';

/** Remembered at most: about 200 bytes. The oldest go first. */
const MAX_REMEMBERED = 10_000;
/** Sessions looked at, or ended again, at once. */
const CONCURRENCY = 32;

/**
 * The sessions of a store, of which those that ended stay ended, as `StubbornKeys` has it for keys: this process remembers
 * those that it ended, reads such a one as gone although a failover has brought it back, and ends it again. It looks by itself
 * once the change feed was lost and is back. An id is never used twice, so there is no doubt.
 */
export class StubbornSessions implements SessionStates {
  readonly #states: SessionStates;
  readonly #after: AfterFailover;
  /** The users, by the id of the session; the latest last. */
  readonly #ended = new Map<string, string>();

  constructor(states: SessionStates, feed: ChangeFeed) {
    this.#states = states;
    this.#after = new AfterFailover(feed, () => this.#lookAtAll());
  }

  insert(id: string, session: NewSession, ttlMs: number): Promise<boolean> {
    return this.#states.insert(id, session, ttlMs);
  }

  read(id: string, ttlMs: number, known?: StoredSession): Promise<StoredSession | null> {
    if (!this.#ended.has(id)) return this.#states.read(id, ttlMs, known);
    return this.#over(id, () => this.#states.read(id, ttlMs), null);
  }

  save(id: string, version: number, data: string, ttlMs: number): Promise<StoredSession | 'gone' | null> {
    const find = () => this.#states.find(id);
    return this.#ended.has(id) ? this.#over(id, find, 'gone') : this.#states.save(id, version, data, ttlMs);
  }

  /** An end that may have been made counts as made: it was asked for. */
  async end(id: string, userId: string | null): Promise<boolean> {
    try {
      const isEnded = await this.#states.end(id, userId);
      this.#note(id, userId);
      return isEnded;
    } catch (error) {
      if (isNotDurable(error)) this.#note(id, userId);
      throw error;
    }
  }

  find(id: string): Promise<ListedSession | null> {
    const find = () => this.#states.find(id);
    return this.#ended.has(id) ? this.#over(id, find, null) : find();
  }

  async list(userId: string): Promise<ListedSession[]> {
    return this.#notEnded(await this.#states.list(userId));
  }

  async users(
    orgId: string | null,
    after: string | undefined,
    limit: number,
    nowAt: number,
  ): Promise<SessionUsersPage> {
    const { users, next } = await this.#states.users(orgId, after, limit, nowAt);
    const alive = users.map((user) => ({ ...user, sessions: this.#notEnded(user.sessions) }));
    return { users: alive.filter(({ sessions }) => sessions.length > 0), next };
  }

  close(): void {
    this.#after.close();
  }

  #notEnded(sessions: readonly ListedSession[]): ListedSession[] {
    if (sessions.some(({ id }) => this.#ended.has(id))) this.#after.doubt();
    return sessions.filter(({ id }) => !this.#ended.has(id));
  }

  /** Sessions that nobody is logged in to need not last, nor do their ends. */
  #note(id: string, userId: string | null): void {
    if (userId === null) return;
    this.#ended.delete(id);
    this.#ended.set(id, userId);
    if (this.#ended.size > MAX_REMEMBERED) this.#ended.delete(this.#ended.keys().next().value as string);
  }

  /** Answers as for one that is gone, also where it is back and cannot be ended now. */
  async #over<Answer>(id: string, look: () => Promise<unknown>, answer: Answer): Promise<Answer> {
    const isBack = await this.#endAgain(id, look).catch(() => true);
    if (isBack) this.#after.doubt(); // others may be back with it
    return answer;
  }

  /** Whether it was there. */
  async #endAgain(id: string, look: () => Promise<unknown>): Promise<boolean> {
    if ((await look()) === null) return false;
    await this.#states.end(id, this.#ended.get(id) ?? null).catch(passNotDurable); // there may be no replica yet
    return true;
  }

  /** The latest first: what a failover loses is the latest. False when the store cut it short. */
  #lookAtAll(): Promise<boolean> {
    const ids = [...this.#ended.keys()].reverse();
    return lookAtEach(ids, CONCURRENCY, async (id) => void (await this.#endAgain(id, () => this.#states.find(id))));
  }
}

/** `state`, with these sessions in place of its own. */
export function withSessions(state: StateStore, sessions: SessionStates): StateStore {
  return {
    sessions,
    keep: (id, value, ttlMs) => state.keep(id, value, ttlMs),
    take: (id) => state.take(id),
    slide: (id, ttlMs) => state.slide(id, ttlMs),
    claim: (id, ttlMs) => state.claim(id, ttlMs),
    hit: (subject, windowMs) => state.hit(subject, windowMs),
    attempt: (subject, rule, nowAt) => state.attempt(subject, rule, nowAt),
    attempts: (subject) => state.attempts(subject),
    takeBackAttempt: (subject, rule) => state.takeBackAttempt(subject, rule),
    clearAttempts: (subject) => state.clearAttempts(subject),
    touchUser: (userId) => state.touchUser(userId),
  };
}
