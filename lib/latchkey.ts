import type { ErrorRequestHandler, NextFunction, Request, RequestHandler, Response } from 'express';
import type { Core, CoreOptions, UserServices } from './core.js';
import { createCore } from './core.js';
import type { AuthError } from './errors.js';
import type { EventListener, EventType } from './events.js';
import './express/augmentation.js';
import type { AuthenticateOptions } from './express/authenticate.js';
import { authenticate } from './express/authenticate.js';
import type { StrategyName } from './express/authenticator.js';
import { Authenticator } from './express/authenticator.js';
import type { DialectServices } from './express/dialect-services.js';
import { createDialectServices } from './express/dialect-services.js';
import { HeaderReader } from './express/header-reader.js';
import { InternalRequests } from './express/internal.js';
import type { Middleware } from './express/middleware.js';
import type { PassportLike } from './express/passport-framework.js';
import { installFramework } from './express/passport-framework.js';
import { errorHandler } from './express/problem.js';
import type { FromRequest, RequirePermissionOptions } from './express/require-permission.js';
import { requirePermission } from './express/require-permission.js';
import type { LoginSessions, SessionOptions } from './express/sessions.js';
import { createLoginSessions } from './express/sessions.js';
import { createStrategies } from './express/strategies.js';
import { checkOptions } from './options.js';
import { MISSING } from './refusal.js';
import type { StoreHealth } from './stores/store.js';
import type { ImportedKeyOptions } from './verification/imported-key.js';
import { ImportedKeyForm } from './verification/imported-key.js';

export interface HttpOptions {
  /** Headers that may carry a raw token. Default `['X-API-Key']`. */
  readonly headers?: readonly string[];
  /** The `realm` of the challenges (RFC 9110). Default `api`. */
  readonly realm?: string;
  /** The keys that the app had before, once `apiKeys.import` has taken them in. Default: none is read. */
  readonly importedKeys?: ImportedKeyOptions;
}

export interface LatchkeyOptions extends CoreOptions {
  readonly http?: HttpOptions;
  /** Login sessions; they also need `users`. Default: none. */
  readonly session?: SessionOptions;
}

/** The names under which credentials come, as this instance was told: for documents that say how to send them. */
export interface CredentialNames {
  /** The first part of every token. */
  readonly prefix: string;
  /** Headers that may carry a raw token. */
  readonly headers: readonly string[];
  /** A scheme of `Authorization` that existing keys may come in, and raw tokens, too; left out where there is none. */
  readonly authorizationScheme?: string;
  /** The session cookie, and the header that goes with it; null where nobody logs in. */
  readonly session: { readonly cookie: string; readonly requestIdHeader: string } | null;
}

export interface UseOptions {
  /**
   * Let `passport.authenticate` take a shorter way where only our strategies are named and `session` is false; every other
   * call goes Passport's own way. Default true.
   */
  readonly fast?: boolean;
}

