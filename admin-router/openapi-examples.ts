import type { AnswerName } from './wire-schemas.js';

/** One day in the life of a key: what a client sends, and what it gets. A test holds each to its schema. */

const ORG = 'acme';
const ALICE = 'alice';
const MADE = '2026-11-22T09:30:00.000Z';
const USED = '2026-11-22T11:05:12.000Z';
const ENDS = '2027-02-20T09:30:00.000Z';
const KEY_ID = '7Gk0xEo1mWq2RtYvUbNc3A';
const READS = { actions: ['orders:read'], resources: ['orders/*'], workspace: '*', description: '' };
const SECRET = 'a-secret-that-is-told-once';

const KEY = {
  id: KEY_ID,
  version: 1,
  kind: 'api-key',
  state: 'active',
  name: 'Nightly export',
  description: 'Reads the orders of the day',
  ownerId: ALICE,
  ownerKind: 'user',
  orgId: ORG,
  createdBy: ALICE,
  parentIds: [],
  statements: [READS],
  policyIds: [],
  ceiling: [],
  resources: null,
  properties: { team: 'logistics' },
  prefix: 'lk',
  lastFour: 'x7Qd',
  enabled: true,
  enabledAt: MADE,
  createdAt: MADE,
  updatedAt: MADE,
  notBefore: null,
  expiresAt: ENDS,
  revokedAt: null,
  revokedBy: null,
  revokedReason: null,
  previousSecretExpiresAt: null,
  disableUnusedAfterSeconds: null,
  allowedAddresses: ['192.0.2.0/24'],
  allowedOrigins: null,
  maxRequestsPerMinute: 600,
  countedWith: null,
  internalOnly: false,
  locale: null,
  timeZone: null,
  defaultWorkspace: null,
  lastUsedAt: USED,
  lastUsedFrom: '192.0.2.7',
  useCount: 42,
  failureCount: 0,
  lastFailedAt: null,
};
const NEW_KEY = { ...KEY, lastUsedAt: null, lastUsedFrom: null, useCount: 0 };
const SECRETS = {
  secret: SECRET,
  token: `lk_${KEY_ID}_${SECRET}`,
  encoded: Buffer.from(`${KEY_ID}:${SECRET}`).toString('base64'),
};

const POLICY = {
  id: 'order-readers',
  version: 1,
  type: 'role',
  isBuiltIn: false,
  name: 'Order readers',
  description: 'May read every order',
  orgId: ORG,
  statements: [READS],
  templateId: null,
  workspace: null,
  properties: {},
  createdBy: 'admin',
  createdAt: MADE,
  updatedAt: MADE,
};

const SESSION_KEY = {
  ...NEW_KEY,
  kind: 'session-key',
  policyIds: [POLICY.id],
  statements: [],
  expiresAt: '2026-11-22T10:30:00.000Z',
};

const NEW_SESSION = {
  id: 'q0Zc5m2XvJkR8uTyWn1bEw',
  userId: ALICE,
  orgId: ORG,
  userName: ALICE,
  kind: 'cookie',
  address: '192.0.2.7',
  userAgent: 'Mozilla/5.0',
  createdAt: MADE,
  lastActivityAt: MADE,
  idleSeconds: 1_800,
  idleExpiresAt: '2026-11-22T10:00:00.000Z',
  expiresAt: '2026-11-22T21:30:00.000Z',
  unsuccessfulSignInAttempts: 0,
  lastFailedSignInAt: null,
};
const SESSION = { ...NEW_SESSION, isCurrent: true };

const ENTRY = {
  id: 'changes-1795339800000-0',
  type: 'key.rotated',
  outcome: 'success',
  at: MADE,
  count: 1,
  lastAt: MADE,
  address: '192.0.2.7',
  orgId: ORG,
  actorId: ALICE,
  credentialId: KEY_ID,
  before: { previousSecretExpiresAt: null },
  after: { previousSecretExpiresAt: '2026-11-22T10:30:00.000Z' },
  keyId: KEY_ID,
  ownerId: ALICE,
};

