import type { BoundedRedis } from './bounded-redis.js';
import { encodeId } from './redis-records.js';
import type { ScriptedRedis } from './redis-scripts.js';

/**
 * Which keys refer to a policy: `pol-users:{policy}`, a sorted set of their ids. A key is entered before its record refers
 * to the policy and taken out after it no longer does: this may name keys too many, never too few.
 */
export class RedisPolicyUsers {
  readonly #redis: BoundedRedis<ScriptedRedis>;
  readonly #prefix: string;

  constructor(redis: BoundedRedis<ScriptedRedis>, keyPrefix: string) {
    this.#redis = redis;
    this.#prefix = keyPrefix;
  }

  async enter(keyId: string, policyIds: readonly string[]): Promise<void> {
    if (policyIds.length === 0) return;
    await this.#redis.run((redis) => Promise.all(policyIds.map((id) => redis.zadd(this.#key(id), 0, keyId))));
  }

  async drop(keyId: string, policyIds: readonly string[]): Promise<void> {
    if (policyIds.length === 0) return;
    await this.#redis.run((redis) => Promise.all(policyIds.map((id) => redis.zrem(this.#key(id), keyId))));
  }

  /** Ascending, after `after`. */
  page(policyId: string, after: string | undefined, limit: number): Promise<string[]> {
    const from = after === undefined ? '-' : `(${after}`;
    return this.#redis.run((redis) => redis.zrange(this.#key(policyId), from, '+', 'BYLEX', 'LIMIT', 0, limit));
  }

  #key(policyId: string): string {
    return `${this.#prefix}pol-users:{${encodeId(policyId)}}`;
  }
}
