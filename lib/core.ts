import type { AuditOptions } from './audit/audit.js';
import { AuditTrail } from './audit/audit.js';
import { AuditedDocuments } from './audit/audited-documents.js';
import { AuthError } from './errors.js';
import { Events } from './events.js';
import { ApiKeys } from './keys/api-keys.js';
import type { KeyMaking, KeyOwner } from './keys/key-builder.js';
import { KeyImporter } from './keys/key-importer.js';
import { KeyIssuer } from './keys/key-issuer.js';
import type { KeyLifetimeOptions } from './keys/key-lifetimes.js';
import { KeyLifetimes } from './keys/key-lifetimes.js';
import type { KeyNoticeOptions } from './keys/key-notices.js';
import { KeyNotices, UNUSED_SLACK_MS } from './keys/key-notices.js';
import type { KeyRuleOptions } from './keys/key-rules.js';
import { KeyRules } from './keys/key-rules.js';
import { KeyWatch } from './keys/key-watch.js';
import { KeyWriter } from './keys/key-writer.js';
import { LeakedKeys } from './keys/leaked-keys.js';
import { SessionKeys } from './keys/session-keys.js';
import { StubbornKeys } from './keys/stubborn-keys.js';
import { KnownNumbers } from './known-numbers.js';
import { Policies } from './policies/policies.js';
import { PolicyReader } from './policies/policy-reader.js';
import { PolicyRemovals } from './policies/policy-removals.js';
import { PolicyUsers } from './policies/policy-users.js';
import type { HostPolicy } from './policies/policy-view.js';
import type { LockoutOptions } from './sessions/lockout.js';
import { Lockout } from './sessions/lockout.js';
import { Logins } from './sessions/logins.js';
import { SessionVerifier } from './sessions/session-verifier.js';
import type { SessionTimeOptions } from './sessions/sessions.js';
import { Sessions } from './sessions/sessions.js';
import { StubbornSessions, withSessions } from './sessions/stubborn-sessions.js';
import type { ProductionOptions } from './start-check.js';
import { StartCheck } from './start-check.js';
import { MemoryStore } from './stores/memory/memory-store.js';
import type { Store, StoreHealth } from './stores/store.js';
import { Telemetry } from './telemetry/telemetry.js';
import type { UserDirectory } from './users.js';
import { AddressThrottle } from './verification/address-throttle.js';
import { BoundedDirectory, DIRECTORY_TIMEOUT_MS } from './verification/bounded-directory.js';
import type { ImportedKeyForm } from './verification/imported-key.js';
import { Introspection } from './verification/introspection.js';
import { KeyStandings } from './verification/key-standing.js';
import { Owners } from './verification/owners.js';
import { checkPrefix, DEFAULT_PREFIX, SecretHasher } from './verification/secret.js';
import type { UsageOptions } from './verification/usage.js';
import { UsageRecorder } from './verification/usage.js';
import type { VerificationCacheOptions } from './verification/verification-cache.js';
import { Verifier } from './verification/verifier.js';

/** Between two sweeps for records past their retention time, and for keys whose time has come. */
const SWEEP_EVERY_MS = 60_000;

/** The longest that `close()` waits for verifications, and for changes, that are under way: each of their steps has a bound. */
const DRAIN_WITHIN_MS = 5_000;

export interface CoreOptions {
  /** Where records live. Default: a new `MemoryStore`, for one process and until it ends. */
  readonly store?: Store;
  /** What every token begins with, 1 to 16 letters and digits. Default `lk`. */
  readonly prefix?: string;
  /** Secrets of the host (32 bytes or more) that go into the stored hashes; at most two. Default: plain SHA-256. */
  readonly peppers?: readonly (string | Uint8Array)[];
  readonly keys?: KeyLifetimeOptions;
  readonly keyRules?: KeyRuleOptions;
  readonly notices?: KeyNoticeOptions;
  readonly cache?: VerificationCacheOptions;
  readonly usage?: UsageOptions;
  readonly audit?: AuditOptions;
  /** The host's users. Needed for logins; with it, a key can do no more than its owner may do now. */
  readonly users?: UserDirectory;
  /** The longest that one call of `users` may take, in ms; then the request gets 503. Default 2,000. */
  readonly usersTimeoutMs?: number;
  readonly lockout?: LockoutOptions;
  /** Policies that belong to every organisation and cannot be changed, besides Latchkey's own. Default: none. */
  readonly policies?: readonly HostPolicy[];
  /** What is accepted in production (`NODE_ENV`) although it is refused there by itself. */
  readonly production?: ProductionOptions;
  /** The clock, in epoch ms. Default `Date.now`. */
  readonly now?: () => number;
}

