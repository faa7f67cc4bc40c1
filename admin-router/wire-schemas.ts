import * as z from 'zod';
import { type AuthErrorCode, KEY_STATES, type KeyVerdict, RISKS } from '../lib/index.js';
import { auditEntry, scheme, sessionKind } from './wire-audit-schemas.js';

/**
 * What goes out, as data: the shapes that wire.ts makes, strict, so that a test sees every field that is not named here. Loaded
 * with the OpenAPI document only: nothing is validated on its way out.
 */

const instant = z.iso.datetime();
const texts = z.array(z.string());
const properties = z.record(z.string(), z.string());
const count = z.int().min(0);

const statement = z.strictObject({
  actions: texts,
  resources: texts,
  workspace: z.string(),
  description: z.string(),
});

const key = z.strictObject({
  id: z.string(),
  version: count,
  kind: z.enum(['api-key', 'session-key']),
  state: z.enum(KEY_STATES as [(typeof KEY_STATES)[number]]),
  name: z.string(),
  description: z.string(),
  ownerId: z.string(),
  ownerKind: z.enum(['user', 'service']),
  orgId: z.string().nullable(),
  createdBy: z.string(),
  parentIds: texts,
  statements: z.array(statement),
  policyIds: texts,
  ceiling: z.array(z.array(statement)),
  resources: texts.nullable(),
  properties,
  prefix: z.string(),
  lastFour: z.string(),
  imported: z.literal(true).optional(),
  enabled: z.boolean(),
  enabledAt: instant,
  createdAt: instant,
  updatedAt: instant,
  notBefore: instant.nullable(),
  expiresAt: instant.nullable(),
  revokedAt: instant.nullable(),
  revokedBy: z.string().nullable(),
  revokedReason: z.string().nullable(),
  previousSecretExpiresAt: instant.nullable(),
  disableUnusedAfterSeconds: z.number().nullable(),
  allowedAddresses: texts.nullable(),
  allowedOrigins: texts.nullable(),
  maxRequestsPerMinute: count.nullable(),
  countedWith: z.string().nullable(),
  internalOnly: z.boolean(),
  locale: z.string().nullable(),
  timeZone: z.string().nullable(),
  defaultWorkspace: z.string().nullable(),
  lastUsedAt: instant.nullable(),
  lastUsedFrom: z.string().nullable(),
  useCount: count,
  failureCount: count,
  lastFailedAt: instant.nullable(),
});

const secrets = { secret: z.string(), token: z.string(), encoded: z.string() };

const policy = z.strictObject({
  id: z.string(),
  version: count,
  type: z.enum(['role', 'custom', 'template', 'internal']),
  isBuiltIn: z.boolean(),
  name: z.string(),
  description: z.string(),
  orgId: z.string().nullable(),
  statements: z.array(statement),
  templateId: z.string().nullable(),
  workspace: z.string().nullable(),
  properties,
  createdBy: z.string(),
  createdAt: instant,
  updatedAt: instant,
});

const session = z.strictObject({
  id: z.string(),
  userId: z.string(),
  orgId: z.string().nullable(),
  userName: z.string(),
  kind: sessionKind,
  address: z.string().nullable(),
  userAgent: z.string().nullable(),
  createdAt: instant,
  lastActivityAt: instant,
  idleSeconds: z.number(),
  idleExpiresAt: instant,
  expiresAt: instant,
  unsuccessfulSignInAttempts: count,
  lastFailedSignInAt: instant.nullable(),
});
const listedSession = session.extend({ isCurrent: z.boolean() });

const principal = z.strictObject({
  id: z.string(),
  ownerKind: z.enum(['user', 'service']),
  orgId: z.string().nullable(),
  credential: z.strictObject({
    kind: z.enum(['api-key', 'session-key', 'session']),
    id: z.string(),
    name: z.string(),
    scheme,
    expiresAt: instant.nullable(),
    internalOnly: z.literal(true).optional(),
    allowedAddresses: texts.optional(),
    allowedOrigins: texts.optional(),
    maxRequestsPerMinute: count.optional(),
    countedWith: z.string().optional(),
    disableUnusedAfterSeconds: z.number().optional(),
  }),
  statements: z.array(statement),
  policyIds: texts,
  resources: texts.nullable(),
  properties,
  locale: z.string().nullable(),
  timeZone: z.string().nullable(),
});

const settings = z.strictObject({
  title: z.string(),
  prefix: z.string(),
  headers: texts,
  session: z.strictObject({ requestIdHeader: z.string() }).nullable(),
  asksTenant: z.boolean(),
  keys: z.strictObject({
    defaultLifetimeSeconds: z.number(),
    maxLifetimeSeconds: z.number().nullable(),
    allowNever: z.boolean(),
    allowExtension: z.boolean(),
    maxGraceSeconds: z.number(),
    mutable: texts,
  }),
});

