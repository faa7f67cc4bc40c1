import * as z from 'zod';
import { EVENT_TYPES, type EventType } from '../lib/index.js';

/** What goes out of the audit trail, as wire-schemas.ts has the rest. */

const instant = z.iso.datetime();
const count = z.int().min(0);

export const sessionKind = z.enum(['cookie', 'token', 'dialect']);
export const scheme = z.enum(['api-key-header', 'api-key', 'basic', 'session-cookie']);

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

/** An entry of the audit trail, by its type. */
export const auditEntry = z.discriminatedUnion('type', [
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
    kind: sessionKind,
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

function eventTypes<Types extends EventType[]>(...types: Types): Types {
  const unknown = types.find((type) => !EVENT_TYPES.includes(type));
  if (unknown !== undefined) throw new TypeError(`there is no event ${unknown}`);
  return types;
}
