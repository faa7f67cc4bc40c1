import type { Redis, RedisOptions } from 'ioredis';
import type { Lane } from './redis-lane.js';

export interface ServerOptions {
  /** Commands without an answer beyond which further ones are refused at once; for each server. */
  readonly maxPending: number;
  /** Silence, in ms, after which a server that can be replaced is verified before it is asked or believed again. */
  readonly heartbeatMs: number;
}

/** A server that the change feed listens to. */
export interface FeedSource {
  /** Whether changes may be missed while this one is not heard of. */
  readonly isNeeded: boolean;
  /** A connection of its own to this server, of the host's options and these; null while its options are not known. */
  open(options: RedisOptions): Redis | null;
  /** Whether a connection has ended up where the changes are: it may have been led to a server that was replaced. */
  standing(connection: Redis): 'right' | 'wrong' | 'unknown';
}

/** The servers behind a client: which one has a key, whether it is to be believed, and which ones tell of changes. */
export interface RedisServers {
  /** Whether one server has all keys. */
  readonly isOne: boolean;
  /** What is asked of the server that has `key`, which is without the client's own prefix. */
  laneOf(key: string): Lane;
  /** What the client has open to the servers that have keys. */
  connections(): Iterable<Redis>;
  /** By name; a source that stays keeps its name. */
  feedSources(): ReadonlyMap<string, FeedSource>;
  /** Has `changed` called whenever `feedSources` may answer something else. */
  onChange(changed: () => void): void;
  /** Ends what was opened and set going; the client itself stays as it is. Idempotent. */
  close(): void;
}
