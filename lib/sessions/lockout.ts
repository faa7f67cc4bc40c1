import { createHash } from 'node:crypto';
import { AuthError } from '../errors.js';
import type { Attempt, AttemptRule, StateStore } from '../stores/state.js';
import type { User } from '../users.js';
import { addressGroup } from '../verification/address-group.js';

export interface LockoutOptions {
  /** Failed logins of one user name that are free, within `windowMs`. Default 10. */
  readonly limit?: number;
  /** The same for one address, whatever the names. Default 100: many people may share one. */
  readonly addressLimit?: number;
  /** Requests with a wrong secret of an API key that one address may send within `windowMs`, to one process. Default 100. */
  readonly secretLimit?: number;
  /** Default 15 minutes. */
  readonly windowMs?: number;
  /** The wait after the last free one; it doubles with each further failure. Default 10,000. */
  readonly waitMs?: number;
  /** The longest wait. Default 15 minutes. */
  readonly maxWaitMs?: number;
}

/** What failed since the last success. */
export interface FailedLogins {
  readonly count: number;
  /** Epoch ms. */
  readonly lastAt: number | null;
}

/**
 * Slows guessing of passwords, by user name and by address, for all processes together. A try is counted before the
 * password is looked at, so that many at once are no way round; a success takes all of the user's tries back. Of those of the
 * address it takes back only itself: else an attacker's own account would reset them.
 */
export class Lockout {
  readonly #state: StateStore;
  readonly #ofUser: AttemptRule;
  readonly #ofAddress: AttemptRule;
  readonly #now: () => number;

  /** @throws TypeError for an option out of range. */
  constructor(state: StateStore, options: LockoutOptions, now: () => number) {
    const { limit = 10, addressLimit = 100, windowMs = 900_000, waitMs = 10_000, maxWaitMs = 900_000 } = options;
    for (const [name, value] of Object.entries({ limit, addressLimit, windowMs, waitMs, maxWaitMs })) {
      if (!Number.isSafeInteger(value) || value < 1)
        throw new TypeError(`lockout.${name} must be a positive whole number`);
    }
    this.#state = state;
    this.#now = now;
    this.#ofUser = { limit, windowMs, waitMs, maxWaitMs };
    this.#ofAddress = { limit: addressLimit, windowMs, waitMs, maxWaitMs };
  }

  /** Counts a try from an address; null: not known. @throws AuthError `too_many_attempts` with `Retry-After`. */
  async attemptFrom(address: string | null): Promise<void> {
    if (address !== null) this.#refuse(await this.#count(addressSubject(address), this.#ofAddress));
  }

  /**
   * Counts a try for a user, whatever name and tenant led there; for nobody, by the name that was typed. Returns what failed
   * before it. @throws AuthError `too_many_attempts` with `Retry-After`.
   */
  async attemptFor(user: User | null, userName: string): Promise<FailedLogins> {
    const attempt = await this.#count(userSubject(user, userName), this.#ofUser);
    this.#refuse(attempt);
    return { count: attempt.count - 1, lastAt: attempt.lastAt };
  }

  async succeeded(user: User, address: string | null): Promise<void> {
    await Promise.all([this.#state.clearAttempts(userSubject(user, '')), this.#takeBackFrom(address)]);
  }

  /** Takes a try back that was no guess: it was not decided, or only the second factor was missing. */
  async takeBack(user: User | null, userName: string, address: string | null): Promise<void> {
    await Promise.all([
      this.#state.takeBackAttempt(userSubject(user, userName), this.#ofUser),
      this.#takeBackFrom(address),
    ]);
  }

  async failures(user: User): Promise<FailedLogins> {
    const { count, lastAt } = await this.#state.attempts(userSubject(user, ''));
    return { count, lastAt };
  }

  async #takeBackFrom(address: string | null): Promise<void> {
    if (address !== null) await this.#state.takeBackAttempt(addressSubject(address), this.#ofAddress);
  }

  #count(subject: string, rule: AttemptRule): Promise<Attempt> {
    return this.#state.attempt(subject, rule, this.#now());
  }

  #refuse({ waitMs }: Attempt): void {
    if (waitMs <= 0) return;
    throw new AuthError('too_many_attempts', { headers: { 'Retry-After': String(Math.ceil(waitMs / 1_000)) } });
  }
}

/** Names that differ only in case or in white space around them are one, as to most directories. */
function userSubject(user: User | null, userName: string): string {
  return user === null ? `name-${hash(userName.trim().normalize('NFKC').toLowerCase())}` : `user-${hash(user.id)}`;
}

function addressSubject(address: string): string {
  return `addr-${hash(addressGroup(address))}`;
}

function hash(text: string): string {
  return createHash('sha256').update(text).digest('base64url');
}
