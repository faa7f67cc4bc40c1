import type { PolicyRecord } from '../records.js';
import type { BoundedRedis } from './bounded-redis.js';
import type { RedisFeed } from './redis-feed.js';
import { RedisRecords, scopeKey } from './redis-records.js';
import type { ScriptedRedis } from './redis-scripts.js';
import type { PolicyPage, PolicyPageRequest, PolicyStore } from './store.js';

/**
 * Policies in Redis.
 *
 * | key | what |
 * |---|---|
 * | `policy:{id}` | the record, `<version> <JSON>`; tracked |
 * | `policies:{org}` | a sorted set of the ids of an organisation's policies |
 *
 * The entry in the index is written before the record and removed after it: `page` passes over one without a record.
 */
export class RedisPolicies implements PolicyStore {
  readonly #redis: BoundedRedis<ScriptedRedis>;
  readonly #records: RedisRecords<PolicyRecord>;
  readonly #prefix: string;

  constructor(redis: BoundedRedis<ScriptedRedis>, feed: RedisFeed, keyPrefix: string, channel: string) {
    this.#redis = redis;
    this.#records = new RedisRecords(redis, feed, { collection: 'policies', prefix: `${keyPrefix}policy:`, channel });
    this.#prefix = keyPrefix;
  }

  /** Entered once more after the write: whoever removes an older one of this id may have taken the entry away. */
  async insert(record: PolicyRecord): Promise<boolean> {
    await this.#enter(record);
    if (!(await this.#records.write('', record))) return false;
    await this.#enter(record);
    return true;
  }

  get(id: string): Promise<PolicyRecord | null> {
    return this.#records.get(id);
  }

  update(previous: PolicyRecord, next: PolicyRecord): Promise<boolean> {
    return this.#records.write(previous.version, next);
  }

  async remove(record: PolicyRecord): Promise<boolean> {
    if ((await this.#records.remove(record)) !== 'removed') return false;
    await this.#redis.run((redis) => redis.zrem(this.#indexKey(record.orgId), record.id));
    const latest = await this.get(record.id); // made anew this very moment: it must be found
    if (latest !== null) await this.#enter(latest);
    return true;
  }

  async page({ orgId, after, limit }: PolicyPageRequest): Promise<PolicyPage> {
    const from = after === undefined ? '-' : `(${after}`;
    const ids = await this.#redis.run((redis) =>
      redis.zrange(this.#indexKey(orgId), from, '+', 'BYLEX', 'LIMIT', 0, limit),
    );
    const found = await this.#records.getMany(ids);
    // An insert that found its id taken leaves an entry in its own organisation.
    const records = found.filter((record) => record !== null && record.orgId === orgId);
    return { records: records as PolicyRecord[], next: ids.length === limit ? (ids.at(-1) ?? null) : null };
  }

  async #enter({ id, orgId }: PolicyRecord): Promise<void> {
    await this.#redis.run((redis) => redis.zadd(this.#indexKey(orgId), 0, id));
  }

  #indexKey(orgId: string | null): string {
    return `${this.#prefix}policies:{${scopeKey(orgId)}}`;
  }
}
