export type {
  Actor,
  ApiKeys,
  ChangeOptions,
  IssuedKey,
  KeyPage,
  ListQuery,
  NewKey,
  RevokeResult,
} from './api-keys.js';
export type { Criterion } from './criteria.js';
export type { AuthErrorCode, AuthErrorDetails, FieldError } from './errors.js';
export { AuthError } from './errors.js';
export type { AuthenticateOptions } from './express/authenticate.js';
export type { StrategyName } from './express/authenticator.js';
export type { FromRequest, RequirePermissionOptions } from './express/require-permission.js';
export type { KeyChanges } from './key-input.js';
export type { KeyLifetimeOptions } from './key-lifetimes.js';
export type { ApiKey, KeyFilter } from './key-view.js';
export { SEARCHABLE_FIELDS } from './key-view.js';
export type { HttpOptions, Latchkey, LatchkeyOptions, UseOptions } from './latchkey.js';
export { createLatchkey } from './latchkey.js';
export { LAST_INSTANT, LIMITS } from './limits.js';
export type { Statement, StatementInput } from './permissions.js';
export { FULL_ACCESS } from './permissions.js';
export type { PrincipalCredential } from './principal.js';
export { Principal } from './principal.js';
export type { ApiKeyKind, ApiKeyRecord, KeyState, KeyUsage } from './records.js';
export { KEY_STATES } from './records.js';
export type { RefusalReason } from './refusal.js';
export type { Credential, CredentialScheme } from './secret.js';
export { MemoryStore } from './stores/memory-store.js';
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
export type { VerificationCacheOptions } from './verification-cache.js';
