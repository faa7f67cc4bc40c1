import { storeUnavailable } from '../../errors.js';
import { wholeLife } from '../expiring-map.js';
import type {
  Attempt,
  AttemptRule,
  Hits,
  ListedSession,
  NewSession,
  SessionStates,
  StateStore,
  StoredSession,
} from '../state.js';
import type { BoundedRedis } from './bounded-redis.js';
import { type LastingWrites, nothingToGuard } from './redis-durability.js';
import type { RedisFeed } from './redis-feed.js';
import { RedisHits } from './redis-hits.js';
import type { ScriptedRedis } from './redis-scripts.js';

/** Sessions looked up at once when a user's are listed. */
const LIST_CHUNK = 500;

export interface StateWrites {
  /** What is taken, and the ends of sessions. */
  readonly writes: LastingWrites;
  /** What is kept, and the beginnings of sessions. */
  readonly logins: LastingWrites;
}

/**
 * The expiring half in Redis, by Redis's own clock. Outside the tracked prefixes but for `user`: what slides or counts
 * would invalidate otherwise.
 *
 * | key | what |
 * |---|---|
 * | `sess:{id}` | `<version>\n<login>\n<data>`: one GETEX reads and slides it |
 * | `user-sess:{user}` | the ids of a user's sessions by their absolute end |
 * | `once:{id}` | what is kept, and can be taken once |
 * | `claim:{id}` | claimed, for as long as it is there |
 * | `hit:{subject}` | requests counted, as rate-limit-redis keeps them |
 * | `try:{subject}`, `wait:{subject}` | tries counted, and the wait that is on |
 * | `user:{user}` | written to tell of a change; tracked |
 */
export class RedisState implements StateStore {
  readonly sessions: SessionStates;
  readonly #redis: BoundedRedis;
  readonly #writes: StateWrites;
  readonly #feed: RedisFeed;
  readonly #prefix: string;
  readonly #channel: string;
  readonly #hits: RedisHits;

  constructor(redis: BoundedRedis, writes: StateWrites, feed: RedisFeed, keyPrefix: string, channel: string) {
    this.#redis = redis;
    this.#writes = writes;
    this.#feed = feed;
    this.#prefix = keyPrefix;
    this.#channel = channel;
    this.#hits = new RedisHits(redis, keyPrefix);
    this.sessions = new RedisSessions(redis, writes, keyPrefix);
  }

  async keep(id: string, value: string, ttlMs: number): Promise<void> {
    const life = wholeLife(ttlMs);
    const key = this.#onceKey(id);
    await this.#writes.logins.write(key, (redis) => redis.set(key, value, 'PX', life));
  }

  /** Nothing is answered where it may have been taken by a command that was sent twice: nobody has it then. */
  async take(id: string): Promise<string | null> {
    const key = this.#onceKey(id);
    const { breaks } = this.#redis;
    const { writes } = this.#writes;
    if (writes.areConfirmed && !(await this.#isThere(key))) return null; // who guesses must not keep replicas busy
    const value = await writes.write(key, (redis) => redis.getdel(key));
    if (value === null && this.#redis.breaks !== breaks) {
      throw storeUnavailable('the connection broke meanwhile: it may have been taken');
    }
    return value;
  }

  async slide(id: string, ttlMs: number): Promise<string | null> {
    const life = wholeLife(ttlMs);
    const key = this.#onceKey(id);
    return await this.#redis.run(key, (redis) => redis.getex(key, 'PX', String(life)));
  }

  async claim(id: string, ttlMs: number): Promise<boolean> {
    const life = wholeLife(ttlMs);
    const key = `${this.#prefix}claim:{${id}}`;
    return (await this.#redis.run(key, (redis) => redis.set(key, '1', 'PX', life, 'NX'))) === 'OK';
  }

  hit(subject: string, windowMs: number): Promise<Hits> {
    return this.#hits.hit(subject, windowMs);
  }

  async attempt(subject: string, rule: AttemptRule, nowAt: number): Promise<Attempt> {
    const { limit, windowMs, waitMs, maxWaitMs } = rule;
    const [tries, wait] = this.#tryKeys(subject);
    return toAttempt(
      await this.#redis.run(tries, (redis) =>
        redis.latchkeyAttempt(tries, wait, limit, windowMs, waitMs, maxWaitMs, nowAt),
      ),
    );
  }

  async attempts(subject: string): Promise<Attempt> {
    const [tries, wait] = this.#tryKeys(subject);
    const [[count, lastAt], waitMs] = await this.#redis.run(tries, (redis) =>
      Promise.all([redis.hmget(tries, 'count', 'lastAt'), redis.pttl(wait)]),
    );
    return toAttempt([Number(count ?? 0), Math.max(0, waitMs), lastAt ?? '']);
  }

  async takeBackAttempt(subject: string, { limit }: AttemptRule): Promise<void> {
    const [tries, wait] = this.#tryKeys(subject);
    await this.#redis.run(tries, (redis) => redis.latchkeyTakeBack(tries, wait, limit));
  }

  async clearAttempts(subject: string): Promise<void> {
    const [tries, wait] = this.#tryKeys(subject);
    await this.#redis.run(tries, (redis) => redis.del(tries, wait));
  }

  async touchUser(userId: string): Promise<void> {
    const key = `${this.#prefix}user:{${encodeURIComponent(userId)}}`;
    await this.#redis.run(key, (redis) => redis.latchkeyTouch(key, this.#channel, `users:${userId}`));
    this.#feed.changed('users', userId);
  }

  async #isThere(key: string): Promise<boolean> {
    return Number(await this.#redis.run(key, (redis) => redis.exists(key))) === 1; // a client may be set to answer text
  }

  #onceKey(id: string): string {
    return `${this.#prefix}once:{${id}}`;
  }

