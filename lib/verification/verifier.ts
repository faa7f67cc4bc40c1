import { hash } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import { AuthError, storeUnavailable } from '../errors.js';
import type { KeyLifetimes } from '../keys/key-lifetimes.js';
import type { KeyNotices } from '../keys/key-notices.js';
import type { PolicyReader } from '../policies/policy-reader.js';
import type { Principal } from '../principal.js';
import type { ApiKeyRecord } from '../records.js';
import { MALFORMED, OWNER_DISABLED, OWNER_MOVED, PARENT_ENDED, Refusal, UNKNOWN_ID, WRONG_SECRET } from '../refusal.js';
import type { Store } from '../stores/store.js';
import type { Telemetry } from '../telemetry/telemetry.js';
import { UnderWay } from '../under-way.js';
import type { AddressThrottle } from './address-throttle.js';
import { isForeignPair, isKeyPair } from './foreign-pair.js';
import { ImportedKeys, type ImportedLook } from './imported-keys.js';
import type { Owner, Owners } from './owners.js';
import type { CompiledHash, Credential, CredentialScheme, SecretHasher } from './secret.js';
import { hasPairShape } from './secret.js';
import { SharedParts } from './shared-parts.js';
import type { UsageRecorder } from './usage.js';
import { VerifiableKey } from './verifiable-key.js';
import type { VerificationCacheOptions } from './verification-cache.js';
import { VerificationCache } from './verification-cache.js';

/** Refused keys of which it is remembered whose they are. */
const MAX_HOLDERS = 1_000;

/** The error is one that floods end in, such as `too_many_attempts`: handed on as a value, to be thrown by nobody on the way. */
export type Verdict = Principal | Refusal | AuthError;

type Sent = Pick<Credential, 'secret' | 'isImported'>;

export interface VerifierOptions {
  readonly prefix: string;
  readonly hasher: SecretHasher;
  readonly lifetimes: KeyLifetimes;
  readonly notices: KeyNotices;
  /** Whether a key that was made by a key ends with it. */
  readonly endWithParent: boolean;
  readonly policies: PolicyReader;
  readonly usage: UsageRecorder;
  /** The users behind the keys; null where the host has not told who they are. */
  readonly owners: Owners | null;
  readonly throttle: AddressThrottle;
  readonly telemetry: Telemetry;
  /** Epoch ms. */
  readonly now: () => number;
  readonly cache?: VerificationCacheOptions;
}

/** Turns a credential into a principal, or refuses it. The only place that decides. */
export class Verifier {
  readonly #options: VerifierOptions;
  readonly #prefix: string;
  readonly #hasher: SecretHasher;
  readonly #now: () => number;
  readonly #owners: Owners | null;
  readonly #throttle: AddressThrottle;
  readonly #cache: VerificationCache<VerifiableKey>;
  readonly #imported: ImportedKeys;
  readonly #dummy: CompiledHash;
  readonly #shared = new SharedParts();
  readonly #underWay = new UnderWay();
  #isClosed = false;
  readonly #holders = new LRUCache<string, Pick<ApiKeyRecord, 'id' | 'orgId' | 'ownerId'>>({ max: MAX_HOLDERS });

