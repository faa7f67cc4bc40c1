import { ApiKeys } from './api-keys.js';
import type { KeyLifetimeOptions } from './key-lifetimes.js';
import { KeyLifetimes } from './key-lifetimes.js';
import { checkPrefix, DEFAULT_PREFIX, SecretHasher } from './secret.js';
import { MemoryStore } from './stores/memory-store.js';
import type { Store, StoreHealth } from './stores/store.js';
import type { UsageOptions } from './usage.js';
import { UsageRecorder } from './usage.js';
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
  /** The clock, in epoch ms. Default `Date.now`. */
  readonly now?: () => number;
}

/** The services, wired. Everything below Express. */
export interface Core {
  readonly prefix: string;
  readonly apiKeys: ApiKeys;
  readonly verifier: Verifier;
  health(): Promise<StoreHealth>;
  /** Writes what is left of the usage, then ends the store. Rejects when that could not be written. Idempotent. */
  close(): Promise<void>;
}

/** The only place where services are wired. @throws TypeError naming the option that is wrong. */
export function createCore(options: CoreOptions = {}): Core {
  const { store = defaultStore(), now = Date.now } = options;
  const prefix = checkPrefix(options.prefix ?? DEFAULT_PREFIX);
  const hasher = new SecretHasher(options.peppers);
  const lifetimes = new KeyLifetimes(options.keys);
  const usage = new UsageRecorder(store.records.apiKeys, options.usage);
  const apiKeys = new ApiKeys(store.records.apiKeys, prefix, hasher, lifetimes, now);
  const verifier = new Verifier(store, { prefix, hasher, usage, now, ...(options.cache && { cache: options.cache }) });
  const sweep = setInterval(() => void apiKeys.expunge().catch(() => {}), EXPUNGE_EVERY_MS).unref();
  let closed: Promise<void> | undefined;
  const end = async () => {
    clearInterval(sweep);
    verifier.close();
    try {
      await usage.close();
    } finally {
      await store.close();
    }
  };
  return {
    prefix,
    apiKeys,
    verifier,
    health: () => store.health(),
    close: () => {
      closed ??= end();
      return closed;
    },
  };
}

function defaultStore(): Store {
  if (process.env.NODE_ENV === 'production') {
    process.emitWarning('No store was given: keys live in this process only. Hand createLatchkey a RedisStore.', {
      code: 'LATCHKEY_MEMORY_STORE',
    });
  }
  return new MemoryStore();
}
