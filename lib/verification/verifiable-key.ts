import { deepFreeze } from '../freeze.js';
import type { KeyNotices } from '../keys/key-notices.js';
import { Permissions } from '../permissions/permissions.js';
import type { Statement } from '../permissions/statement.js';
import type { Policy } from '../policies/policy-view.js';
import { type Identity, Principal, type PrincipalCredential, Rights } from '../principal.js';
import {
  ADDRESS_NOT_ALLOWED,
  DISABLED,
  EXPIRED,
  NOT_YET_VALID,
  ORIGIN_NOT_ALLOWED,
  REVOKED,
  type Refusal,
  UNUSED_TOO_LONG,
} from '../refusal.js';
import { AddressList } from './address-list.js';
import type { Owner } from './owners.js';
import type { CompiledHash, CredentialScheme, SecretHasher } from './secret.js';
import type { Own, VerifiableRecord } from './shared-parts.js';
import type { UsageCounter } from './usage.js';

const NONE: readonly never[] = Object.freeze([]);

/** What a key is made ready from. */
export interface VerifiableParts {
  readonly record: VerifiableRecord;
  readonly policies: readonly Policy[];
  /** As the store has it. */
  readonly lastUsedAt: number | null;
  readonly usage: UsageCounter;
}

/**
 * A record made ready for verification: hashes decoded, rights and restrictions compiled. There may be very many: it has no
 * private methods, which would cost each of them a field.
 */
export class VerifiableKey {
  readonly record: VerifiableRecord;
  readonly usage: UsageCounter;
  readonly hash: CompiledHash;
  readonly previousHash: CompiledHash | null;
  readonly #policies: readonly Policy[];
  readonly #rights: Rights;
  /** Null for most: whoever has the secret may use it, from wherever. */
  readonly #restrictions: Restrictions | null;
  /** The owner for whom the principals were made. */
  #owner: Owner | null = null;
  #principal: Principal | null = null;
  /** Of a key that comes in several forms. */
  #others: readonly Principal[] = NONE;

  constructor(
    { record, policies, lastUsedAt, usage }: VerifiableParts,
    hasher: SecretHasher,
    notices: Pick<KeyNotices, 'unusedAt'>,
  ) {
    this.record = deepFreeze(record);
    this.usage = usage;
    this.hash = hasher.compile(record.secretHash);
    this.previousHash = record.previousSecretHash === null ? null : hasher.compile(record.previousSecretHash);
    this.#policies = policies.length === 0 ? NONE : policies;
    this.#rights = rightsOf(record, policies);
    this.#restrictions = restrictionsOf(record, lastUsedAt, notices);
  }

  get id(): string {
    return this.record.id;
  }

  /** Why the key does not let anybody in, whose secret was right; null when it does. */
  refusalOf(nowAt: number, address: string | null, origin: string | undefined): Refusal | null {
    return this.endedAt(nowAt) ?? this.#restrictions?.refusalOf(nowAt, address, origin) ?? null;
  }

  /** Whether its rights come from the policy, or the template, of that id. */
  isMadeOf(policyId: string): boolean {
    const isTemplate = this.#policies.some(({ templateId }) => templateId === policyId);
    return isTemplate || this.record.policyIds.includes(policyId);
  }

  /** Why nobody could use it at `nowAt`, from wherever; null when somebody could. */
  endedAt(nowAt: number): Refusal | null {
    const { revokedAt, enabled, notBefore, expiresAt } = this.record;
    if (revokedAt !== null) return REVOKED;
    if (!enabled) return DISABLED;
    if (notBefore !== null && nowAt < notBefore) return NOT_YET_VALID;
    if (expiresAt !== null && nowAt >= expiresAt) return EXPIRED;
    return null;
  }

  /** Whether nobody has used it for longer than it may lie idle. */
  isUnusedAt(nowAt: number): boolean {
    return this.#restrictions?.isUnusedAt(nowAt) ?? false;
  }

  used(nowAt: number, address: string | null): void {
    this.usage.used(nowAt, address);
    this.#restrictions?.used(nowAt);
  }

