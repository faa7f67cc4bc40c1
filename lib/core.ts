import { AddressThrottle } from './address-throttle.js';
import { ApiKeys } from './api-keys.js';
import { BoundedDirectory, DIRECTORY_TIMEOUT_MS } from './bounded-directory.js';
import { AuthError } from './errors.js';
import { Events } from './events.js';
import type { KeyMaking } from './key-builder.js';
import type { KeyLifetimeOptions } from './key-lifetimes.js';
import { KeyLifetimes } from './key-lifetimes.js';
import type { LockoutOptions } from './lockout.js';
import { Lockout } from './lockout.js';
import { Logins } from './logins.js';
import { Owners } from './owners.js';
import { checkPrefix, DEFAULT_PREFIX, SecretHasher } from './secret.js';
import type { Policy } from './session-keys.js';
import { SessionKeys } from './session-keys.js';
import { SessionVerifier } from './session-verifier.js';
import type { SessionTimeOptions } from './sessions.js';
import { Sessions } from './sessions.js';
import { MemoryStore } from './stores/memory-store.js';
import type { Store, StoreHealth } from './stores/store.js';
import type { UsageOptions } from './usage.js';
import { UsageRecorder } from './usage.js';
import type { UserDirectory } from './users.js';
import type { VerificationCacheOptions } from './verification-cache.js';
import { Verifier } from './verifier.js';

/** Between two sweeps for records past their retention time. */
const EXPUNGE_EVERY_MS = 600_000;

export interface CoreOptions {
  /** Where records live. Default: a new `MemoryStore`, for one process and until it ends. */
  readonly store?: Store;
  /** What every token begins with, 1 to 16 letters and digits. Default `lk`. */
  readonly prefix?: string;
  /** Secrets of the host (32 bytes or more) that go into the stored hashes; at most two. Default: plain SHA-256. */
  readonly peppers?: readonly (string | Uint8Array)[];
  readonly keys?: KeyLifetimeOptions;
  readonly cache?: VerificationCacheOptions;
  readonly usage?: UsageOptions;
  /** The host's users. Needed for logins; with it, the keys of a disabled or deleted user are refused too. */
  readonly users?: UserDirectory;
  /** The longest that one call of `users` may take, in ms; then the request gets 503. Default 2,000. */
  readonly usersTimeoutMs?: number;
  readonly lockout?: LockoutOptions;
  /** Policies that session keys can be made from by id. Default: none. */
  readonly policies?: readonly Policy[];
  /** The clock, in epoch ms. Default `Date.now`. */
  readonly now?: () => number;
}

/** What logging in takes: there only where the host has told who its users are. */
export interface UserServices {
  readonly logins: Logins;
  readonly sessions: Sessions;
  readonly sessionVerifier: SessionVerifier;
}

/** The services, wired. Everything below Express. */
export interface Core {
  readonly prefix: string;
  readonly store: Store;
  readonly events: Events;
  readonly now: () => number;
  readonly apiKeys: ApiKeys;
  readonly sessionKeys: SessionKeys;
  readonly verifier: Verifier;
  readonly users: UserServices | null;
  /** Tells every process that a user was changed: sessions and keys of one who is no longer enabled stop at once. */
  userChanged(userId: string): Promise<void>;
  health(): Promise<StoreHealth>;
  /** Writes what is left of the usage, then ends the store. Rejects when that could not be written. Idempotent. */
  close(): Promise<void>;
}

/** The only place where services are wired. @throws TypeError naming the option that is wrong. */
export function createCore(options: CoreOptions, times: SessionTimeOptions): Core {
  const { now = Date.now, usersTimeoutMs = DIRECTORY_TIMEOUT_MS } = options;
  const store = options.store ?? defaultStore(now);
  const { records, state } = store;
  const making: KeyMaking = {
    prefix: checkPrefix(options.prefix ?? DEFAULT_PREFIX),
    hasher: new SecretHasher(options.peppers),
    lifetimes: new KeyLifetimes(options.keys),
    findUser: async (id) => await directory?.findById(id),
    now,
  };
  const lockout = new Lockout(state, options.lockout ?? {}, now);
  const events = new Events();
  const sessions = new Sessions(state.sessions, times, events, now);
  const directory = options.users === undefined ? null : new BoundedDirectory(options.users, usersTimeoutMs);
  const owners = directory === null ? null : new Owners(directory, store.changes, now);
  const usage = new UsageRecorder(records.apiKeys, options.usage);
  const apiKeys = new ApiKeys(records.apiKeys, making);
  const { prefix, hasher } = making;
  const verifier = new Verifier(store, {
    prefix,
    hasher,
    usage,
    owners,
    throttle: new AddressThrottle(options.lockout),
    now,
    ...(options.cache && { cache: options.cache }),
  });
  const sweep = setInterval(() => void apiKeys.expunge().catch(() => {}), EXPUNGE_EVERY_MS).unref();
  let closed: Promise<void> | undefined;
  const end = async () => {
    clearInterval(sweep);
    verifier.close();
    owners?.close();
    try {
      await usage.close().catch((error: unknown) => {
        const why = error instanceof AuthError ? error.reason : String(error);
        throw new Error(`The use counts of the last seconds were not written: ${why}`);
      });
    } finally {
      await store.close();
    }
  };
  return {
    prefix,
    store,
    events,
    now,
    apiKeys,
    sessionKeys: new SessionKeys(records.apiKeys, making, options.policies ?? []),
    verifier,
    users:
      directory === null || owners === null
        ? null
        : {
            logins: new Logins(directory, lockout, state, events, now),
            sessions,
            sessionVerifier: new SessionVerifier(state, owners, now),
          },
    async userChanged(userId) {
      await state.touchUser(userId);
      const user = await directory?.findById(userId);
      if (user !== undefined && user?.isEnabled !== true) await sessions.endAll(userId);
    },
    health: () => store.health(),
    close: () => {
      closed ??= end();
      return closed;
    },
  };
}

function defaultStore(now: () => number): Store {
  if (process.env.NODE_ENV === 'production') {
    process.emitWarning('No store was given: keys live in this process only. Hand createLatchkey a RedisStore.', {
      code: 'LATCHKEY_MEMORY_STORE',
    });
  }
  return new MemoryStore({ now });
}
