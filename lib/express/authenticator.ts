import type { Request } from 'express';
import type { Core } from '../core.js';
import { AuthError } from '../errors.js';
import { Principal } from '../principal.js';
import {
  FORM_NOT_ACCEPTED,
  MALFORMED as MALFORMED_CREDENTIAL,
  MISSING,
  REQUEST_ID_MISSING,
  REQUEST_ID_WRONG,
  Refusal,
} from '../refusal.js';
import { isSessionUserName } from '../sessions/session-id.js';
import { isForeignPair } from '../verification/foreign-pair.js';
import type { Credential, CredentialScheme } from '../verification/secret.js';
import { hasPairShape } from '../verification/secret.js';
import type { Verdict, Verifier } from '../verification/verifier.js';
import { addressOf } from './address.js';
import type { HeaderReader } from './header-reader.js';
import { ABSENT, AMBIGUOUS, FOREIGN, MALFORMED } from './header-reader.js';
import { KeyLimiter } from './rate-limit.js';
import type { RefusedRequest } from './request-log.js';
import { RequestLog } from './request-log.js';
import type { SessionGate } from './session-gate.js';
import { TlsDemand } from './tls-demand.js';

/** The names of the strategies, which are also the forms that a credential may come in. */
export const STRATEGY_NAMES = ['api-key-header', 'api-key', 'basic', 'session-cookie'] as const;
export type StrategyName = (typeof STRATEGY_NAMES)[number] & CredentialScheme;

type Sender = Pick<RefusedRequest, 'orgId' | 'ownerId' | 'credentialId'>;

const NOBODY: Sender = { orgId: null, ownerId: null, credentialId: null };

/** What the Passport strategies and `latchkey.authenticate` have in common: a request becomes a principal or a refusal. */
export class Authenticator {
  readonly reader: HeaderReader;
  readonly log: RequestLog;
  readonly #verifier: Verifier;
  readonly #gate: SessionGate | null;
  readonly #limiter: KeyLimiter;
  readonly #tls: TlsDemand | null;
  readonly #isInternal: (req: Request) => boolean;
  readonly #realm: string;
  /** The strategies that this instance has: `session-cookie` only where users log in. */
  readonly names: readonly StrategyName[];

  /** @throws TypeError for a realm that cannot stand in a header. */
  constructor(
    reader: HeaderReader,
    verifier: Verifier,
    gate: SessionGate | null,
    isInternal: (req: Request) => boolean,
    { events, now, start, store, telemetry }: Pick<Core, 'events' | 'now' | 'start' | 'store' | 'telemetry'>,
    realm = 'api',
  ) {
    if (!/^[\x20-\x21\x23-\x5b\x5d-\x7e]{1,100}$/.test(realm)) {
      throw new TypeError('http.realm must be 1 to 100 printable ASCII characters without quotes and backslashes');
    }
    this.reader = reader;
    this.log = new RequestLog(events, now, reader.readsExistingKeys ? (word) => reader.isExistingKey(word) : null);
    this.#verifier = verifier;
    this.#gate = gate;
    this.#limiter = new KeyLimiter(store.state, telemetry);
    this.#tls = start.refuses('plain-http') ? new TlsDemand() : null;
    this.#isInternal = isInternal;
    this.#realm = realm;
    this.names = STRATEGY_NAMES.filter((name) => name !== 'session-cookie' || gate !== null);
  }

  /**
   * Decides at once for a cached key without a limit, and for a session that is remembered. Answers an AuthError for an ambiguous request (400), for too many wrong
   * secrets and for a key that was used too often (429). Throws or rejects with one for a store that cannot be reached (503), and
   * in production for a credential that came over plain HTTP (403).
   */
  authenticate(req: Request, accepts: ReadonlySet<CredentialScheme>): Verdict | Promise<Verdict> {
    const reading = this.reader.read(req, accepts);
    if (typeof reading === 'object') return this.verify(req, reading);
    switch (reading) {
      case ABSENT:
        // Browsers send cookies by themselves: a cookie counts only where nothing was sent on purpose.
        return this.#gate !== null && accepts.has('session-cookie') ? this.#verifyCookie(this.#gate, req) : MISSING;
      case FOREIGN:
        return FORM_NOT_ACCEPTED;
      case MALFORMED:
        return MALFORMED_CREDENTIAL;
      case AMBIGUOUS:
        return new AuthError('credential_ambiguous');
    }
  }

