export type { AuditOptions, AuditTrail } from './audit/audit.js';
export type { AuditedDocuments, DocumentOptions } from './audit/audited-documents.js';
export type { AuditEntry, AuditFilter, Outcome } from './audit/trail-entry.js';
export type { AuditPage, AuditQuery } from './audit/trail-search.js';
export type { AuthErrorCode, AuthErrorDetails, FieldError } from './errors.js';
export { AuthError, hidden, inSeconds } from './errors.js';
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
export { EVENT_TYPES, isChangeType } from './events.js';
export { addressOf } from './express/address.js';
export type { AuthenticateOptions } from './express/authenticate.js';
export type { StrategyName } from './express/authenticator.js';
export type { DialectServices, KeyPair } from './express/dialect-services.js';
export type { DialectSessions, OpenSessionOptions } from './express/dialect-sessions.js';
export type { DialectState } from './express/dialect-state.js';
export type { FromRequest, RequirePermissionOptions } from './express/require-permission.js';
export type { CookieOptions } from './express/session-cookie.js';
export type { StartedSession, StartSessionOptions } from './express/session-login.js';
export type { LoginSessions, SessionOptions } from './express/sessions.js';
export type { Finding, FindingId, Risk } from './finding.js';
export { RISKS } from './finding.js';
export type { ApiKeys, KeyLimits, RevokeResult, RotateOptions } from './keys/api-keys.js';
export type { DialectChanges, DialectFields } from './keys/dialect-fields.js';
export type { NewKey } from './keys/key-builder.js';
export type { ImportResult, KeyImport } from './keys/key-importer.js';
export { faultOfExistingKey } from './keys/key-importer.js';
export type { KeyChanges } from './keys/key-input.js';
export type { KeyLifetimeOptions, LifetimeLimits } from './keys/key-lifetimes.js';
export type { KeyNoticeOptions } from './keys/key-notices.js';
export type { Actor } from './keys/key-rights.js';
export type { ChangeableField, KeyRuleOptions } from './keys/key-rules.js';
export type { KeyPage, ListQuery } from './keys/key-search.js';
export type { ApiKey, IssuedKey, KeyFilter } from './keys/key-view.js';
export { SEARCHABLE_FIELDS } from './keys/key-view.js';
export type { ChangeOptions, MakeOptions, SecretOptions } from './keys/key-writer.js';
export type { LeakedKeys, LeakReport } from './keys/leaked-keys.js';
export type { IssuedSessionKey, NewSessionKey } from './keys/session-keys.js';
export type { CredentialNames, HttpOptions, Latchkey, LatchkeyOptions, UseOptions } from './latchkey.js';
export { createLatchkey } from './latchkey.js';
export { LAST_INSTANT, LIMITS } from './limits.js';
export type { Ceiling, Statement, StatementInput } from './permissions/statement.js';
export { FULL_ACCESS } from './permissions/statement.js';
export type { CreatePolicyOptions, Policies, PolicyPage, PolicyQuery } from './policies/policies.js';
export type { NewPolicy, PolicyChanges } from './policies/policy-input.js';
export type { PolicyUsersQuery } from './policies/policy-users.js';
export type { HostPolicy, Policy } from './policies/policy-view.js';
export { SEARCHABLE_POLICY_FIELDS } from './policies/policy-view.js';
export type { Identity, PrincipalCredential } from './principal.js';
export { Principal } from './principal.js';
export type { ApiKeyKind, ApiKeyRecord, KeyState, KeyUsage, OwnerKind, PolicyRecord, PolicyType } from './records.js';
export { KEY_STATES } from './records.js';
export type { RefusalReason } from './refusal.js';
export { Refusal } from './refusal.js';
export type { Criterion, FieldType, FieldTypes } from './search/criteria.js';
export { checkCriteria } from './search/criteria.js';
export { meetAll } from './search/scan.js';
export type { Wildcards } from './search/wildcards.js';
export { compileWildcards } from './search/wildcards.js';
export type { LockoutOptions } from './sessions/lockout.js';
export type { Session, SessionKind } from './sessions/login-record.js';
export type { Authenticated, LoginToken, PasswordLogin } from './sessions/logins.js';
export type { SessionUser, SessionUserPage, SessionUsersQuery } from './sessions/session-users.js';
export type { EndAllOptions, EndOptions } from './sessions/sessions.js';
export type { ProductionOptions } from './start-check.js';
export type { DocumentPage, DocumentPageRequest, DocumentRecord, Documents } from './stores/documents.js';
export { MemoryStore } from './stores/memory/memory-store.js';
export type { Numbers } from './stores/numbers.js';
export type {
  Attempt,
  AttemptRule,
  Hits,
  ListedSession,
  NewSession,
  SessionStates,
  SessionUsersPage,
  StateStore,
  StoredSession,
  UserSessions,
} from './stores/state.js';
export type {
  ApiKeyOrder,
  ApiKeyStore,
  AuditStore,
  ChangeFeed,
  ChangeListener,
  Collection,
  DayUsage,
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
export type { User, UserDirectory } from './users.js';
export type { Draw } from './verification/foreign-pair.js';
export type { ImportedKeyOptions } from './verification/imported-key.js';
export { hashExistingKey } from './verification/imported-key.js';
export type { IntrospectedKey, IntrospectionQuery } from './verification/introspection.js';
export type { KeyObstacle, KeyVerdict, RightQuestion } from './verification/key-standing.js';
export type { Credential, CredentialScheme } from './verification/secret.js';
export type { UsageOptions } from './verification/usage.js';
export type { VerificationCacheOptions } from './verification/verification-cache.js';
