import { wholeLife } from '../expiring-map.js';
import type { ListedSession, NewSession, SessionStates, SessionUsersPage, StoredSession } from '../state.js';
import type { BoundedRedis } from './bounded-redis.js';
import { type Guard, type LastingWrites, nothingToGuard } from './redis-durability.js';
import type { ScriptedRedis } from './redis-scripts.js';
import { RedisSessionReads } from './redis-session-reads.js';
import { RedisSessionUsers } from './redis-session-users.js';
import { decodeSession, encodeSession } from './session-form.js';

/** Sessions looked up at once when they are listed. */
const LIST_CHUNK = 500;
/** Sessions beyond which a page of users is cut short. */
const MAX_LISTED = 5_000;

export interface StateWrites {
  /** What is taken, and the ends of sessions. */
  readonly writes: LastingWrites;
  /** What is kept, and the beginnings of sessions. */
  readonly logins: LastingWrites;
}

/**
 * Login sessions in Redis.
 *
 * | key | what |
 * |---|---|
 * | `sess:{id}` | a session: see `encodeSession`; one GETEX reads and slides it |
 * | `user-sess:{user}` | the ids of a user's sessions by their absolute end |
 * | `org-users:{org}:…` | the users of an organisation: see `RedisSessionUsers` |
 *
 * A login writes to all three, on a Cluster to as many masters; what is of a session that has begun is in the first alone.
 */
export class RedisSessions implements SessionStates {
  readonly #redis: BoundedRedis;
  readonly #writes: LastingWrites;
  readonly #logins: LastingWrites;
  readonly #users: RedisSessionUsers;
  readonly #reads: RedisSessionReads;
  readonly #prefix: string;

  constructor(redis: BoundedRedis, { writes, logins }: StateWrites, keyPrefix: string) {
    this.#redis = redis;
    this.#writes = writes;
    this.#logins = logins;
    this.#users = new RedisSessionUsers(redis, keyPrefix);
    this.#reads = new RedisSessionReads(redis);
    this.#prefix = keyPrefix;
  }

  async insert(id: string, session: NewSession, ttlMs: number): Promise<boolean> {
    const life = wholeLife(ttlMs);
    const { login, data, userId } = session;
    const guard = userId === null ? nothingToGuard : await this.#enterFirst(id, userId, session);
    const key = this.#key(id);
    const value = encodeSession({ version: 1, login, data });
    const set = (redis: ScriptedRedis) => {
      guard();
      return redis.set(key, value, 'PX', life, 'NX');
    };
    const setting = userId === null ? this.#redis.run(key, set) : this.#logins.write(key, set);
    const isNew = (await setting) === 'OK';
    if (isNew && userId !== null) await this.#enter(id, userId, session); // a list in between dropped it
    return isNew;
  }

  read(id: string, ttlMs: number, known?: StoredSession): Promise<StoredSession | null> {
    return this.#reads.read(this.#key(id), ttlMs, known);
  }

  async save(id: string, version: number, data: string, ttlMs: number): Promise<StoredSession | 'gone' | null> {
    const life = wholeLife(ttlMs);
    const key = this.#key(id);
    const answer = await this.#redis.run(key, (redis) => redis.latchkeySaveSession(key, version, data, life));
    if (answer === 'gone') return 'gone';
    return answer === 'saved' ? null : decodeSession(answer);
  }

