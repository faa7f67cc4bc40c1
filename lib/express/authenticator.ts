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
  type Refusal,
} from '../refusal.js';
import { isSessionUserName } from '../sessions/session-id.js';
import type { Credential, CredentialScheme } from '../verification/secret.js';
import { hasPairShape } from '../verification/secret.js';
import type { Verdict, Verifier } from '../verification/verifier.js';
import { addressOf } from './address.js';
import type { HeaderReader } from './header-reader.js';
import { ABSENT, AMBIGUOUS, FOREIGN, MALFORMED } from './header-reader.js';
import { KeyLimiter } from './rate-limit.js';
import { RequestLog } from './request-log.js';
import type { SessionGate } from './session-gate.js';
import { TlsDemand } from './tls-demand.js';

/** The names of the strategies, which are also the forms that a credential may come in. */
export const STRATEGY_NAMES = ['api-key-header', 'api-key', 'basic', 'session-cookie'] as const;
export type StrategyName = (typeof STRATEGY_NAMES)[number] & CredentialScheme;

const NOBODY = { orgId: null, ownerId: null };

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
    this.log = new RequestLog(events, now);
    this.#verifier = verifier;
    this.#gate = gate;
    this.#limiter = new KeyLimiter(store.state, telemetry);
    this.#tls = start.refuses('plain-http') ? new TlsDemand() : null;
    this.#isInternal = isInternal;
    this.#realm = realm;
    this.names = STRATEGY_NAMES.filter((name) => name !== 'session-cookie' || gate !== null);
  }

  /**
   * Decides at once for a cached key without a limit. Throws or rejects with an AuthError for an ambiguous request (400), for
   * a key that was used too often (429), for a store that cannot be reached (503), and in production for a credential that
   * came over plain HTTP (403).
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
        throw new AuthError('credential_ambiguous');
    }
  }

  verify(req: Request, credential: Credential): Verdict | Promise<Verdict> {
    this.#tls?.demand(req);
    const { scheme, id, secret } = credential;
    if (this.#gate !== null && scheme === 'basic' && isSessionUserName(id)) return this.#gate.verifyToken(id, secret);
    try {
      const verdict = this.#verifier.verify(credential, addressOf(req), this.#isInternal(req), req.headers.origin);
      if (!(verdict instanceof Promise)) return this.#admit(req, credential, verdict);
      const told = (error: unknown) => this.#tellTooMany(req, credential, error);
      return verdict.catch(told).then((settled) => this.#admit(req, credential, settled));
    } catch (error) {
      return this.#tellTooMany(req, credential, error);
    }
  }

  /** The `WWW-Authenticate` challenge of a strategy (RFC 9110); `error` as in RFC 6750 when a credential was sent. */
  challenge(name: StrategyName, refusal: Refusal): string {
    const parameters = `realm="${this.#realm}"`;
    const error = refusal === MISSING || refusal.isOfCookie ? '' : ', error="invalid_token"';
    switch (name) {
      case 'api-key-header':
        return `ApiKey ${parameters}, header="${this.reader.headers.join(' ')}"${error}`;
      case 'api-key':
        return `ApiKey ${parameters}${error}`;
      case 'basic':
        return `Basic ${parameters}, charset="UTF-8"${error}`;
      case 'session-cookie':
        return this.#cookieChallenge(parameters, refusal);
    }
  }

  /** Tells of a refusal, if anybody listens. */
  tellRefused(req: Request, refusal: Refusal, accepts: ReadonlySet<CredentialScheme>): void {
    if (!this.log.isRead) return;
    const reading = this.reader.read(req, accepts);
    const sent = typeof reading === 'object' ? reading : null;
    const isCookie =
      sent === null && refusal !== MISSING && refusal !== MALFORMED_CREDENTIAL && refusal !== FORM_NOT_ACCEPTED;
    const credentialId = sent !== null && hasPairShape(sent.id, sent.secret) ? sent.id : null;
    const holder = credentialId === null ? null : this.#verifier.holderOf(credentialId);
    this.log.refused(req, {
      orgId: holder?.orgId ?? null,
      ownerId: holder?.ownerId ?? null,
      reason: refusal.reason,
      scheme: sent?.scheme ?? (isCookie ? 'session-cookie' : null),
      credentialId,
    });
  }

  /** What a request that sent nothing is told: all that it could have sent. */
  challenges(): string[] {
    return this.names.map((name) => this.challenge(name, MISSING));
  }

  #verifyCookie(gate: SessionGate, req: Request): Promise<Verdict> {
    if (gate.cookie.isIn(req)) this.#tls?.demand(req);
    return gate.authenticate(req);
  }

  #admit(req: Request, credential: Credential, verdict: Verdict): Verdict | Promise<Verdict> {
    if (!(verdict instanceof Principal)) return verdict;
    const admitted = this.#limiter.admit(req, verdict);
    if (!(admitted instanceof Promise)) return admitted;
    const { orgId, id: ownerId } = verdict;
    return admitted.catch((error: unknown) => this.#tellTooMany(req, credential, error, { orgId, ownerId }));
  }

  /** Throws `error`, of which it tells when the request came too often; an outage is no refusal. */
  #tellTooMany(
    req: Request,
    { scheme, id }: Credential,
    error: unknown,
    holder = this.#verifier.holderOf(id) ?? NOBODY,
  ): never {
    const code = error instanceof AuthError ? error.code : null;
    if ((code === 'too_many_attempts' || code === 'rate_limited') && this.log.isRead) {
      const { orgId, ownerId } = holder;
      this.log.refused(req, { orgId, ownerId, reason: code, scheme, credentialId: id });
    }
    throw error;
  }

  #cookieChallenge(parameters: string, refusal: Refusal): string {
    const isRequestId = refusal === REQUEST_ID_MISSING || refusal === REQUEST_ID_WRONG;
    const error = isRequestId ? ', error="invalid_request_id"' : refusal === MISSING ? '' : ', error="invalid_token"';
    return `Cookie ${parameters}, name="${this.#gate?.cookie.name}", header="${this.#gate?.requestIdHeader}"${error}`;
  }
}
