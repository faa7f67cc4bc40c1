import type { FieldError } from './errors.js';
import type { Statement } from './permissions.js';
import { Patterns, Permissions } from './permissions.js';
import type { ApiKeyKind } from './records.js';
import type { CredentialScheme } from './secret.js';

/** The credential that a request was let in with. */
export interface PrincipalCredential {
  readonly kind: ApiKeyKind | 'session';
  /** The public id. */
  readonly id: string;
  readonly name: string;
  readonly scheme: CredentialScheme;
  /** Epoch ms; null: never. */
  readonly expiresAt: number | null;
  /** There for a key that is accepted only behind `latchkey.internal()`. */
  readonly internalOnly?: true;
}

/** What a principal tells about itself. */
export interface Identity {
  /** The user on whose behalf the request acts. */
  readonly id: string;
  readonly orgId: string | null;
  readonly credential: PrincipalCredential;
  readonly statements: readonly Statement[];
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
  readonly orgId: string | null;
  readonly credential: PrincipalCredential;
  readonly statements: readonly Statement[];
  readonly resources: readonly string[] | null;
  readonly properties: Readonly<Record<string, string>>;
  readonly locale: string | null;
  readonly timeZone: string | null;
  readonly #rights: Rights;

  constructor(identity: Identity, rights: Rights = new Rights(identity)) {
    this.id = identity.id;
    this.orgId = identity.orgId;
    this.credential = Object.freeze({ ...identity.credential });
    this.statements = identity.statements;
    this.resources = identity.resources;
    this.properties = identity.properties;
    this.locale = identity.locale;
    this.timeZone = identity.timeZone;
    this.#rights = rights;
    Object.freeze(this);
  }

  /**
   * Whether `action` is allowed on `resource` in `workspace`. Leaving the resource or the workspace out asks for all of
   * them, which only a `*` allows.
   */
  can(action: string, resource?: string, workspace?: string): boolean {
    return this.#rights.allow(action, resource, workspace);
  }

  /** Where `grant` goes beyond this principal's own rights; none when it may be given away. */
  exceededBy(grant: Grant): FieldError[] {
    return this.#rights.exceededBy(grant);
  }
}

/** Rights that a credential is to have. */
export interface Grant {
  readonly statements: readonly Statement[];
  readonly resources: readonly string[] | null;
}

/** The effective rights of a record: its statements, within the resources it is tied to. Compiled once. */
export class Rights {
  readonly #permissions: Permissions;
  readonly #tiedTo: Patterns | null;

  constructor(grant: Grant) {
    this.#permissions = new Permissions(grant.statements);
    this.#tiedTo = grant.resources === null ? null : new Patterns(grant.resources);
  }

  allow(action: string, resource = '*', workspace = '*'): boolean {
    if (this.#tiedTo !== null && !this.#tiedTo.matches(resource)) return false;
    return this.#permissions.allows(action, resource, workspace);
  }

  exceededBy(grant: Grant): FieldError[] {
    const beyond = (path: string) => ({ path, message: 'goes beyond the rights of the credential that asks for it' });
    const errors = grant.statements.flatMap((statement, index) =>
      this.#permissions.covers(statement) ? [] : [beyond(`statements.${index}`)],
    );
    const tiedTo = this.#tiedTo;
    if (tiedTo !== null && !(grant.resources ?? ['*']).every((resource) => tiedTo.matches(resource))) {
      errors.push(beyond('resources'));
    }
    return errors;
  }
}
