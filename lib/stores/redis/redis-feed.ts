import { ChangeEmitter } from '../change-emitter.js';
import type { ChangeFeed, ChangeListener, Collection } from '../store.js';
import { FEED_OPTIONS, FeedConnection, type FeedListener } from './feed-connection.js';
import type { FeedMeans } from './redis-access.js';
import type { FeedSource, RedisServers } from './redis-servers.js';

export interface RedisFeedOptions {
  /** How the full keys of each collection begin, host's key prefix included; what follows is `{id}`, URI-encoded. */
  readonly prefixes: Readonly<Record<Collection, string>>;
  /** Where writes are published, for servers that refuse client tracking. */
  readonly channel: string;
  /** Every server is asked for a sign of life this often, in ms; two without one and the feed is lost. */
  readonly heartbeatMs: number;
}

/**
 * Hears of every change to tracked keys, by whatever process, on a connection of its own to each server: on a Cluster to
 * every node, masters and replicas, as they come and go. It is live while every master that serves slots is heard of; when
 * any node is lost, all that was cached is void.
 */
export class RedisFeed implements ChangeFeed {
  readonly #servers: RedisServers;
  readonly #options: RedisFeedOptions;
  readonly #emitter = new ChangeEmitter(false);
  readonly #connections = new Map<string, FeedConnection>();
  readonly #heartbeat: NodeJS.Timeout;
  /** Monotonic ms up to which every change has been heard of, on whatever server. */
  #aliveAt = Number.NEGATIVE_INFINITY;
  #isClosed = false;
  #hasWarned = false;

  constructor(servers: RedisServers, options: RedisFeedOptions) {
    this.#servers = servers;
    this.#options = options;
    this.#heartbeat = setInterval(() => this.#beat(), options.heartbeatMs).unref();
    servers.onChange(() => this.#follow());
    this.#follow();
  }

  /** Also checks the clock: a process that was itself asleep must not trust what it had cached. */
  get isLive(): boolean {
    return this.#emitter.isLive && performance.now() - this.#aliveAt <= 2 * this.#options.heartbeatMs;
  }

  /** Of all its connections the poorest. */
  get means(): FeedMeans {
    const means = new Set(Array.from(this.#connections.values(), (connection) => connection.means));
    return (['none', 'publish', 'tracking'] as const).find((each) => means.has(each)) ?? null;
  }

  subscribe(listener: ChangeListener): () => void {
    return this.#emitter.subscribe(listener);
  }

  /** Tells this process of its own write, without the way over Redis. */
  changed(collection: Collection, id: string): void {
    this.#emitter.changed(collection, id);
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    clearInterval(this.#heartbeat);
    for (const connection of this.#connections.values()) connection.close();
    this.#emitter.down();
  }

  /** Opens what is missing, ends what is there no more, and leads back what went astray. */
  #follow(): void {
    if (this.#isClosed) return;
    const sources = this.#servers.feedSources();
    for (const [name, connection] of this.#connections) {
      if (sources.has(name)) continue;
      this.#connections.delete(name);
      connection.close();
    }
    for (const [name, source] of sources) {
      const opened = this.#connections.get(name);
      if (opened === undefined) this.#open(name, source);
      else if (source.standing(opened.connection) === 'wrong') opened.reconnect();
    }
    this.#settle();
  }

  #open(name: string, source: FeedSource): void {
    const connection = source.open(FEED_OPTIONS);
    if (connection === null) return;
    const { channel, heartbeatMs } = this.#options;
    const options = { prefixes: Object.values(this.#options.prefixes), channel, heartbeatMs };
    this.#connections.set(name, new FeedConnection(connection, options, this.#listener));
  }

  /** Up while all that is needed is heard of. */
  #settle(): void {
    let aliveAt = Number.POSITIVE_INFINITY;
    for (const [name, source] of this.#servers.feedSources()) {
      if (source.isNeeded) aliveAt = Math.min(aliveAt, this.#aliveAtOf(name, source));
    }
    this.#aliveAt = aliveAt;
    if (Number.isFinite(aliveAt)) this.#emitter.up();
    else this.#emitter.down();
  }

  #aliveAtOf(name: string, source: FeedSource): number {
    const connection = this.#connections.get(name);
    const isHeard = connection !== undefined && source.standing(connection.connection) === 'right';
    return isHeard ? connection.aliveAt : Number.NEGATIVE_INFINITY;
  }

  #beat(): void {
    this.#follow();
    for (const connection of this.#connections.values()) connection.beat();
  }

  readonly #listener: FeedListener = {
    changed: () => this.#settle(),
    lost: () => {
      this.#settle();
      if (this.#emitter.isLive) this.#emitter.invalidateAll();
    },
    published: (message) => this.#published(message),
    invalidated: (keys) => {
      if (keys === null) this.#emitter.invalidateAll();
      else for (const key of keys) this.#keyChanged(key);
    },
    refused: (reason) => this.#warn(reason),
  };

  /** `<collection>:<id>`, as the scripts publish it. */
  #published(message: string): void {
    const colon = message.indexOf(':');
    this.#emitter.changed(message.slice(0, colon) as Collection, message.slice(colon + 1));
  }

  #keyChanged(key: string): void {
    for (const [collection, prefix] of Object.entries(this.#options.prefixes)) {
      if (!key.startsWith(prefix)) continue;
      this.#emitter.changed(collection as Collection, decoded(key.slice(prefix.length + 1, -1)));
    }
  }

  #warn(reason: string): void {
    if (this.#hasWarned || this.#isClosed) return;
    this.#hasWarned = true;
    const mend = `Allow it CLIENT TRACKING, or SUBSCRIBE on ${this.#options.channel}.`;
    process.emitWarning(
      `Redis refuses both client tracking and SUBSCRIBE (${reason}). Every verification reads Redis. ${mend}`,
      { code: 'LATCHKEY_FEED' },
    );
  }
}

/** A key that was set by hand may hold no encoding: it then names no id of ours. */
function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
