import { storeUnavailable } from '../../errors.js';
import { wholeLife } from '../expiring-map.js';
import type { Attempt, AttemptRule, Hits, SessionStates, StateStore } from '../state.js';
import type { BoundedRedis } from './bounded-redis.js';
import type { RedisFeed } from './redis-feed.js';
import { RedisHits } from './redis-hits.js';
import { RedisSessions, type StateWrites } from './redis-sessions.js';

/**
 * The expiring half in Redis, by Redis's own clock. Outside the tracked prefixes but for `user`: what slides or counts
 * would invalidate otherwise.
 *
 * | key | what |
 * |---|---|
 * | `sess:…`, `user-sess:…`, `org-users:…` | sessions: see `RedisSessions` |
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

function toAttempt([count, waitMs, lastAt]: [number, number, string]): Attempt {
  return { count, waitMs, lastAt: lastAt === '' ? null : Number(lastAt) };
}
