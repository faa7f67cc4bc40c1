import { checkLife, ExpiringMap } from '../expiring-map.js';
import type { ListedSession, NewSession, SessionStates, SessionUsersPage, StoredSession } from '../state.js';
import { MemorySessionUsers } from './memory-session-users.js';

/** The sessions of the embedded store. */
export class MemorySessions implements SessionStates {
  readonly #sessions: ExpiringMap<StoredSession>;
  readonly #ofUser: ExpiringMap<Map<string, number>>;
  readonly #users = new MemorySessionUsers();
  readonly #now: () => number;

  constructor(now: () => number) {
    this.#now = now;
    this.#sessions = new ExpiringMap(now);
    this.#ofUser = new ExpiringMap(now);
  }

  async insert(id: string, session: NewSession, ttlMs: number): Promise<boolean> {
    checkLife(ttlMs);
    if (this.#sessions.get(id) !== undefined) return false;
    const { login, data, userId, orgId, expiresAt } = session;
    if (userId !== null) {
      this.#enter(userId, id, expiresAt);
      this.#users.enter(orgId, userId, expiresAt, this.#now());
    }
    this.#sessions.set(id, { version: 1, login, data }, ttlMs);
    return true;
  }

  async read(id: string, ttlMs: number): Promise<StoredSession | null> {
    checkLife(ttlMs);
    const session = this.#sessions.get(id);
    if (session === undefined) return null;
    this.#sessions.set(id, session, ttlMs);
    return session;
  }

  async save(id: string, version: number, data: string, ttlMs: number): Promise<StoredSession | 'gone' | null> {
    checkLife(ttlMs);
    const session = this.#sessions.get(id);
    if (session === undefined) return 'gone';
    if (session.version !== version) return session;
    this.#sessions.set(id, { ...session, version: version + 1, data }, ttlMs);
    return null;
  }

  async end(id: string, userId: string | null): Promise<boolean> {
    if (userId !== null) this.#ofUser.get(userId)?.delete(id);
    return this.#sessions.delete(id);
  }

  async find(id: string): Promise<ListedSession | null> {
    return this.#find(id);
  }

  #find(id: string): ListedSession | null {
    const login = this.#sessions.get(id)?.login ?? null;
    return login === null ? null : { id, login, ttlMs: this.#sessions.ttlMs(id) };
  }

  async list(userId: string): Promise<ListedSession[]> {
    return this.#list(userId);
  }

  async users(orgId: string | null, after: string | undefined, limit: number): Promise<SessionUsersPage> {
    const ids = this.#users.page(orgId, after, limit);
    const found = ids.map((userId) => ({ userId, sessions: this.#list(userId) }));
    for (const { userId, sessions } of found) if (sessions.length === 0) this.#users.leave(orgId, userId);
    const next = ids.length === limit ? (ids.at(-1) ?? null) : null;
    return { users: found.filter(({ sessions }) => sessions.length > 0), next };
  }

  /** What it finds dead it drops: the absolute end of a session may be very far away. */
  #list(userId: string): ListedSession[] {
    const ends = this.#ofUser.get(userId);
    const ids = [...(ends?.keys() ?? [])];
    for (const id of ids) if (this.#sessions.get(id) === undefined) ends?.delete(id);
    return ids.map((id) => this.#find(id)).filter((session) => session !== null);
  }

  #enter(userId: string, id: string, expiresAt: number): void {
    const nowAt = this.#now();
    const ends = new Map([...(this.#ofUser.get(userId) ?? [])].filter(([, endsAt]) => endsAt > nowAt));
    ends.set(id, expiresAt);
    this.#ofUser.set(userId, ends, Math.max(...ends.values()) - nowAt);
  }
}