  /** Made once for each form and owner. `owner` null: the host has not told who its users are. */
  principal(scheme: CredentialScheme, owner: Owner | null): Principal {
    if (owner !== this.#owner) {
      this.#owner = owner;
      this.#principal = null;
      this.#others = NONE;
    }
    if (this.#principal?.credential.scheme === scheme) return this.#principal;
    const made = this.#others.find(({ credential }) => credential.scheme === scheme);
    if (made !== undefined) return made;
    const rights = owner === null ? this.#rights : this.#rights.within(owner.permissions);
    const { id, parentIds } = this.record;
    const lineage = parentIds.length === 0 ? null : [id, ...parentIds];
    const principal = new Principal(identityOf(this.record, this.#policies, scheme), rights, lineage);
    if (this.#principal === null) this.#principal = principal;
    else this.#others = [...this.#others, principal];
    return principal;
  }
}

/** From where, and until when, a key may be used that is not free of such bounds. */
class Restrictions {
  readonly #record: VerifiableRecord;
  readonly #notices: Pick<KeyNotices, 'unusedAt'>;
  readonly #addresses: AddressList | null;
  readonly #origins: ReadonlySet<string> | null;
  #unusedAt: number | null;

  constructor(record: VerifiableRecord, unusedAt: number | null, notices: Pick<KeyNotices, 'unusedAt'>) {
    const { allowedAddresses, allowedOrigins } = record;
    this.#record = record;
    this.#notices = notices;
    this.#addresses = allowedAddresses === null ? null : new AddressList(allowedAddresses);
    this.#origins = allowedOrigins === null ? null : new Set(allowedOrigins);
    this.#unusedAt = unusedAt;
  }

  isUnusedAt(nowAt: number): boolean {
    return this.#unusedAt !== null && nowAt >= this.#unusedAt;
  }

  used(nowAt: number): void {
    if (this.#unusedAt !== null) this.#unusedAt = this.#notices.unusedAt(this.#record, nowAt);
  }

  refusalOf(nowAt: number, address: string | null, origin: string | undefined): Refusal | null {
    if (this.isUnusedAt(nowAt)) return UNUSED_TOO_LONG;
    if (this.#addresses !== null && !this.#addresses.includes(address)) return ADDRESS_NOT_ALLOWED;
    if (this.#origins !== null && (origin === undefined || !this.#origins.has(origin))) return ORIGIN_NOT_ALLOWED;
    return null;
  }
}

function restrictionsOf(
  record: VerifiableRecord,
  lastUsedAt: number | null,
  notices: Pick<KeyNotices, 'unusedAt'>,
): Restrictions | null {
  const unusedAt = notices.unusedAt(record, lastUsedAt);
  const isFree = record.allowedAddresses === null && record.allowedOrigins === null && unusedAt === null;
  return isFree ? null : new Restrictions(record, unusedAt, notices);
}

/** Of keys that have nothing but one list of statements, by that list. */
const PLAIN = new WeakMap<readonly Statement[], Rights>();

function rightsOf({ statements, ceiling, resources }: VerifiableRecord, policies: readonly Policy[]): Rights {
  if (policies.length > 0 || ceiling.length > 0 || resources !== null) {
    const anyOf = [statements, ...policies.map((policy) => policy.statements)];
    return new Rights(new Permissions({ anyOf }, ...ceiling), resources);
  }
  const known = PLAIN.get(statements) ?? new Rights(new Permissions(statements), null);
  PLAIN.set(statements, known);
  return known;
}

function identityOf(record: VerifiableRecord, policies: readonly Policy[], scheme: CredentialScheme): Identity {
  const { ownerId, ownerKind, orgId, policyIds, resources, properties, locale, timeZone } = record;
  const ofPolicies = policies.flatMap((policy) => policy.statements);
  const statements = ofPolicies.length === 0 ? record.statements : Object.freeze([...record.statements, ...ofPolicies]);
  const rest = { ownerKind, orgId, policyIds, resources, properties, locale, timeZone };
  return { ...rest, id: ownerId, credential: credentialOf(record, scheme), statements };
}

/** Frozen, and made without spreading, which would take five times the memory. */
function credentialOf(record: VerifiableRecord, scheme: CredentialScheme): PrincipalCredential {
  const { kind, id, name, expiresAt, internalOnly, allowedAddresses, allowedOrigins } = record;
  const { maxRequestsPerMinute, countedWith, disableUnusedAfterMs } = record;
  const credential: Own<PrincipalCredential> = { kind, id, name, scheme, expiresAt };
  if (internalOnly) credential.internalOnly = true;
  if (allowedAddresses) credential.allowedAddresses = allowedAddresses;
  if (allowedOrigins) credential.allowedOrigins = allowedOrigins;
  if (maxRequestsPerMinute !== null) credential.maxRequestsPerMinute = maxRequestsPerMinute;
  if (countedWith !== null) credential.countedWith = countedWith;
  if (disableUnusedAfterMs !== null) credential.disableUnusedAfterMs = disableUnusedAfterMs;
  return Object.freeze(credential);
}
