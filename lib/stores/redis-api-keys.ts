import type { ApiKeyRecord, KeyUsage } from '../records.js';
import type { BoundedRedis } from './bounded-redis.js';
import { nameSort } from './index-order.js';
import type { RedisFeed } from './redis-feed.js';
import { RedisKeyLists } from './redis-key-lists.js';
import { RedisPolicyUsers } from './redis-policy-users.js';
import { encodeId, RedisRecords } from './redis-records.js';
import type { ScriptedRedis } from './redis-scripts.js';
import type { ApiKeyStore, Page, PageRequest, UsageDelta } from './store.js';

/** Keys whose usage goes into one pipeline, and how long that may take in ms. */
const USAGE_CHUNK = 1_000;
const USAGE_TIMEOUT_MS = 5_000;
/** What the script of `addUsage` answers for a key that was never used before. */
const FIRST_USE = 2;

/**
 * API keys in Redis.
 *
 * | key | what |
 * |---|---|
 * | `key:{id}` | the record, `<version> <JSON>`: the hot path is one GET |
 * | `use:{id}` | its usage, a hash; outside the tracked prefix, so that it invalidates nothing |
 * | `idx:…` | the lists that it is in: see `RedisKeyLists` |
 * | `due`, `watch` | ids by the instant from which they may be expunged, and from which `watched` names them |
 * | `pol-users:{policy}` | ids of the keys that refer to a policy |
 */
export class RedisApiKeys implements ApiKeyStore {
  readonly #redis: BoundedRedis<ScriptedRedis>;
  readonly #records: RedisRecords<ApiKeyRecord>;
  readonly #lists: RedisKeyLists;
  readonly #policyUsers: RedisPolicyUsers;
  readonly #prefix: string;

  constructor(redis: BoundedRedis<ScriptedRedis>, feed: RedisFeed, keyPrefix: string, channel: string) {
    this.#redis = redis;
    this.#records = new RedisRecords(redis, feed, { collection: 'apiKeys', prefix: `${keyPrefix}key:`, channel });
    this.#lists = new RedisKeyLists(redis, this.#records, keyPrefix);
    this.#policyUsers = new RedisPolicyUsers(redis, keyPrefix);
    this.#prefix = keyPrefix;
  }

