import type { ApiKeyRecord } from '../../records.js';
import { decodePosition, encodePosition, expirySort, nameSort } from '../index-order.js';
import type { ApiKeyOrder, Page, PageRequest, UsageDelta } from '../store.js';
import type { Batched, BoundedRedis } from './bounded-redis.js';
import type { RedisRecords } from './redis-records.js';
import { scopeKey } from './redis-records.js';
import type { ScriptedRedis } from './redis-scripts.js';

const ORDERS: readonly ApiKeyOrder[] = ['createdAt', 'name', 'expiresAt', 'lastUsedAt', 'id'];

/**
 * The lists of an organisation's keys and of an owner's: `idx:{org}:<order>` and `idx:{org:owner}:<order>`, one sorted set
 * for each order that a list can have.
 *
 * In the numeric orders the member is the id, so there is one entry for each record and moving it is atomic. In `name` it
 * is `<name>\0<id>`; after a change of name cut off half-way an old entry may remain, which `page` passes over. After a change
 * of expiry cut off half-way the entry stands in its old place until `page` comes upon it.
 */
export class RedisKeyLists {
  readonly #redis: BoundedRedis;
  readonly #records: RedisRecords<ApiKeyRecord>;
  readonly #prefix: string;

  constructor(redis: BoundedRedis, records: RedisRecords<ApiKeyRecord>, keyPrefix: string) {
    this.#redis = redis;
    this.#records = records;
    this.#prefix = keyPrefix;
  }

  /** One key of each of its lists. */
  keysOf(record: ApiKeyRecord): string[] {
    return this.#scopesOf(record).map((scope) => this.#indexKey(scope, 'id'));
  }

  /** Enters a record where it is not yet. */
  enter(record: ApiKeyRecord): Promise<void> {
    const expiresAt = score(expirySort(record));
    return this.#forEachScope(record, (redis, keys) =>
      redis.latchkeyIndex(...keys, record.id, record.createdAt, memberOf(record), expiresAt),
    );
  }

  drop(record: ApiKeyRecord): Promise<void> {
    return this.#forEachScope(record, (redis, keys) => redis.latchkeyUnindex(...keys, record.id, memberOf(record)));
  }

  enterName(record: ApiKeyRecord): Promise<void> {
    return this.#forEachScope(record, (redis, [, name]) => redis.zadd(name, 0, memberOf(record)));
  }

  /**
   * Two renames at once may take away each other's entry: so whoever writes a name enters it once more after the write,
   * and whoever drops one looks afterwards whether it is in use again.
   */
  async dropName(record: ApiKeyRecord): Promise<void> {
    await this.#forEachScope(record, (redis, [, name]) => redis.zrem(name, memberOf(record)));
    const latest = await this.#records.get(record.id);
    if (latest !== null && nameSort(latest) === nameSort(record)) await this.enterName(latest);
  }

  /** Two changes at once may move the entry in either order: the one that finds a newer record moves it again. */
  async moveExpiry(record: ApiKeyRecord): Promise<void> {
    for (let current: ApiKeyRecord | null = record; current !== null; ) {
      const expiresAt = score(expirySort(current));
      await this.#forEachScope(current, (redis, keys) => redis.zadd(keys[2], 'XX', expiresAt, record.id));
      const latest: ApiKeyRecord | null = await this.#records.get(record.id);
      current = latest !== null && latest.expiresAt !== current.expiresAt ? latest : null;
    }
  }

  /** What enters that a key was used. */
  usesOf(delta: UsageDelta): Batched<unknown>[] {
    const { id, lastUsedAt } = delta;
    if (lastUsedAt === null) return [];
    return this.#scopesOf(delta).map((scope) => {
      const key = this.#indexKey(scope, 'lastUsedAt');
      return { key, send: (redis) => redis.zadd(key, 'XX', 'GT', lastUsedAt, id) };
    });
  }

  async page(request: PageRequest): Promise<Page> {
    const { order, limit } = request;
    const index = this.#indexKey(scopeKey(request.orgId, request.ownerId), order);
    const found =
      order === 'name' ? await this.#pageOfNames(index, request) : await this.#pageOfNumbers(index, request);
    const records = await this.#records.getMany(found.map(({ id }) => id));
    if (order === 'expiresAt') await this.#putRight(found, records);
    const entries = found.flatMap(({ sort, id }, at) => {
      const record = records[at] ?? null;
      const isStale = !isInScope(record, request) || (order === 'name' && nameSort(record) !== sort);
      return isStale ? [] : [{ record, position: encodePosition(sort, id) }];
    });
    const last = found.at(-1);
    return { entries, next: last && found.length === limit ? encodePosition(last.sort, last.id) : null };
  }

  /** Moves what a change that was cut off has left where it stood; what cannot be moved now stays for the next reader. */
  async #putRight(found: readonly Found[], records: readonly (ApiKeyRecord | null)[]): Promise<void> {
    const misplaced = records.filter((record, at) => record !== null && expirySort(record) !== Number(found[at]?.sort));
    await Promise.allSettled(misplaced.map((record) => this.moveExpiry(record as ApiKeyRecord)));
  }

  async #pageOfNumbers(index: string, { after, descending, limit }: PageRequest): Promise<Found[]> {
    const from = after === undefined ? { sort: '', id: '' } : decodePosition(after);
    const flat = await this.#redis.run(index, (redis) =>
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
    const members = await this.#redis.run(index, (redis) =>
      descending
        ? redis.zrange(index, bound ?? '+', '-', 'BYLEX', 'REV', 'LIMIT', 0, limit)
        : redis.zrange(index, bound ?? '-', '+', 'BYLEX', 'LIMIT', 0, limit),
    );
    return members.map((member) => {
      const end = member.indexOf('\0');
      return { sort: member.slice(0, end), id: member.slice(end + 1) };
    });
  }

  async #forEachScope(
    record: ApiKeyRecord,
    command: (redis: ScriptedRedis, keys: IndexKeys) => Promise<unknown>,
  ): Promise<void> {
    const keys = this.#scopesOf(record).map((scope) => this.#indexKeys(scope));
    const ofEach = keys.map(([key]) => key); // the others are in its slot
    await this.#redis.each(ofEach, (redis, _key, at) => command(redis, keys[at] as IndexKeys));
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
}

/** An insert that found its id taken leaves entries in the indexes of its own scope. */
function isInScope(record: ApiKeyRecord | null, { orgId, ownerId }: PageRequest): record is ApiKeyRecord {
  return record !== null && record.orgId === orgId && (ownerId === undefined || record.ownerId === ownerId);
}

type IndexKeys = readonly [createdAt: string, name: string, expiresAt: string, lastUsedAt: string, id: string];

interface Found {
  readonly id: string;
  readonly sort: string;
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