/** API keys, session keys and login sessions for an Express app. Made by `createLatchkey`. */
export interface Latchkey {
  readonly apiKeys: Core['apiKeys'];
  readonly sessionKeys: Core['sessionKeys'];
  readonly policies: Core['policies'];
  /** The audit trail: `list`. */
  readonly audit: Pick<Core['audit'], 'list'>;
  readonly leakedKeys: Core['leakedKeys'];
  /** Logins and sessions; null without the options `users` and `session`. */
  readonly logins: UserServices['logins'] | null;
  readonly sessions: LoginSessions | null;
  /** For routers that speak the wire format of another product, such as those of `latchkey/dialects/*`. */
  readonly dialects: DialectServices;
  readonly credentialNames: CredentialNames;
  /**
   * Whether a key would be let do something now, by its state, its rights and those of its owner; null when there is no such key.
   * Takes no secret, counts as no use, and does not ask from where the key is accepted. See `KeyVerdict`.
   * @throws AuthError `store_unavailable`.
   */
  readonly keyCan: Core['standings']['ask'];
  /**
   * What a raw token, or `id:secret`, is worth that somebody else was sent: the key, or null for anything that is not active. See
   * `POST /introspect` of the admin router.
   * @throws AuthError `too_many_attempts` for an address that asks about too many wrong ones, `store_unavailable`.
   */
  introspect(
    token: string,
    query: Parameters<Core['introspection']['ask']>[1],
  ): ReturnType<Core['introspection']['ask']>;
  /** The `WWW-Authenticate` challenge of a strategy (RFC 9110), for a 401 of your own. @throws TypeError for none that there is. */
  challenge(name: StrategyName): string;
  /** Registers the strategies `api-key-header`, `api-key`, `basic` and, with sessions, `session-cookie`. */
  use(passport: PassportLike, options?: UseOptions): void;
  /** Middleware: the strategies without Passport. See `authenticate`. */
  authenticate(names?: StrategyName | readonly StrategyName[], options?: AuthenticateOptions): Middleware;
  /** Middleware: 403 unless the principal may do `action`. See `requirePermission`. */
  requirePermission<Params = Request['params']>(
    action: string,
    resource?: FromRequest<Params>,
    options?: RequirePermissionOptions<Params>,
  ): (req: Request<Params>, res: Response, next: NextFunction) => void;
  /**
   * Middleware: express-session on Latchkey's store, for the host's own data in `req.session`. Not needed for logins.
   * @throws TypeError without the options `users` and `session`.
   */
  session(): RequestHandler;
  /** Middleware: keys marked `internalOnly` are accepted behind it, and nowhere else. */
  internal(): RequestHandler;
  /**
   * Tells of a refusal that your own code answers, as `request.forbidden`: an `AuthError` of 403 that `latchkey.errorHandler()`
   * does not get to see. Each error is told once.
   */
  tellForbidden(req: Request, error: AuthError): void;
  /** Error middleware: answers in `application/problem+json`, and tells of every 403. */
  errorHandler(): ErrorRequestHandler;
  /**
   * Tells `listener` what happens, by the type of the event (see `LatchkeyEvent`), or `*` for all. Returns the function
   * that ends it. A listener that throws harms nobody.
   */
  on<Type extends EventType | '*'>(type: Type, listener: EventListener<Type>): () => void;
  /** Tells every process that a user was changed: sessions and keys of one who is no longer enabled stop at once. */
  userChanged(userId: string): Promise<void>;
  /** Asks the store, and what it finds out about itself; never rejects. */
  health(): Promise<StoreHealth>;
  /**
   * To be awaited before the app listens: resolves once the store has answered and, in production (`NODE_ENV`), nothing is
   * refused that `production.accept` does not name. Rejects with what is wrong and how to mend it; after 10 s when the store
   * does not answer.
   */
  ready(): Promise<void>;
  /**
   * To be awaited once the server takes no more requests: a key that comes all the same is refused with 503. Waits up to 5 s
   * for verifications and changes under way, writes what is left of the usage and of the audit trail, and ends the timers and
   * connections of Latchkey, which then keeps no process alive. The client that you handed in is yours to end, afterwards.
   * Rejects when the usage could not be written. Idempotent.
   */
  close(): Promise<void>;
}

/** @throws TypeError naming the option that is wrong and how to mend it. */
export function createLatchkey(options: LatchkeyOptions = {}): Latchkey {
  try {
    checkAll(options);
    return create(options);
  } catch (error) {
    // The store has opened a connection, which would keep a process alive that nobody can use it in.
    void options?.store?.close?.().catch(() => {});
    throw error;
  }
}

