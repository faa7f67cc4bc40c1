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

  /** @throws AuthError `store_unavailable`, within `timeoutMs`, for whatever goes wrong. */
  async run<Answer>(command: (client: Client) => Promise<Answer>, timeoutMs = this.#timeoutMs): Promise<Answer> {
    if (this.#pending >= this.#maxPending) throw storeUnavailable('too many commands are waiting for Redis');
    const startedAt = performance.now();
    this.#pending++;
    const settled = () => {
      this.#pending--;
    };
    let answer: Promise<Answer>;
    try {
      if (this.#client.status !== 'ready') await within(timeoutMs, this.#untilReady());
      answer = command(this.#client);
    } catch (error) {
      settled();
      throw asUnavailable(error);
    }
    answer.then(settled, settled); // a command past its time still waits in the client
    return await within(timeoutMs - (performance.now() - startedAt), answer);
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

function within<Answer>(timeoutMs: number, answer: Promise<Answer>): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(storeUnavailable('Redis did not answer in time')), Math.max(1, timeoutMs));
    answer.then(resolve, (error: unknown) => reject(asUnavailable(error))).finally(() => clearTimeout(timer));
  });
}

/** Keeps the message only: an ioredis error also carries the command with its arguments. */
function asUnavailable(error: unknown): AuthError {
  if (error instanceof AuthError) return error;
  return storeUnavailable(`Redis: ${error instanceof Error ? error.message.slice(0, 100) : 'unknown error'}`);
}
