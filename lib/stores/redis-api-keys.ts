import type { ApiKeyRecord, KeyUsage } from '../records.js';
import type { BoundedRedis } from './bounded-redis.js';
import { decodePosition, encodePosition, expirySort, nameSort } from './index-order.js';
import type { RedisFeed } from './redis-feed.js';
import type { ScriptedRedis } from './redis-scripts.js';
import type { ApiKeyOrder, ApiKeyStore, Page, PageRequest, UsageDelta } from './store.js';

const ORDERS: readonly ApiKeyOrder[] = ['createdAt', 'name', 'expiresAt', 'lastUsedAt'];
/** Keys whose usage goes into one pipeline, and how long that may take in ms. */
const USAGE_CHUNK = 1_000;
const USAGE_TIMEOUT_MS = 5_000;

/**
 * API keys in Redis.
 *
 * | key | what |
 * |---|---|
 * | `key:{id}` | the record, `<version> <JSON>`: the hot path is one GET |
 * | `use:{id}` | its usage, a hash; outside the tracked prefix, so that it invalidates nothing |
 * | `idx:{org}:<order>`, `idx:{org:owner}:<order>` | one sorted set for each order that a list can have |
 * | `due` | ids by the instant from which they may be expunged |
 *
 * In the numeric orders the member is the id, so there is one entry for each record and moving it is atomic. In `name` it
 * is `<name>\0<id>`; after a change of name cut off half-way an old entry may remain, which `page` passes over.
 */
export class RedisApiKeys implements ApiKeyStore {
  readonly #redis: BoundedRedis<ScriptedRedis>;
  readonly #feed: RedisFeed;
  readonly #prefix: string;
  readonly #channel: string;

  constructor(redis: BoundedRedis<ScriptedRedis>, feed: RedisFeed, keyPrefix: string, channel: string) {
    this.#redis = redis;
    this.#feed = feed;
    this.#prefix = keyPrefix;
    this.#channel = channel;
  }

