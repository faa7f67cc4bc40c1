import type { ChangeEmitter } from '../change-emitter.js';
import { checkLife, ExpiringMap } from '../expiring-map.js';
import type { Attempt, AttemptRule, Hits, SessionStates, StateStore } from '../state.js';
import { MemorySessions } from './memory-sessions.js';

/** The expiring half of the embedded store. */
export class MemoryState implements StateStore {
  readonly sessions: SessionStates;
  readonly #changes: ChangeEmitter;
  readonly #kept: ExpiringMap<string>;
  readonly #claims: ExpiringMap<true>;
  readonly #hits: ExpiringMap<number>;
  readonly #tries: ExpiringMap<{ readonly count: number; readonly lastAt: number }>;
  readonly #waits: ExpiringMap<true>;

  constructor(changes: ChangeEmitter, now: () => number) {
    this.#changes = changes;
    this.#kept = new ExpiringMap(now);
    this.#claims = new ExpiringMap(now);
    this.#hits = new ExpiringMap(now);
    this.#tries = new ExpiringMap(now);
    this.#waits = new ExpiringMap(now);
    this.sessions = new MemorySessions(now);
  }

  async keep(id: string, value: string, ttlMs: number): Promise<void> {
    this.#kept.set(id, value, ttlMs);
  }

  async take(id: string): Promise<string | null> {
    const value = this.#kept.get(id) ?? null;
    this.#kept.delete(id);
    return value;
  }

  async slide(id: string, ttlMs: number): Promise<string | null> {
    checkLife(ttlMs);
    const value = this.#kept.get(id);
    if (value === undefined) return null;
    this.#kept.set(id, value, ttlMs);
    return value;
  }

  async claim(id: string, ttlMs: number): Promise<boolean> {
    checkLife(ttlMs);
    if (this.#claims.get(id) !== undefined) return false;
    this.#claims.set(id, true, ttlMs);
    return true;
  }

  async hit(subject: string, windowMs: number): Promise<Hits> {
    checkLife(windowMs);
    const count = (this.#hits.get(subject) ?? 0) + 1;
    const resetMs = count === 1 ? windowMs : restOf(this.#hits, subject);
    this.#hits.set(subject, count, resetMs);
    return { count, resetMs };
  }

  async attempt(subject: string, rule: AttemptRule, nowAt: number): Promise<Attempt> {
    const { limit, windowMs, waitMs, maxWaitMs } = rule;
    const before = this.#tried(subject);
    if (before.waitMs > 0) return before;
    const count = before.count + 1;
    const wait = count < limit ? 0 : Math.min(waitMs * 2 ** (count - limit), maxWaitMs);
    const window = count === 1 ? windowMs : restOf(this.#tries, subject);
    this.#tries.set(subject, { count, lastAt: nowAt }, wait > 0 ? wait + windowMs : window);
    if (wait > 0) this.#waits.set(subject, true, wait);
    return { count, waitMs: 0, lastAt: before.lastAt };
  }

  async attempts(subject: string): Promise<Attempt> {
    return this.#tried(subject);
  }

  /** Not a promise: nothing may come between reading and counting. */
  #tried(subject: string): Attempt {
    const { count, lastAt } = this.#tries.get(subject) ?? { count: 0, lastAt: null };
    return { count, waitMs: this.#waits.ttlMs(subject), lastAt };
  }

  async takeBackAttempt(subject: string, { limit }: AttemptRule): Promise<void> {
    const tries = this.#tries.get(subject);
    if (tries === undefined) return;
    const count = tries.count - 1;
    if (count === 0) this.#tries.delete(subject);
    else this.#tries.set(subject, { ...tries, count }, restOf(this.#tries, subject));
    if (count < limit) this.#waits.delete(subject);
  }

  async clearAttempts(subject: string): Promise<void> {
    this.#tries.delete(subject);
    this.#waits.delete(subject);
  }

  async touchUser(userId: string): Promise<void> {
    this.#changes.changed('users', userId);
  }
}

/** At least 1 ms, though the entry may have ended since it was read: the clock does not stand still meanwhile. */
function restOf(map: ExpiringMap<unknown>, subject: string): number {
  return Math.max(1, map.ttlMs(subject));
}
