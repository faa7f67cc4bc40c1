import type { AddressThrottle } from './address-throttle.js';
import { storeUnavailable } from './errors.js';
import type { Owner, Owners } from './owners.js';
import { type Identity, Principal, Rights } from './principal.js';
import type { ApiKeyRecord } from './records.js';
import {
  DISABLED,
  EXPIRED,
  MALFORMED,
  NOT_YET_VALID,
  OWNER_DISABLED,
  REVOKED,
  type Refusal,
  UNKNOWN_ID,
  WRONG_SECRET,
} from './refusal.js';
import type { CompiledHash, Credential, CredentialScheme, SecretHasher } from './secret.js';
import { hasPairShape, isWellFormed } from './secret.js';
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
    const principal = this.#principals[scheme] ?? new Principal(identityOf(this.record, scheme), this.#rights);
    this.#principals[scheme] = principal;
    return principal;
  }
}

function identityOf(record: ApiKeyRecord, scheme: CredentialScheme): Identity {
  const { id, kind, name, expiresAt, ownerId, internalOnly, ...rest } = record;
  const credential = { kind, id, name, scheme, expiresAt, ...(internalOnly && { internalOnly }) };
  return { ...rest, id: ownerId, credential };
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
  /** The users behind the keys; null where the host has not told who they are. */
  readonly owners: Owners | null;
  readonly throttle: AddressThrottle;
  /** Epoch ms. */
  readonly now: () => number;
  readonly cache?: VerificationCacheOptions;
}

/** In place of an owner, where the host has not told who its users are. */
const OWNERS_UNKNOWN = Symbol('owners unknown');

/** The last step: the secret was right, and the record allows it. */
function settle(
  key: VerifiableKey,
  owner: Owner | null | typeof OWNERS_UNKNOWN,
  scheme: CredentialScheme,
  address: string | null,
  nowAt: number,
): Verdict {
  if (owner === null) {
    key.usage.failed(nowAt);
    return OWNER_DISABLED;
  }
  key.usage.used(nowAt, address);
  return key.principal(scheme);
}

/** Turns a credential into a principal, or refuses it. The only place that decides. */
export class Verifier {
  readonly #prefix: string;
  readonly #hasher: SecretHasher;
  readonly #now: () => number;
  readonly #cache: VerificationCache<VerifiableKey>;
  readonly #dummy: CompiledHash;
  readonly #owners: Owners | null;
  readonly #throttle: AddressThrottle;

  constructor(store: Store, { prefix, hasher, usage, owners, throttle, now, cache }: VerifierOptions) {
    this.#owners = owners;
    this.#throttle = throttle;
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
   * Order: shape and checksum, record, secret, revoked, disabled, not yet valid, expired, owner still enabled. A cached key
   * is decided at once, without a promise. Rejects, or throws, with `store_unavailable` when the record or its owner cannot
   * be read: that is neither a yes nor a no; with `too_many_attempts` for a wrong secret from an address that sent too many.
   *
   * @param address of the client, for the key's "last used from" and the throttle.
   * @param isInternal whether the request came in where the host accepts internal keys.
   */
  verify(credential: Credential, address: string | null, isInternal = false): Verdict | Promise<Verdict> {
    const { id, secret } = credential;
    if (!hasPairShape(id, secret)) return MALFORMED;
    const nowAt = this.#now();
    const key = this.#cache.peek(id, nowAt);
    // Of a cached key the hash decides alone, since the checksum goes into it: the checksum only spares look-ups.
    const isRight = key instanceof VerifiableKey && this.#hasSecret(key, secret, nowAt);
    if (!isRight && !isWellFormed(this.#prefix, id, secret)) return MALFORMED;
    if (key !== undefined) return this.#judge(key, isRight, credential, address, isInternal, nowAt);
    return this.#cache.fetch(id).then((read) => {
      const readAt = this.#now();
      const matches = read !== null && this.#hasSecret(read, secret, readAt);
      return this.#judge(read, matches, credential, address, isInternal, readAt);
    });
  }

  close(): void {
    this.#cache.close();
  }

  #judge(
    key: VerifiableKey | null,
    isRight: boolean,
    { secret, scheme }: Credential,
    address: string | null,
    isInternal: boolean,
    nowAt: number,
  ): Verdict | Promise<Verdict> {
    if (key === null || (key.record.internalOnly && !isInternal)) {
      if (key === null) this.#hasher.matches(secret, this.#dummy); // takes as long as a wrong secret
      this.#throttle.refused(address, nowAt);
      return UNKNOWN_ID;
    }
    const refusal = isRight ? refusalOf(key.record, nowAt) : WRONG_SECRET;
    if (refusal !== null) {
      key.usage.failed(nowAt);
      if (refusal === WRONG_SECRET) this.#throttle.refused(address, nowAt);
      return refusal;
    }
    const owner = this.#owners === null ? OWNERS_UNKNOWN : this.#owners.peek(key.record.ownerId, nowAt);
    if (owner !== undefined) return settle(key, owner, scheme, address, nowAt);
    const asked = (this.#owners as Owners).fetch(key.record.ownerId);
    return asked.then((read) => settle(key, read, scheme, address, nowAt));
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
