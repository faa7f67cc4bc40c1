import type { RedisOptions } from 'ioredis';
import { AuthError, isNotDurable, notDurable, storeUnavailable } from '../../errors.js';
import { within } from '../within.js';
import type { Batched, BoundedRedis } from './bounded-redis.js';
import { DurableConnection } from './durable-connection.js';
import { evalScripts, type ScriptedRedis } from './redis-scripts.js';
import type { RedisServers } from './redis-servers.js';

export interface DurabilityOptions {
  /**
   * Replicas of a master that must have a write before it is acknowledged, at least 1. As many as it has: then no failover to
   * any of them loses what was acknowledged. Fewer: one to a replica that is behind may, and while one is away writes go on.
   */
  readonly replicas: number;
  /** The longest that one write may take until they have it, in ms; then 503 `not_durable`. Default 1,000. */
  readonly timeoutMs?: number;
  /**
   * Whether a login waits for replicas, too. False: nobody is kept from logging in while one is away, and a failover may lose
   * the login tokens and sessions that have just begun. Default true.
   */
  readonly logins?: boolean;
}

/** Sends the writes that must last. */
export interface LastingWrites {
  /** Whether replicas are waited for. */
  readonly areConfirmed: boolean;
  /**
   * Sends what `write` sends at once, on keys of the slot of `key`; resolves when it lasts, and what was written before to the
   * keys `besides`. @throws AuthError `store_unavailable`; `not_durable` when it may have been made, and may not last.
   */
  write<Answer>(
    key: string,
    write: (redis: ScriptedRedis) => Promise<Answer>,
    besides?: readonly string[],
  ): Promise<Answer>;
  /**
   * Runs `write`, which writes to `keys` as it likes what must be there before a record is: an entry in an index. Resolves,
   * when no failover can take that from a record that stays, with what is to be called when the record is sent; that
   * throws when a failover may have taken it already. @throws AuthError `store_unavailable`.
   */
  first(keys: readonly string[], write: () => Promise<unknown>): Promise<Guard>;
  /** As `write` for each, at most a thousand: of whatever slots, answered in their order when all last. */
  writeEach<Answer>(writes: readonly Batched<Answer>[]): Promise<Answer[]>;
  /** Resolves when all lasts that was written to `key`. */
  confirm(key: string): Promise<void>;
  close(): void;
}

/** Throws AuthError `store_unavailable`. */
export type Guard = () => void;

export function nothingToGuard(): void {}

/** Where the word of the master is enough. */
export function plainWrites(redis: BoundedRedis): LastingWrites {
  return {
    areConfirmed: false,
    write: (key, write) => redis.run(key, write),
    first: async (_keys, write) => {
      await write();
      return nothingToGuard;
    },
    writeEach: (writes) => redis.batch(writes),
    confirm: async () => {},
    close: () => {},
  };
}

/** What a write answers, or why it may not last: for whoever has something to set right first. Else rejects. */
export function orNotDurable<Answer>(writing: Promise<Answer>): Promise<Answer | AuthError> {
  return writing.catch((error: unknown) => {
    if (error instanceof AuthError && isNotDurable(error)) return error;
    throw error;
  });
}

/** What a connection must be of the host's options: no command is sent twice, or later, or given up before it is answered. */
const OPTIONS = {
  lazyConnect: true,
  enableOfflineQueue: false,
  enableReadyCheck: true,
  enableAutoPipelining: false,
  autoResendUnfulfilledCommands: false,
  maxRetriesPerRequest: 0,
  retryStrategy: () => null,
  reconnectOnError: null,
  commandTimeout: undefined,
  blockingTimeout: undefined,
  socketTimeout: undefined,
  disconnectTimeout: 200, // a frozen server does not answer the end of its connection
} as RedisOptions;

/** Entries are written again where a master was replaced, or became known, meanwhile. */
const MAX_TRIES = 3;

interface Settings extends Required<DurabilityOptions> {
  /** Writes under way, for each master, beyond which further ones are refused at once. */
  readonly maxPending: number;
  /** Of the store; the client's own goes before it. */
  readonly keyPrefix: string;
  readonly clientPrefix: string;
}

/**
 * Writes that replicas confirm, by connections of their own: one to each master, opened when it is first written to.
 * https://redis.io/docs/latest/commands/wait/
 */
export class RedisDurability implements LastingWrites {
  readonly areConfirmed = true;
  readonly #servers: RedisServers;
  readonly #redis: BoundedRedis;
  readonly #settings: Settings;
  readonly #connections = new Map<string, DurableConnection>();
  #isClosed = false;

  constructor(servers: RedisServers, redis: BoundedRedis, settings: Settings) {
    this.#servers = servers;
    this.#redis = redis;
    this.#settings = settings;
  }

