import type { Attempt, AttemptRule, Hits, StateStore } from '../stores/state.js';

/** Characters. */
const MAX_ID = 256;
const MAX_VALUE = 65_536;

/**
 * Small values under keys of the dialect's own: 1 to 256 characters, values up to 65,536. A key that is secret must be hashed
 * before. Rejects with TypeError for anything else, and for a life of 0 or less.
 */
export interface DialectState {
  /** Keeps `value` for `ttlMs`, in place of what was there. */
  keep(id: string, value: string, ttlMs: number): Promise<void>;
  /** Reads and deletes: of several at once, exactly one gets it. */
  take(id: string): Promise<string | null>;
  /** Reads a value and has it live `ttlMs` from now, in one command. */
  slide(id: string, ttlMs: number): Promise<string | null>;
  /** Counts one more within a window that begins with the first. Always ask with the same length for one subject. */
  hit(subject: string, windowMs: number): Promise<Hits>;
  /** Counts one more try, or refuses it because too many failed before. */
  attempt(subject: string, rule: AttemptRule): Promise<Attempt>;
  /** The tries so far, without counting one. */
  attempts(subject: string): Promise<Attempt>;
  /** Forgets the tries. */
  clearAttempts(subject: string): Promise<void>;
}

/** @throws TypeError for a name that is none. */
export function createDialectState(state: StateStore, dialect: string, now: () => number): DialectState {
  if (!/^[a-z]{1,32}$/.test(dialect)) throw new TypeError('the name of a dialect must be 1 to 32 lower-case letters');
  const scoped = (id: string): string => {
    if (typeof id === 'string' && id.length >= 1 && id.length <= MAX_ID) return `dialect-${dialect}-${id}`;
    throw new TypeError(`what a dialect keeps must have an id of 1 to ${MAX_ID} characters`);
  };
  return {
    async keep(id, value, ttlMs) {
      if (value.length > MAX_VALUE) throw new TypeError(`a value must have at most ${MAX_VALUE} characters`);
      await state.keep(scoped(id), value, ttlMs);
    },
    take: async (id) => await state.take(scoped(id)),
    slide: async (id, ttlMs) => await state.slide(scoped(id), ttlMs),
    hit: async (subject, windowMs) => await state.hit(scoped(subject), windowMs),
    attempt: async (subject, rule) => await state.attempt(scoped(subject), rule, now()),
    attempts: async (subject) => await state.attempts(scoped(subject)),
    clearAttempts: async (subject) => await state.clearAttempts(scoped(subject)),
  };
}
