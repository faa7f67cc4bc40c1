import { AuthError, notDurable } from '../../errors.js';
import type { ApiKeyRecord, KeyUsage } from '../../records.js';
import { nameSort } from '../index-order.js';
import type { ApiKeyStore, DayUsage, Page, PageRequest, UsageDelta } from '../store.js';
import type { BoundedRedis } from './bounded-redis.js';
import { API_KEY_FORM } from './record-form.js';
import { trailKey } from './redis-audit.js';
import { type LastingWrites, orNotDurable } from './redis-durability.js';
import type { RedisFeed } from './redis-feed.js';
import { RedisKeyLists } from './redis-key-lists.js';
import { RedisPolicyUsers } from './redis-policy-users.js';
import { RedisRecords } from './redis-records.js';
import { RedisUsage } from './redis-usage.js';

/** Keys whose usage is added at once, and how long that may take in ms. */
const USAGE_CHUNK = 1_000;
const USAGE_TIMEOUT_MS = 5_000;
/** What the script of `addUsage` answers for a key that was never used before. */
const FIRST_USE = 2;

/**
 * API keys in Redis.
 *
 * | key | what |
 * |---|---|
 * | `key:{id}` | the record, `<version> <JSON>`, without what is not set: the hot path is one GET |
 * | `use:{id}`, `use-days:{id}` | its usage: see `RedisUsage` |
 * | `idx:…` | the lists that it is in: see `RedisKeyLists` |
 * | `due`, `watch` | ids by the instant from which they may be expunged, and from which `watched` names them |
 * | `pol-users:{policy}` | ids of the keys that refer to a policy |
 *
 * `due` and `watch` are one key each for all records, so that the next that is due is one ZRANGE away. On a Cluster each
 * therefore lies on one master: writes that set or move such an instant all go there, some bytes each, and fail with 503
 * while that master is down, also for records of others. Verification reads neither.
 */
export class RedisApiKeys implements ApiKeyStore {
  readonly #redis: BoundedRedis;
  readonly #writes: LastingWrites;
  readonly #records: RedisRecords<ApiKeyRecord>;
  readonly #lists: RedisKeyLists;
  readonly #policyUsers: RedisPolicyUsers;
  readonly #usage: RedisUsage;
  readonly #prefix: string;

  constructor(redis: BoundedRedis, writes: LastingWrites, feed: RedisFeed, keyPrefix: string, channel: string) {
    this.#redis = redis;
    this.#writes = writes;
    const options = { collection: 'apiKeys' as const, prefix: `${keyPrefix}key:`, channel };
    this.#records = new RedisRecords(redis, writes, feed, options, API_KEY_FORM);
    this.#lists = new RedisKeyLists(redis, this.#records, keyPrefix);
    this.#policyUsers = new RedisPolicyUsers(redis, keyPrefix);
    this.#usage = new RedisUsage(redis, keyPrefix);
    this.#prefix = keyPrefix;
  }

