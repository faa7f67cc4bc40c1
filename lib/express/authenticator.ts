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
import type { Credential, CredentialScheme } from '../secret.js';
import { hasPairShape } from '../secret.js';
import { isSessionUserName } from '../session-id.js';
import type { Verdict, Verifier } from '../verifier.js';
import { addressOf } from './address.js';
import type { HeaderReader } from './header-reader.js';
import { ABSENT, AMBIGUOUS, FOREIGN, MALFORMED } from './header-reader.js';
import { KeyLimiter } from './rate-limit.js';
import { RequestLog } from './request-log.js';
import type { SessionGate } from './session-gate.js';

/** The names of the strategies, which are also the forms that a credential may come in. */
export const STRATEGY_NAMES = ['api-key-header', 'api-key', 'basic', 'session-cookie'] as const;
export type StrategyName = (typeof STRATEGY_NAMES)[number] & CredentialScheme;

/** What the Passport strategies and `latchkey.authenticate` have in common: a request becomes a principal or a refusal. */
export class Authenticator {
  readonly reader: HeaderReader;
  readonly log: RequestLog;
  readonly #verifier: Verifier;
  readonly #gate: SessionGate | null;
  readonly #limiter: KeyLimiter;
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
    { events, now, store, telemetry }: Pick<Core, 'events' | 'now' | 'store' | 'telemetry'>,
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
    this.#isInternal = isInternal;
    this.#realm = realm;
    this.names = STRATEGY_NAMES.filter((name) => name !== 'session-cookie' || gate !== null);
  }

  /**
   * Decides at once for a cached key without a limit. Throws or rejects with an AuthError for an ambiguous request (400), for
   * a key that was used too often (429) and for a store that cannot be reached (503).
   */
  authenticate(req: Request, accepts: ReadonlySet<CredentialScheme>): Verdict | Promise<Verdict> {
    const reading = this.reader.read(req, accepts);
    if (typeof reading === 'object') return this.verify(req, reading);
    switch (reading) {
      case ABSENT:
        // Browsers send cookies by themselves: a cookie counts only where nothing was sent on purpose.
        return this.#gate !== null && accepts.has('session-cookie') ? this.#gate.authenticate(req) : MISSING;
      case FOREIGN:
        return FORM_NOT_ACCEPTED;
      case MALFORMED:
        return MALFORMED_CREDENTIAL;
      case AMBIGUOUS:
        throw new AuthError('credential_ambiguous');
    }
  }

  verify(req: Request, credential: Credential): Verdict | Promise<Verdict> {
    const { scheme, id, secret } = credential;
    if (this.#gate !== null && scheme === 'basic' && isSessionUserName(id)) return this.#gate.verifyToken(id, secret);
    const verdict = this.#verifier.verify(credential, addressOf(req), this.#isInternal(req), req.headers.origin);
    if (verdict instanceof Promise) return verdict.then((settled) => this.#admit(req, settled));
    return this.#admit(req, verdict);
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

  #admit(req: Request, verdict: Verdict): Verdict | Promise<Verdict> {
    return verdict instanceof Principal ? this.#limiter.admit(req, verdict) : verdict;
  }

  #cookieChallenge(parameters: string, refusal: Refusal): string {
    const isRequestId = refusal === REQUEST_ID_MISSING || refusal === REQUEST_ID_WRONG;
    const error = isRequestId ? ', error="invalid_request_id"' : refusal === MISSING ? '' : ', error="invalid_token"';
    return `Cookie ${parameters}, name="${this.#gate?.cookie.name}", header="${this.#gate?.requestIdHeader}"${error}`;
  }
}