function create(options: LatchkeyOptions): Latchkey {
  const { http = {}, session, ...coreOptions } = options;
  if (session !== undefined && options.users === undefined) {
    throw new TypeError('session also needs the option users: a UserDirectory of the app’s own users');
  }
  const imported = http.importedKeys === undefined ? null : new ImportedKeyForm(http.importedKeys);
  const core = createCore(coreOptions, session ?? {}, imported);
  const logins = session === undefined || core.users === null ? null : createLoginSessions(core, core.users, session);
  const gate = logins?.gate ?? null;
  const internal = new InternalRequests();
  const reader = new HeaderReader(core.prefix, http.headers, imported);
  const isInternal = (req: Request) => internal.has(req);
  const authenticator = new Authenticator(reader, core.verifier, gate, isInternal, core, http.realm);
  return {
    apiKeys: core.apiKeys,
    sessionKeys: core.sessionKeys,
    policies: core.policies,
    audit: core.audit,
    leakedKeys: core.leakedKeys,
    logins: logins === null ? null : (core.users?.logins ?? null),
    sessions: logins?.sessions ?? null,
    dialects: createDialectServices(core, authenticator, logins !== null),
    credentialNames: {
      prefix: core.prefix,
      headers: reader.headers,
      ...(reader.importedScheme !== null && { authorizationScheme: reader.importedScheme }),
      session: gate === null ? null : { cookie: gate.cookie.name, requestIdHeader: gate.requestIdHeader },
    },
    keyCan: (keyId, question) => core.standings.ask(keyId, question),
    async introspect(token, query) {
      const sent = reader.readToken(Buffer.from(token).toString('latin1')); // as the bytes of a header are told
      return typeof sent === 'object' ? await core.introspection.ask(sent, query) : null;
    },
    challenge(name) {
      if (authenticator.names.includes(name)) return authenticator.challenge(name, MISSING);
      throw new TypeError(`challenge takes one of: ${authenticator.names.join(', ')}`);
    },
    use(passport, { fast = true } = {}) {
      const strategies = createStrategies(authenticator);
      for (const [name, strategy] of Object.entries(strategies)) passport.use(name, strategy as never);
      if (fast) installFramework(passport, authenticator, strategies);
    },
    authenticate: (names, settings) => authenticate(authenticator, names, settings),
    requirePermission: (action, resource, settings) => requirePermission(authenticator, action, resource, settings),
    session() {
      if (logins === null) throw new TypeError('latchkey.session() needs the options users and session');
      return logins.middleware();
    },
    internal: () => internal.middleware(),
    tellForbidden: (req, error) => authenticator.log.forbidden(req, error),
    errorHandler: () => errorHandler(authenticator.log),
    on: (type, listener) => core.events.on(type, listener),
    userChanged: core.userChanged,
    health: core.health,
    ready: () => core.start.ready(),
    close: core.close,
  };
}

/** What each group of options takes; `checkOptions` tells the rest. */
const OPTIONS = {
  createLatchkey: {
    store: 'object',
    prefix: 'string',
    peppers: 'list',
    keys: 'object',
    keyRules: 'object',
    notices: 'object',
    cache: 'object',
    usage: 'object',
    audit: 'object',
    users: 'object',
    usersTimeoutMs: 'number',
    lockout: 'object',
    policies: 'list',
    production: 'object',
    now: 'function',
    http: 'object',
    session: 'object',
  },
  keys: {
    defaultLifetimeMs: 'number',
    maxLifetimeMs: 'number or null',
    maxAgeMs: 'number or null',
    allowNever: 'boolean',
    allowExtension: 'boolean',
    maxGraceMs: 'number',
    retentionMs: 'number',
  },
  keyRules: {
    mutable: 'list',
    maxPerUser: 'number',
    endWithParent: 'boolean',
    disableUnusedAfterMs: 'number or null',
  },
  notices: { expiringMs: 'list' },
  audit: { maxAgeMs: 'number', maxEntries: 'number', flushIntervalMs: 'number' },
  cache: { maxEntries: 'number', maxAgeMs: 'number', maxUnknown: 'number', unknownAgeMs: 'number' },
  usage: { flushIntervalMs: 'number' },
  lockout: {
    limit: 'number',
    addressLimit: 'number',
    secretLimit: 'number',
    windowMs: 'number',
    waitMs: 'number',
    maxWaitMs: 'number',
  },
  production: { accept: 'list' },
  http: { headers: 'list', realm: 'string', importedKeys: 'object' },
  'http.importedKeys': { pattern: 'object', authorizationScheme: 'string' },
} as const;

const GROUPS = ['keys', 'keyRules', 'notices', 'cache', 'usage', 'audit', 'lockout', 'production', 'http'] as const;

function checkAll(options: LatchkeyOptions): void {
  checkOptions('createLatchkey', options, OPTIONS.createLatchkey);
  for (const group of GROUPS) {
    checkOptions(group, options[group], OPTIONS[group]);
  }
  checkOptions('http.importedKeys', options.http?.importedKeys, OPTIONS['http.importedKeys']);
  const { store, users, now = Date.now } = options;
  if (store !== undefined && (typeof store.records?.apiKeys?.get !== 'function' || store.state === undefined)) {
    throw new TypeError('store must be a Store, e.g. new MemoryStore() or new RedisStore(client)');
  }
  if (users !== undefined && typeof users.findByUserName !== 'function') {
    throw new TypeError('users must be a UserDirectory: an object with findByUserName, findById and so on');
  }
  if (!Number.isFinite(now())) throw new TypeError('now must answer epoch ms');
}
