export type { ApiKeys, RevokeResult } from './api-keys.js';
export type { AuditOptions, AuditTrail } from './audit.js';
export type { Criterion, FieldType, FieldTypes } from './criteria.js';
export type { AuthErrorCode, AuthErrorDetails, FieldError } from './errors.js';
export { AuthError, hidden } from './errors.js';
export type {
  ActivityEvent,
  ChangeEvent,
  Doer,
  EventListener,
  EventOf,
  EventType,
  Facts,
  LatchkeyEvent,
  LoginFailure,
} from './events.js';
export { EVENT_TYPES } from './events.js';
export type { AuthenticateOptions } from './express/authenticate.js';
export type { StrategyName } from './express/authenticator.js';
export type { FromRequest, RequirePermissionOptions } from './express/require-permission.js';
export type { CookieOptions } from './express/session-cookie.js';
export type { StartedSession, StartSessionOptions } from './express/session-login.js';
export type { LoginSessions, SessionOptions } from './express/sessions.js';
export type { Finding, FindingId, Risk } from './finding.js';
export { RISKS } from './finding.js';
export type { NewKey } from './key-builder.js';
export type { KeyChanges } from './key-input.js';
export type { KeyLifetimeOptions } from './key-lifetimes.js';
export type { KeyNoticeOptions } from './key-notices.js';
export type { Actor } from './key-rights.js';
export type { ChangeableField, KeyRuleOptions } from './key-rules.js';
export type { KeyPage, ListQuery } from './key-search.js';
export type { ApiKey, IssuedKey, KeyFilter } from './key-view.js';
export { SEARCHABLE_FIELDS } from './key-view.js';
export type { ChangeOptions, MakeOptions } from './key-writer.js';
export type { HttpOptions, Latchkey, LatchkeyOptions, UseOptions } from './latchkey.js';
export { createLatchkey } from './latchkey.js';
export type { LeakedKeys, LeakReport } from './leaked-keys.js';
export { LAST_INSTANT, LIMITS } from './limits.js';
export type { LockoutOptions } from './lockout.js';
export type { Session, SessionKind } from './login-record.js';
export type { Authenticated, LoginToken, PasswordLogin } from './logins.js';
export type { Policies, PolicyPage, PolicyQuery } from './policies.js';
export type { NewPolicy, PolicyChanges } from './policy-input.js';
export type { HostPolicy, Policy } from './policy-view.js';
export { SEARCHABLE_POLICY_FIELDS } from './policy-view.js';
export type { Identity, PrincipalCredential } from './principal.js';
export { Principal } from './principal.js';
export type { ApiKeyKind, ApiKeyRecord, KeyState, KeyUsage, PolicyRecord, PolicyType } from './records.js';
export { KEY_STATES } from './records.js';
export type { RefusalReason } from './refusal.js';
export type { Credential, CredentialScheme } from './secret.js';
export type { IssuedSessionKey, NewSessionKey } from './session-keys.js';
export type { EndOptions } from './sessions.js';
export type { ProductionOptions } from './start-check.js';
export type { Ceiling, Statement, StatementInput } from './statement.js';
export { FULL_ACCESS } from './statement.js';
export { MemoryStore } from './stores/memory-store.js';
export type {
  Attempt,
  AttemptRule,
  Hits,
  ListedSession,
  NewSession,
  SessionStates,
  StateStore,
  StoredSession,
} from './stores/state.js';
export type {
  ApiKeyOrder,
  ApiKeyStore,
  AuditStore,
  ChangeFeed,
  ChangeListener,
  Collection,
  Page,
  PageEntry,
  PageRequest,
  PolicyPage as StoredPolicyPage,
  PolicyPageRequest,
  PolicyStore,
  RecordStores,
  Store,
  StoreHealth,
  TrailBounds,
  TrailEntry,
  TrailPageRequest,
  TrailPart,
  UsageDelta,
} from './stores/store.js';
export type { AuditEntry, AuditFilter, Outcome } from './trail-entry.js';
export type { AuditPage, AuditQuery } from './trail-search.js';
export type { UsageOptions } from './usage.js';
export type { User, UserDirectory } from './users.js';
export type { VerificationCacheOptions } from './verification-cache.js';
