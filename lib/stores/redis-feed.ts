import type { Redis, RedisOptions } from 'ioredis';
import { ChangeEmitter } from './change-emitter.js';
import type { ChangeFeed, ChangeListener, Collection } from './store.js';

const INVALIDATIONS = '__redis__:invalidate';
const MAX_RECONNECT_DELAY_MS = 1_000;

export interface RedisFeedOptions {
  /** Full keys of tracked records begin so, host's key prefix included; what follows is `{id}`. */
  readonly trackedPrefix: string;
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
  /** Monotonic ms of the last sign of life. */
  #aliveAt = 0;
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
    this.#isClosed = true;
    clearInterval(this.#heartbeat);
    this.#connection.disconnect();
    this.#emitter.down();
  }

  /** On every new connection: the server has forgotten the old one's tracking. */
  async #arm(): Promise<void> {
    try {
      const channel = (await this.#track()) ? INVALIDATIONS : this.#options.channel;
      await this.#connection.subscribe(channel);
      this.#aliveAt = performance.now();
      this.#emitter.up();
    } catch (error) {
      this.#warn(error);
    }
  }

  /** False where the server refuses CLIENT, as some managed services do. */
  async #track(): Promise<boolean> {
    try {
      const id = await this.#connection.client('ID');
      const prefix = this.#options.trackedPrefix;
      await this.#connection.call('CLIENT', 'TRACKING', 'ON', 'REDIRECT', String(id), 'BCAST', 'PREFIX', prefix);
      return true;
    } catch (error) {
      if (error instanceof Error && error.name === 'ReplyError') return false;
      throw error;
    }
  }

  #heard(channel: string, message: unknown): void {
    this.#aliveAt = performance.now();
    if (channel === this.#options.channel) {
      this.#emitter.changed('apiKeys', String(message));
    } else if (Array.isArray(message)) {
      for (const key of message) this.#emitter.changed('apiKeys', this.#idOf(String(key)));
    } else {
      this.#emitter.invalidateAll(); // null: the database was flushed
    }
  }

  #idOf(key: string): string {
    return key.slice(this.#options.trackedPrefix.length + 1, -1);
  }

  /** A frozen server raises no event on its connections: only silence tells. */
  #beat(): void {
    if (this.#connection.status !== 'ready') return;
    if (this.#emitter.isLive && !this.isLive) {
      this.#emitter.down();
      this.#connection.disconnect(true);
      return;
    }
    if (!this.#emitter.isLive) void this.#arm();
    this.#connection.ping().then(
      () => {
        this.#aliveAt = performance.now();
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
