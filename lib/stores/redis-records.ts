import type { VersionedRecord } from '../records.js';
import type { BoundedRedis } from './bounded-redis.js';
import type { RedisFeed } from './redis-feed.js';
import type { ScriptedRedis } from './redis-scripts.js';
import type { Collection } from './store.js';

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
  readonly #redis: BoundedRedis<ScriptedRedis>;
  readonly #feed: RedisFeed;
  readonly #options: RedisRecordsOptions;

  constructor(redis: BoundedRedis<ScriptedRedis>, feed: RedisFeed, options: RedisRecordsOptions) {
    this.#redis = redis;
    this.#feed = feed;
    this.#options = options;
  }

  /** Where a record is kept. */
  keyOf(id: string): string {
    return `${this.#options.prefix}{${encodeId(id)}}`;
  }

  async get(id: string): Promise<Stored | null> {
    const value = await this.#redis.run((redis) => redis.get(this.keyOf(id)));
    return value === null ? null : decode<Stored>(value);
  }

  /** In the order of `ids`. */
  async getMany(ids: readonly string[]): Promise<(Stored | null)[]> {
    if (ids.length === 0) return [];
    const found = await this.#redis.run((redis) => redis.mget(ids.map((id) => this.keyOf(id))));
    return found.map((value) => (value === null ? null : decode<Stored>(value)));
  }

  /** False when the stored version is not `version`, where '' stands for: there is none. */
  async write(version: number | '', record: Stored): Promise<boolean> {
    const value = `${record.version} ${JSON.stringify(record)}`;
    const written = await this.#redis.run((redis) =>
      redis.latchkeyWrite(this.keyOf(record.id), version, value, this.#options.channel, this.#message(record.id)),
    );
    this.#feed.changed(this.#options.collection, record.id);
    return Number(written) === 1; // a client may be set to answer numbers as text
  }

  /** Removes a record of this version, and the keys that go with it. */
  async remove({ id, version }: Stored, ...besides: readonly string[]): Promise<'removed' | 'changed' | 'absent'> {
    const keys = [this.keyOf(id), ...besides];
    const removed = await this.#redis.run((redis) =>
      redis.latchkeyRemove(keys.length, ...keys, version, this.#options.channel, this.#message(id)),
    );
    this.#feed.changed(this.#options.collection, id);
    return (['changed', 'removed', 'absent'] as const)[Number(removed)] ?? 'absent';
  }

  #message(id: string): string {
    return `${this.#options.collection}:${id}`;
  }
}

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
