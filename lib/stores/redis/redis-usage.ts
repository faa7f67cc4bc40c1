import type { KeyUsage } from '../../records.js';
import type { DayUsage, UsageDelta } from '../store.js';
import { dayOf, type KeptDay, toDayUsage } from '../usage-days.js';
import type { Batched, BoundedRedis } from './bounded-redis.js';
import { encodeId } from './redis-records.js';

/**
 * The usage of API keys, in the slots of their records and outside the tracked prefix, so that it invalidates nothing: in all,
 * and by day. The days are a hash of their own, which Redis keeps in one small block of memory: at most `USAGE_DAYS` fields
 * of at most 37 characters. It ends by itself.
 */
export class RedisUsage {
  readonly #redis: BoundedRedis;
  readonly #prefix: string;

  constructor(redis: BoundedRedis, keyPrefix: string) {
    this.#redis = redis;
    this.#prefix = keyPrefix;
  }

  /** Where the usage of a key is kept. */
  keysOf(id: string): [totals: string, days: string] {
    const tag = `{${encodeId(id)}}`;
    return [`${this.#prefix}use:${tag}`, `${this.#prefix}use-days:${tag}`];
  }

  /** In the order of `ids`. */
  async of(ids: readonly string[]): Promise<KeyUsage[]> {
    const keys = ids.map((id) => this.keysOf(id)[0]);
    const found = await this.#redis.batch(keys.map((key) => ({ key, send: (redis) => redis.hgetall(key) })));
    return found.map((hash) => ({
      lastUsedAt: hash.lastUsedAt === undefined ? null : Number(hash.lastUsedAt),
      lastUsedFrom: hash.lastUsedFrom || null,
      useCount: Number(hash.useCount ?? 0),
      failureCount: Number(hash.failureCount ?? 0),
      lastFailedAt: hash.lastFailedAt === undefined ? null : Number(hash.lastFailedAt),
    }));
  }

  async byDay(id: string, fromDay: string): Promise<DayUsage[]> {
    const [, key] = this.keysOf(id);
    const slots = await this.#redis.run(key, (redis) => redis.hgetall(key));
    return toDayUsage(Object.values(slots).flatMap(decode), fromDay);
  }

  /** What adds to the usage of the key whose record is kept at `record`. */
  addition(record: string, delta: UsageDelta): Batched<unknown> {
    const { id, uses, failures, lastUsedAt, lastUsedFrom, lastFailedAt } = delta;
    const keys = this.keysOf(id);
    const totals = [uses, failures, lastUsedAt ?? '', lastUsedFrom ?? '', lastFailedAt ?? ''];
    const days = [lastUsedAt, lastFailedAt].map((at) => (at === null ? '' : dayOf(at)));
    return { key: record, send: (redis) => redis.latchkeyAddUsage(record, ...keys, ...totals, ...days) };
  }
}

/** Nothing for one that was broken by hand: the next use writes it anew. */
function decode(slot: string): KeptDay[] {
  const [, day, uses, failures] = /^(\d+) (\d+) (\d+)$/.exec(slot) ?? [];
  return day === undefined ? [] : [{ day: Number(day), uses: Number(uses), failures: Number(failures) }];
}