/** By the schema of the answer. */
export const ANSWER_EXAMPLES: Partial<Record<AnswerName, object>> = {
  ApiKey: KEY,
  ApiKeyPage: { items: [KEY], nextCursor: null },
  IssuedApiKey: { ...NEW_KEY, ...SECRETS },
  IssuedSessionKey: { ...SESSION_KEY, ...SECRETS, sessionKey: true, policies: [POLICY] },
  KeyUsage: {
    days: [
      { day: '2026-11-21', uses: 1_440, failures: 0 },
      { day: '2026-11-22', uses: 665, failures: 2 },
    ],
  },
  RevocationResults: {
    results: [
      { id: KEY_ID, outcome: 'revoked' },
      { id: 'Zz9', outcome: 'not_found' },
    ],
  },
  Policy: POLICY,
  PolicyPage: { items: [POLICY], nextCursor: null },
  PolicyRemoval: { detached: 3 },
  Sessions: { items: [SESSION] },
  SessionUserPage: {
    items: [{ userId: ALICE, userName: ALICE, sessions: 2, lastActivityAt: USED }],
    nextCursor: null,
  },
  CurrentSession: { ...SESSION, requestIdFailures: 0 },
  NewSession: { ...NEW_SESSION, requestId: 'a-request-id-that-is-told-once' },
  EndedSessions: { ended: 2 },
  SignInAttempts: { unsuccessfulSignInAttempts: 1, lastFailedSignInAt: USED },
  LoginToken: { loginToken: 'a-token-that-is-good-once', expiresAt: '2026-11-22T09:30:30.000Z' },
  Principal: {
    id: ALICE,
    ownerKind: 'user',
    orgId: ORG,
    credential: { kind: 'api-key', id: KEY_ID, name: KEY.name, scheme: 'api-key-header', expiresAt: ENDS },
    statements: [READS],
    policyIds: [],
    resources: null,
    properties: KEY.properties,
    locale: null,
    timeZone: null,
  },
  AuditPage: { items: [ENTRY], nextCursor: null },
  Settings: {
    title: 'API keys',
    prefix: 'lk',
    headers: ['X-API-Key'],
    session: { requestIdHeader: 'rID' },
    asksTenant: false,
    keys: {
      defaultLifetimeSeconds: 15_552_000,
      maxLifetimeSeconds: 31_622_400,
      allowNever: false,
      allowExtension: true,
      maxGraceSeconds: 2_592_000,
      mutable: ['name', 'description', 'expiresAt'],
    },
  },
  Allowed: { allowed: true },
  Introspection: {
    active: true,
    sub: ALICE,
    client_id: KEY_ID,
    token_type: 'api-key',
    iat: 1_795_339_800,
    exp: 1_803_115_800,
    owner_kind: 'user',
    org_id: ORG,
  },
  KeyVerdict: { allowed: false, reason: 'expired' },
  Health: {
    ok: true,
    latencyMs: 0.4,
    feedIsLive: true,
    detail: 'Redis 7.4.1 answers',
    findings: [
      {
        id: 'eviction',
        level: 'warning',
        node: null,
        detail: 'maxmemory-policy is allkeys-lru: Redis drops keys when its memory is full',
        mend: 'Set maxmemory-policy to noeviction.',
        risk: 'eviction',
      },
    ],
  },
  LeakReport: { revoked: true },
  OpenApiDocument: { openapi: '3.1.1' },
};

const STATEMENT = { actions: READS.actions, resources: READS.resources };

/** By operation. */
export const REQUEST_EXAMPLES: Readonly<Record<string, object>> = {
  createApiKey: {
    name: KEY.name,
    description: KEY.description,
    statements: [STATEMENT],
    expiresInSeconds: 7_776_000,
    allowedAddresses: KEY.allowedAddresses,
    maxRequestsPerMinute: KEY.maxRequestsPerMinute,
    properties: KEY.properties,
  },
  searchApiKeys: {
    criteria: [
      { field: 'name', test: 'like', value: 'Nightly%' },
      { field: 'expiresAt', test: 'less-than', value: ENDS },
    ],
    sort: '-lastUsedAt',
    maxItems: 50,
  },
  introspect: { token: SECRETS.token, address: '192.0.2.7' },
  askApiKey: { action: 'orders:read', resource: 'orders/4711' },
  askCaller: { action: 'orders:read', resource: 'orders/4711', workspace: 'w1' },
  revokeApiKeys: { ids: [KEY_ID, 'Zz9'], reason: 'The project has ended' },
  updateApiKey: { description: 'Reads the orders of the week', maxRequestsPerMinute: 60 },
  rotateApiKey: { graceSeconds: 3_600 },
  disableApiKey: {},
  enableApiKey: {},
  createSessionKey: { userId: ALICE, policyIds: [POLICY.id], durationSeconds: 3_600, properties: { job: '4711' } },
  createPolicy: { name: POLICY.name, description: POLICY.description, type: 'role', statements: [STATEMENT] },
  searchPolicies: { criteria: [{ field: 'type', test: 'equal', value: 'role' }] },
  updatePolicy: { statements: [STATEMENT, { actions: ['orders:list'] }] },
  logIn: { userName: ALICE, password: 'correct horse battery staple' },
  createSession: { loginToken: 'a-token-that-is-good-once', token: true, idleSeconds: 900 },
  reportLeakedKey: { token: SECRETS.token, source: 'a public repository' },
};
