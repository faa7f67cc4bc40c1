import type { Request } from 'express';
import type { AuditedDocuments } from '../audit/audited-documents.js';
import type { Core } from '../core.js';
import type { Principal } from '../principal.js';
import type { Refusal } from '../refusal.js';
import type { Numbers } from '../stores/numbers.js';
import type { User } from '../users.js';
import { addressOf } from './address.js';
import type { Authenticator } from './authenticator.js';
import type { DialectSessions } from './dialect-sessions.js';
import { createDialectSessions } from './dialect-sessions.js';
import type { DialectState } from './dialect-state.js';
import { createDialectState } from './dialect-state.js';

/**
 * What a router that speaks the wire format of another product is built from: `latchkey.dialects`. For trusted code of the
 * host's process; whoever calls it decides what it shows of a refusal. Whatever needs the store or the user directory rejects
 * with AuthError `store_unavailable` when that does not answer in time.
 */
export interface DialectServices {
  /** Epoch ms. */
  readonly now: () => number;
  /** The first part of Latchkey's own tokens. */
  readonly prefix: string;
  /** The client's address as Express sees it; null where it is not known. */
  addressOf(req: Request): string | null;
  /**
   * To be asked before a password is looked at.
   * @throws AuthError `tls_required` in production for a request over plain HTTP.
   */
  demandTls(req: Request): void;
  /**
   * Verifies a pair that was found in `req`, as `latchkey.authenticate` does with its own: TLS in production, the throttle,
   * the key's restrictions and its limit of requests. A refusal is told of. Rejects with AuthError of 403, 429 or 503.
   */
  verifyKey(req: Request, pair: KeyPair): Promise<Principal | Refusal>;
  /**
   * The principal of a key whose secret was verified before, for a session that was opened with it; or why the key would be
   * refused now. Counts as a use, and towards its limit. A refusal is told of. Rejects as `verifyKey` does.
   *
   * @param stamp what `stampOf` answered when the session was opened: the session then ends with that secret, when the key is
   * given another. Without it, a new secret leaves the session alive.
   */
  principalOfKey(req: Request, id: string, stamp?: string): Promise<Principal | Refusal>;
  /**
   * Tells the secret of a key from those that it had before and will have, and says nothing else of it. Null where the secret
   * is not that of the key.
   */
  stampOf(pair: KeyPair): Promise<string | null>;
  /**
   * The principal of a user who has just proven who they are (`logins.authenticate`), with the rights that they have now;
   * null when they are disabled, and where the host has not told who its users are.
   */
  principalOfUser(user: User): Promise<Principal | null>;
  /** Tells of a login, as `login.succeeded`, where a product trades a key for a session of its own. */
  tellLogin(req: Request, principal: Principal): void;
  /** The host's user; null for an unknown one, and where the host has not told who its users are. */
  findUser(id: string): Promise<User | null>;
  /** As `findUser`. `tenant`: default null. */
  findUserByName(userName: string, tenant?: string | null): Promise<User | null>;
  /** What the user may do now, as statements; nothing for one who is disabled. */
  statementsOf(user: User): Promise<Principal['statements']>;
  /** Login sessions whose secrets have the form of the dialect; null without the options `users` and `session`. */
  readonly sessions: DialectSessions | null;
  /**
   * Values that expire, apart from those of other dialects.
   * @throws TypeError unless `dialect` is 1 to 32 lower-case letters.
   */
  state(dialect: string): DialectState;
  /** Integers for ids, for products that have such. */
  readonly numbers: Numbers;
  /** What a dialect keeps for good and the core has no record for. */
  readonly documents: AuditedDocuments;
}

/** A credential as two texts, in whatever form it came. */
export interface KeyPair {
  readonly id: string;
  readonly secret: string;
}

/** @param hasSessions whether the host has asked for login sessions. */
export function createDialectServices(core: Core, authenticator: Authenticator, hasSessions: boolean): DialectServices {
  const { events, now, prefix, store, users, verifier } = core;
  const directory = users?.directory;
  return {
    now,
    prefix,
    addressOf,
    demandTls: (req) => authenticator.demandTls(req),
    verifyKey: (req, pair) => authenticator.verifyPair(req, pair),
    principalOfKey: (req, id, stamp) => authenticator.verifyId(req, id, stamp),
    stampOf: ({ id, secret }) => verifier.stampOf(id, secret),
    principalOfUser: async (user) => (await users?.sessionVerifier.principalOfUser(user)) ?? null,
    tellLogin: (req, { id: userId, orgId }) =>
      events.emit({ type: 'login.succeeded', at: now(), address: addressOf(req), orgId, userId }),
    findUser: async (id) => (await directory?.findById(id)) ?? null,
    findUserByName: async (userName, tenant = null) => (await directory?.findByUserName(userName, tenant)) ?? null,
    statementsOf: async (user) => (user.isEnabled ? ((await directory?.statements(user)) ?? []) : []),
    sessions: users === null || !hasSessions ? null : createDialectSessions(users, authenticator),
    state: (dialect) => createDialectState(store.state, dialect, now),
    numbers: store.records.numbers,
    documents: core.documents,
  };
}