/** What logging in takes: there only where the host has told who its users are. */
export interface UserServices {
  readonly directory: BoundedDirectory;
  readonly logins: Logins;
  readonly sessions: Sessions;
  readonly sessionVerifier: SessionVerifier;
}

/** The services, wired. Everything below Express. */
export interface Core {
  readonly prefix: string;
  readonly store: Store;
  readonly start: StartCheck;
  readonly events: Events;
  readonly telemetry: Telemetry;
  readonly now: () => number;
  readonly apiKeys: ApiKeys;
  readonly sessionKeys: SessionKeys;
  readonly policies: Policies;
  readonly leakedKeys: LeakedKeys;
  readonly audit: AuditTrail;
  readonly documents: AuditedDocuments;
  readonly verifier: Verifier;
  readonly standings: KeyStandings;
  readonly introspection: Introspection;
  readonly users: UserServices | null;
  /** Looks at the keys whose time has come: see `KeyWatch`. By itself it is done every minute. */
  sweep(): Promise<void>;
  /** Tells every process that a user was changed: sessions and keys of one who is no longer enabled stop at once. */
  userChanged(userId: string): Promise<void>;
  health(): Promise<StoreHealth>;
  /**
   * Refuses further keys with `store_unavailable`, waits for verifications and changes under way, writes what is left of the
   * usage and of the audit trail, then ends the store. Rejects when the usage could not be written. Idempotent.
   */
  close(): Promise<void>;
}