  #tryKeys(subject: string): [string, string] {
    return [`${this.#prefix}try:{${subject}}`, `${this.#prefix}wait:{${subject}}`];
  }
}

class RedisSessions implements SessionStates {
  readonly #redis: BoundedRedis;
  readonly #writes: LastingWrites;
  readonly #logins: LastingWrites;
  readonly #prefix: string;

  constructor(redis: BoundedRedis, { writes, logins }: StateWrites, keyPrefix: string) {
    this.#redis = redis;
    this.#writes = writes;
    this.#logins = logins;
    this.#prefix = keyPrefix;
  }

  async insert(id: string, { login, data, userId, createdAt, expiresAt }: NewSession, ttlMs: number): Promise<boolean> {
    const life = wholeLife(ttlMs);
    const enter = async () => userId !== null && (await this.#enter(id, userId, createdAt, expiresAt));
    const guard = userId === null ? nothingToGuard : await this.#logins.first([this.#indexKey(userId)], enter);
    const key = this.#key(id);
    const value = encode({ version: 1, login, data });
    const set = (redis: ScriptedRedis) => {
      guard();
      return redis.set(key, value, 'PX', life, 'NX');
    };
    const setting = userId === null ? this.#redis.run(key, set) : this.#logins.write(key, set);
    const isNew = (await setting) === 'OK';
    if (isNew && userId !== null) await this.#enter(id, userId, createdAt, expiresAt); // a list in between dropped it
    return isNew;
  }

  async read(id: string, ttlMs: number): Promise<StoredSession | null> {
    const life = wholeLife(ttlMs);
    const key = this.#key(id);
    const value = await this.#redis.run(key, (redis) => redis.getex(key, 'PX', String(life)));
    return value === null ? null : decode(value);
  }

  async save(id: string, version: number, data: string, ttlMs: number): Promise<StoredSession | 'gone' | null> {
    const life = wholeLife(ttlMs);
    const key = this.#key(id);
    const answer = await this.#redis.run(key, (redis) => redis.latchkeySaveSession(key, version, data, life));
    if (answer === 'gone') return 'gone';
    return answer === 'saved' ? null : decode(answer);
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

  /** What it finds dead it drops, so that a user of many short sessions does not leave a list that grows all day. */
  async list(userId: string): Promise<ListedSession[]> {
    const index = this.#indexKey(userId);
    const ids = await this.#redis.run(index, (redis) => redis.zrange(index, '0', '-1'));
    const alive: ListedSession[] = [];
    for (let start = 0; start < ids.length; start += LIST_CHUNK) {
      const chunk = ids.slice(start, start + LIST_CHUNK);
      const keys = chunk.map((id) => this.#key(id));
      const found = await this.#redis.each(keys, (redis, _key, at) => this.#listed(redis, chunk[at] as string));
      const dead = chunk.filter((_, at) => found[at] === null);
      if (dead.length > 0) await this.#redis.run(index, (redis) => redis.zrem(index, ...dead));
      alive.push(...found.filter((session) => session !== null));
    }
    return alive;
  }

  async #listed(redis: ScriptedRedis, id: string): Promise<ListedSession | null> {
    const [value, ttlMs] = await Promise.all([redis.get(this.#key(id)), redis.pttl(this.#key(id))]);
    const login = value === null ? null : decode(value).login;
    return login === null || ttlMs <= 0 ? null : { id, login, ttlMs };
  }

  async #enter(id: string, userId: string, createdAt: number, expiresAt: number): Promise<void> {
    const index = this.#indexKey(userId);
    await this.#redis.run(index, (redis) => redis.latchkeyEnter(index, id, expiresAt, createdAt));
  }

  #key(id: string): string {
    return `${this.#prefix}sess:{${id}}`;
  }

  #indexKey(userId: string): string {
    return `${this.#prefix}user-sess:{${encodeURIComponent(userId)}}`;
  }
}

function toAttempt([count, waitMs, lastAt]: [number, number, string]): Attempt {
  return { count, waitMs, lastAt: lastAt === '' ? null : Number(lastAt) };
}

/** JSON holds no line breaks of its own. */
function encode({ version, login, data }: StoredSession): string {
  return `${version}\n${login ?? ''}\n${data}`;
}

function decode(value: string): StoredSession {
  const first = value.indexOf('\n');
  const second = value.indexOf('\n', first + 1);
  const login = value.slice(first + 1, second);
  return {
    version: Number(value.slice(0, first)),
    login: login === '' ? null : login,
    data: value.slice(second + 1),
  };
}
