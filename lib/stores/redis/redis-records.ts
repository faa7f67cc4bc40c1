import { storeUnavailable } from '../../errors.js';
import type { VersionedRecord } from '../../records.js';
import type { Collection } from '../store.js';
import type { BoundedRedis } from './bounded-redis.js';
import type { LastingWrites } from './redis-durability.js';
import type { RedisFeed } from './redis-feed.js';
import type { ScriptedRedis } from './redis-scripts.js';

export interface RedisRecordsOptions {
  readonly collection: Collection;
  /** What the key of every record begins with; `{id}` follows. Tracked by the feed. */
  readonly prefix: string;
  /** Where writes are published. */
  readonly channel: string;
}

/**
 * The records of one collection, each `<version> <JSON>` under a key of its own: the version stands in front, where a
 * script can read it without parsing the rest. The change feed is told of every write, here before it resolves.
 */
export class RedisRecords<Stored extends VersionedRecord> {
  readonly #redis: BoundedRedis;
  readonly #writes: LastingWrites;
  readonly #feed: RedisFeed;
  readonly #options: RedisRecordsOptions;

  constructor(redis: BoundedRedis, writes: LastingWrites, feed: RedisFeed, options: RedisRecordsOptions) {
    this.#redis = redis;
    this.#writes = writes;
    this.#feed = feed;
    this.#options = options;
  }

  /** Where a record is kept. */
  keyOf(id: string): string {
    return `${this.#options.prefix}{${encodeId(id)}}`;
  }

  async get(id: string): Promise<Stored | null> {
    const key = this.keyOf(id);
    const value = await this.#redis.run(key, (redis) => redis.get(key));
    return value === null ? null : decode<Stored>(value);
  }

  /** In the order of `ids`. */
  async getMany(ids: readonly string[]): Promise<(Stored | null)[]> {
    const found = await this.#redis.mget(ids.map((id) => this.keyOf(id)));
    return found.map((value) => (value === null ? null : decode<Stored>(value)));
  }

  /**
   * False when the stored version is not `version`, where '' stands for: there is none. Lasts when it resolves, and so does
   * what was written before to the keys `besides`.
   */
  async write(version: number | '', record: Stored, besides: readonly string[]): Promise<boolean> {
    const { id } = record;
    const key = this.keyOf(id);
    const value = `${record.version} ${JSON.stringify(record)}`;
    const { channel } = this.#options;
    const write = (redis: ScriptedRedis) => redis.latchkeyWrite(key, version, value, channel, this.#message(id));
    const { breaks } = this.#redis;
    const written = await this.#telling(id, this.#writes.write(key, write, besides));
    if (Number(written) === 1) return true; // a client may be set to answer numbers as text
    this.#refuseDoubt(breaks);
    return false;
  }

  /** Removes a record of this version. Lasts as `write` does. */
  async remove(record: Stored, besides: readonly string[]): Promise<Removal> {
    const { breaks } = this.#redis;
    const removed = await this.#telling(
      record.id,
      this.#writes.write(this.keyOf(record.id), this.#removal(record, []), besides),
    );
    if (Number(removed) !== 1) this.#refuseDoubt(breaks);
    return REMOVALS[Number(removed)] ?? 'absent';
  }

  /** Removes a record of this version, which nobody has asked for, and keys in its slot: need not last. */
  async expunge(record: Stored, ...others: readonly string[]): Promise<Removal> {
    const key = this.keyOf(record.id);
    const removed = await this.#telling(record.id, this.#redis.run(key, this.#removal(record, others)));
    return REMOVALS[Number(removed)] ?? 'absent';
  }

  /** Resolves when what is stored of `id` lasts. */
  confirm(id: string): Promise<void> {
    return this.#writes.confirm(this.keyOf(id));
  }

  #removal({ id, version }: Stored, others: readonly string[]): (redis: ScriptedRedis) => Promise<number> {
    const keys = [this.keyOf(id), ...others];
    const { channel } = this.#options;
    return (redis) => redis.latchkeyRemove(keys.length, ...keys, version, channel, this.#message(id));
  }

  /** "Not done" is believed only where the command was certainly sent once: see `breaksOf`. */
  #refuseDoubt(breaksBefore: number): void {
    if (this.#redis.breaks === breaksBefore) return;
    throw storeUnavailable('the connection broke while a change was under way: it may have been made');
  }

  /** A write may have been made also where it rejects. */
  async #telling<Answer>(id: string, writing: Promise<Answer>): Promise<Answer> {
    try {
      return await writing;
    } finally {
      this.#feed.changed(this.#options.collection, id);
    }
  }

  #message(id: string): string {
    return `${this.#options.collection}:${id}`;
  }
}

const REMOVALS = ['changed', 'removed', 'absent'] as const;
type Removal = (typeof REMOVALS)[number];

function decode<Stored>(value: string): Stored {
  return JSON.parse(value.slice(value.indexOf(' ') + 1)) as Stored;
}

/** Whatever a host or a client calls an id, it reaches neither the hash tag nor what the feed reads out of the key. */
export function encodeId(id: string): string {
  return encodeURIComponent(id.toWellFormed());
}

/** Of an organisation, or of an owner within one: escaped too, so that no id can look like another scope. */
export function scopeKey(orgId: string | null, ownerId?: string): string {
  const org = orgId === null ? '' : `o${encodeId(orgId)}`;
  return ownerId === undefined ? org || '-' : `${org}:${encodeId(ownerId)}`;
}
