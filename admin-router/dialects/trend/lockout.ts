import type { DialectState } from '../../../lib/index.js';
import type { TrendSettings } from './options.js';

/** How long failures without a success are remembered, in ms. */
const MEMORY_MS = 366 * 86_400_000;
/** Keys whose failures are read at once. */
const CHUNK = 100;

export interface LockState {
  /** Failed authentications since the last success. */
  readonly failures: number;
  /** When the key is unlocked, epoch ms; null: it is not locked. */
  readonly unlockAt: number | null;
}

/** Failed authentications by key. They lock it only where the host has said so. */
export class KeyLockout {
  readonly #state: DialectState;
  readonly #rule: TrendSettings['keyLockout'];
  readonly #now: () => number;

  constructor(state: DialectState, rule: TrendSettings['keyLockout'], now: () => number) {
    this.#state = state;
    this.#rule = rule;
    this.#now = now;
  }

  /** `id`: of the record, known or not. */
  async isLocked(id: string): Promise<boolean> {
    if (this.#rule === null || !/^[\w-]{1,64}$/.test(id)) return false;
    return (await this.#state.attempts(subject(id))).waitMs > 0;
  }

  /** Counts a failure of a key that is known. */
  async failed(id: string): Promise<void> {
    const { limit, lockMs } = this.#rule ?? { limit: Number.MAX_SAFE_INTEGER, lockMs: 1 };
    await this.#state.attempt(subject(id), { limit, windowMs: MEMORY_MS, waitMs: lockMs, maxWaitMs: lockMs });
  }

  /** Forgets the failures: a success, or somebody has unlocked the key. */
  async clear(id: string): Promise<void> {
    await this.#state.clearAttempts(subject(id));
  }

  /** In the order of `ids`. */
  async read(ids: readonly string[]): Promise<LockState[]> {
    const states: LockState[] = [];
    for (let start = 0; start < ids.length; start += CHUNK) {
      const some = ids.slice(start, start + CHUNK).map((id) => this.#read(id));
      states.push(...(await Promise.all(some)));
    }
    return states;
  }

  async #read(id: string): Promise<LockState> {
    const { count, waitMs } = await this.#state.attempts(subject(id));
    return { failures: count, unlockAt: this.#rule !== null && waitMs > 0 ? this.#now() + waitMs : null };
  }
}

function subject(id: string): string {
  return `key-${id}`;
}
