import { storeUnavailable } from './errors.js';
import { Principal, Rights } from './principal.js';
import type { ApiKeyRecord } from './records.js';
import {
  DISABLED,
  EXPIRED,
  MALFORMED,
  NOT_YET_VALID,
  REVOKED,
  type Refusal,
  UNKNOWN_ID,
  WRONG_SECRET,
} from './refusal.js';
import type { CompiledHash, Credential, CredentialScheme, SecretHasher } from './secret.js';
import { isWellFormed } from './secret.js';
import type { Store } from './stores/store.js';
import type { UsageCounter, UsageRecorder } from './usage.js';
import type { VerificationCacheOptions } from './verification-cache.js';
import { VerificationCache } from './verification-cache.js';

export type Verdict = Principal | Refusal;

/** Why the record itself does not let anybody in at `nowAt`; null when it does. */
function refusalOf(record: ApiKeyRecord, nowAt: number): Refusal | null {
  if (record.revokedAt !== null) return REVOKED;
  if (!record.enabled) return DISABLED;
  if (record.notBefore !== null && nowAt < record.notBefore) return NOT_YET_VALID;
  if (record.expiresAt !== null && nowAt >= record.expiresAt) return EXPIRED;
  return null;
}

/** A record made ready for verification: hashes decoded, rights compiled. */
class VerifiableKey {
  readonly record: ApiKeyRecord;
  readonly usage: UsageCounter;
  readonly hash: CompiledHash;
  readonly previousHash: CompiledHash | null;
  readonly #principals: Partial<Record<CredentialScheme, Principal>> = {};
  readonly #rights: Rights;

  constructor(record: ApiKeyRecord, hasher: SecretHasher, usage: UsageCounter) {
    this.record = deepFreeze(record);
    this.usage = usage;
    this.hash = hasher.compile(record.secretHash);
    this.previousHash = record.previousSecretHash === null ? null : hasher.compile(record.previousSecretHash);
    this.#rights = new Rights(record);
  }

  principal(scheme: CredentialScheme): Principal {
    const principal = this.#principals[scheme] ?? new Principal(this.record, scheme, this.#rights);
    this.#principals[scheme] = principal;
    return principal;
  }
}

/** A principal is shared by all requests of its key: what hangs on it must not change. */
function deepFreeze<T extends object>(value: T): T {
  for (const part of Object.values(value)) {
    if (typeof part === 'object' && part !== null) deepFreeze(part);
  }
  return Object.freeze(value);
}

export interface VerifierOptions {
  readonly prefix: string;
  readonly hasher: SecretHasher;
  readonly usage: UsageRecorder;
  /** Epoch ms. */
  readonly now: () => number;
  readonly cache?: VerificationCacheOptions;
}

/** Turns a credential into a principal, or refuses it. The only place that decides. */
export class Verifier {
  readonly #prefix: string;
  readonly #hasher: SecretHasher;
  readonly #now: () => number;
  readonly #cache: VerificationCache<VerifiableKey>;
  readonly #dummy: CompiledHash;

  constructor(store: Store, { prefix, hasher, usage, now, cache }: VerifierOptions) {
    this.#prefix = prefix;
    this.#hasher = hasher;
    this.#now = now;
    this.#dummy = hasher.dummy();
    const load = async (id: string) => {
      const record = await store.records.apiKeys.get(id);
      return record === null ? null : new VerifiableKey(record, hasher, usage.counter(record));
    };
    this.#cache = new VerificationCache('apiKeys', load, store.changes, now, cache);
  }

  /**
   * Order: shape and checksum, record, secret, revoked, disabled, not yet valid, expired. A cached key is decided at
   * once, without a promise. Rejects, or throws, with `store_unavailable` when the record cannot be read: that is neither
   * a yes nor a no.
   *
   * @param address of the client, for the key's "last used from".
   */
  verify(credential: Credential, address: string | null): Verdict | Promise<Verdict> {
    const { id, secret } = credential;
    if (!isWellFormed(this.#prefix, id, secret)) return MALFORMED;
    const nowAt = this.#now();
    const key = this.#cache.peek(id, nowAt);
    if (key !== undefined) return this.#judge(key, credential, address, nowAt);
    return this.#cache.fetch(id).then((read) => this.#judge(read, credential, address, this.#now()));
  }

  close(): void {
    this.#cache.close();
  }

  #judge(key: VerifiableKey | null, { secret, scheme }: Credential, address: string | null, nowAt: number): Verdict {
    if (key === null) {
      this.#hasher.matches(secret, this.#dummy); // takes as long as a wrong secret
      return UNKNOWN_ID;
    }
    const refusal = this.#hasSecret(key, secret, nowAt) ? refusalOf(key.record, nowAt) : WRONG_SECRET;
    if (refusal !== null) {
      key.usage.failed();
      return refusal;
    }
    key.usage.used(nowAt, address);
    return key.principal(scheme);
  }

  #hasSecret(key: VerifiableKey, secret: string, nowAt: number): boolean {
    if (this.#matches(secret, key.hash)) return true;
    const { previousHash, record } = key;
    return (
      previousHash !== null && nowAt < (record.previousSecretExpiresAt ?? 0) && this.#matches(secret, previousHash)
    );
  }

  #matches(secret: string, hash: CompiledHash): boolean {
    if (!this.#hasher.canVerify(hash)) throw storeUnavailable(`the pepper ${hash.pepperId} is not configured`);
    return this.#hasher.matches(secret, hash);
  }
}
