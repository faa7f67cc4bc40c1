import type { Cluster, Redis } from 'ioredis';
import { storeUnavailable } from '../../errors.js';
import { asUnavailable, isReply, within } from '../within.js';
import { breaksOf } from './connection-breaks.js';
import type { Lane } from './redis-lane.js';
import type { ScriptedRedis } from './redis-scripts.js';
import type { RedisServers } from './redis-servers.js';
import { TurnBatch } from './turn-batch.js';

export interface Batched<Answer> {
  /** The key of the command, or one in its slot. */
  readonly key: string;
  /** Sends one command; within a pipeline it answers nothing by itself. */
  readonly send: (redis: ScriptedRedis) => Promise<Answer>;
}

/**
 * Gives every command of a client a bound. ioredis by itself waits up to 73 s for a server that is down and for ever for
 * one that is frozen, and queues without limit meanwhile. Here a command is sent only on a ready connection, rejects with
 * `store_unavailable` after `timeoutMs`, and is refused at once when too many are waiting for its server, that server is
 * silent or replaced, or the connection has been down for longer than that.
 *
 * On a Cluster each server has a bound of its own, and no command names keys of two slots.
 */
export class BoundedRedis {
  readonly #client: ScriptedRedis;
  readonly #servers: RedisServers;
  readonly #timeoutMs: number;
  #downSince: number | null = null;
  readonly #broken: { readonly breaks: number };
  #whenReady: Promise<void> | null = null;
  readonly #turn: TurnBatch;

  /** `timeoutMs` is the longest that one answer may take. */
  constructor(client: ScriptedRedis, servers: RedisServers, timeoutMs: number) {
    this.#client = client;
    this.#servers = servers;
    this.#timeoutMs = timeoutMs;
    this.#turn = new TurnBatch(() => servers.connections());
    this.#broken = breaksOf(client as unknown as Redis | Cluster);
  }

  /** Whether one server has all keys. */
  get isOne(): boolean {
    return this.#servers.isOne;
  }

  /** See `breaksOf`. */
  get breaks(): number {
    return this.#broken.breaks;
  }

