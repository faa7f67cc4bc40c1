import { LRUCache } from 'lru-cache';
import { AuthError } from '../errors.js';
import type { LockoutOptions } from '../sessions/lockout.js';
import { addressGroup } from './address-group.js';

/** Addresses remembered at most; the least recently seen go first. Bounds what an attacker with many can take up. */
const MAX_ADDRESSES = 10_000;

interface Failures {
  count: number;
  /** Epoch ms. */
  readonly endAt: number;
}

/**
 * Slows guessing of secrets by address, in this process only. A key is never locked by failures: a stranger who knows its id
 * could lock its owner out. So only what is refused anyway is answered differently, and valid credentials from the same
 * address (many people may share one) go on working: they never come here. An unknown id counts as a wrong secret does:
 * the answers must not tell which ids exist.
 */
export class AddressThrottle {
  readonly #limit: number;
  readonly #windowMs: number;
  readonly #failures = new LRUCache<string, Failures>({ max: MAX_ADDRESSES });

  /** @throws TypeError for an option out of range. */
  constructor({ secretLimit = 100, windowMs = 900_000 }: LockoutOptions = {}) {
    if (!Number.isSafeInteger(secretLimit) || secretLimit < 1) {
      throw new TypeError('lockout.secretLimit must be a positive whole number');
    }
    this.#limit = secretLimit;
    this.#windowMs = windowMs;
  }

  /**
   * Counts a refusal, within `windowMs` of the first. `address` null: not known, and not throttled. Answers null, and from the one
   * after `secretLimit` on what to refuse with: `too_many_attempts` with `Retry-After`. It is not thrown, which would cost a flood
   * more than all the rest of its verification.
   */
  refused(address: string | null, nowAt: number): AuthError | null {
    if (address === null) return null;
    const group = addressGroup(address);
    const known = this.#failures.get(group);
    if (known === undefined || known.endAt <= nowAt) {
      this.#failures.set(group, { count: 1, endAt: nowAt + this.#windowMs });
      return null;
    }
    if (known.count < this.#limit) {
      known.count++;
      return null;
    }
    const seconds = Math.ceil((known.endAt - nowAt) / 1_000);
    return new AuthError('too_many_attempts', { headers: { 'Retry-After': String(seconds) }, reason: 'wrong_secret' });
  }
}
