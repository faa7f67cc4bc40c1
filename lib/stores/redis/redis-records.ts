import { storeUnavailable } from '../../errors.js';
import type { VersionedRecord } from '../../records.js';
import type { Collection } from '../store.js';
import type { BoundedRedis } from './bounded-redis.js';
import { type RecordForm, wholeForm } from './record-form.js';
import { type Guard, type LastingWrites, nothingToGuard } from './redis-durability.js';
import type { RedisFeed } from './redis-feed.js';
import type { ScriptedRedis } from './redis-scripts.js';

export interface RedisRecordsOptions {
  /** Whose changes the feed is told of; null: none are told. */
  readonly collection: Collection | null;
  /** What the key of every record begins with; `{id}` follows. Tracked by the feed where changes are told. */
  readonly prefix: string;
  /** Where writes are published; '': nowhere. */
  readonly channel: string;
}

/**
 * The records of one collection, each `<version> <JSON>` (see `RecordForm`) under a key of its own: the version stands in
 * front, where a script can read it without parsing the rest. The change feed is told of every write, here before it
 * resolves, unless it is to be told of none.
 */
export class RedisRecords<Stored extends VersionedRecord> {
  readonly #redis: BoundedRedis;
  readonly #writes: LastingWrites;
  readonly #feed: RedisFeed;
  readonly #options: RedisRecordsOptions;
  readonly #form: RecordForm<Stored>;

  constructor(
    redis: BoundedRedis,
    writes: LastingWrites,
    feed: RedisFeed,
    options: RedisRecordsOptions,
    form: RecordForm<Stored> = wholeForm(),
  ) {
    this.#redis = redis;
    this.#writes = writes;
    this.#feed = feed;
    this.#options = options;
    this.#form = form;
  }

  /** Where a record is kept. */
  keyOf(id: string): string {
    return `${this.#options.prefix}{${encodeId(id)}}`;
  }

  async get(id: string): Promise<Stored | null> {
    const key = this.keyOf(id);
    const value = await this.#redis.run(key, (redis) => redis.get(key));
    return value === null ? null : this.#decode(value);
  }

  /** In the order of `ids`. */
  async getMany(ids: readonly string[]): Promise<(Stored | null)[]> {
    const found = await this.#redis.mget(ids.map((id) => this.keyOf(id)));
    return found.map((value) => (value === null ? null : this.#decode(value)));
  }

  /**
   * False when the stored version is not `version`, where '' stands for: there is none. Lasts when it resolves, and so does
   * what was written before to the keys `besides`. Is not sent where `guard` throws.
   */
  async write(
    version: number | '',
    record: Stored,
    besides: readonly string[],
    guard: Guard = nothingToGuard,
  ): Promise<boolean> {
    const { id } = record;
    const key = this.keyOf(id);
    const value = `${record.version} ${this.#form.encode(record)}`;
    const { channel } = this.#options;
    const write = (redis: ScriptedRedis) => {
      guard();
      return redis.latchkeyWrite(key, version, value, channel, this.#message(id));
    };
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
      const { collection } = this.#options;
      if (collection !== null) this.#feed.changed(collection, id);
    }
  }

  #decode(value: string): Stored {
    return this.#form.decode(value.slice(value.indexOf(' ') + 1));
  }

  #message(id: string): string {
    return `${this.#options.collection}:${id}`;
  }
}

const REMOVALS = ['changed', 'removed', 'absent'] as const;
type Removal = (typeof REMOVALS)[number];

/** Whatever a host or a client calls an id, it reaches neither the hash tag nor what the feed reads out of the key. */
export function encodeId(id: string): string {
  return encodeURIComponent(id.toWellFormed());
}

/** Of an organisation, or of an owner within one: escaped too, so that no id can look like another scope. */
export function scopeKey(orgId: string | null, ownerId?: string): string {
  const org = orgId === null ? '' : `o${encodeId(orgId)}`;
  return ownerId === undefined ? org || '-' : `${org}:${encodeId(ownerId)}`;
}
