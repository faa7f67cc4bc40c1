import type { RedisReply } from 'rate-limit-redis';
import { RedisStore as HitStore } from 'rate-limit-redis';
import type { BoundedRedis } from './bounded-redis.js';
import { wholeLife } from './expiring-map.js';
import type { ScriptedRedis } from './redis-scripts.js';
import type { Hits } from './state.js';

/** Windows of different lengths that are kept open; the one opened first makes room, and is opened again when needed. */
const MAX_WINDOWS = 100;

/** Requests counted by rate-limit-redis under `hit:{subject}`; it takes one instance for each length of window. */
export class RedisHits {
  readonly #redis: BoundedRedis<ScriptedRedis>;
  readonly #prefix: string;
  readonly #windows = new Map<number, Promise<HitStore>>();

  constructor(redis: BoundedRedis<ScriptedRedis>, keyPrefix: string) {
    this.#redis = redis;
    this.#prefix = `${keyPrefix}hit:`;
  }

  /** One bound for all that it takes, the loading of scripts included. */
  async hit(subject: string, windowMs: number): Promise<Hits> {
    const window = wholeLife(windowMs);
    const { totalHits, resetTime } = await this.#redis.run((redis) => this.#increment(redis, subject, window));
    const resetMs = (resetTime?.getTime() ?? Number.NaN) - Date.now();
    return { count: totalHits, resetMs: Math.min(Math.max(1, resetMs), window) };
  }

  async #increment(redis: ScriptedRedis, subject: string, windowMs: number): ReturnType<HitStore['increment']> {
    const window = this.#windows.get(windowMs) ?? this.#open(redis, windowMs);
    try {
      return await (await window).increment(`{${subject}}`);
    } catch (error) {
      // It keeps a failed loading of its scripts for good: the next hit begins with a new one.
      if (this.#windows.get(windowMs) === window) this.#windows.delete(windowMs);
      throw error;
    }
  }

  #open(redis: ScriptedRedis, windowMs: number): Promise<HitStore> {
    const sendCommand = (command: string, ...args: string[]) => redis.call(command, ...args) as Promise<RedisReply>;
    const store = new HitStore({ sendCommand, prefix: this.#prefix });
    const options = { windowMs } as Parameters<HitStore['init']>[0]; // all that it reads
    const window = store.init(options).then(() => store);
    const [oldest] = this.#windows.keys();
    if (oldest !== undefined && this.#windows.size >= MAX_WINDOWS) this.#windows.delete(oldest);
    this.#windows.set(windowMs, window);
    return window;
  }
}
