import type { Redis, RedisOptions } from 'ioredis';
import { isReply } from '../within.js';
import type { FeedMeans } from './redis-access.js';

const INVALIDATIONS = '__redis__:invalidate';
const MAX_RECONNECT_DELAY_MS = 1_000;
/** A frozen server does not answer the end of its connection. */
const DISCONNECT_TIMEOUT_MS = 200;

/** What the connection must be of the host's options. RESP2, because ioredis drops the invalidations of RESP3. */
export const FEED_OPTIONS: RedisOptions = {
  protocol: 2,
  replyMapping: 'legacy',
  keyPrefix: '',
  autoResubscribe: false,
  autoResendUnfulfilledCommands: false,
  enableOfflineQueue: false,
  enableReadyCheck: true,
  maxRetriesPerRequest: 0,
  lazyConnect: true,
  disconnectTimeout: DISCONNECT_TIMEOUT_MS,
  retryStrategy: (attempt) => Math.min(attempt * 50, MAX_RECONNECT_DELAY_MS),
};

export interface FeedConnectionOptions {
  /** How the keys begin whose changes are told. */
  readonly prefixes: readonly string[];
  /** Where writes are published, for servers that refuse client tracking. */
  readonly channel: string;
  /** The server is asked for a sign of life this often, in ms; two without one and the connection is lost. */
  readonly heartbeatMs: number;
}

export interface FeedListener {
  /** It is armed, or has heard of the server: see `aliveAt`. */
  changed(): void;
  /** It was armed and is so no more: changes may be missed. */
  lost(): void;
  /** Keys that were changed; null: all of them. */
  invalidated(keys: readonly string[] | null): void;
  /** What a writer has published. */
  published(message: string): void;
  /** The server refuses both ways, for this reason. */
  refused(reason: string): void;
}

/**
 * A connection that hears of every change on one server. Redis tells by client tracking in broadcast mode (which also
 * covers eviction, FLUSHALL and changes by hand), redirected to the connection itself; where CLIENT is refused, by what
 * the writing scripts publish. https://redis.io/docs/latest/develop/reference/client-side-caching/
 */
export class FeedConnection {
  readonly #connection: Redis;
  readonly #options: FeedConnectionOptions;
  readonly #listener: FeedListener;
  /**
   * Monotonic ms up to which every change has been heard of: when the last PING that was answered was sent. What arrives
   * may be late, on a slow connection or in a busy process, so the time of arrival says nothing. -Infinity: not armed.
   */
  #aliveAt = Number.NEGATIVE_INFINITY;
  /** Monotonic ms at which the last PING was sent: unanswered while later than `#aliveAt`. */
  #askedAt = Number.NEGATIVE_INFINITY;
  #means: FeedMeans = null;
  #isArming = false;
  #isClosed = false;

  /** `connection` was made with `FEED_OPTIONS`. */
  constructor(connection: Redis, options: FeedConnectionOptions, listener: FeedListener) {
    this.#connection = connection;
    this.#options = options;
    this.#listener = listener;
    connection.on('ready', () => void this.#arm());
    connection.on('close', () => this.#lose());
    connection.on('error', () => {}); // the host's own client tells of the same trouble
    connection.on('messageBuffer', (channel, message: unknown) => this.#heard(String(channel), message));
    connection.connect().catch(() => {}); // retryStrategy goes on
  }

  get aliveAt(): number {
    return this.#aliveAt;
  }

  /** On the last connection. */
  get means(): FeedMeans {
    return this.#means;
  }

  get connection(): Redis {
    return this.#connection;
  }

  /**
   * A frozen server raises no event on its connections: only silence tells. A process that stood still has not read yet what
   * arrived, so that gets a turn of the loop first; and where it had no PING on its way, it has not asked.
   */
  beat(): void {
    if (this.#isStale) setImmediate(() => this.#beat());
    else this.#beat();
  }

  #beat(): void {
    if (this.#connection.status !== 'ready') return;
    if (this.#isStale && this.#askedAt > this.#aliveAt) {
      this.reconnect();
      return;
    }
    if (this.#aliveAt === Number.NEGATIVE_INFINITY && !this.#isArming) void this.#arm();
    this.#ask();
  }

  /** What was changed since may have been missed: it was armed, and two heartbeats have passed. */
  get #isStale(): boolean {
    const isArmed = this.#aliveAt !== Number.NEGATIVE_INFINITY;
    return isArmed && performance.now() - this.#aliveAt > 2 * this.#options.heartbeatMs;
  }

  #ask(): void {
    const sentAt = performance.now();
    this.#askedAt = sentAt;
    this.#connection.ping().then(
      () => {
        if (this.#aliveAt === Number.NEGATIVE_INFINITY || sentAt <= this.#aliveAt) return;
        this.#aliveAt = sentAt;
        this.#listener.changed();
      },
      () => {}, // 'close' tells, or silence does
    );
  }

  reconnect(): void {
    this.#lose();
    const { stream } = this.#connection;
    if (this.#isClosed || stream?.destroyed) return; // it connects anew already
    this.#connection.disconnect(true);
    stream?.destroy(); // a frozen server does not answer the end of its connection
  }

  close(): void {
    if (this.#isClosed) return; // ioredis answers a second disconnect with a timer of two seconds
    this.#isClosed = true;
    this.#connection.disconnect();
    this.#lose();
  }

  #lose(): void {
    if (this.#aliveAt === Number.NEGATIVE_INFINITY) return;
    this.#aliveAt = Number.NEGATIVE_INFINITY;
    this.#listener.lost();
  }

  /** On every new connection: the server has forgotten the old one's tracking. */
  async #arm(): Promise<void> {
    this.#isArming = true;
    const startedAt = performance.now();
    try {
      const isTracking = await this.#track();
      if (!isTracking) await this.#connection.subscribe(this.#options.channel);
      this.#means = isTracking ? 'tracking' : 'publish';
      if (this.#isClosed) return;
      this.#aliveAt = startedAt;
      this.#listener.changed();
    } catch (error) {
      if (!isReply(error) || this.#isClosed) return;
      this.#means = 'none';
      this.#listener.refused((error as Error).message);
    } finally {
      this.#isArming = false;
    }
  }

  /** False where the server refuses CLIENT, as some managed services do, or the channel of invalidations. */
  async #track(): Promise<boolean> {
    try {
      const id = await this.#connection.client('ID');
      const prefixes = this.#options.prefixes.flatMap((prefix) => ['PREFIX', prefix]);
      await this.#connection.call('CLIENT', 'TRACKING', 'ON', 'REDIRECT', String(id), 'BCAST', ...prefixes);
      await this.#connection.subscribe(INVALIDATIONS);
      return true;
    } catch (error) {
      if (isReply(error)) return false;
      throw error;
    }
  }

  #heard(channel: string, message: unknown): void {
    if (channel === this.#options.channel) this.#listener.published(String(message));
    else this.#listener.invalidated(Array.isArray(message) ? message.map(String) : null); // null: FLUSHALL
  }
}