  async insert(record: ApiKeyRecord): Promise<boolean> {
    await Promise.all([this.#index(record), this.#schedule(record)]);
    return await this.#records.write('', record);
  }

  get(id: string): Promise<ApiKeyRecord | null> {
    return this.#records.get(id);
  }

  async update(previous: ApiKeyRecord, next: ApiKeyRecord): Promise<boolean> {
    const isRenamed = nameSort(previous) !== nameSort(next);
    const [gained, lost] = [without(next, previous), without(previous, next)];
    if (isRenamed) await this.#lists.enterName(next);
    await this.#policyUsers.enter(next.id, gained);
    if (previous.expungeAt !== next.expungeAt) await this.#schedule(next);
    const isWritten = await this.#records.write(previous.version, next);
    if (isRenamed && isWritten) await this.#lists.enterName(next);
    if (isRenamed) await this.#lists.dropName(isWritten ? previous : next);
    if (isWritten) await this.#policyUsers.enter(next.id, gained);
    await this.#dropPolicies(next.id, isWritten ? lost : gained);
    if (!isWritten) return false;
    if (previous.expiresAt !== next.expiresAt) await this.#lists.moveExpiry(next);
    return true;
  }

  page(request: PageRequest): Promise<Page> {
    return this.#lists.page(request);
  }

  async usage(ids: readonly string[]): Promise<KeyUsage[]> {
    const found = await this.#redis.run((redis) => Promise.all(ids.map((id) => redis.hgetall(this.#usageKey(id)))));
    return found.map((hash) => ({
      lastUsedAt: hash.lastUsedAt === undefined ? null : Number(hash.lastUsedAt),
      lastUsedFrom: hash.lastUsedFrom || null,
      useCount: Number(hash.useCount ?? 0),
      failureCount: Number(hash.failureCount ?? 0),
      lastFailedAt: hash.lastFailedAt === undefined ? null : Number(hash.lastFailedAt),
    }));
  }

  async addUsage(deltas: readonly UsageDelta[]): Promise<string[]> {
    const firstUsed: string[] = [];
    for (let start = 0; start < deltas.length; start += USAGE_CHUNK) {
      const chunk = deltas.slice(start, start + USAGE_CHUNK);
      const answers = await this.#redis.run((redis) => this.#addChunk(redis, chunk), USAGE_TIMEOUT_MS);
      firstUsed.push(...chunk.filter((_, at) => Number(answers[at]) === FIRST_USE).map(({ id }) => id));
    }
    return firstUsed;
  }

  usersOfPolicy(policyId: string, after: string | undefined, limit: number): Promise<string[]> {
    return this.#policyUsers.page(policyId, after, limit);
  }

  async watch(id: string, at: number | null): Promise<void> {
    await this.#redis.run((redis) =>
      at === null ? redis.zrem(this.#watchKey, id) : redis.zadd(this.#watchKey, at, id),
    );
  }

  watched(nowAt: number, limit: number): Promise<string[]> {
    return this.#come(this.#watchKey, nowAt, limit);
  }

  async expunge(nowAt: number, limit: number): Promise<number> {
    const due = await this.#come(this.#dueKey, nowAt, limit);
    let expunged = 0;
    for (const id of due) {
      const record = await this.get(id);
      const isDue = record !== null && record.expungeAt !== null && record.expungeAt <= nowAt;
      if (record !== null && !isDue) await this.#reschedule(record);
      else if (record === null || (await this.#expungeOne(record))) {
        await this.#redis.run((redis) => Promise.all([redis.zrem(this.#watchKey, id), redis.zrem(this.#dueKey, id)]));
        if (record !== null) expunged++;
      }
    }
    return expunged;
  }

  /** For one that was changed since it was scheduled: by a sweep cut off half-way it may have lost its index entries. */
  async #reschedule(record: ApiKeyRecord): Promise<void> {
    const { id, expungeAt } = record;
    await this.#index(record);
    await this.#redis.run((redis) =>
      expungeAt === null ? redis.zrem(this.#dueKey, id) : redis.zadd(this.#dueKey, expungeAt, id),
    );
    const latest = await this.get(id);
    if (latest !== null && latest.version !== record.version) await this.#schedule(latest);
  }

  /** The index entries go first: cut off after them, the next sweep still finds the record. */
  async #expungeOne(record: ApiKeyRecord): Promise<boolean> {
    const { id, policyIds } = record;
    await this.#lists.drop(record);
    await this.#policyUsers.drop(id, policyIds);
    if ((await this.#records.remove(record, this.#usageKey(id))) !== 'changed') return true;
    const latest = await this.get(id); // changed this very moment: it stays, and must be found
    if (latest !== null) await this.#index(latest);
    return false;
  }

  async #index(record: ApiKeyRecord): Promise<void> {
    await Promise.all([this.#lists.enter(record), this.#policyUsers.enter(record.id, record.policyIds)]);
  }

  /** Never later than the record says; `expunge` reads the record and corrects what is too early. */
  async #schedule({ id, expungeAt }: ApiKeyRecord): Promise<void> {
    if (expungeAt === null) return;
    await this.#redis.run((redis) => redis.zadd(this.#dueKey, 'LT', expungeAt, id));
  }

  /** As `dropName` of the lists: what was taken out may be in use again. */
  async #dropPolicies(id: string, policyIds: readonly string[]): Promise<void> {
    if (policyIds.length === 0) return;
    await this.#policyUsers.drop(id, policyIds);
    const latest = await this.get(id);
    const again = policyIds.filter((each) => latest?.policyIds.includes(each));
    await this.#policyUsers.enter(id, again);
  }

  /** The ids whose instant has come, the longest due first. */
  #come(key: string, nowAt: number, limit: number): Promise<string[]> {
    return this.#redis.run((redis) => redis.zrange(key, '-inf', String(nowAt), 'BYSCORE', 'LIMIT', 0, limit));
  }

  /** One pipeline; what the script answers, for each of `deltas`. */
  async #addChunk(redis: ScriptedRedis, deltas: readonly UsageDelta[]): Promise<unknown[]> {
    const pipeline = redis.pipeline();
    const positions = deltas.map((delta) => {
      const position = pipeline.length;
      this.#queueUsage(pipeline as unknown as ScriptedRedis, delta);
      return position;
    });
    const results = (await pipeline.exec()) ?? [];
    const failed = results.find(([error]) => error !== null);
    if (failed !== undefined) throw failed[0] as Error;
    return positions.map((position) => results[position]?.[1]);
  }

  #queueUsage(redis: ScriptedRedis, delta: UsageDelta): void {
    const { id, uses, failures, lastUsedAt, lastUsedFrom, lastFailedAt } = delta;
    const keys = [this.#records.keyOf(id), this.#usageKey(id)] as const;
    void redis.latchkeyAddUsage(...keys, uses, failures, lastUsedAt ?? '', lastUsedFrom ?? '', lastFailedAt ?? '');
    this.#lists.queueUse(redis, delta);
  }

  /** In the slot of the record. */
  #usageKey(id: string): string {
    return `${this.#prefix}use:{${encodeId(id)}}`;
  }

  get #dueKey(): string {
    return `${this.#prefix}due`;
  }

  get #watchKey(): string {
    return `${this.#prefix}watch`;
  }
}

/** The policies of `record` that `other` does not refer to. */
function without(record: ApiKeyRecord, other: ApiKeyRecord): string[] {
  return record.policyIds.filter((id) => !other.policyIds.includes(id));
}
