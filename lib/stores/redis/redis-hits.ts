import { createHash } from 'node:crypto';
import type { RedisReply } from 'rate-limit-redis';
import { RedisStore as HitStore } from 'rate-limit-redis';
import { wholeLife } from '../expiring-map.js';
import type { Hits } from '../state.js';
import type { BoundedRedis } from './bounded-redis.js';
import type { ScriptedRedis } from './redis-scripts.js';

/** Windows of different lengths that are kept open; the one opened first makes room, and is opened again when needed. */
const MAX_WINDOWS = 100;

/** Requests counted by rate-limit-redis under `hit:{subject}`; it takes one instance for each length of window. */
export class RedisHits {
  readonly #redis: BoundedRedis;
  readonly #prefix: string;
  readonly #windows = new Map<number, HitStore>();
  /** The scripts of rate-limit-redis by their SHA-1; always the same two. */
  readonly #scripts = new Map<string, string>();

  constructor(redis: BoundedRedis, keyPrefix: string) {
    this.#redis = redis;
    this.#prefix = `${keyPrefix}hit:`;
  }

  async hit(subject: string, windowMs: number): Promise<Hits> {
    const window = wholeLife(windowMs);
    const member = `{${subject}}`;
    const { totalHits, resetTime } = await this.#redis.run(`${this.#prefix}${member}`, (redis) =>
      (this.#windows.get(window) ?? this.#open(redis, window)).increment(member),
    );
    const resetMs = (resetTime?.getTime() ?? Number.NaN) - Date.now();
    return { count: totalHits, resetMs: Math.min(Math.max(1, resetMs), window) };
  }

  #open(redis: ScriptedRedis, windowMs: number): HitStore {
    const sendCommand = (command: string, ...args: string[]) => this.#send(redis, command, args);
    const store = new HitStore({ sendCommand, prefix: this.#prefix });
    const options = { windowMs } as Parameters<HitStore['init']>[0]; // all that it reads
    void store.init(options); // sends nothing: see below
    const [oldest] = this.#windows.keys();
    if (oldest !== undefined && this.#windows.size >= MAX_WINDOWS) this.#windows.delete(oldest);
    this.#windows.set(windowMs, store);
    return store;
  }

  /**
   * It loads a script on one server, and on a Cluster the key may be on another: so nothing is loaded, and a script that
   * the server of the key does not have is sent along. In lower case: ioredis 5 puts its prefix before the keys of no other.
   */
  async #send(redis: ScriptedRedis, command: string, args: string[]): Promise<RedisReply> {
    const [first = '', second = '', ...rest] = args;
    if (command === 'SCRIPT') {
      const sha = createHash('sha1').update(second).digest('hex');
      this.#scripts.set(sha, second);
      return sha;
    }
    try {
      return (await redis.call(command.toLowerCase(), first, second, ...rest)) as RedisReply;
    } catch (error) {
      const script = this.#scripts.get(first);
      if (script === undefined || !/^NOSCRIPT/.test((error as Error).message)) throw error;
      return (await redis.call('eval', script, second, ...rest)) as RedisReply;
    }
  }
}
