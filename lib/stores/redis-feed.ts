import type { Redis, RedisOptions } from 'ioredis';
import { ChangeEmitter } from './change-emitter.js';
import type { ChangeFeed, ChangeListener, Collection } from './store.js';

const INVALIDATIONS = '__redis__:invalidate';
const MAX_RECONNECT_DELAY_MS = 1_000;

export interface RedisFeedOptions {
  /** How the full keys of each collection begin, host's key prefix included; what follows is `{id}`, URI-encoded. */
  readonly prefixes: Readonly<Record<Collection, string>>;
  /** Where writes are published, for servers that refuse client tracking. */
  readonly channel: string;
  /** The server is asked for a sign of life this often, in ms; two without one and the feed is lost. */
  readonly heartbeatMs: number;
}

/**
 * Hears of every change to tracked keys, by whatever process, on a connection of its own. Redis tells by client tracking
 * in broadcast mode (which also covers eviction, FLUSHALL and changes by hand); where CLIENT is refused, by what the
 * writing scripts publish. RESP2 with a redirect to itself, because ioredis drops RESP3 invalidation pushes.
 * https://redis.io/docs/latest/develop/reference/client-side-caching/
 */
export class RedisFeed implements ChangeFeed {
  readonly #connection: Redis;
  readonly #options: RedisFeedOptions;
  readonly #emitter = new ChangeEmitter(false);
  readonly #heartbeat: NodeJS.Timeout;
  /**
   * Monotonic ms up to which every change has been heard of: when the last PING that was answered was sent. What arrives
   * may be late, on a slow connection or in a busy process, so the time of arrival says nothing.
   */
  #aliveAt = 0;
  #isArming = false;
  #isClosed = false;
  #hasWarned = false;

  constructor(client: Redis, options: RedisFeedOptions) {
    this.#options = options;
    const override: Partial<RedisOptions> = {
      protocol: 2,
      keyPrefix: '',
      autoResubscribe: false,
      autoResendUnfulfilledCommands: false,
      enableOfflineQueue: false,
      maxRetriesPerRequest: 0,
      lazyConnect: true,
      retryStrategy: (attempt) => Math.min(attempt * 50, MAX_RECONNECT_DELAY_MS),
    };
    this.#connection = client.duplicate(override) as Redis;
    this.#connection.on('ready', () => void this.#arm());
    this.#connection.on('close', () => this.#emitter.down());
    this.#connection.on('error', () => {}); // the host's own client tells of the same trouble
    this.#connection.on('messageBuffer', (channel, message: unknown) => this.#heard(String(channel), message));
    this.#connection.connect().catch(() => {}); // retryStrategy goes on
    this.#heartbeat = setInterval(() => this.#beat(), options.heartbeatMs).unref();
  }

  /** Also checks the clock: a process that was itself asleep must not trust what it had cached. */
  get isLive(): boolean {
    return this.#emitter.isLive && performance.now() - this.#aliveAt <= 2 * this.#options.heartbeatMs;
  }

  subscribe(listener: ChangeListener): () => void {
    return this.#emitter.subscribe(listener);
  }

  /** Tells this process of its own write, without the way over Redis. */
  changed(collection: Collection, id: string): void {
    this.#emitter.changed(collection, id);
  }

  close(): void {
    if (this.#isClosed) return; // ioredis answers a second disconnect with a timer of two seconds
    this.#isClosed = true;
    clearInterval(this.#heartbeat);
    this.#connection.disconnect();
    this.#emitter.down();
  }

  /** On every new connection: the server has forgotten the old one's tracking. */
  async #arm(): Promise<void> {
    this.#isArming = true;
    const startedAt = performance.now();
    try {
      if (!(await this.#track())) await this.#connection.subscribe(this.#options.channel);
      this.#aliveAt = startedAt;
      this.#emitter.up();
    } catch (error) {
      this.#warn(error);
    } finally {
      this.#isArming = false;
    }
  }

  /** False where the server refuses CLIENT, as some managed services do, or the channel of invalidations. */
  async #track(): Promise<boolean> {
    try {
      const id = await this.#connection.client('ID');
      const prefixes = Object.values(this.#options.prefixes).flatMap((prefix) => ['PREFIX', prefix]);
      await this.#connection.call('CLIENT', 'TRACKING', 'ON', 'REDIRECT', String(id), 'BCAST', ...prefixes);
      await this.#connection.subscribe(INVALIDATIONS);
      return true;
    } catch (error) {
      if (error instanceof Error && error.name === 'ReplyError') return false;
      throw error;
    }
  }

  #heard(channel: string, message: unknown): void {
    if (channel === this.#options.channel) {
      this.#published(String(message));
    } else if (Array.isArray(message)) {
      for (const key of message) this.#keyChanged(String(key));
    } else {
      this.#emitter.invalidateAll(); // null: the database was flushed
    }
  }

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

  /** A frozen server raises no event on its connections: only silence tells. */
  #beat(): void {
    if (this.#connection.status !== 'ready') return;
    if (this.#emitter.isLive && !this.isLive) {
      this.#emitter.down();
      this.#connection.disconnect(true);
      return;
    }
    if (!this.#emitter.isLive && !this.#isArming) void this.#arm();
    const sentAt = performance.now();
    this.#connection.ping().then(
      () => {
        this.#aliveAt = Math.max(this.#aliveAt, sentAt);
      },
      () => {}, // 'close' tells, or silence does
    );
  }

  #warn(error: unknown): void {
    if (this.#hasWarned || this.#isClosed || !(error instanceof Error) || error.name !== 'ReplyError') return;
    this.#hasWarned = true;
    const mend = `Allow it CLIENT TRACKING, or SUBSCRIBE on ${this.#options.channel}.`;
    process.emitWarning(
      `Redis refuses both client tracking and SUBSCRIBE (${error.message}). Every verification reads Redis. ${mend}`,
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
