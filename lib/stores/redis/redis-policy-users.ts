import type { BoundedRedis } from './bounded-redis.js';
import { encodeId } from './redis-records.js';

/**
 * Which keys refer to a policy: `pol-users:{policy}`, a sorted set of their ids. A key is entered before its record refers
 * to the policy and taken out after it no longer does: this may name keys too many, never too few.
 */
export class RedisPolicyUsers {
  readonly #redis: BoundedRedis;
  readonly #prefix: string;

  constructor(redis: BoundedRedis, keyPrefix: string) {
    this.#redis = redis;
    this.#prefix = keyPrefix;
  }

  /** Where keys that refer to these policies are entered. */
  keysOf(policyIds: readonly string[]): string[] {
    return policyIds.map((id) => this.#key(id));
  }

  async enter(keyId: string, policyIds: readonly string[]): Promise<void> {
    const keys = this.keysOf(policyIds);
    await this.#redis.each(keys, (redis, key) => redis.zadd(key, 0, keyId));
  }

  async drop(keyId: string, policyIds: readonly string[]): Promise<void> {
    await this.#redis.each(this.keysOf(policyIds), (redis, key) => redis.zrem(key, keyId));
  }

  /** Ascending, after `after`. */
  page(policyId: string, after: string | undefined, limit: number): Promise<string[]> {
    const key = this.#key(policyId);
    const from = after === undefined ? '-' : `(${after}`;
    return this.#redis.run(key, (redis) => redis.zrange(key, from, '+', 'BYLEX', 'LIMIT', 0, limit));
  }

  #key(policyId: string): string {
    return `${this.#prefix}pol-users:{${encodeId(policyId)}}`;
  }
}
