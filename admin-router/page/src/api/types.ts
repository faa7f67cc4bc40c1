/** What the admin API answers: the shapes of admin-router/wire-schemas.ts, to which a test holds them. */

export interface Settings {
  title: string;
  prefix: string;
  headers: string[];
  session: { requestIdHeader: string } | null;
  asksTenant: boolean;
  keys: KeySettings;
}

export interface KeySettings {
  defaultLifetimeSeconds: number;
  /** Null: any. */
  maxLifetimeSeconds: number | null;
  allowNever: boolean;
  allowExtension: boolean;
  maxGraceSeconds: number;
  /** The fields that can be changed once a key is made. */
  mutable: string[];
}

export interface Page<Item> {
  items: Item[];
  nextCursor: string | null;
}

export interface Statement {
  actions: string[];
  resources: string[];
  workspace: string;
  description: string;
}

export type KeyState = 'active' | 'pending' | 'expired' | 'disabled' | 'revoked';

export interface ApiKey {
  id: string;
  version: number;
  kind: 'api-key' | 'session-key';
  state: KeyState;
  name: string;
  description: string;
  ownerId: string;
  ownerKind: 'user' | 'service';
  orgId: string | null;
  createdBy: string;
  parentIds: string[];
  statements: Statement[];
  policyIds: string[];
  ceiling: Statement[][];
  resources: string[] | null;
  properties: Record<string, string>;
  prefix: string;
  lastFour: string;
  imported?: true;
  enabled: boolean;
  enabledAt: string;
  createdAt: string;
  updatedAt: string;
  notBefore: string | null;
  expiresAt: string | null;
  revokedAt: string | null;
  revokedBy: string | null;
  revokedReason: string | null;
  previousSecretExpiresAt: string | null;
  disableUnusedAfterSeconds: number | null;
  allowedAddresses: string[] | null;
  allowedOrigins: string[] | null;
  maxRequestsPerMinute: number | null;
  countedWith: string | null;
  internalOnly: boolean;
  locale: string | null;
  timeZone: string | null;
  defaultWorkspace: string | null;
  lastUsedAt: string | null;
  lastUsedFrom: string | null;
  useCount: number;
  failureCount: number;
  lastFailedAt: string | null;
}

/** The one answer that holds the secret, in each form that it can be sent in. */
export interface IssuedApiKey extends ApiKey {
  secret: string;
  token: string;
  encoded: string;
}

/** UTC days, the oldest first: only those that have any. */
export interface KeyUsage {
  days: { day: string; uses: number; failures: number }[];
}

export type Obstacle =
  | 'revoked'
  | 'expired'
  | 'disabled'
  | 'pending'
  | 'unused'
  | 'parent_ended'
  | 'owner_disabled'
  | 'owner_moved'
  | 'forbidden';

export interface KeyVerdict {
  allowed: boolean;
  /** Null when it is allowed. */
  reason: Obstacle | null;
}

export interface RevocationResults {
  results: { id: string; outcome: 'revoked' | 'not_found' | 'forbidden' | 'failed' }[];
}

export interface Policy {
  id: string;
  version: number;
  type: 'role' | 'custom' | 'template' | 'internal';
  isBuiltIn: boolean;
  name: string;
  description: string;
  orgId: string | null;
  statements: Statement[];
  templateId: string | null;
  workspace: string | null;
  properties: Record<string, string>;
  createdBy: string;
  createdAt: string;
  updatedAt: string;
}

export interface PolicyRemoval {
  /** From how many it was taken. */
  detached: number;
}

export interface Session {
  id: string;
  userId: string;
  orgId: string | null;
  userName: string;
  kind: 'cookie' | 'token' | 'dialect';
  address: string | null;
  userAgent: string | null;
  createdAt: string;
  lastActivityAt: string;
  idleSeconds: number;
  idleExpiresAt: string;
  expiresAt: string;
  unsuccessfulSignInAttempts: number;
  lastFailedSignInAt: string | null;
}

export interface ListedSession extends Session {
  isCurrent: boolean;
}

/** Who is logged in. */
export interface SessionUser {
  userId: string;
  userName: string;
  sessions: number;
  lastActivityAt: string;
}

export interface CurrentSession extends ListedSession {
  requestIdFailures: number;
}

export interface NewSession extends Session {
  requestId?: string;
  authUsername?: string;
  sessionToken?: string;
}

export interface Principal {
  id: string;
  ownerKind: 'user' | 'service';
  orgId: string | null;
  credential: { kind: 'api-key' | 'session-key' | 'session'; id: string; name: string; expiresAt: string | null };
  statements: Statement[];
  policyIds: string[];
  resources: string[] | null;
  properties: Record<string, string>;
  locale: string | null;
  timeZone: string | null;
}

/** Every kind has these; what else it has depends on `type`. */
export interface AuditEntry {
  id: string;
  type: string;
  outcome: 'success' | 'refused';
  at: string;
  count: number;
  lastAt: string;
  address: string | null;
  orgId: string | null;
  [fact: string]: unknown;
}

export interface Finding {
  id: string;
  level: 'ok' | 'warning' | 'unknown';
  node: string | null;
  detail: string;
  mend: string | null;
  risk: 'eviction' | 'no-persistence' | 'plain-text-store' | 'plain-http' | null;
}

export interface Health {
  ok: boolean;
  latencyMs: number;
  feedIsLive: boolean;
  detail: string;
  findings: Finding[];
}

export interface FieldError {
  path: string;
  message: string;
}

export interface Problem {
  title: string;
  status: number;
  code: string;
  detail: string;
  errors?: FieldError[];
}