/** The only place where services are wired. @throws TypeError naming the option that is wrong. */
export function createCore(
  options: CoreOptions,
  times: SessionTimeOptions,
  imported: ImportedKeyForm | null = null,
): Core {
  const { now = Date.now, usersTimeoutMs = DIRECTORY_TIMEOUT_MS } = options;
  const events = new Events();
  const telemetry = new Telemetry(events);
  const isProduction = process.env.NODE_ENV === 'production';
  const given = options.store ?? new MemoryStore({ now });
  const start = new StartCheck(given, options.production ?? {}, now, isProduction);
  const timed = telemetry.timed(start.guarded());
  const stubbornSessions = new StubbornSessions(timed.state.sessions, timed.changes);
  const state = withSessions(timed.state, stubbornSessions);
  const audit = new AuditTrail(timed.records.audit, events, now, options.audit);
  const stubborn = new StubbornKeys(timed.records.apiKeys, timed.changes, audit, now);
  const { policies, documents } = timed.records;
  const numbers = new KnownNumbers(timed.records.numbers);
  const records = { apiKeys: stubborn, policies, audit: timed.records.audit, numbers, documents };
  const store: Store = {
    records,
    state,
    changes: timed.changes,
    health: (clock) => timed.health(clock),
    close: () => timed.close(),
  };
  const directory = options.users === undefined ? null : new BoundedDirectory(options.users, usersTimeoutMs);
  const making: KeyMaking = {
    prefix: checkPrefix(options.prefix ?? DEFAULT_PREFIX),
    hasher: new SecretHasher(options.peppers),
    lifetimes: new KeyLifetimes(options.keys),
    rules: new KeyRules(options.keyRules),
    notices: new KeyNotices(options.notices, unusedSlackMs(options)),
    findOwner: async (id) => (directory === null ? undefined : await findOwner(directory, id)),
    now,
  };
  const { prefix, hasher, lifetimes, notices } = making;
  const throttle = new AddressThrottle(options.lockout);
  const lockout = new Lockout(state, options.lockout ?? {}, now);
  const sessions = new Sessions(state.sessions, times, events, now, given.isEmbedded === true);
  const owners = directory === null ? null : new Owners(directory, store.changes, now, telemetry.lookups('users'));
  const usage = new UsageRecorder(records.apiKeys, events, options.usage);
  const policyReader = new PolicyReader(
    records.policies,
    options.policies ?? [],
    store.changes,
    now,
    options.cache,
    telemetry.lookups('policies'),
  );
  const writer = new KeyWriter(records.apiKeys, making, policyReader, audit);
  const issuer = new KeyIssuer(records.apiKeys, making, policyReader, writer);
  const importer = new KeyImporter(records.apiKeys, making, issuer, imported);
  const apiKeys = new ApiKeys(records.apiKeys, making, writer, issuer, importer);
  const policyUsers = new PolicyUsers(records, writer, now);
  const watch = new KeyWatch(records.apiKeys, state, writer, { lifetimes, notices, events, now });
  const verifier = new Verifier(store, {
    prefix,
    hasher,
    lifetimes,
    notices,
    endWithParent: making.rules.endWithParent,
    policies: policyReader,
    usage,
    owners,
    throttle,
    telemetry,
    now,
    ...(options.cache && { cache: options.cache }),
  });
  const standings = new KeyStandings({ verifier, owners, endWithParent: making.rules.endWithParent, now });
  const sweep = async () => {
    const done = await Promise.allSettled([apiKeys.expunge(), watch.sweep()]); // neither waits for the other to succeed
    for (const part of done) if (part.status === 'rejected') throw part.reason;
  };
  const sweeping = setInterval(() => void sweep().catch(() => {}), SWEEP_EVERY_MS).unref(); // the next one finds it too
  let closed: Promise<void> | undefined;
  const end = async () => {
    clearInterval(sweeping);
    await Promise.all([verifier.close(DRAIN_WITHIN_MS), audit.changesMade(DRAIN_WITHIN_MS)]);
    stubborn.close();
    stubbornSessions.close();
    policyReader.close();
    owners?.close();
    try {
      await usage.close().catch((error: unknown) => {
        const why = error instanceof AuthError ? error.reason : String(error);
        throw new Error(`The use counts of the last seconds were not written: ${why}`);
      });
    } finally {
      await audit.close();
      await store.close();
    }
  };
  return {
    prefix,
    store,
    start,
    events,
    telemetry,
    now,
    apiKeys,
    sessionKeys: new SessionKeys(making, issuer),
    policies: new Policies(records.policies, policyReader, policyUsers, new PolicyRemovals(state), audit, now),
    leakedKeys: new LeakedKeys(records.apiKeys, writer, { prefix, hasher, lifetimes, imported, throttle, now }),
    audit,
    documents: new AuditedDocuments(documents, audit, now),
    verifier,
    standings,
    introspection: new Introspection({ prefix, hasher, throttle, verifier, standings, now }),
    users:
      directory === null || owners === null
        ? null
        : {
            directory,
            logins: new Logins(directory, lockout, state, events, now),
            sessions,
            sessionVerifier: new SessionVerifier(state, owners, now, telemetry, sessions.rememberMs),
          },
    sweep,
    async userChanged(userId) {
      await state.touchUser(userId);
      const user = await directory?.findById(userId);
      if (user !== undefined && user?.isEnabled !== true) await sessions.endAll(userId);
    },
    health: () => store.health(now),
    close: () => {
      closed ??= end();
      return closed;
    },
  };
}

/** How long a use of a key can be unknown to another process: until it is written there, and the key read again here. */
function unusedSlackMs({ usage, cache }: CoreOptions): number {
  return UNUSED_SLACK_MS + (usage?.flushIntervalMs ?? 0) + (cache?.maxAgeMs ?? 0);
}

async function findOwner(directory: BoundedDirectory, id: string): Promise<KeyOwner | null> {
  const user = await directory.findById(id);
  if (user === null) return null;
  return { user, statements: user.isEnabled ? await directory.statements(user) : [] };
}
