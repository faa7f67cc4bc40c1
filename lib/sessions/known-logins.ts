import { LRUCache } from 'lru-cache';
import { Principal, Rights } from '../principal.js';
import type { StoredSession } from '../stores/state.js';
import { copyOf } from '../text.js';
import type { Owner } from '../verification/owners.js';
import type { LoginRecord } from './login-record.js';
import { isRequestId } from './session-id.js';

/** Sessions that are kept ready, about 2 KB each; the least recently used go first. */
const MAX_LOGINS = 10_000;

export type SessionScheme = 'basic' | 'session-cookie';

/** A login made ready for verification. What it says holds only as long as the store still answers with the same. */
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

interface Known {
  /** What was read last, but for the host's data: that may be large, and nobody asks for it here. */
  readonly stored: StoredSession;
  readonly login: KnownLogin;
}

/** Logins by the public id of their session. The store is asked for every request all the same: this spares the parsing. */
export class KnownLogins {
  readonly #known = new LRUCache<string, Known>({ max: MAX_LOGINS });

  /** What was read of the session `id` last, as far as it is kept, without the host's data. */
  lastRead(id: string): StoredSession | undefined {
    return this.#known.get(id)?.stored;
  }

  /** Who is logged in to the session `id`, of which `stored` was just read; null: nobody. */
  of(id: string, stored: StoredSession): KnownLogin | null {
    const known = this.#known.get(id);
    if (known?.stored === stored) return known.login;
    if (stored.login === null) return null;
    const isSame = known !== undefined && known.stored.login === stored.login;
    if (isSame && known.stored.version === stored.version) return known.login;
    const text = isSame ? known.stored.login : copyOf(stored.login);
    const login = isSame ? known.login : new KnownLogin(JSON.parse(stored.login) as LoginRecord);
    this.#known.set(id, { stored: { version: stored.version, login: text, data: '' }, login });
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
