import { LRUCache } from 'lru-cache';
import { Principal, Rights } from '../principal.js';
import type { Owner } from '../verification/owners.js';
import type { LoginRecord } from './login-record.js';
import { isRequestId } from './session-id.js';

/** Sessions of which the login is kept ready, about 2 KB each; the least recently used go first. */
const MAX_LOGINS = 10_000;

export type SessionScheme = 'basic' | 'session-cookie';

/** A login made ready for verification. What it says holds only as long as the store still answers with the same text. */
export class KnownLogin {
  readonly record: LoginRecord;
  readonly #requestIdHash: Buffer | null;
  /** The owner for whom the principal was made. */
  #owner: Owner | null = null;
  #principal: Principal | null = null;

  constructor(record: LoginRecord) {
    this.record = record;
    this.#requestIdHash = record.requestIdHash === null ? null : Buffer.from(record.requestIdHash, 'latin1');
  }

  /** In constant time. */
  hasRequestId(requestId: string): boolean {
    return this.#requestIdHash !== null && isRequestId(requestId, this.#requestIdHash);
  }

  /** With the rights that the user has now; made once for each owner. `id` is the public id of the session. */
  principal(id: string, scheme: SessionScheme, owner: Owner): Principal {
    if (this.#principal === null || owner !== this.#owner || this.#principal.credential.scheme !== scheme) {
      const { userName: name, expiresAt } = this.record;
      this.#owner = owner;
      this.#principal = ownerPrincipal(owner, { kind: 'session', id, name, scheme, expiresAt });
    }
    return this.#principal;
  }
}

/** Logins by the public id of their session. The store is asked for every request all the same: this spares the parsing. */
export class KnownLogins {
  readonly #known = new LRUCache<string, { readonly text: string; readonly login: KnownLogin }>({ max: MAX_LOGINS });

  /** What `text`, just read for the session `id`, says. */
  of(id: string, text: string): KnownLogin {
    const known = this.#known.get(id);
    if (known?.text === text) return known.login;
    const login = new KnownLogin(JSON.parse(text) as LoginRecord);
    this.#known.set(id, { text, login });
    return login;
  }
}

/** With the rights that the user has now. */
export function ownerPrincipal(
  { user, statements, permissions }: Owner,
  credential: Principal['credential'],
): Principal {
  const { id, orgId } = user;
  const none = { policyIds: [], resources: null, properties: {}, locale: null, timeZone: null };
  return new Principal({ id, orgId, credential, statements, ...none }, new Rights(permissions, null));
}
