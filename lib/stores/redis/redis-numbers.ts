import { storeUnavailable } from '../../errors.js';
import type { Numbers } from '../numbers.js';
import { canBeGiven, checkNumbered } from '../numbers.js';
import type { BoundedRedis } from './bounded-redis.js';
import type { LastingWrites } from './redis-durability.js';
import { encodeId } from './redis-records.js';

/**
 * Rounds of one call. The first reads, and gives; the second reads who was first. Further ones are for a failover that took
 * the counter back: each skips twice as many numbers as the one before, a million in all.
 */
const MAX_ROUNDS = 20;

/**
 * Numbers in Redis.
 *
 * | key | what |
 * |---|---|
 * | `numbers:{last}` | a hash: by kind, the last number that was reserved |
 * | `number-id:{kind:number}` | the id that the number was offered to; written once |
 * | `number:{kind:id}` | the number of an id; written once |
 *
 * A number is reserved, offered to its id, and only then becomes the id's, unless the id has got another one meanwhile: it then
 * belongs to nobody for good. So whatever is cut off or done twice, no number has two ids, and `find` believes an offer only
 * where the id has that number.
 */
export class RedisNumbers implements Numbers {
  readonly #redis: BoundedRedis;
  readonly #writes: LastingWrites;
  readonly #prefix: string;

  constructor(redis: BoundedRedis, writes: LastingWrites, keyPrefix: string) {
    this.#redis = redis;
    this.#writes = writes;
    this.#prefix = keyPrefix;
  }

  async of(kind: string, ids: readonly string[]): Promise<number[]> {
    checkNumbered(kind, ids);
    const numbers = new Map<string, number>();
    let missing = [...new Set(ids)];
    for (let round = 0; missing.length > 0; round++) {
      const found = await this.#redis.mget(missing.map((id) => this.#numberKey(kind, id)));
      for (const [at, number] of found.entries()) {
        if (number !== null) numbers.set(missing[at] as string, Number(number));
      }
      missing = missing.filter((id) => !numbers.has(id));
      if (missing.length === 0) break;
      if (round === MAX_ROUNDS) throw storeUnavailable('the numbers counted so far were lost');
      await this.#give(kind, missing, round);
    }
    return ids.map((id) => numbers.get(id) as number);
  }

  async find(kind: string, number: number): Promise<string | null> {
    if (!canBeGiven(kind, number)) return null;
    const offer = this.#offerKey(kind, number);
    const id = await this.#redis.run(offer, (redis) => redis.get(offer));
    if (id === null) return null;
    const key = this.#numberKey(kind, id);
    return Number(await this.#redis.run(key, (redis) => redis.get(key))) === number ? id : null;
  }

  /** Gives a number to each of `ids` that has none yet. */
  async #give(kind: string, ids: readonly string[], round: number): Promise<void> {
    const counter = `${this.#prefix}numbers:{last}`;
    const reserved = ids.length * 2 ** round;
    const last = Number(await this.#redis.run(counter, (redis) => redis.hincrby(counter, kind, reserved)));
    const offers = ids.map((id, at) => ({ id, number: last - ids.length + 1 + at }));
    const [taken] = await Promise.all([
      this.#writes.writeEach(
        offers.map(({ id, number }) => {
          const key = this.#offerKey(kind, number);
          return { key, send: (redis) => redis.set(key, id, 'NX') };
        }),
      ),
      this.#writes.confirm(counter),
    ]);
    // An answer that came twice reads as "not taken": the number is then nobody's.
    const given = offers.filter((_, at) => taken[at] === 'OK');
    await this.#writes.writeEach(
      given.map(({ id, number }) => {
        const key = this.#numberKey(kind, id);
        return { key, send: (redis) => redis.set(key, number, 'NX') };
      }),
    );
  }

  #offerKey(kind: string, number: number): string {
    return `${this.#prefix}number-id:{${kind}:${number}}`;
  }

  #numberKey(kind: string, id: string): string {
    return `${this.#prefix}number:{${kind}:${encodeId(id)}}`;
  }
}
