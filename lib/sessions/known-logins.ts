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

/** A login made ready for verification. What it says holds as long as it is remembered, or the store still answers with the same. */
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

/** When the store was asked for a session, by two clocks: one may be set back, and one stands still while a machine sleeps. */
export interface AskedAt {
  /** Epoch ms. */
  readonly nowAt: number;
  /** Monotonic ms. */
  readonly tickedAt: number;
}

interface Known {
  /** What was read last, but for the host's data: that may be large, and nobody asks for it here. */
  readonly stored: StoredSession;
  readonly login: KnownLogin;
  /** When that was asked for last, and for how many ms from then on it holds without asking again. */
  askedAt: AskedAt;
  holdsMs: number;
}

/**
 * Logins by the public id of their session, and what was read of them: for a moment it holds without asking the store again;
 * after that, it spares the parsing.
 */
export class KnownLogins {
  readonly #known = new LRUCache<string, Known>({ max: MAX_LOGINS });
  readonly #rememberMs: number;

  /** @param rememberMs the longest that what was read holds without asking again. */
  constructor(rememberMs: number) {
    this.#rememberMs = rememberMs;
  }

  /** Who is logged in to the session `id`, if the store was asked only just now; null: it has to be asked. */
  remembered(id: string, nowAt: number): KnownLogin | null {
    if (this.#rememberMs === 0) return null;
    const known = this.#known.get(id);
    if (known === undefined) return null;
    const { login, askedAt, holdsMs } = known;
    const age = nowAt - askedAt.nowAt;
    return age >= 0 && age < holdsMs && performance.now() - askedAt.tickedAt < holdsMs ? login : null;
  }

  /** What was read of the session `id` last, as far as it is kept, without the host's data. */
  lastRead(id: string): StoredSession | undefined {
    return this.#known.get(id)?.stored;
  }

  /**
   * Who is logged in to the session `id`, of which `stored` was read; null: nobody.
   *
   * @param ttlMs how long it lives from `askedAt` on if it is not used again; well before that it is asked for, which slides it.
   */
  of(id: string, stored: StoredSession, askedAt: AskedAt, ttlMs: number): KnownLogin | null {
    if (stored.login === null) return null;
    const known = this.#know(id, stored, stored.login, askedAt);
    known.askedAt = askedAt;
    known.holdsMs = Math.min(this.#rememberMs, ttlMs / 2);
    return known.login;
  }

  #know(id: string, stored: StoredSession, text: string, askedAt: AskedAt): Known {
    const known = this.#known.get(id);
    if (known?.stored === stored) return known;
    const isSame = known?.stored.login === text;
    if (isSame && known.stored.version === stored.version) return known;
    const kept = { version: stored.version, login: isSame ? known.stored.login : copyOf(text), data: '' };
    const login = isSame ? known.login : new KnownLogin(JSON.parse(text) as LoginRecord);
    const made = { stored: kept, login, askedAt, holdsMs: 0 };
    this.#known.set(id, made);
    return made;
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
