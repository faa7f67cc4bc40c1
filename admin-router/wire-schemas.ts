import * as z from 'zod';
import { type AuthErrorCode, EVENT_TYPES, type EventType, KEY_STATES } from '../lib/index.js';

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
  kind: z.enum(['cookie', 'token', 'dialect']),
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

const scheme = z.enum(['api-key-header', 'api-key', 'basic', 'session-cookie']);

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

/** Fields as they were kept; where the record was too long, cut, and lists as the beginning of their JSON. */
const facts = z.record(z.string(), z.unknown());
const entry = {
  id: z.string(),
  outcome: z.enum(['success', 'refused']),
  at: instant,
  count,
  lastAt: instant,
  address: z.string().nullable(),
  orgId: z.string().nullable(),
};
const doer = { actorId: z.string().nullable(), credentialId: z.string().nullable() };
const change = { ...entry, ...doer, before: facts, after: facts };
const keyChange = { ...change, keyId: z.string(), ownerId: z.string() };
const keyEvent = { ...entry, keyId: z.string(), ownerId: z.string() };
const request = { method: z.string(), path: z.string() };

const auditEntry = z.discriminatedUnion('type', [
  z.strictObject({
    type: z.enum(
      eventTypes(
        'key.created',
        'key.changed',
        'key.rotated',
        'key.disabled',
        'key.enabled',
        'key.revoked',
        'key.unused',
      ),
    ),
    ...keyChange,
  }),
  z.strictObject({
    type: z.enum(eventTypes('key.leaked')),
    ...keyChange,
    secret: z.enum(['current', 'previous']),
    source: z.string().nullable(),
  }),
  z.strictObject({
    type: z.enum(eventTypes('policy.created', 'policy.changed', 'policy.deleted')),
    ...change,
    policyId: z.string(),
  }),
  z.strictObject({
    type: z.enum(eventTypes('document.created', 'document.changed', 'document.deleted')),
    ...change,
    documentKind: z.string(),
    documentId: z.string(),
  }),
  z.strictObject({ type: z.enum(eventTypes('login.succeeded')), ...entry, userId: z.string() }),
  z.strictObject({
    type: z.enum(eventTypes('login.failed')),
    ...entry,
    userId: z.string().nullable(),
    reason: z.string(),
  }),
  z.strictObject({
    type: z.enum(eventTypes('session.started')),
    ...entry,
    sessionId: z.string(),
    userId: z.string(),
    kind: session.shape.kind,
  }),
  z.strictObject({
    type: z.enum(eventTypes('session.ended')),
    ...entry,
    ...doer,
    sessionId: z.string(),
    userId: z.string(),
  }),
  z.strictObject({
    type: z.enum(eventTypes('request.refused')),
    ...entry,
    ...request,
    reason: z.string(),
    scheme: scheme.nullable(),
    credentialId: z.string().nullable(),
    ownerId: z.string().nullable(),
  }),
  z.strictObject({
    type: z.enum(eventTypes('request.forbidden')),
    ...entry,
    ...doer,
    ...request,
    detail: z.string(),
  }),
  z.strictObject({ type: z.enum(eventTypes('key.first-used')), ...keyEvent }),
  z.strictObject({
    type: z.enum(eventTypes('key.expiring')),
    ...keyEvent,
    name: z.string(),
    expiresAt: instant,
    thresholdSeconds: z.number(),
  }),
  z.strictObject({ type: z.enum(eventTypes('activity.dropped')), ...entry, orgId: z.null() }),
]);

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

function eventTypes<Types extends EventType[]>(...types: Types): Types {
  const unknown = types.find((type) => !EVENT_TYPES.includes(type));
  if (unknown !== undefined) throw new TypeError(`there is no event ${unknown}`);
  return types;
}

const page = <Item extends z.ZodType>(item: Item) =>
  z.strictObject({ items: z.array(item), nextCursor: z.string().nullable() });

/** By the names that they have in the document. A schema that holds another one by name refers to it there. */
export const WIRE_SCHEMAS = {
  Statement: statement,
  ApiKey: key,
  ApiKeyPage: page(key),
  IssuedApiKey: key.extend(secrets),
  IssuedSessionKey: key.extend({ ...secrets, sessionKey: z.literal(true), policies: z.array(policy) }),
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
  Principal: principal,
  AuditEntry: auditEntry,
  AuditPage: page(auditEntry),
  LeakReport: z.strictObject({ revoked: z.boolean() }),
  OpenApiDocument: z.looseObject({ openapi: z.string() }),
  Problem: problem,
  FieldError: fieldError,
} as const;

export type AnswerName = keyof typeof WIRE_SCHEMAS;
