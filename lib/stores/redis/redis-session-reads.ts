import { wholeLife } from '../expiring-map.js';
import type { StoredSession } from '../state.js';
import { asUnavailable } from '../within.js';
import type { BoundedRedis } from './bounded-redis.js';
import type { ScriptedRedis, SessionAnswer } from './redis-scripts.js';
import { decodeSession, fingerprintOf, NO_FINGERPRINT } from './session-form.js';

/** Sessions that one command reads at most: the server does nothing else meanwhile. */
const MAX_READS = 128;

/** What is none of Redis's answers is no word on a session. */
const WRONG_ANSWER = new Error('Redis did not answer for every session');

interface Read {
  readonly key: string;
  readonly life: number;
  readonly known: StoredSession | undefined;
  readonly resolve: (session: StoredSession | null) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Reads sessions and slides them. Where one server has them all, what is asked within one turn of the event loop leaves at its
 * end as one command, which costs the client little more than that of one session; what the caller knows is not sent again. In a
 * trace the command belongs to whoever asked first.
 */
export class RedisSessionReads {
  readonly #redis: BoundedRedis;
  #waiting: Read[] = [];
  readonly #leave = () => {
    const leaving = this.#waiting;
    this.#waiting = [];
    if (leaving.length > 0) this.#send(leaving);
  };

  constructor(redis: BoundedRedis) {
    this.#redis = redis;
  }

  /** As `SessionStates.read`. Rejects as `BoundedRedis.run` does. */
  read(key: string, ttlMs: number, known?: StoredSession): Promise<StoredSession | null> {
    return new Promise((resolve, reject) => {
      const read = { key, life: wholeLife(ttlMs), known, resolve, reject };
      if (!this.#redis.isOne) settleLater(read, this.#redis.together(key, readOne(read)));
      else this.#wait(read);
    });
  }

  #wait(read: Read): void {
    const count = this.#waiting.push(read);
    if (count === 1) setImmediate(this.#leave);
    else if (count === MAX_READS) this.#leave();
  }

  #send(reads: readonly Read[]): void {
    const [first] = reads as [Read];
    if (reads.length === 1) {
      settleLater(first, this.#redis.run(first.key, readOne(first)));
      return;
    }
    const args = reads.map(({ key }): string | number => key);
    args.push(reads.map(({ known }) => (known === undefined ? NO_FINGERPRINT : fingerprintOf(known))).join(''));
    if (reads.every(({ life }) => life === first.life)) args.push(first.life);
    else args.push(...reads.map(({ life }) => life));
    this.#redis
      .run(first.key, (redis) => redis.latchkeyReadSessions(reads.length, ...args))
      .then(
        (answer) => {
          for (const [at, read] of reads.entries()) settle(read, answerFor(at, reads.length, answer));
        },
        (error: unknown) => {
          for (const { reject } of reads) reject(error);
        },
      );
  }
}

function readOne({ key, life }: Read): (redis: ScriptedRedis) => Promise<string | null> {
  return (redis) => redis.getex(key, 'PX', String(life));
}

function settleLater(read: Read, value: Promise<string | null>): void {
  value.then((found) => settle(read, found), read.reject);
}

/** One answer may be for all. */
function answerFor(at: number, count: number, answer: SessionAnswer[] | SessionAnswer): SessionAnswer {
  if (isKnown(answer)) return 1;
  return Array.isArray(answer) && answer.length === count ? (answer[at] ?? null) : WRONG_ANSWER;
}

/** As a number, or as a client has it that was told to make texts of numbers. */
function isKnown(answer: unknown): boolean {
  return answer === 1 || answer === '1';
}

function settle({ known, resolve, reject }: Read, answer: SessionAnswer): void {
  if (answer === null) resolve(null);
  else if (isKnown(answer)) resolve(known ?? null);
  else if (typeof answer === 'string') resolve(decodeSession(answer));
  else reject(asUnavailable(answer));
}
