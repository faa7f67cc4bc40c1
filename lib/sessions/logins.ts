import { hash } from 'node:crypto';
import { AuthError } from '../errors.js';
import type { Events, LoginFailure } from '../events.js';
import type { StateStore } from '../stores/state.js';
import type { User } from '../users.js';
import type { BoundedDirectory } from '../verification/bounded-directory.js';
import { randomBase62 } from '../verification/secret.js';
import type { FailedLogins, Lockout } from './lockout.js';

/** A login token must be used within this time, in ms. */
const LOGIN_TOKEN_MS = 30_000;
const TOKEN_LENGTH = 43; // 256 bits

export interface PasswordLogin {
  readonly userName: string;
  readonly password: string;
  readonly tenant?: string | null | undefined;
  readonly mfaCode?: string | undefined;
  /** Of the client; null where it is not known, and is then not throttled. */
  readonly address: string | null;
}

/** Who has logged in, and what failed before. */
export interface Authenticated {
  readonly user: User;
  readonly failed: FailedLogins;
}

export interface LoginToken {
  readonly token: string;
  /** Epoch ms. */
  readonly expiresAt: number;
}

/** Checks passwords against the host's directory and hands out login tokens: single use, 30 s, kept as a hash. */
export class Logins {
  readonly #directory: BoundedDirectory;
  readonly #lockout: Lockout;
  readonly #state: StateStore;
  readonly #events: Events;
  readonly #now: () => number;

  constructor(directory: BoundedDirectory, lockout: Lockout, state: StateStore, events: Events, now: () => number) {
    this.#events = events;
    this.#directory = directory;
    this.#lockout = lockout;
    this.#state = state;
    this.#now = now;
  }

  /**
   * An unknown user, a wrong password, a wrong code and a disabled user are refused alike.
   * @throws AuthError `unauthenticated`; `mfa_required` when the password is right and a code is missing;
   * `too_many_attempts`; `store_unavailable` when the directory or the store does not answer.
   */
  async authenticate(login: PasswordLogin): Promise<Authenticated> {
    const { userName, tenant = null, address } = login;
    let user: User | null = null;
    let isCounted = false;
    try {
      await this.#lockout.attemptFrom(address);
      user = await this.#directory.findByUserName(userName, tenant);
      const failed = await this.#lockout.attemptFor(user, userName);
      isCounted = true;
      const who = { user: await this.#verify(user, login), failed };
      await this.#lockout.succeeded(who.user, address);
      return this.#succeeded(who, address);
    } catch (error) {
      const isGuess = error instanceof AuthError && error.status !== 503 && error.code !== 'mfa_required';
      // Not waited for: where the store itself is down, that would take as long again.
      if (isCounted && !isGuess) this.#lockout.takeBack(user, userName, address).catch(() => {});
      throw this.#failed(error, user, address);
    }
  }

  async issueToken({ user, failed }: Authenticated): Promise<LoginToken> {
    const token = randomBase62(TOKEN_LENGTH);
    await this.#state.keep(kept(token), JSON.stringify({ userId: user.id, failed }), LOGIN_TOKEN_MS);
    return { token, expiresAt: this.#now() + LOGIN_TOKEN_MS };
  }

  /** Of several exchanges of one token, exactly one wins. @throws AuthError `unauthenticated`. */
  async exchange(token: string, address: string | null = null): Promise<Authenticated> {
    const value = await this.#state.take(kept(token));
    if (value === null) throw this.#failed(refused('wrong_login_token'), null, address);
    const { userId, failed } = JSON.parse(value) as { userId: string; failed: FailedLogins };
    const user = await this.#directory.findById(userId);
    if (user === null || !user.isEnabled) throw this.#failed(refused('user_disabled'), user, address);
    return { user, failed };
  }

  /** What failed since the last success; null for an unknown user. */
  async failures(userName: string, tenant: string | null): Promise<Authenticated | null> {
    const user = await this.#directory.findByUserName(userName, tenant);
    return user === null ? null : { user, failed: await this.#lockout.failures(user) };
  }

  /** The password is looked at for an unknown user too: the time must not tell. */
  async #verify(user: User | null, { password, mfaCode }: PasswordLogin): Promise<User> {
    const isRight = await this.#directory.verifyPassword(user, password);
    if (user === null) throw refused('unknown_user');
    if (!isRight) throw refused('wrong_password');
    if (!user.isEnabled) throw refused('user_disabled');
    if (user.requiresMfa !== true) return user;
    if (mfaCode === undefined) throw new AuthError('mfa_required');
    if (!(await this.#directory.verifyMfaCode(user, mfaCode))) throw refused('wrong_mfa_code');
    return user;
  }

  #succeeded(who: Authenticated, address: string | null): Authenticated {
    const { id: userId, orgId } = who.user;
    this.#events.emit({ type: 'login.succeeded', at: this.#now(), address, orgId, userId });
    return who;
  }

  /** An outage is no failed login. */
  #failed(error: unknown, user: User | null, address: string | null): unknown {
    if (error instanceof AuthError && error.code !== 'store_unavailable') {
      const reason = error.reason as LoginFailure;
      const { id: userId, orgId } = user ?? UNKNOWN;
      this.#events.emit({ type: 'login.failed', at: this.#now(), address, orgId, userId, reason });
    }
    return error;
  }
}

const UNKNOWN = { id: null, orgId: null };

function kept(token: string): string {
  return `login-${hash('sha256', token, 'base64url')}`;
}

function refused(reason: LoginFailure): AuthError {
  return new AuthError('unauthenticated', { reason });
}
