export type { ApiKeys, ChangeOptions, KeyPage, ListQuery, RevokeResult } from './api-keys.js';
export type { Criterion } from './criteria.js';
export type { AuthErrorCode, AuthErrorDetails, FieldError } from './errors.js';
export { AuthError } from './errors.js';
export type { EventListener, EventOf, EventType, LatchkeyEvent, LoginFailure } from './events.js';
export type { AuthenticateOptions } from './express/authenticate.js';
export type { StrategyName } from './express/authenticator.js';
export type { FromRequest, RequirePermissionOptions } from './express/require-permission.js';
export type { CookieOptions } from './express/session-cookie.js';
export type { StartedSession, StartSessionOptions } from './express/session-login.js';
export type { LoginSessions, SessionOptions } from './express/sessions.js';
export type { NewKey } from './key-builder.js';
export type { KeyChanges } from './key-input.js';
export type { KeyLifetimeOptions } from './key-lifetimes.js';
export type { Actor } from './key-rights.js';
export type { ApiKey, IssuedKey, KeyFilter } from './key-view.js';
export { SEARCHABLE_FIELDS } from './key-view.js';
export type { HttpOptions, Latchkey, LatchkeyOptions, UseOptions } from './latchkey.js';
export { createLatchkey } from './latchkey.js';
export { LAST_INSTANT, LIMITS } from './limits.js';
export type { LockoutOptions } from './lockout.js';
export type { Session, SessionKind } from './login-record.js';
export type { Authenticated, LoginToken, PasswordLogin } from './logins.js';
export type { Statement, StatementInput } from './permissions.js';
export { FULL_ACCESS } from './permissions.js';
export type { Identity, PrincipalCredential } from './principal.js';
export { Principal } from './principal.js';
export type { ApiKeyKind, ApiKeyRecord, KeyState, KeyUsage } from './records.js';
export { KEY_STATES } from './records.js';
export type { RefusalReason } from './refusal.js';
export type { Credential, CredentialScheme } from './secret.js';
export type { IssuedSessionKey, NewSessionKey, Policy } from './session-keys.js';
export { MemoryStore } from './stores/memory-store.js';
export type {
  Attempt,
  AttemptRule,
  ListedSession,
  NewSession,
  SessionStates,
  StateStore,
  StoredSession,
} from './stores/state.js';
export type {
  ApiKeyOrder,
  ApiKeyStore,
  ChangeFeed,
  ChangeListener,
  Collection,
  Page,
  PageEntry,
  PageRequest,
  RecordStores,
  Store,
  StoreHealth,
  UsageDelta,
} from './stores/store.js';
export type { UsageOptions } from './usage.js';
export type { User, UserDirectory } from './users.js';
export type { VerificationCacheOptions } from './verification-cache.js';
