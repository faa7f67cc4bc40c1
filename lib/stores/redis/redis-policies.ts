import type { PolicyRecord } from '../../records.js';
import type { PolicyPage, PolicyPageRequest, PolicyStore } from '../store.js';
import type { BoundedRedis } from './bounded-redis.js';
import { trailKey } from './redis-audit.js';
import { type LastingWrites, orNotDurable } from './redis-durability.js';
import type { RedisFeed } from './redis-feed.js';
import { RedisRecords, scopeKey } from './redis-records.js';

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
  readonly #redis: BoundedRedis;
  readonly #records: RedisRecords<PolicyRecord>;
  readonly #prefix: string;

  constructor(redis: BoundedRedis, writes: LastingWrites, feed: RedisFeed, keyPrefix: string, channel: string) {
    this.#redis = redis;
    const options = { collection: 'policies' as const, prefix: `${keyPrefix}policy:`, channel };
    this.#records = new RedisRecords(redis, writes, feed, options);
    this.#prefix = keyPrefix;
  }

  /** Entered once more after the write: whoever removes an older one of this id may have taken the entry away. */
  async insert(record: PolicyRecord): Promise<boolean> {
    await this.#enter(record);
    const besides = [this.#trailOf(record), this.#indexKey(record.orgId)];
    const written = await orNotDurable(this.#records.write('', record, besides));
    if (written !== false) await this.#enter(record);
    if (typeof written !== 'boolean') throw written;
    return written;
  }

  get(id: string): Promise<PolicyRecord | null> {
    return this.#records.get(id);
  }

  update(previous: PolicyRecord, next: PolicyRecord): Promise<boolean> {
    return this.#records.write(previous.version, next, [this.#trailOf(next)]);
  }

  async remove(record: PolicyRecord): Promise<boolean> {
    const removed = await orNotDurable(this.#records.remove(record, [this.#trailOf(record)]));
    if (removed === 'changed' || removed === 'absent') return false;
    const index = this.#indexKey(record.orgId);
    await this.#redis.run(index, (redis) => redis.zrem(index, record.id));
    const latest = await this.get(record.id); // made anew this very moment: it must be found
    if (latest !== null) await this.#enter(latest);
    if (removed !== 'removed') throw removed;
    return true;
  }

  confirm(id: string): Promise<void> {
    return this.#records.confirm(id);
  }

  async page({ orgId, after, limit }: PolicyPageRequest): Promise<PolicyPage> {
    const index = this.#indexKey(orgId);
    const from = after === undefined ? '-' : `(${after}`;
    const ids = await this.#redis.run(index, (redis) => redis.zrange(index, from, '+', 'BYLEX', 'LIMIT', 0, limit));
    const found = await this.#records.getMany(ids);
    // An insert that found its id taken leaves an entry in its own organisation.
    const records = found.filter((record) => record !== null && record.orgId === orgId);
    return { records: records as PolicyRecord[], next: ids.length === limit ? (ids.at(-1) ?? null) : null };
  }

  async #enter({ id, orgId }: PolicyRecord): Promise<void> {
    const index = this.#indexKey(orgId);
    await this.#redis.run(index, (redis) => redis.zadd(index, 0, id));
  }

  /** Where the entry of a change stands, which is written before the change. */
  #trailOf({ orgId }: PolicyRecord): string {
    return trailKey(this.#prefix, orgId, 'changes');
  }

  #indexKey(orgId: string | null): string {
    return `${this.#prefix}policies:{${scopeKey(orgId)}}`;
  }
}