  async insert(record: ApiKeyRecord): Promise<boolean> {
    await Promise.all([this.#index(record), this.#schedule(record)]);
    return await this.#write('', record);
  }

  async get(id: string): Promise<ApiKeyRecord | null> {
    const json = await this.#redis.run((redis) => redis.get(this.#recordKey(id)));
    return json === null ? null : decodeRecord(json);
  }

  async update(previous: ApiKeyRecord, next: ApiKeyRecord): Promise<boolean> {
    const isRenamed = nameSort(previous) !== nameSort(next);
    if (isRenamed) await this.#enterName(next);
    if (previous.expungeAt !== next.expungeAt) await this.#schedule(next);
    const isWritten = await this.#write(previous.version, next);
    if (isRenamed && isWritten) await this.#enterName(next);
    if (isRenamed) await this.#dropName(isWritten ? previous : next);
    if (!isWritten) return false;
    if (previous.expiresAt !== next.expiresAt) await this.#moveExpiry(next);
    return true;
  }

  async page(request: PageRequest): Promise<Page> {
    const { order, limit } = request;
    const index = this.#indexKey(scopeKey(request.orgId, request.ownerId), order);
    const found =
      order === 'name' ? await this.#pageOfNames(index, request) : await this.#pageOfNumbers(index, request);
    const records = await this.#getMany(found.map(({ id }) => id));
    const entries = found.flatMap(({ sort, id }, at) => {
      const record = records[at] ?? null;
      const isStale = !isInScope(record, request) || (order === 'name' && nameSort(record) !== sort);
      return isStale ? [] : [{ record, position: encodePosition(sort, id) }];
    });
    const last = found.at(-1);
    return { entries, next: last && found.length === limit ? encodePosition(last.sort, last.id) : null };
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

  async addUsage(deltas: readonly UsageDelta[]): Promise<void> {
    for (let start = 0; start < deltas.length; start += USAGE_CHUNK) {
      const chunk = deltas.slice(start, start + USAGE_CHUNK);
      await this.#redis.run(async (redis) => {
        const pipeline = redis.pipeline();
        for (const delta of chunk) this.#queueUsage(pipeline as unknown as ScriptedRedis, delta);
        const failed = (await pipeline.exec())?.find(([error]) => error !== null);
        if (failed !== undefined) throw failed[0] as Error;
      }, USAGE_TIMEOUT_MS);
    }
  }

  async expunge(nowAt: number, limit: number): Promise<number> {
    const due = await this.#redis.run((redis) =>
      redis.zrange(this.#dueKey, '-inf', String(nowAt), 'BYSCORE', 'LIMIT', 0, limit),
    );
    let expunged = 0;
    for (const id of due) {
      const record = await this.get(id);
      const isDue = record !== null && record.expungeAt !== null && record.expungeAt <= nowAt;
      if (record !== null && !isDue) await this.#reschedule(record);
      else if (record === null || (await this.#expungeOne(record))) {
        await this.#redis.run((redis) => redis.zrem(this.#dueKey, id));
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
    const { id, version } = record;
    await this.#forEachScope(record, (redis, keys) => redis.latchkeyUnindex(...keys, id, memberOf(record)));
    const removed = await this.#redis.run((redis) =>
      redis.latchkeyRemove(this.#recordKey(id), this.#usageKey(id), version, this.#channel, `apiKeys:${id}`),
    );
    this.#feed.changed('apiKeys', id);
    if (Number(removed) === 1) return true;
    const latest = await this.get(id); // changed this very moment: it stays, and must be found
    if (latest !== null) await this.#index(latest);
    return false;
  }

  #index(record: ApiKeyRecord): Promise<void> {
    const expiresAt = score(expirySort(record));
    return this.#forEachScope(record, (redis, keys) =>
      redis.latchkeyIndex(...keys, record.id, record.createdAt, memberOf(record), expiresAt),
    );
  }

  /** Never later than the record says; `expunge` reads the record and corrects what is too early. */
  async #schedule({ id, expungeAt }: ApiKeyRecord): Promise<void> {
    if (expungeAt === null) return;
    await this.#redis.run((redis) => redis.zadd(this.#dueKey, 'LT', expungeAt, id));
  }

  async #write(version: number | '', record: ApiKeyRecord): Promise<boolean> {
    const value = `${record.version} ${JSON.stringify(record)}`;
    const written = await this.#redis.run((redis) =>
      redis.latchkeyWrite(this.#recordKey(record.id), version, value, this.#channel, `apiKeys:${record.id}`),
    );
    this.#feed.changed('apiKeys', record.id);
    return Number(written) === 1; // a client may be set to answer numbers as text
  }

