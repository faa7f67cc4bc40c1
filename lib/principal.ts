import type { FieldError } from './errors.js';
import { Patterns, Permissions } from './permissions/permissions.js';
import type { Ceiling, Statement } from './permissions/statement.js';
import type { ApiKeyKind, OwnerKind } from './records.js';
import type { CredentialScheme } from './verification/secret.js';

/** The credential that a request was let in with. */
export interface PrincipalCredential {
  /** `password`: user name and password came with the request itself, to a dialect whose product accepts that. */
  readonly kind: ApiKeyKind | 'session' | 'password';
  /** The public id; of `password` the user's. */
  readonly id: string;
  readonly name: string;
  readonly scheme: CredentialScheme;
  /** Epoch ms; null: never. */
  readonly expiresAt: number | null;
  /** There for a key that is accepted only behind `latchkey.internal()`. */
  readonly internalOnly?: true;
  /** Each there for a key that has such a bound: see the fields of a key. */
  readonly allowedAddresses?: readonly string[];
  readonly allowedOrigins?: readonly string[];
  readonly maxRequestsPerMinute?: number;
  readonly countedWith?: string;
  readonly disableUnusedAfterMs?: number;
}

/** What a principal tells about itself. */
export interface Identity {
  /** The user, or the service, on whose behalf the request acts. */
  readonly id: string;
  /** Default `user`. A service may have the id of a user: who compares ids compares this, too. */
  readonly ownerKind?: OwnerKind | undefined;
  readonly orgId: string | null;
  readonly credential: PrincipalCredential;
  /** What the credential has, its policies included; its owner and its ceiling may allow less: ask `can`. */
  readonly statements: readonly Statement[];
  readonly policyIds: readonly string[];
  /** The resources that the credential is tied to; null: not tied. */
  readonly resources: readonly string[] | null;
  readonly properties: Readonly<Record<string, string>>;
  readonly locale: string | null;
  readonly timeZone: string | null;
}

/**
 * Who a request is and what it may do: `req.user`. Immutable, and shared by the requests of one credential.
 * Holds no secret and no hash, so it may be logged or sent as JSON.
 */
export class Principal implements Identity {
  readonly id: string;
  readonly ownerKind: OwnerKind;
  readonly orgId: string | null;
  readonly credential: PrincipalCredential;
  readonly statements: readonly Statement[];
  readonly policyIds: readonly string[];
  readonly resources: readonly string[] | null;
  readonly properties: Readonly<Record<string, string>>;
  readonly locale: string | null;
  readonly timeZone: string | null;
  readonly #rights: Rights;
  readonly #lineage: readonly string[] | null;

  /**
   * @param lineage the keys that a key made by this one comes from, the nearest first; null: from the credential itself, which
   * no key has made.
   */
  constructor(
    identity: Identity,
    rights: Rights = new Rights(new Permissions(identity.statements), identity.resources),
    lineage: readonly string[] | null = [],
  ) {
    this.id = identity.id;
    this.ownerKind = identity.ownerKind ?? 'user';
    this.orgId = identity.orgId;
    this.credential = frozen(identity.credential);
    this.statements = identity.statements;
    this.policyIds = identity.policyIds;
    this.resources = identity.resources;
    this.properties = identity.properties;
    this.locale = identity.locale;
    this.timeZone = identity.timeZone;
    this.#rights = rights;
    this.#lineage = lineage;
    Object.freeze(this);
  }

  /**
   * Whether `action` is allowed on `resource` in `workspace`. Leaving the resource or the workspace out asks for all of
   * them, which only a `*` allows.
   */
  can(action: string, resource?: string, workspace?: string): boolean {
    return this.#rights.allow(action, resource, workspace);
  }

  /** The faults of `statements` that go beyond this principal's rights; none when they may be given away. */
  exceededBy(statements: readonly Statement[], path = 'statements'): FieldError[] {
    const beyond = this.#rights.permissions.uncovered(statements);
    return beyond.map((index) => ({ path: `${path}.${index}`, message: BEYOND }));
  }

  /** The faults of a tie that is looser than this principal's. Null: no tie. */
  untied(resources: readonly string[] | null): FieldError[] {
    return this.#rights.covers(resources) ? [] : [{ path: 'resources', message: BEYOND }];
  }

  /** Whether `rights` allow nothing that this principal may not do, but for their ties. It may be their bounds that hold them in. */
  includes(rights: Rights): boolean {
    return this.#rights.permissions.includes(rights.permissions);
  }

  /** What a credential made by this principal can have at most. */
  toCeiling(): Ceiling {
    return this.#rights.permissions.toCeiling();
  }

  /** The keys that a key made by this principal comes from, the nearest first. */
  lineage(): readonly string[] {
    return this.#lineage ?? [this.credential.id];
  }
}

/** A copy, where somebody else may still change it. */
function frozen(credential: PrincipalCredential): PrincipalCredential {
  return Object.isFrozen(credential) ? credential : Object.freeze({ ...credential });
}

/** The fault of what somebody asks for and may not give. */
export const BEYOND = 'goes beyond the rights of the credential that asks for it';

/** Effective rights: what is permitted, within the resources that the credential is tied to. */
export class Rights {
  readonly permissions: Permissions;
  readonly #tiedTo: Patterns | null;
  readonly #resources: readonly string[] | null;

  constructor(permissions: Permissions, resources: readonly string[] | null) {
    this.permissions = permissions;
    this.#resources = resources;
    this.#tiedTo = resources === null ? null : new Patterns(resources);
  }

  /** The same, but no more than `bound` allows. */
  within(bound: Permissions): Rights {
    return new Rights(new Permissions(this.permissions, bound), this.#resources);
  }

  allow(action: string, resource = '*', workspace = '*'): boolean {
    if (this.#tiedTo !== null && !this.#tiedTo.matches(resource)) return false;
    return this.permissions.allows(action, resource, workspace);
  }

  /** Whether a tie to `resources` (null: none) is as narrow as this one. */
  covers(resources: readonly string[] | null): boolean {
    const tiedTo = this.#tiedTo;
    return tiedTo === null || (resources ?? ['*']).every((resource) => tiedTo.matches(resource));
  }
}