const OBSTACLES: Readonly<Record<NonNullable<KeyVerdict['reason']>, true>> = {
  revoked: true,
  expired: true,
  disabled: true,
  pending: true,
  unused: true,
  parent_ended: true,
  owner_disabled: true,
  owner_moved: true,
  forbidden: true,
};
const obstacle = z.enum(Object.keys(OBSTACLES) as [keyof typeof OBSTACLES]);

const health = z.strictObject({
  ok: z.boolean(),
  latencyMs: z.number(),
  feedIsLive: z.boolean(),
  detail: z.string(),
  findings: z.array(
    z.strictObject({
      id: z.string(),
      level: z.enum(['ok', 'warning', 'unknown']),
      node: z.string().nullable(),
      detail: z.string(),
      mend: z.string().nullable(),
      risk: z.enum(RISKS).nullable(),
    }),
  ),
});

/** Every code, as the type has them. */
const CODES: Readonly<Record<AuthErrorCode, true>> = {
  unauthenticated: true,
  mfa_required: true,
  credential_ambiguous: true,
  invalid_request: true,
  forbidden: true,
  tls_required: true,
  not_found: true,
  method_not_allowed: true,
  conflict: true,
  precondition_failed: true,
  payload_too_large: true,
  unsupported_media_type: true,
  too_many_attempts: true,
  rate_limited: true,
  store_unavailable: true,
  not_durable: true,
};

const fieldError = z.strictObject({ path: z.string(), message: z.string() });

const problem = z.strictObject({
  type: z.literal('about:blank'),
  title: z.string(),
  status: z.int().min(400).max(599),
  code: z.enum(Object.keys(CODES) as [AuthErrorCode]),
  detail: z.string(),
  errors: z.array(fieldError).optional(),
});

const page = <Item extends z.ZodType>(item: Item) =>
  z.strictObject({ items: z.array(item), nextCursor: z.string().nullable() });

/** By the names that they have in the document. A schema that holds another one by name refers to it there. */
export const WIRE_SCHEMAS = {
  Statement: statement,
  ApiKey: key,
  ApiKeyPage: page(key),
  IssuedApiKey: key.extend(secrets),
  IssuedSessionKey: key.extend({ ...secrets, sessionKey: z.literal(true), policies: z.array(policy) }),
  KeyUsage: z.strictObject({
    days: z.array(z.strictObject({ day: z.iso.date(), uses: count, failures: count })).max(30),
  }),
  RevocationResults: z.strictObject({
    results: z.array(
      z.strictObject({ id: z.string(), outcome: z.enum(['revoked', 'not_found', 'forbidden', 'failed']) }),
    ),
  }),
  Policy: policy,
  PolicyPage: page(policy),
  PolicyRemoval: z.strictObject({ detached: count }),
  Session: listedSession,
  Sessions: z.strictObject({ items: z.array(listedSession) }),
  SessionUserPage: page(
    z.strictObject({ userId: z.string(), userName: z.string(), sessions: count, lastActivityAt: instant }),
  ),
  CurrentSession: listedSession.extend({ requestIdFailures: count }),
  NewSession: session.extend({
    requestId: z.string().optional(),
    authUsername: z.string().optional(),
    sessionToken: z.string().optional(),
  }),
  EndedSessions: z.strictObject({ ended: count }),
  SignInAttempts: z.strictObject({
    unsuccessfulSignInAttempts: count,
    lastFailedSignInAt: instant.nullable(),
  }),
  LoginToken: z.strictObject({ loginToken: z.string(), expiresAt: instant }),
  Settings: settings,
  Principal: principal,
  AuditEntry: auditEntry,
  AuditPage: page(auditEntry),
  Allowed: z.strictObject({ allowed: z.boolean() }),
  KeyVerdict: z.strictObject({
    allowed: z.boolean(),
    reason: obstacle.nullable().meta({ description: 'Null when it is allowed; else the first that holds.' }),
  }),
  Introspection: z.union([
    z.strictObject({ active: z.literal(false) }),
    z.strictObject({
      active: z.literal(true),
      sub: z.string(),
      client_id: z.string(),
      token_type: z.enum(['api-key', 'session-key']),
      iat: count,
      exp: count.optional(),
      owner_kind: z.enum(['user', 'service']),
      org_id: z.string().nullable(),
    }),
  ]),
  Health: health,
  LeakReport: z.strictObject({ revoked: z.boolean() }),
  OpenApiDocument: z.looseObject({ openapi: z.string() }),
  Problem: problem,
  FieldError: fieldError,
} as const;

export type AnswerName = keyof typeof WIRE_SCHEMAS;
