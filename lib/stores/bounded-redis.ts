import type { Redis } from 'ioredis';
import { AuthError, storeUnavailable } from '../errors.js';

export interface BoundedRedisOptions {
  /** The longest that one answer may take, in ms. */
  readonly timeoutMs: number;
  /** Commands without an answer beyond which further ones are refused at once. */
  readonly maxPending: number;
}

/**
 * Gives every command of a client a bound. ioredis by itself waits up to 73 s for a server that is down and for ever for
 * one that is frozen, and queues without limit meanwhile. Here a command is sent only on a ready connection, rejects with
 * `store_unavailable` after `timeoutMs`, and is refused at once when too many are waiting or the connection has been
 * down for longer than that.
 */
export class BoundedRedis<Client extends Redis> {
  readonly #client: Client;
  readonly #timeoutMs: number;
  readonly #maxPending: number;
  #pending = 0;
  #downSince: number | null = null;
  #whenReady: Promise<void> | null = null;

  constructor(client: Client, options: BoundedRedisOptions) {
    this.#client = client;
    this.#timeoutMs = options.timeoutMs;
    this.#maxPending = options.maxPending;
  }

  /** Rejects with AuthError `store_unavailable`, within `timeoutMs`, for whatever goes wrong. */
  run<Answer>(command: (client: Client) => Promise<Answer>, timeoutMs = this.#timeoutMs): Promise<Answer> {
    if (this.#pending >= this.#maxPending) {
      return Promise.reject(storeUnavailable('too many commands are waiting for Redis'));
    }
    this.#pending++;
    return this.#client.status === 'ready' ? this.#send(command, timeoutMs) : this.#sendWhenReady(command, timeoutMs);
  }

  async #sendWhenReady<Answer>(command: (client: Client) => Promise<Answer>, timeoutMs: number): Promise<Answer> {
    const startedAt = performance.now();
    try {
      await within(timeoutMs, this.#untilReady());
    } catch (error) {
      this.#pending--;
      throw error;
    }
    return await this.#send(command, Math.max(1, timeoutMs - (performance.now() - startedAt)));
  }

  /** A command past its time still counts as pending while it waits in the client. */
  #send<Answer>(command: (client: Client) => Promise<Answer>, timeoutMs: number): Promise<Answer> {
    let answer: Promise<Answer>;
    try {
      answer = command(this.#client);
    } catch (error) {
      answer = Promise.reject(error);
    }
    const settled = () => {
      this.#pending--;
    };
    return within(timeoutMs, answer, settled);
  }

  async #untilReady(): Promise<void> {
    if (this.#client.status === 'end') throw storeUnavailable('the Redis client is closed');
    if (this.#client.status === 'wait') this.#client.connect().catch(() => {}); // told by the client's 'error' event
    const now = performance.now();
    this.#downSince ??= now;
    if (now - this.#downSince > this.#timeoutMs) throw storeUnavailable('Redis is not connected');
    this.#whenReady ??= new Promise((resolve) => {
      this.#client.once('ready', () => {
        this.#downSince = null;
        this.#whenReady = null;
        resolve();
      });
    });
    await this.#whenReady;
  }
}

/** `settled` is called when `answer` settles, be it in time or not. */
function within<Answer>(timeoutMs: number, answer: Promise<Answer>, settled?: () => void): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(storeUnavailable('Redis did not answer in time')), timeoutMs);
    answer.then(
      (value) => {
        clearTimeout(timer);
        settled?.();
        resolve(value);
      },
      (error: unknown) => {
        clearTimeout(timer);
        settled?.();
        reject(asUnavailable(error));
      },
    );
  });
}

/** Keeps the message only: an ioredis error also carries the command with its arguments. */
function asUnavailable(error: unknown): AuthError {
  if (error instanceof AuthError) return error;
  return storeUnavailable(`Redis: ${error instanceof Error ? error.message.slice(0, 100) : 'unknown error'}`);
}
