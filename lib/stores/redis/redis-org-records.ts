import type { OrgPage, OrgPageRequest, OrgRecord } from '../org-records.js';
import type { Collection } from '../store.js';
import type { BoundedRedis } from './bounded-redis.js';
import { trailKey } from './redis-audit.js';
import { type LastingWrites, orNotDurable } from './redis-durability.js';
import type { RedisFeed } from './redis-feed.js';
import { RedisRecords, scopeKey } from './redis-records.js';

export interface RedisOrgRecordsOptions {
  /** Null: changes are told to nobody. */
  readonly collection: Collection | null;
  /** What every key of the store begins with. */
  readonly keyPrefix: string;
  /** What follows it in the key of a record, and in that of an index. */
  readonly record: string;
  readonly index: string;
  /** Where writes are published. */
  readonly channel: string;
}

/**
 * Records that are listed by organisation, by id: `<record>:{id}`, and `<index>:{org}`, a sorted set of the ids of an
 * organisation's records. The entry in the index is written before the record and removed after it: `page` passes over one
 * without a record.
 */
export class RedisOrgRecords<Stored extends OrgRecord> {
  readonly #redis: BoundedRedis;
  readonly #writes: LastingWrites;
  readonly #records: RedisRecords<Stored>;
  readonly #options: RedisOrgRecordsOptions;

  constructor(redis: BoundedRedis, writes: LastingWrites, feed: RedisFeed, options: RedisOrgRecordsOptions) {
    const { collection, keyPrefix, record, channel } = options;
    this.#redis = redis;
    this.#writes = writes;
    this.#records = new RedisRecords(redis, writes, feed, { collection, prefix: `${keyPrefix}${record}:`, channel });
    this.#options = options;
  }

  /** Entered once more after the write: whoever removes an older one of this id may have taken the entry away. */
  async insert(record: Stored): Promise<boolean> {
    const guard = await this.#writes.first([this.#indexKey(record.orgId)], () => this.#enter(record));
    const written = await orNotDurable(this.#records.write('', record, [this.#trailOf(record)], guard));
    if (written !== false) await this.#enter(record);
    if (typeof written !== 'boolean') throw written;
    return written;
  }

  get(id: string): Promise<Stored | null> {
    return this.#records.get(id);
  }

  update(previous: Stored, next: Stored): Promise<boolean> {
    return this.#records.write(previous.version, next, [this.#trailOf(next)]);
  }

  async remove(record: Stored): Promise<boolean> {
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

  async page({ orgId, after, limit }: OrgPageRequest): Promise<OrgPage<Stored>> {
    const index = this.#indexKey(orgId);
    const from = after === undefined ? '-' : `(${after}`;
    const ids = await this.#redis.run(index, (redis) => redis.zrange(index, from, '+', 'BYLEX', 'LIMIT', 0, limit));
    const found = await this.#records.getMany(ids);
    // An insert that found its id taken leaves an entry in its own organisation.
    const records = found.filter((record) => record !== null && record.orgId === orgId);
    return { records: records as Stored[], next: ids.length === limit ? (ids.at(-1) ?? null) : null };
  }

  async #enter({ id, orgId }: Stored): Promise<void> {
    const index = this.#indexKey(orgId);
    await this.#redis.run(index, (redis) => redis.zadd(index, 0, id));
  }

  /** Where the entry of a change stands, which is written before the change. */
  #trailOf({ orgId }: Stored): string {
    return trailKey(this.#options.keyPrefix, orgId, 'changes');
  }

  #indexKey(orgId: string | null): string {
    const { keyPrefix, index } = this.#options;
    return `${keyPrefix}${index}:{${scopeKey(orgId)}}`;
  }
}
