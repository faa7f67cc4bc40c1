import type { ErrorRequestHandler, RequestHandler } from 'express';
import type { Core, CoreOptions } from './core.js';
import { createCore } from './core.js';
import './express/augmentation.js';
import type { AuthenticateOptions } from './express/authenticate.js';
import { authenticate } from './express/authenticate.js';
import type { StrategyName } from './express/authenticator.js';
import { Authenticator } from './express/authenticator.js';
import { HeaderReader } from './express/header-reader.js';
import type { PassportLike } from './express/passport-framework.js';
import { installFramework } from './express/passport-framework.js';
import { errorHandler } from './express/problem.js';
import type { FromRequest, RequirePermissionOptions } from './express/require-permission.js';
import { requirePermission } from './express/require-permission.js';
import { createStrategies } from './express/strategies.js';
import type { StoreHealth } from './stores/store.js';

export interface HttpOptions {
  /** Headers that may carry a raw token. Default `['X-API-Key']`. */
  readonly headers?: readonly string[];
  /** The `realm` of the challenges (RFC 9110). Default `api`. */
  readonly realm?: string;
}

export interface LatchkeyOptions extends CoreOptions {
  readonly http?: HttpOptions;
}

export interface UseOptions {
  /**
   * Let `passport.authenticate` take a shorter way where only our strategies are named and `session` is false; every other
   * call goes Passport's own way. Default true.
   */
  readonly fast?: boolean;
}

/** API keys for an Express app. Made by `createLatchkey`. */
export interface Latchkey {
  readonly apiKeys: Core['apiKeys'];
  /** Registers the strategies `api-key-header`, `api-key` and `basic`. */
  use(passport: PassportLike, options?: UseOptions): void;
  /** Middleware: the strategies without Passport. See `authenticate`. */
  authenticate(names?: StrategyName | readonly StrategyName[], options?: AuthenticateOptions): RequestHandler;
  /** Middleware: 403 unless the principal may do `action`. See `requirePermission`. */
  requirePermission(action: string, resource?: FromRequest, options?: RequirePermissionOptions): RequestHandler;
  /** Error middleware: answers in `application/problem+json`. */
  errorHandler(): ErrorRequestHandler;
  /** Asks the store; never rejects. */
  health(): Promise<StoreHealth>;
  /**
   * Writes what is left of the usage and ends the connections that Latchkey opened. Rejects when the usage could not be
   * written. Idempotent.
   */
  close(): Promise<void>;
}

/** @throws TypeError naming the option that is wrong and how to mend it. */
export function createLatchkey(options: LatchkeyOptions = {}): Latchkey {
  checkNames(options);
  const { http = {}, ...coreOptions } = options;
  const core = createCore(coreOptions);
  const reader = new HeaderReader(core.prefix, http.headers);
  const authenticator = new Authenticator(reader, core.verifier, http.realm);
  return {
    apiKeys: core.apiKeys,
    use(passport, { fast = true } = {}) {
      const strategies = createStrategies(authenticator, core.prefix);
      for (const [name, strategy] of Object.entries(strategies)) passport.use(name, strategy as never);
      if (fast) installFramework(passport, authenticator, strategies);
    },
    authenticate: (names, settings) => authenticate(authenticator, names, settings),
    requirePermission,
    errorHandler,
    health: core.health,
    close: core.close,
  };
}

const OPTIONS = ['store', 'prefix', 'peppers', 'keys', 'cache', 'usage', 'now', 'http'];

function checkNames(options: object): void {
  for (const name of Object.keys(options)) {
    if (!OPTIONS.includes(name))
      throw new TypeError(`${name} is no option of createLatchkey; it takes: ${OPTIONS.join(', ')}`);
  }
}