  constructor(store: Store, options: VerifierOptions) {
    const { prefix, hasher, owners, throttle, now, cache } = options;
    this.#options = options;
    this.#prefix = prefix;
    this.#hasher = hasher;
    this.#now = now;
    this.#owners = owners;
    this.#throttle = throttle;
    this.#dummy = hasher.dummy();
    this.#cache = new VerificationCache(
      'apiKeys',
      (id) => this.#load(store, id),
      store.changes,
      now,
      cache,
      {
        collection: 'policies',
        isPartOf: (key, policyId) => key.isMadeOf(policyId),
      },
      options.telemetry.lookups('apiKeys'),
    );
    this.#imported = new ImportedKeys(this.#cache, hasher, now);
  }

  /**
   * Order: shape and checksum, record, secret, revoked, disabled, not yet valid, expired, unused, address, origin, the keys
   * that it was made by, owner still enabled. A cached key is decided at once, without a promise. Answers `too_many_attempts`
   * for a wrong secret from an address that sent too many. Rejects, or throws, with `store_unavailable` when the record or its
   * owner cannot be read: that is neither a yes nor a no; and always once `close` was called: nothing would count the use.
   *
   * @param address of the client, for the key's "last used from", its allowed addresses and the throttle.
   * @param isInternal whether the request came in where the host accepts internal keys.
   * @param origin the `Origin` header.
   */
  verify(
    credential: Credential,
    address: string | null,
    isInternal = false,
    origin: string | undefined = undefined,
  ): Verdict | Promise<Verdict> {
    const { telemetry } = this.#options;
    const { scheme } = credential;
    try {
      this.#demandOpen();
      const verdict = this.#decide(credential, address, isInternal, origin);
      if (verdict instanceof Promise) return this.#underWay.follow(verdict);
      if (verdict instanceof AuthError) telemetry.failed(scheme, verdict);
      else telemetry.verified(scheme, verdict instanceof Refusal ? verdict.reason : null);
      return verdict;
    } catch (error) {
      telemetry.failed(scheme, error);
      throw error;
    }
  }

  /**
   * As `verify`, but for the secret: only for code that has verified it before, and has kept the id where nobody else can
   * write it, such as in a session of its own. Counts as a use.
   *
   * @param stamp of the secret that was verified (`stampOf`); undefined: whatever secret the key has now.
   */
  verifyId(
    id: string,
    stamp: string | undefined,
    scheme: CredentialScheme,
    address: string | null,
    isInternal = false,
    origin: string | undefined = undefined,
  ): Promise<Verdict> {
    const verifying = this.#options.telemetry.traced(scheme, async () => {
      this.#demandOpen();
      const key = await this.#find(id);
      if (key === null || (key.record.internalOnly && !isInternal)) return UNKNOWN_ID;
      const nowAt = this.#now();
      const isAccepted = stamp === undefined || stampsOf(key, nowAt).includes(stamp);
      if (!isAccepted) return this.#refuse(key, WRONG_SECRET, nowAt);
      return await this.#judge(key, true, { scheme, id, secret: '' }, nowAt, address, isInternal, origin);
    });
    return this.#underWay.follow(verifying);
  }

  /** The key as it is known here, for questions about it; null for an unknown id. Counts as no use. */
  async find(id: string): Promise<VerifiableKey | null> {
    this.#demandOpen();
    return await this.#find(id);
  }

  /** The same for an existing key, by its hash: of several records the one that decides. */
  async findImported(sha256: string): Promise<VerifiableKey | null> {
    this.#demandOpen();
    const look = this.#imported.look(sha256, this.#now());
    return look.unread.length === 0 ? look.key : await this.#imported.read(look, sha256);
  }

  /** Tells a secret from the others that the key has had, and says nothing else of it; null for one that is not right. */
  async stampOf(id: string, secret: string): Promise<string | null> {
    const key = await this.#find(id);
    if (key === null) return null;
    const nowAt = this.#now();
    const [current = null, previous = null] = stampsOf(key, nowAt);
    const which = this.#hasher.which({ secret }, key, nowAt);
    if (which === null) return null;
    return which === 'current' ? current : previous;
  }

  /** What is a promise here is counted already, and within a span. Makes no closure: see `Authenticator`. */
  #decide(
    credential: Credential,
    address: string | null,
    isInternal: boolean,
    origin: string | undefined,
  ): Verdict | Promise<Verdict> {
    const { id, secret } = credential;
    if (credential.isImported === true) return this.#decideImported(credential, address, isInternal, origin);
    if (!hasPairShape(id, secret) && !isForeignPair(id, secret)) return MALFORMED;
    const nowAt = this.#now();
    const key = this.#cache.peek(id, nowAt);
    // Of a cached key the hash decides alone, since the checksum goes into it: the checksum, where a pair has one, only spares
    // look-ups.
    const isRight = key !== undefined && key !== null && this.#hasSecret(key, credential, nowAt);
    if (!isRight && !isKeyPair(this.#prefix, id, secret)) return MALFORMED;
    if (key === undefined) return this.#ask(null, credential, address, isInternal, origin);
    const verdict = this.#judge(key, isRight, credential, nowAt, address, isInternal, origin);
    return verdict instanceof Promise ? this.#traced(credential.scheme, verdict) : verdict;
  }

  #decideImported(
    credential: Credential,
    address: string | null,
    isInternal: boolean,
    origin: string | undefined,
  ): Verdict | Promise<Verdict> {
    const { secret, scheme } = credential;
    const nowAt = this.#now();
    const look = this.#imported.look(secret, nowAt);
    if (look.unread.length > 0) {
      return this.#ask(look, credential, address, isInternal, origin);
    }
    const isRight = look.key !== null && this.#hasSecret(look.key, credential, nowAt);
    const verdict = this.#judge(look.key, isRight, credential, nowAt, address, isInternal, origin);
    return verdict instanceof Promise ? this.#traced(scheme, verdict) : verdict;
  }

  /** Decides once the store has answered. `look`: at an existing key; null: it is not one. */
  #ask(
    look: ImportedLook | null,
    credential: Credential,
    address: string | null,
    isInternal: boolean,
    origin: string | undefined,
  ): Promise<Verdict> {
    const { id, secret, scheme } = credential;
    return this.#options.telemetry.traced(scheme, async () => {
      const key = await (look === null ? this.#cache.fetch(id) : this.#imported.read(look, secret));
      const readAt = this.#now();
      const isRight = key !== null && this.#hasSecret(key, credential, readAt);
      return await this.#judge(key, isRight, credential, readAt, address, isInternal, origin);
    });
  }

  #traced(scheme: CredentialScheme, verdict: Promise<Verdict>): Promise<Verdict> {
    return this.#options.telemetry.traced(scheme, () => verdict);
  }

  /** Whose a key is that was refused lately; null for any other. Asks nobody. */
  holderOf(id: string): Pick<ApiKeyRecord, 'id' | 'orgId' | 'ownerId'> | null {
    return this.#holders.get(id) ?? null;
  }

  /** The same for an existing key, by its hash. */
  holderOfImported(sha256: string): Pick<ApiKeyRecord, 'id' | 'orgId' | 'ownerId'> | null {
    for (const id of this.#hasher.importedIds(sha256)) {
      const holder = this.#holders.get(id);
      if (holder !== undefined) return holder;
    }
    return null;
  }

  /** Refuses what comes from now on, and resolves once what is under way is decided, after `ms` at the latest. */
  async close(ms: number): Promise<void> {
    this.#isClosed = true;
    await this.#underWay.ended(ms);
    this.#cache.close();
  }

  #demandOpen(): void {
    if (this.#isClosed) throw storeUnavailable('latchkey is closed');
  }

  async #find(id: string): Promise<VerifiableKey | null> {
    const known = this.#cache.peek(id, this.#now());
    return known === undefined ? await this.#cache.fetch(id) : known;
  }

  async #load(store: Store, id: string): Promise<VerifiableKey | null> {
    const stored = await store.records.apiKeys.get(id);
    if (stored === null) return null;
    const { lifetimes, notices, policies, usage } = this.#options;
    const record = this.#shared.share(lifetimes.aged(stored));
    const [resolved, used] = await Promise.all([
      policies.resolve(record.policyIds, record.orgId),
      record.disableUnusedAfterMs === null ? [] : store.records.apiKeys.usage([id]),
    ]);
    const lastUsedAt = used[0]?.lastUsedAt ?? null;
    const parts = { record, policies: resolved, lastUsedAt, usage: usage.counter(record) };
    return new VerifiableKey(parts, this.#hasher, notices);
  }

  #judge(
    key: VerifiableKey | null,
    isRight: boolean,
    credential: Credential,
    nowAt: number,
    address: string | null,
    isInternal: boolean,
    origin: string | undefined,
  ): Verdict | Promise<Verdict> {
    if (key === null || (key.record.internalOnly && !isInternal)) {
      if (key === null) this.#hasher.matches(credential.secret, this.#dummy); // takes as long as a wrong secret
      return this.#throttle.refused(address, nowAt) ?? UNKNOWN_ID;
    }
    const refusal = isRight ? key.refusalOf(nowAt, address, origin) : WRONG_SECRET;
    if (refusal !== null) {
      this.#refuse(key, refusal, nowAt);
      return (refusal === WRONG_SECRET ? this.#throttle.refused(address, nowAt) : null) ?? refusal;
    }
    if (this.#options.endWithParent && key.record.parentIds.length > 0) {
      return this.#withParents(key, credential, nowAt, address);
    }
    return this.#withOwner(key, credential, nowAt, address);
  }

  /** A key ends with any of those that it comes from: when one is refused, or not there any more. */
  #withParents(
    key: VerifiableKey,
    credential: Credential,
    nowAt: number,
    address: string | null,
    first = 0,
  ): Verdict | Promise<Verdict> {
    const { parentIds } = key.record;
    for (let index = first; index < parentIds.length; index++) {
      const id = parentIds[index] as string;
      const parent = this.#cache.peek(id, nowAt);
      if (parent === undefined) {
        const asked = this.#cache.fetch(id);
        return asked.then((read) =>
          hasEnded(read, nowAt)
            ? this.#refuse(key, PARENT_ENDED, nowAt)
            : this.#withParents(key, credential, nowAt, address, index + 1),
        );
      }
      if (hasEnded(parent, nowAt)) return this.#refuse(key, PARENT_ENDED, nowAt);
    }
    return this.#withOwner(key, credential, nowAt, address);
  }

  /** The last step: the secret was right, and the record allows it. */
  #withOwner(
    key: VerifiableKey,
    credential: Credential,
    nowAt: number,
    address: string | null,
  ): Verdict | Promise<Verdict> {
    // Behind the key of a service stands no user.
    if (this.#owners === null || key.record.ownerKind === 'service')
      return admit(key, credential, null, nowAt, address);
    const owner = this.#owners.peek(key.record.ownerId, nowAt);
    if (owner !== undefined) return this.#settle(key, credential, owner, nowAt, address);
    return this.#withOwnerOf(this.#owners.fetch(key.record.ownerId), key, credential, nowAt, address);
  }

  async #withOwnerOf(
    asked: Promise<Owner | null>,
    key: VerifiableKey,
    credential: Credential,
    nowAt: number,
    address: string | null,
  ): Promise<Verdict> {
    return this.#settle(key, credential, await asked, nowAt, address);
  }

  /** `owner` null: deleted, or disabled. */
  #settle(
    key: VerifiableKey,
    credential: Credential,
    owner: Owner | null,
    nowAt: number,
    address: string | null,
  ): Verdict {
    if (owner === null) return this.#refuse(key, OWNER_DISABLED, nowAt);
    if (owner.user.orgId !== key.record.orgId) return this.#refuse(key, OWNER_MOVED, nowAt);
    return admit(key, credential, owner, nowAt, address);
  }

  #refuse(key: VerifiableKey, refusal: Refusal, nowAt: number): Refusal {
    key.usage.failed(nowAt);
    this.#holders.set(key.record.id, key.record);
    return refusal;
  }

  #hasSecret(key: VerifiableKey, sent: Sent, nowAt: number): boolean {
    return this.#hasher.which(sent, key, nowAt) !== null;
  }
}

/** Of the secrets that are accepted at `nowAt`, the current one first. */
function stampsOf({ record }: VerifiableKey, nowAt: number): string[] {
  const { secretHash, previousSecretHash, previousSecretExpiresAt } = record;
  const inGrace = previousSecretHash !== null && nowAt < (previousSecretExpiresAt ?? 0) ? [previousSecretHash] : [];
  return [secretHash, ...inGrace].map((stored) => hash('sha256', `stamp ${stored}`, 'base64url'));
}

function hasEnded(parent: VerifiableKey | null, nowAt: number): boolean {
  return parent === null || parent.endedAt(nowAt) !== null;
}

function admit(
  key: VerifiableKey,
  { scheme }: Credential,
  owner: Owner | null,
  nowAt: number,
  address: string | null,
): Principal {
  key.used(nowAt, address);
  return key.principal(scheme, owner);
}