  verify(req: Request, credential: Credential): Verdict | Promise<Verdict> {
    this.#tls?.demand(req);
    const { scheme, id, secret } = credential;
    if (this.#gate !== null && scheme === 'basic' && isSessionUserName(id)) return this.#gate.verifyToken(id, secret);
    const { headers } = req;
    const verdict = this.#verifier.verify(credential, addressOf(req, headers), this.#isInternal(req), headers.origin);
    if (verdict instanceof Promise) return this.#admitLater(req, credential, verdict);
    return this.#admit(req, credential, verdict);
  }

  /** By itself, since a function that makes closures costs every call a context, made or not. */
  #admitLater(req: Request, credential: Credential, verdict: Promise<Verdict>): Promise<Verdict> {
    return verdict.then((settled) => this.#admit(req, credential, settled));
  }

  /** A pair that a dialect has read from the request, in whatever form. A refusal is told of. Rejects with any AuthError. */
  async verifyPair(req: Request, { id, secret }: Pick<Credential, 'id' | 'secret'>): Promise<Principal | Refusal> {
    const credential = { scheme: 'api-key', id, secret } as const;
    return this.#told(req, credential, await this.verify(req, credential));
  }

  /** The same for a key whose secret was verified before: see `Verifier.verifyId`. */
  async verifyId(req: Request, id: string, stamp: string | undefined): Promise<Principal | Refusal> {
    this.#tls?.demand(req);
    const credential = { scheme: 'api-key', id, secret: '' } as const;
    const { origin } = req.headers;
    const isInternal = this.#isInternal(req);
    const verdict = await this.#verifier.verifyId(id, stamp, 'api-key', addressOf(req), isInternal, origin);
    const { orgId = null, ownerId = null } = this.#verifier.holderOf(id) ?? {};
    return this.#told(req, credential, await this.#admit(req, credential, verdict), {
      orgId,
      ownerId,
      credentialId: id,
    });
  }

  /** The `WWW-Authenticate` challenge of a strategy (RFC 9110); `error` as in RFC 6750 when a credential was sent. */
  challenge(name: StrategyName, refusal: Refusal): string {
    const parameters = `realm="${this.#realm}"`;
    const error = refusal === MISSING || refusal.isOfCookie ? '' : ', error="invalid_token"';
    switch (name) {
      case 'api-key-header':
        return `ApiKey ${parameters}, header="${this.reader.headers.join(' ')}"${error}`;
      case 'api-key': {
        const { importedScheme } = this.reader;
        return `ApiKey ${parameters}${error}${importedScheme === null ? '' : `, ${importedScheme} ${parameters}${error}`}`;
      }
      case 'basic':
        return `Basic ${parameters}, charset="UTF-8"${error}`;
      case 'session-cookie':
        return this.#cookieChallenge(parameters, refusal);
    }
  }

  /** Tells of a refusal, if anybody listens. */
  tellRefused(req: Request, refusal: Refusal, accepts: ReadonlySet<CredentialScheme>): void {
    if (!this.log.isRead) return;
    const reading = refusal === MISSING ? ABSENT : this.reader.read(req, accepts);
    const sent = typeof reading === 'object' ? reading : null;
    const isCookie =
      sent === null && refusal !== MISSING && refusal !== MALFORMED_CREDENTIAL && refusal !== FORM_NOT_ACCEPTED;
    const { reason } = refusal;
    const scheme = sent?.scheme ?? (isCookie ? 'session-cookie' : null);
    const { orgId, ownerId, credentialId } = sent === null ? NOBODY : this.#sentBy(sent);
    this.log.refused(req, { orgId, ownerId, credentialId, reason, scheme });
  }

  /** The same for a session of a dialect. */
  tellSessionRefused(req: Request, { reason }: Refusal, scheme: CredentialScheme): void {
    if (this.log.isRead) this.log.refused(req, { ...NOBODY, reason, scheme });
  }

  /** @throws AuthError `tls_required` in production for a request over plain HTTP. */
  demandTls(req: Request): void {
    this.#tls?.demand(req);
  }

  /** What a request that sent nothing is told: all that it could have sent. */
  challenges(): string[] {
    return this.names.map((name) => this.challenge(name, MISSING));
  }

  #verifyCookie(gate: SessionGate, req: Request): Verdict | Promise<Verdict> {
    if (gate.cookie.isIn(req)) this.#tls?.demand(req);
    return gate.authenticate(req);
  }

  #admit(req: Request, credential: Credential, verdict: Verdict): Verdict | Promise<Verdict> {
    if (verdict instanceof Principal) {
      const counted = this.#limiter.count(req, verdict);
      return counted === null ? verdict : this.#admitCounted(req, credential, verdict, counted);
    }
    if (verdict instanceof AuthError) this.#tellTooMany(req, credential, verdict);
    return verdict;
  }

  #admitCounted(req: Request, credential: Credential, principal: Principal, counted: Promise<void>): Promise<Verdict> {
    const refused = (error: unknown): AuthError => {
      if (!(error instanceof AuthError) || error.code !== 'rate_limited') throw error;
      const { orgId, id: ownerId } = principal;
      this.#tellTooMany(req, credential, error, { orgId, ownerId, credentialId: principal.credential.id });
      return error;
    };
    return counted.then(() => principal, refused);
  }

  /** Tells, if anybody listens, of a request that came too often; an outage is no refusal. */
  #tellTooMany(req: Request, credential: Credential, { code }: AuthError, sender?: Sender): void {
    if ((code === 'too_many_attempts' || code === 'rate_limited') && this.log.isRead) {
      this.log.refused(req, { ...(sender ?? this.#sentBy(credential)), reason: code, scheme: credential.scheme });
    }
  }

  /** Tells of a refusal, if anybody listens. @throws AuthError that came as a value. */
  #told(req: Request, credential: Credential, verdict: Verdict, sender?: Sender): Principal | Refusal {
    if (verdict instanceof AuthError) throw verdict;
    if (verdict instanceof Refusal && this.log.isRead) {
      const { scheme } = credential;
      this.log.refused(req, { ...(sender ?? this.#sentBy(credential)), reason: verdict.reason, scheme });
    }
    return verdict;
  }

  /**
   * Whose key was refused, as far as that is known. In another form than ours, an id is told only of a key that there is:
   * else somebody may have sent the secret in its place.
   */
  #sentBy({ id, secret, isImported }: Credential): Sender {
    const isOurs = hasPairShape(id, secret);
    const holder = isImported ? this.#verifier.holderOfImported(secret) : this.#holderOf(id, secret);
    if (holder !== null) return { orgId: holder.orgId, ownerId: holder.ownerId, credentialId: holder.id };
    return { ...NOBODY, credentialId: isOurs ? id : null };
  }

  #holderOf(id: string, secret: string): ReturnType<Verifier['holderOf']> {
    return hasPairShape(id, secret) || isForeignPair(id, secret) ? this.#verifier.holderOf(id) : null;
  }

  #cookieChallenge(parameters: string, refusal: Refusal): string {
    const isRequestId = refusal === REQUEST_ID_MISSING || refusal === REQUEST_ID_WRONG;
    const error = isRequestId ? ', error="invalid_request_id"' : refusal === MISSING ? '' : ', error="invalid_token"';
    return `Cookie ${parameters}, name="${this.#gate?.cookie.name}", header="${this.#gate?.requestIdHeader}"${error}`;
  }
}
