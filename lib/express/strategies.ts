import { createRequire } from 'node:module';
import type { Request } from 'express';
import type * as headerApiKey from 'passport-headerapikey';
import { AuthError } from '../errors.js';
import { Principal } from '../principal.js';
import { FORM_NOT_ACCEPTED, MISSING, type Refusal } from '../refusal.js';
import type { Verdict } from '../verification/verifier.js';
import type { Authenticator, StrategyName } from './authenticator.js';
import { isCredential } from './header-reader.js';

/** What Passport adds to a strategy for the length of a request. `pass` is not here: it would let the request through. */
interface PassportActions {
  success(user: object, info?: object): void;
  /** Tries the next strategy; the 401 lists the challenges of all that failed. */
  fail(challenge: string): void;
  /** Ends the request. */
  error(error: unknown): void;
}

export interface PassportStrategy {
  readonly name?: string | undefined;
  authenticate(this: PassportActions, req: Request): void;
}

export type Strategies = Readonly<Partial<Record<StrategyName, PassportStrategy>>>;

/** The strategies of an instance by name, for `passport.use`. */
export function createStrategies(authenticator: Authenticator): Strategies {
  const create = (name: StrategyName): PassportStrategy =>
    name === 'api-key-header' ? headerStrategy(authenticator) : plainStrategy(authenticator, name);
  return Object.fromEntries(authenticator.names.map((name) => [name, create(name)]));
}

/** `Authorization: ApiKey base64(id:secret)`, Basic, or the session cookie. */
function plainStrategy(authenticator: Authenticator, name: StrategyName): PassportStrategy {
  const accepts = new Set([name]);
  return {
    name,
    authenticate(req) {
      settle(
        () => authenticator.authenticate(req, accepts),
        (principal) => this.success(principal),
        (refusal) => {
          tellRefused(authenticator, req, refusal, accepts);
          this.fail(authenticator.challenge(name, refusal));
        },
        (error) => this.error(error),
      );
    },
  };
}

/**
 * A raw token in a header of its own. passport-headerapikey takes it out of the header; what it leaves open (a header sent
 * twice, several credentials, size, a challenge that clients can read) is decided before. It is loaded here, for hosts that
 * use Passport: it brings all of lodash.
 */
function headerStrategy(authenticator: Authenticator): PassportStrategy {
  const require = createRequire(import.meta.url);
  const { HeaderAPIKeyStrategy } = require('passport-headerapikey') as typeof headerApiKey;

  const verify: headerApiKey.HeaderAPIKeyStrategy['verify'] = (token, verified, req) => {
    const reading = authenticator.reader.readToken(token);
    if (!isCredential(reading) || req === undefined) return verified(new AuthError('credential_ambiguous'));
    settle(
      () => authenticator.verify(req, reading),
      (principal) => verified(null, principal),
      (refusal) => {
        tellRefused(authenticator, req, refusal, ACCEPTS_HEADER);
        verified(null, undefined, authenticator.challenge('api-key-header', refusal) as unknown as object);
      },
      (error) => verified(error as Error),
    );
  };

  class ApiKeyHeaderStrategy extends HeaderAPIKeyStrategy {
    override readonly name = 'api-key-header';

    override authenticate(this: this & PassportActions, req: Request): void {
      const reading = authenticator.reader.read(req, ACCEPTS_HEADER);
      if (typeof reading === 'object') {
        this.apiKeyHeader = { header: authenticator.reader.presentHeader(req) ?? '', prefix: '' };
        super.authenticate(req);
        return;
      }
      settle(
        () => authenticator.authenticate(req, ACCEPTS_HEADER),
        (principal) => this.success(principal),
        (refusal) => {
          tellRefused(authenticator, req, refusal, ACCEPTS_HEADER);
          this.fail(authenticator.challenge('api-key-header', refusal));
        },
        (error) => this.error(error),
      );
    }
  }

  const header = { header: authenticator.reader.headers[0] ?? '', prefix: '' };
  return new ApiKeyHeaderStrategy(header, true, verify) as unknown as PassportStrategy;
}

const ACCEPTS_HEADER = new Set(['api-key-header'] as const);

/** What this strategy finds nothing of may be there for the next one. */
function tellRefused(
  authenticator: Authenticator,
  req: Request,
  refusal: Refusal,
  accepts: ReadonlySet<StrategyName>,
): void {
  if (refusal !== MISSING && refusal !== FORM_NOT_ACCEPTED) authenticator.tellRefused(req, refusal, accepts);
}

function settle(
  decide: () => Verdict | Promise<Verdict>,
  success: (principal: Principal) => void,
  fail: (refusal: Refusal) => void,
  error: (error: unknown) => void,
): void {
  const tell = (verdict: Verdict) => {
    if (verdict instanceof Principal) success(verdict);
    else if (verdict instanceof AuthError) error(verdict);
    else fail(verdict); // not error(), of which nothing would let the request in
  };
  let verdict: Verdict | Promise<Verdict>;
  try {
    verdict = decide();
  } catch (thrown) {
    error(thrown);
    return;
  }
  if (verdict instanceof Promise) verdict.then(tell).catch(error);
  else tell(verdict);
}
