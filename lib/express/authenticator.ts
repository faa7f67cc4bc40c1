import type { Request } from 'express';
import { AuthError } from '../errors.js';
import { FORM_NOT_ACCEPTED, MALFORMED as MALFORMED_CREDENTIAL, MISSING, type Refusal } from '../refusal.js';
import type { Credential, CredentialScheme } from '../secret.js';
import type { Verdict, Verifier } from '../verifier.js';
import type { HeaderReader } from './header-reader.js';
import { ABSENT, AMBIGUOUS, FOREIGN, MALFORMED } from './header-reader.js';

/** The names of the strategies, which are also the forms that a credential may come in. */
export const STRATEGY_NAMES = ['api-key-header', 'api-key', 'basic'] as const satisfies readonly CredentialScheme[];
export type StrategyName = (typeof STRATEGY_NAMES)[number];

/** What the Passport strategies and `latchkey.authenticate` have in common: a request becomes a principal or a refusal. */
export class Authenticator {
  readonly reader: HeaderReader;
  readonly #verifier: Verifier;
  readonly #realm: string;

  /** @throws TypeError for a realm that cannot stand in a header. */
  constructor(reader: HeaderReader, verifier: Verifier, realm = 'api') {
    if (!/^[\x20-\x21\x23-\x5b\x5d-\x7e]{1,100}$/.test(realm)) {
      throw new TypeError('http.realm must be 1 to 100 printable ASCII characters without quotes and backslashes');
    }
    this.reader = reader;
    this.#verifier = verifier;
    this.#realm = realm;
  }

  /**
   * Decides at once for a cached key. Throws or rejects with an AuthError for an ambiguous request (400) and for a store
   * that cannot be reached (503).
   */
  authenticate(req: Request, accepts: ReadonlySet<CredentialScheme>): Verdict | Promise<Verdict> {
    const reading = this.reader.read(req, accepts);
    if (typeof reading === 'object') return this.verify(req, reading);
    switch (reading) {
      case ABSENT:
        return MISSING;
      case FOREIGN:
        return FORM_NOT_ACCEPTED;
      case MALFORMED:
        return MALFORMED_CREDENTIAL;
      case AMBIGUOUS:
        throw new AuthError('credential_ambiguous');
    }
  }

  verify(req: Request, credential: Credential): Verdict | Promise<Verdict> {
    return this.#verifier.verify(credential, addressOf(req));
  }

  /** The `WWW-Authenticate` challenge of a strategy (RFC 9110); `error` as in RFC 6750 when a credential was sent. */
  challenge(name: StrategyName, refusal: Refusal): string {
    const parameters = `realm="${this.#realm}"`;
    const error = refusal === MISSING ? '' : ', error="invalid_token"';
    switch (name) {
      case 'api-key-header':
        return `ApiKey ${parameters}, header="${this.reader.headers.join(' ')}"${error}`;
      case 'api-key':
        return `ApiKey ${parameters}${error}`;
      case 'basic':
        return `Basic ${parameters}, charset="UTF-8"${error}`;
    }
  }
}

/** The address as Express sees it, behind the proxies that the app trusts. */
function addressOf(req: Request): string | null {
  return req.ip ?? req.socket.remoteAddress ?? null;
}