  /**
   * Runs what is asked of the server of `key`. Rejects with AuthError `store_unavailable`, within `timeoutMs`, for whatever
   * goes wrong.
   */
  run<Answer>(
    key: string,
    command: (redis: ScriptedRedis) => Promise<Answer>,
    timeoutMs = this.#timeoutMs,
  ): Promise<Answer> {
    const lane = this.#servers.laneOf(key);
    if (lane.refusal === null && this.#isReady && !lane.isDoubtful) return this.#send(lane, command, timeoutMs);
    return this.#sendWhenReady(key, lane, command, timeoutMs);
  }

  /**
   * As `run`, for what requests wait for: what is asked within one turn of the event loop leaves at its end, in one write to
   * each connection. The host's own commands go as they come.
   */
  together<Answer>(key: string, command: (redis: ScriptedRedis) => Promise<Answer>): Promise<Answer> {
    if (this.#client.options.enableAutoPipelining) return this.run(key, command); // the client does it
    return this.#turn.run(() => this.run(key, command));
  }

  /** Runs a command for each of `keys`, of whatever slots; what they answer, in the order of the keys. As `run`. */
  async each<Answer>(
    keys: readonly string[],
    command: (redis: ScriptedRedis, key: string, at: number) => Promise<Answer>,
    timeoutMs = this.#timeoutMs,
  ): Promise<Answer[]> {
    const answers: Answer[] = [];
    const runAt = async (places: readonly number[]) => {
      const found = await this.run(
        keys[places[0] as number] as string,
        (redis) => Promise.all(places.map((at) => command(redis, keys[at] as string, at))),
        timeoutMs,
      );
      for (const [n, at] of places.entries()) answers[at] = found[n] as Answer;
    };
    await Promise.all(this.#placesByServer(keys).map(runAt));
    return answers;
  }

  /** Reads many keys of whatever slots: one MGET where one server has them all. */
  async mget(keys: readonly string[]): Promise<(string | null)[]> {
    const [first] = keys;
    if (first === undefined) return [];
    if (this.isOne) return await this.run(first, (redis) => redis.mget([...keys]));
    return await this.each(keys, (redis, key) => redis.get(key));
  }

  /** Runs many commands on keys of whatever slots: one pipeline where one server has them all. Answers in their order. */
  async batch<Answer>(commands: readonly Batched<Answer>[], timeoutMs = this.#timeoutMs): Promise<Answer[]> {
    const [first] = commands;
    if (first === undefined) return [];
    if (this.isOne) return await this.run(first.key, (redis) => pipelined(redis, commands), timeoutMs);
    const keys = commands.map(({ key }) => key);
    return await this.each(keys, (redis, _key, at) => (commands[at] as Batched<Answer>).send(redis), timeoutMs);
  }

  #placesByServer(keys: readonly string[]): number[][] {
    const byLane = new Map<Lane, number[]>();
    for (const [at, key] of keys.entries()) {
      const lane = this.#servers.laneOf(key);
      const places = byLane.get(lane);
      if (places === undefined) byLane.set(lane, [at]);
      else places.push(at);
    }
    return [...byLane.values()];
  }

  get #isReady(): boolean {
    return this.#client.status === 'ready';
  }

  async #sendWhenReady<Answer>(
    key: string,
    before: Lane,
    command: (redis: ScriptedRedis) => Promise<Answer>,
    timeoutMs: number,
  ): Promise<Answer> {
    const startedAt = performance.now();
    if (before.refusal !== null) throw storeUnavailable(before.refusal);
    let lane = before;
    lane.begin();
    try {
      await this.untilReady(timeoutMs);
      const now = this.#servers.laneOf(key); // known only since it is ready, or replaced meanwhile
      if (now !== lane) {
        if (now.refusal !== null) throw storeUnavailable(now.refusal);
        lane.end();
        lane = now;
        lane.begin();
      }
      const leftMs = timeoutMs - (performance.now() - startedAt);
      if (lane.isDoubtful) await within(Math.max(1, leftMs), lane.verify());
    } finally {
      lane.end();
    }
    return await this.#send(lane, command, Math.max(1, timeoutMs - (performance.now() - startedAt)));
  }

  /**
   * A command past its time still counts as pending while it waits in the client. An answer after silence is believed only
   * once its server is verified.
   */
  #send<Answer>(lane: Lane, command: (redis: ScriptedRedis) => Promise<Answer>, timeoutMs: number): Promise<Answer> {
    lane.begin();
    const sentAt = performance.now();
    let answer: Promise<Answer>;
    try {
      answer = command(this.#client);
    } catch (error) {
      answer = Promise.reject(error);
    }
    return new Promise((resolve, reject) => {
      const expire = () => {
        lane.timedOut(sentAt);
        reject(storeUnavailable('Redis did not answer in time'));
      };
      const timer = setTimeout(() => setImmediate(expire), timeoutMs); // a process that stood still reads first
      answer.then(
        (value) => {
          lane.end();
          if (lane.heard()) {
            clearTimeout(timer);
            resolve(value);
          } else {
            const refuse = (error: unknown) => reject(asUnavailable(error));
            lane
              .verify()
              .then(() => resolve(value), refuse)
              .finally(() => clearTimeout(timer));
          }
        },
        (error: unknown) => {
          clearTimeout(timer);
          lane.end();
          if (isReply(error)) lane.heard();
          reject(asUnavailable(error));
        },
      );
    });
  }

  /** Resolves when the client is connected. Rejects with AuthError `store_unavailable`, within `timeoutMs`. */
  async untilReady(timeoutMs = this.#timeoutMs): Promise<void> {
    await within(timeoutMs, this.#untilReady());
  }

  async #untilReady(): Promise<void> {
    if (this.#isReady) return;
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

async function pipelined<Answer>(redis: ScriptedRedis, commands: readonly Batched<Answer>[]): Promise<Answer[]> {
  const pipeline = redis.pipeline();
  for (const { send } of commands) void send(pipeline as unknown as ScriptedRedis);
  const results = (await pipeline.exec()) ?? [];
  const failed = results.find(([error]) => error !== null);
  if (failed !== undefined) throw failed[0] as Error;
  return results.map(([, answer]) => answer as Answer);
}
