import type { RedisOptions } from 'ioredis';
import { AuthError, isNotDurable, notDurable, storeUnavailable } from '../../errors.js';
import { within } from '../within.js';
import type { BoundedRedis } from './bounded-redis.js';
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
}

/** Sends the writes that must last. */
export interface LastingWrites {
  /**
   * Sends what `write` sends at once, on keys of the slot of `key`; resolves when it lasts, and what was written before to the
   * keys `besides`. @throws AuthError `store_unavailable`; `not_durable` when it may have been made, and may not last.
   */
  write<Answer>(
    key: string,
    write: (redis: ScriptedRedis) => Promise<Answer>,
    besides?: readonly string[],
  ): Promise<Answer>;
  /** Resolves when all lasts that was written to `key`. */
  confirm(key: string): Promise<void>;
  close(): void;
}

/** Where the word of the master is enough. */
export function plainWrites(redis: BoundedRedis): LastingWrites {
  return { write: (key, write) => redis.run(key, write), confirm: async () => {}, close: () => {} };
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
  readonly #servers: RedisServers;
  readonly #settings: Settings;
  readonly #connections = new Map<string, DurableConnection>();
  #isClosed = false;

  constructor(servers: RedisServers, settings: Settings) {
    this.#servers = servers;
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