  async write<Answer>(
    key: string,
    write: (redis: ScriptedRedis) => Promise<Answer>,
    besides: readonly string[] = [],
  ): Promise<Answer> {
    const connection = await this.#connectionOf(key);
    const others = new Map<DurableConnection, string>(); // what is on the same one is confirmed with the write
    for (const each of besides) others.set(await this.#connectionOf(each), each);
    others.delete(connection);
    const writing = connection.send(key, write);
    const confirming = Promise.all(Array.from(others, ([other, each]) => other.send(each, nothing)));
    const [, confirmed] = await Promise.allSettled([writing, confirming]);
    const answer = await writing;
    if (confirmed.status === 'rejected') throw asNotDurable(confirmed.reason);
    return answer;
  }

  /**
   * One master hands on everything in order: who has the record has what was written before. Of several each goes by itself, so
   * all must have been confirmed. A master that has taken over cannot tell what it never heard of: all must be as they were.
   */
  async first(keys: readonly string[], write: () => Promise<unknown>): Promise<Guard> {
    let before: string;
    for (let triesLeft = MAX_TRIES; ; ) {
      before = this.#mastersOf(keys);
      await write();
      triesLeft--;
      if (this.#mastersOf(keys) === before || triesLeft === 0) break;
    }
    if (!this.#servers.isOne) await this.#confirmFirst(keys);
    return () => {
      if (this.#mastersOf(keys) !== before) throw storeUnavailable('a master was replaced meanwhile');
    };
  }

  /** What it is for has not been written yet. */
  async #confirmFirst(keys: readonly string[]): Promise<void> {
    const connections = new Map<DurableConnection, string>();
    for (const key of keys) connections.set(await this.#connectionOf(key), key);
    const confirming = Array.from(connections, ([connection, key]) => connection.send(key, nothing));
    await Promise.all(confirming).catch((error: unknown) => {
      throw storeUnavailable(error instanceof AuthError ? error.reason : String(error));
    });
  }

  /** Differs when one of them was replaced, or a connection broke: behind Sentinel that is all there is to see of it. */
  #mastersOf(keys: readonly string[]): string {
    const names = keys.map((key) => this.#servers.laneOf(key).name);
    return [this.#redis.breaks, ...names].join(' ');
  }

  writeEach<Answer>(writes: readonly Batched<Answer>[]): Promise<Answer[]> {
    return Promise.all(writes.map(({ key, send }) => this.write(key, send)));
  }

  async confirm(key: string): Promise<void> {
    try {
      await (await this.#connectionOf(key)).send(key, nothing);
    } catch (error) {
      throw asNotDurable(error);
    }
  }

  close(): void {
    this.#isClosed = true;
    for (const connection of this.#connections.values()) connection.close();
  }

  /** Of a master that is believed: one that froze or was replaced is not written to. */
  async #connectionOf(key: string): Promise<DurableConnection> {
    if (this.#isClosed) throw storeUnavailable('the store is closed');
    const isUnknown = !this.#servers.isOne && this.#servers.laneOf(key).name === '';
    if (isUnknown) await this.#redis.untilReady(); // who serves what is learned with the first connection
    const lane = this.#servers.laneOf(key);
    if (lane.refusal !== null) throw storeUnavailable(lane.refusal);
    if (lane.isDoubtful) await within(this.#settings.timeoutMs, lane.verify());
    return this.#connections.get(lane.name) ?? this.#add(lane.name);
  }

  #add(name: string): DurableConnection {
    this.#dropLeft();
    const connection = new DurableConnection({
      ...this.#settings,
      open: () => this.#open(name),
      verify: (client, key) => this.#verify(name, client, key),
    });
    this.#connections.set(name, connection);
    return connection;
  }

  /** Servers come and go. */
  #dropLeft(): void {
    const sources = this.#servers.feedSources();
    for (const [name, connection] of this.#connections) {
      if (sources.has(name)) continue;
      this.#connections.delete(name);
      connection.close();
    }
  }

  #open(name: string): ScriptedRedis {
    const source = this.#servers.feedSources().get(name);
    const client = source?.open({ ...OPTIONS, keyPrefix: this.#settings.clientPrefix }) ?? null;
    if (client === null) throw storeUnavailable('no server is known for the key');
    return evalScripts(client);
  }

  async #verify(name: string, client: ScriptedRedis, key: string): Promise<void> {
    const lane = this.#servers.laneOf(key);
    if (lane.isDoubtful) await lane.verify();
    const standing = this.#servers.feedSources().get(name)?.standing(client);
    if (lane.name !== name || standing !== 'right') throw storeUnavailable('the master was replaced meanwhile');
  }
}

async function nothing(): Promise<void> {}

/** For what was written, but cannot be confirmed. */
function asNotDurable(error: unknown): AuthError {
  return notDurable(error instanceof AuthError ? error.reason : String(error));
}