  #enterName(record: ApiKeyRecord): Promise<void> {
    return this.#forEachScope(record, (redis, [, name]) => redis.zadd(name, 0, memberOf(record)));
  }

  /**
   * Two renames at once may take away each other's entry: so whoever writes a name enters it once more after the write,
   * and whoever drops one looks afterwards whether it is in use again.
   */
  async #dropName(record: ApiKeyRecord): Promise<void> {
    await this.#forEachScope(record, (redis, [, name]) => redis.zrem(name, memberOf(record)));
    const latest = await this.get(record.id);
    if (latest !== null && nameSort(latest) === nameSort(record)) await this.#enterName(latest);
  }

  /** Two changes at once may move the entry in either order: the one that finds a newer record moves it again. */
  async #moveExpiry(record: ApiKeyRecord): Promise<void> {
    for (let current: ApiKeyRecord | null = record; current !== null; ) {
      const expiresAt = score(expirySort(current));
      await this.#forEachScope(current, (redis, keys) => redis.zadd(keys[2], 'XX', expiresAt, record.id));
      const latest: ApiKeyRecord | null = await this.get(record.id);
      current = latest !== null && latest.expiresAt !== current.expiresAt ? latest : null;
    }
  }

  async #pageOfNumbers(index: string, { after, descending, limit }: PageRequest): Promise<Found[]> {
    const from = after === undefined ? { sort: '', id: '' } : decodePosition(after);
    const flat = await this.#redis.run((redis) =>
      redis.latchkeyPage(index, limit, descending ? 1 : 0, from.sort === 'Infinity' ? '+inf' : from.sort, from.id),
    );
    const found: Found[] = [];
    for (let i = 0; i + 1 < flat.length; i += 2) {
      const sort = flat[i + 1] === 'inf' ? 'Infinity' : (flat[i + 1] as string);
      found.push({ id: flat[i] as string, sort });
    }
    return found;
  }

  async #pageOfNames(index: string, { after, descending, limit }: PageRequest): Promise<Found[]> {
    const from = after === undefined ? null : decodePosition(after);
    const bound = from === null ? null : `(${nameMember(from.sort, from.id)}`;
    const members = await this.#redis.run((redis) =>
      descending
        ? redis.zrange(index, bound ?? '+', '-', 'BYLEX', 'REV', 'LIMIT', 0, limit)
        : redis.zrange(index, bound ?? '-', '+', 'BYLEX', 'LIMIT', 0, limit),
    );
    return members.map((member) => {
      const end = member.indexOf('\0');
      return { sort: member.slice(0, end), id: member.slice(end + 1) };
    });
  }

  async #getMany(ids: readonly string[]): Promise<(ApiKeyRecord | null)[]> {
    if (ids.length === 0) return [];
    const found = await this.#redis.run((redis) => redis.mget(ids.map((id) => this.#recordKey(id))));
    return found.map((json) => (json === null ? null : decodeRecord(json)));
  }

  #queueUsage(redis: ScriptedRedis, delta: UsageDelta): void {
    const { id, uses, failures, lastUsedAt, lastUsedFrom, lastFailedAt } = delta;
    const keys = [this.#recordKey(id), this.#usageKey(id)] as const;
    void redis.latchkeyAddUsage(...keys, uses, failures, lastUsedAt ?? '', lastUsedFrom ?? '', lastFailedAt ?? '');
    if (lastUsedAt === null) return;
    for (const scope of this.#scopesOf(delta)) {
      void redis.zadd(this.#indexKey(scope, 'lastUsedAt'), 'XX', 'GT', lastUsedAt, id);
    }
  }

  async #forEachScope(
    record: ApiKeyRecord,
    command: (redis: ScriptedRedis, keys: IndexKeys) => Promise<unknown>,
  ): Promise<void> {
    const keys = this.#scopesOf(record).map((scope) => this.#indexKeys(scope));
    await this.#redis.run((redis) => Promise.all(keys.map((each) => command(redis, each))));
  }

  #scopesOf({ orgId, ownerId }: { orgId: string | null; ownerId: string }): string[] {
    return [scopeKey(orgId), scopeKey(orgId, ownerId)];
  }

  #indexKeys(scope: string): IndexKeys {
    return ORDERS.map((order) => this.#indexKey(scope, order)) as unknown as IndexKeys;
  }

  #indexKey(scope: string, order: ApiKeyOrder): string {
    return `${this.#prefix}idx:{${scope}}:${order}`;
  }

  #recordKey(id: string): string {
    return `${this.#prefix}key:{${id}}`;
  }

  #usageKey(id: string): string {
    return `${this.#prefix}use:{${id}}`;
  }

  get #dueKey(): string {
    return `${this.#prefix}due`;
  }
}

/** An insert that found its id taken leaves entries in the indexes of its own scope. */
function isInScope(record: ApiKeyRecord | null, { orgId, ownerId }: PageRequest): record is ApiKeyRecord {
  return record !== null && record.orgId === orgId && (ownerId === undefined || record.ownerId === ownerId);
}

type IndexKeys = readonly [createdAt: string, name: string, expiresAt: string, lastUsedAt: string];

interface Found {
  readonly id: string;
  readonly sort: string;
}

/** The version stands in front, where a script can read it without parsing the rest. */
function decodeRecord(value: string): ApiKeyRecord {
  return JSON.parse(value.slice(value.indexOf(' ') + 1)) as ApiKeyRecord;
}

function memberOf(record: ApiKeyRecord): string {
  return nameMember(nameSort(record), record.id);
}

/** Names hold no control characters, so the first `\0` ends the name. */
function nameMember(sort: string, id: string): string {
  return `${sort}\0${id}`;
}

function score(value: number): number | string {
  return value === Number.POSITIVE_INFINITY ? '+inf' : value;
}

/** Escaped, so that neither braces (the hash tag) nor colons in a host's ids reach the key. */
function scopeKey(orgId: string | null, ownerId?: string): string {
  const org = orgId === null ? '' : `o${encodeURIComponent(orgId)}`;
  return ownerId === undefined ? org || '-' : `${org}:${encodeURIComponent(ownerId)}`;
}
