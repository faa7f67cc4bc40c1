import type { PolicyRecord } from '../../records.js';
import type { PolicyStore } from '../store.js';
import type { BoundedRedis } from './bounded-redis.js';
import type { LastingWrites } from './redis-durability.js';
import type { RedisFeed } from './redis-feed.js';
import { RedisOrgRecords } from './redis-org-records.js';

/**
 * Policies in Redis.
 *
 * | key | what |
 * |---|---|
 * | `policy:{id}` | the record, `<version> <JSON>`; tracked |
 * | `policies:{org}` | a sorted set of the ids of an organisation's policies |
 */
export class RedisPolicies extends RedisOrgRecords<PolicyRecord> implements PolicyStore {
  constructor(redis: BoundedRedis, writes: LastingWrites, feed: RedisFeed, keyPrefix: string, channel: string) {
    super(redis, writes, feed, { collection: 'policies', keyPrefix, record: 'policy', index: 'policies', channel });
  }
}