  async end(id: string, userId: string | null): Promise<boolean> {
    const key = this.#key(id);
    if (userId === null) return (await this.#redis.run(key, (redis) => redis.del(key))) === 1;
    const removed = await this.#writes.write(key, (redis) => redis.del(key)); // a list passes over one that is gone
    const index = this.#indexKey(userId);
    await this.#redis.run(index, (redis) => redis.zrem(index, id));
    return removed === 1;
  }

  find(id: string): Promise<ListedSession | null> {
    return this.#redis.run(this.#key(id), (redis) => this.#listed(redis, id));
  }

  async list(userId: string): Promise<ListedSession[]> {
    const [sessions = []] = await this.#listEach([userId]);
    return sessions;
  }

  async users(
    orgId: string | null,
    after: string | undefined,
    limit: number,
    nowAt: number,
  ): Promise<SessionUsersPage> {
    const first = await this.#users.page(orgId, after, limit);
    const ids = await this.#few(first);
    const sessions = await this.#listEach(ids);
    const found = ids.map((userId, at) => ({ userId, sessions: sessions[at] ?? [] }));
    const without = found.flatMap((user) => (user.sessions.length === 0 ? [user.userId] : []));
    if (without.length > 0) await this.#dropUsers(orgId, without, nowAt);
    return {
      users: found.filter((user) => user.sessions.length > 0),
      next: first.length < limit && ids.length === first.length ? null : (ids.at(-1) ?? null),
    };
  }

  /** The first of them, at least one, who have not too many sessions together to look at in one go. */
  async #few(userIds: readonly string[]): Promise<readonly string[]> {
    const indexes = userIds.map((userId) => this.#indexKey(userId));
    const counts = await this.#redis.each(indexes, (redis, key) => redis.zcard(key));
    let left = MAX_LISTED;
    const end = counts.findIndex((count) => {
      left -= Number(count);
      return left < 0;
    });
    return end < 0 ? userIds : userIds.slice(0, Math.max(1, end));
  }

  /** Who has logged in meanwhile is entered again: by the login, and here where its session was there already. */
  async #dropUsers(orgId: string | null, userIds: readonly string[], nowAt: number): Promise<void> {
    await this.#users.leave(orgId, userIds);
    const sessions = await this.#listEach(userIds);
    const again = userIds.filter((_, at) => (sessions[at] ?? []).length > 0);
    const indexes = again.map((userId) => this.#indexKey(userId));
    const last = await this.#redis.each(indexes, (redis, key) => redis.zrange(key, '-1', '-1', 'WITHSCORES'));
    await Promise.all(
      again.map((userId, at) => this.#users.enter(orgId, userId, Number(last[at]?.[1] ?? nowAt), nowAt)),
    );
  }

  /** What it finds dead it drops, so that a user of many short sessions does not leave a list that grows all day. */
  async #listEach(userIds: readonly string[]): Promise<ListedSession[][]> {
    const indexes = userIds.map((userId) => this.#indexKey(userId));
    const flat = await this.#redis.each(indexes, (redis, key) => redis.zrange(key, '0', '-1', 'WITHSCORES'));
    const entries = flat.flatMap((some, user) => entriesOf(some, indexes[user] as string, user));
    const alive: ListedSession[][] = userIds.map(() => []);
    for (let start = 0; start < entries.length; start += LIST_CHUNK) {
      const chunk = entries.slice(start, start + LIST_CHUNK);
      const found = await this.#findEach(chunk);
      const again = await this.#drop(chunk.filter((_, at) => found[at] === null));
      for (const [at, { id, user }] of chunk.entries()) {
        const session = found[at] ?? again.get(id);
        if (session) alive[user]?.push(session);
      }
    }
    return alive;
  }

  /**
   * Takes sessions that are not there out of the indexes of their users, and looks again: one that has begun meanwhile is
   * entered again, here or by its login, whichever is later. Resolves to those.
   */
  async #drop(dead: readonly Entry[]): Promise<ReadonlyMap<string, ListedSession>> {
    const again = new Map<string, ListedSession>();
    if (dead.length === 0) return again;
    const keys = dead.map(({ index }) => index);
    const lives = await this.#redis.each(keys, async (redis, index, at) => {
      const [life] = await Promise.all([redis.pttl(index), redis.zrem(index, (dead[at] as Entry).id)]);
      return life;
    });
    const found = await this.#findEach(dead);
    for (const [at, { id, index, endsAt }] of dead.entries()) {
      const session = found[at] ?? null;
      if (session === null) continue;
      const life = Math.max(lives[at] ?? 0, session.ttlMs);
      await this.#redis.run(index, (redis) => redis.latchkeyEnterAgain(index, id, endsAt, life));
      again.set(id, session);
    }
    return again;
  }

  #findEach(entries: readonly Entry[]): Promise<(ListedSession | null)[]> {
    const keys = entries.map(({ id }) => this.#key(id));
    return this.#redis.each(keys, (redis, _key, at) => this.#listed(redis, (entries[at] as Entry).id));
  }

  async #listed(redis: ScriptedRedis, id: string): Promise<ListedSession | null> {
    const [value, ttlMs] = await Promise.all([redis.get(this.#key(id)), redis.pttl(this.#key(id))]);
    const login = value === null ? null : decodeSession(value).login;
    return login === null || ttlMs <= 0 ? null : { id, login, ttlMs };
  }

  /** Before the session: one that is there can be found. */
  #enterFirst(id: string, userId: string, session: NewSession): Promise<Guard> {
    const indexes = [this.#indexKey(userId), this.#users.keyOf(session.orgId)];
    return this.#logins.first(indexes, () => this.#enter(id, userId, session));
  }

  async #enter(id: string, userId: string, { orgId, createdAt, expiresAt }: NewSession): Promise<void> {
    const index = this.#indexKey(userId);
    await Promise.all([
      this.#redis.run(index, (redis) => redis.latchkeyEnter(index, id, expiresAt, createdAt)),
      this.#users.enter(orgId, userId, expiresAt, createdAt),
    ]);
  }

  #key(id: string): string {
    return `${this.#prefix}sess:{${id}}`;
  }

  #indexKey(userId: string): string {
    return `${this.#prefix}user-sess:{${encodeURIComponent(userId)}}`;
  }
}

/** Of the index of a user. */
interface Entry {
  readonly id: string;
  readonly index: string;
  /** The absolute end of the session, as Redis tells it. */
  readonly endsAt: string;
  /** Which of the users asked about. */
  readonly user: number;
}

function entriesOf(flat: readonly string[], index: string, user: number): Entry[] {
  const entries: Entry[] = [];
  for (let at = 0; at + 1 < flat.length; at += 2) {
    entries.push({ id: flat[at] as string, endsAt: flat[at + 1] as string, index, user });
  }
  return entries;
}
