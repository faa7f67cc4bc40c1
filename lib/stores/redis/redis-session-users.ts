import type { BoundedRedis } from './bounded-redis.js';
import { scopeKey } from './redis-records.js';

/** Users taken out at once: a script takes only so many arguments apart. */
const LEAVE_CHUNK = 1_000;

/**
 * The users of an organisation who may have sessions: `org-users:{org}:id`, by id, and `org-users:{org}:end`, by the latest
 * absolute end of their sessions, so that a login finds those whose end has come. Both end with the last of them. In one slot
 * for each organisation: on a Cluster nobody of it logs in while its master is down.
 */
export class RedisSessionUsers {
  readonly #redis: BoundedRedis;
  readonly #prefix: string;

  constructor(redis: BoundedRedis, keyPrefix: string) {
    this.#redis = redis;
    this.#prefix = keyPrefix;
  }

  /** One of the keys of an organisation. */
  keyOf(orgId: string | null): string {
    return this.#keysOf(orgId)[0];
  }

  /** Until `expiresAt`, or longer where they have been entered for longer. */
  async enter(orgId: string | null, userId: string, expiresAt: number, nowAt: number): Promise<void> {
    const keys = this.#keysOf(orgId);
    await this.#redis.run(keys[0], (redis) => redis.latchkeyEnterUser(...keys, userId, expiresAt, nowAt));
  }

  async leave(orgId: string | null, userIds: readonly string[]): Promise<void> {
    const keys = this.#keysOf(orgId);
    for (let start = 0; start < userIds.length; start += LEAVE_CHUNK) {
      const some = userIds.slice(start, start + LEAVE_CHUNK);
      await this.#redis.run(keys[0], (redis) => redis.latchkeyLeave(...keys, ...some));
    }
  }

  /** By id, after the id `after`. */
  page(orgId: string | null, after: string | undefined, limit: number): Promise<string[]> {
    const [key] = this.#keysOf(orgId);
    const from = after === undefined ? '-' : `(${after}`;
    return this.#redis.run(key, (redis) => redis.zrange(key, from, '+', 'BYLEX', 'LIMIT', 0, limit));
  }

  #keysOf(orgId: string | null): [ids: string, ends: string] {
    const key = `${this.#prefix}org-users:{${scopeKey(orgId)}}`;
    return [`${key}:id`, `${key}:end`];
  }
}