  async insert(record: ApiKeyRecord): Promise<boolean> {
    const indexes = [...this.#lists.keysOf(record), ...this.#policyUsers.keysOf(record.policyIds)];
    const due = record.expungeAt === null ? [] : [this.#dueKey];
    const enter = () => Promise.all([this.#index(record), this.#schedule(record)]);
    const guard = await this.#writes.first([...indexes, ...due], enter);
    return await this.#records.write('', record, [this.#trailOf(record)], guard);
  }

  get(id: string): Promise<ApiKeyRecord | null> {
    return this.#records.get(id);
  }

  async update(previous: ApiKeyRecord, next: ApiKeyRecord): Promise<boolean> {
    const isRenamed = nameSort(previous) !== nameSort(next);
    const [gained, lost] = [without(next, previous), without(previous, next)];
    const indexes = [...(isRenamed ? this.#lists.keysOf(next) : []), ...this.#policyUsers.keysOf(gained)];
    const guard = await this.#writes.first(indexes, async () => {
      if (isRenamed) await this.#lists.enterName(next);
      await this.#policyUsers.enter(next.id, gained);
    });
    const isRescheduled = previous.expungeAt !== next.expungeAt && next.expungeAt !== null;
    if (isRescheduled) await this.#schedule(next);
    const written = await orNotDurable(this.#records.write(previous.version, next, [this.#trailOf(next)], guard));
    const isWritten = written !== false; // as far as anybody knows: each step looks at what is stored
    if (isRenamed && isWritten) await this.#lists.enterName(next);
    if (isRenamed) await this.#lists.dropName(isWritten ? previous : next);
    if (isWritten) await this.#policyUsers.enter(next.id, gained);
    await this.#dropPolicies(next.id, isWritten ? lost : gained);
    if (!isWritten) return false;
    if (previous.expiresAt !== next.expiresAt) await this.#lists.moveExpiry(next);
    if (isRescheduled) await this.#scheduleForGood(next);
    if (written !== true) throw written;
    return true;
  }

  /** Makes up, too, for what a failover may have taken of a change that was not acknowledged. */
  async confirm(id: string): Promise<void> {
    const record = this.#writes.areConfirmed ? await this.get(id) : null;
    if (record !== null) await this.#scheduleForGood(record);
    await this.#records.confirm(id);
  }

  page(request: PageRequest): Promise<Page> {
    return this.#lists.page(request);
  }

  usage(ids: readonly string[]): Promise<KeyUsage[]> {
    return this.#usage.of(ids);
  }

  async addUsage(deltas: readonly UsageDelta[]): Promise<string[]> {
    const firstUsed: string[] = [];
    for (let start = 0; start < deltas.length; start += USAGE_CHUNK) {
      const chunk = deltas.slice(start, start + USAGE_CHUNK);
      const uses = chunk.map((delta) => this.#usage.addition(this.#records.keyOf(delta.id), delta));
      const entries = chunk.flatMap((delta) => this.#lists.usesOf(delta));
      const answers = await this.#redis.batch<unknown>([...uses, ...entries], USAGE_TIMEOUT_MS);
      firstUsed.push(...chunk.filter((_, at) => Number(answers[at]) === FIRST_USE).map(({ id }) => id));
    }
    return firstUsed;
  }

  usageByDay(id: string, fromDay: string): Promise<DayUsage[]> {
    return this.#usage.byDay(id, fromDay);
  }

  usersOfPolicy(policyId: string, after: string | undefined, limit: number): Promise<string[]> {
    return this.#policyUsers.page(policyId, after, limit);
  }

  async watch(id: string, at: number | null): Promise<void> {
    const key = this.#watchKey;
    if (at === null) await this.#redis.run(key, (redis) => redis.zrem(key, id));
    else await this.#writes.write(key, (redis) => redis.zadd(key, at, id));
  }

  watched(nowAt: number, limit: number): Promise<string[]> {
    return this.#come(this.#watchKey, nowAt, limit);
  }

  async expunge(nowAt: number, limit: number): Promise<number> {
    const due = await this.#come(this.#dueKey, nowAt, limit);
    let expunged = 0;
    for (const id of due) {
      const record = await this.get(id).catch(passUnreadable);
      if (record === undefined) continue;
      const isDue = record !== null && record.expungeAt !== null && record.expungeAt <= nowAt;
      if (record !== null && !isDue) await this.#reschedule(record);
      else if (record === null || (await this.#expungeOne(record))) {
        await this.#redis.each([this.#watchKey, this.#dueKey], (redis, key) => redis.zrem(key, id));
        if (record !== null) expunged++;
      }
    }
    return expunged;
  }

  /** For one that was changed since it was scheduled: by a sweep cut off half-way it may have lost its index entries. */
  async #reschedule(record: ApiKeyRecord): Promise<void> {
    const { id, expungeAt } = record;
    await this.#index(record);
    const key = this.#dueKey;
    await this.#redis.run(key, (redis) => (expungeAt === null ? redis.zrem(key, id) : redis.zadd(key, expungeAt, id)));
    const latest = await this.get(id);
    if (latest !== null && latest.version !== record.version) await this.#schedule(latest);
  }

  /** The index entries go first: cut off after them, the next sweep still finds the record. */
  async #expungeOne(record: ApiKeyRecord): Promise<boolean> {
    const { id, policyIds } = record;
    await this.#lists.drop(record);
    await this.#policyUsers.drop(id, policyIds);
    if ((await this.#records.expunge(record, ...this.#usage.keysOf(id))) !== 'changed') return true;
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
    await this.#redis.run(this.#dueKey, (redis) => redis.zadd(this.#dueKey, 'LT', expungeAt, id));
  }

  /** For a record that has been written: a revocation does not wait for the master that keeps the schedule. */
  async #scheduleForGood(record: ApiKeyRecord): Promise<void> {
    if (record.expungeAt === null || !this.#writes.areConfirmed) return;
    try {
      const guard = await this.#writes.first([this.#dueKey], () => this.#schedule(record));
      guard();
    } catch (error) {
      throw notDurable(error instanceof AuthError ? error.reason : String(error));
    }
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
    return this.#redis.run(key, (redis) => redis.zrange(key, '-inf', String(nowAt), 'BYSCORE', 'LIMIT', 0, limit));
  }

  /** Where the entry of a change stands, which is written before the change. */
  #trailOf({ orgId }: ApiKeyRecord): string {
    return trailKey(this.#prefix, orgId, 'changes');
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

/** A record that was broken by hand must not stop the others: undefined. */
function passUnreadable(error: unknown): undefined {
  if (!(error instanceof SyntaxError)) throw error;
}
