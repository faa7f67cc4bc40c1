import { isIP } from 'node:net';
import * as z from 'zod';
import {
  EVENT_TYPES,
  type EventType,
  type FieldTypes,
  KEY_STATES,
  LAST_INSTANT,
  LIMITS,
  SEARCHABLE_FIELDS,
  SEARCHABLE_POLICY_FIELDS,
} from '../lib/index.js';

/** What comes in, as data: validation, types and the OpenAPI document derive from here. */

const instant = z.iso
  .datetime({ offset: true, error: 'must be an RFC 3339 time, e.g. 2027-01-31T12:00:00Z' })
  .transform((text) => Date.parse(text))
  .refine((at) => at >= 0 && at <= LAST_INSTANT, { error: 'must be between the years 1970 and 9999' });

const wholeNumber = (min: number, max: number) =>
  z
    .string()
    .regex(/^\d{1,9}$/, { error: 'must be a whole number' })
    .transform(Number)
    .refine((value) => value >= min && value <= max, { error: `must be a whole number from ${min} to ${max}` })
    .meta({ type: 'integer', pattern: undefined, minimum: min, maximum: max }); // for the document: what the text says

const trueOrFalse = z.enum(['true', 'false']).transform((text) => text === 'true');

/** One value, several with commas between them, or the parameter several times. */
const listOf = <Value extends string>(values: readonly [Value, ...Value[]]) =>
  z.preprocess((input) => (typeof input === 'string' ? input.split(',') : input), z.array(z.enum(values)).min(1));

const sortFields = ['createdAt', 'name', 'expiresAt', 'lastUsedAt', 'id'] as const;
const sort = z
  .enum([...sortFields, ...sortFields.map((field) => `-${field}` as const)])
  .default('-createdAt')
  .transform((text) => ({
    sort: text.replace('-', '') as (typeof sortFields)[number],
    descending: text.startsWith('-'),
  }));

export const statementSchema = z.strictObject({
  actions: z.array(z.string()),
  resources: z.array(z.string()).optional(),
  workspace: z.string().optional(),
  description: z.string().optional(),
});

const keyFields = {
  name: z.string(),
  description: z.string().optional(),
  statements: z.array(statementSchema).optional(),
  resources: z.array(z.string()).nullable().optional(),
  properties: z.record(z.string(), z.string()).optional(),
  notBefore: instant.nullable().optional(),
  expiresAt: instant.nullable().optional(),
  /** In place of `expiresAt`. */
  expiresInSeconds: z.int().positive().max(10_000_000_000).optional(),
  policyIds: z.array(z.string()).optional(),
  allowedAddresses: z.array(z.string()).nullable().optional(),
  allowedOrigins: z.array(z.string()).nullable().optional(),
  disableUnusedAfterSeconds: z.int().min(3_600).max(10_000_000_000).nullable().optional(),
  maxRequestsPerMinute: z.int().min(1).max(LIMITS.requestsPerMinute).nullable().optional(),
  locale: z.string().nullable().optional(),
  timeZone: z.string().nullable().optional(),
};

const oneExpiry = {
  test: ({ expiresAt, expiresInSeconds }: { expiresAt?: unknown; expiresInSeconds?: unknown }) =>
    expiresAt === undefined || expiresInSeconds === undefined,
  error: { error: 'must not stand beside expiresAt', path: ['expiresInSeconds'] },
};

export const newKeySchema = z
  .strictObject({ ...keyFields, ownerId: z.string().optional(), internalOnly: z.boolean().optional() })
  .refine(oneExpiry.test, oneExpiry.error);

export const keyChangesSchema = z
  .strictObject({ ...keyFields, name: keyFields.name.optional(), refreshCeiling: z.boolean().optional() })
  .refine(oneExpiry.test, oneExpiry.error);

const password = {
  userName: z.string().min(1).max(256),
  password: z.string().min(1).max(1_024),
  tenant: z.string().max(128).optional(),
  mfaCode: z.string().max(64).optional(),
};

export const passwordSchema = z.strictObject(password);

/** Empty where user name and password come as Basic. */
export const loginSchema = passwordSchema.partial();

const lifeSeconds = z.int().positive().max(31_622_400).optional();

export const newSessionSchema = z.strictObject({
  ...loginSchema.shape,
  loginToken: z.string().max(64).optional(),
  token: z.boolean().optional(),
  idleSeconds: lifeSeconds,
  absoluteSeconds: lifeSeconds,
});

const identifier = z.string().min(1).max(LIMITS.identifier);

export const auditSchema = z.strictObject({
  from: instant.optional(),
  to: instant.optional(),
  actor: identifier.optional(),
  credential: identifier.optional(),
  key: identifier.optional(),
  type: listOf(EVENT_TYPES as readonly [EventType, ...EventType[]]).optional(),
  outcome: z.enum(['success', 'refused']).optional(),
  limit: wholeNumber(1, LIMITS.page).optional(),
  cursor: z.string().max(2_000).optional(),
});

export const sessionsOfSchema = z.strictObject({ userId: z.string().optional() });

export const endSessionsSchema = z.strictObject({
  userId: z.string().optional(),
  except: z.literal('current').optional(),
});

export const signInsSchema = z.strictObject({
  userName: z.string().min(1).max(256),
  tenant: z.string().max(128).optional(),
});

export const newSessionKeySchema = z.strictObject({
  userId: z.string().optional(),
  orgId: z.string().nullable().optional(),
  name: z.string().optional(),
  policyIds: z.array(z.string()).optional(),
  statements: z.array(statementSchema).optional(),
  durationSeconds: z.int().min(1).max(86_400).default(3_600),
  defaultWorkspace: z.string().nullable().default(null),
  properties: z.record(z.string(), z.string()).optional(),
  allowedAddresses: keyFields.allowedAddresses,
  allowedOrigins: keyFields.allowedOrigins,
});

export const rotateSchema = z.strictObject({ graceSeconds: z.int().min(0).max(1_000_000_000).default(0) });

export const emptySchema = z.strictObject({});

export const reasonSchema = z.strictObject({ reason: z.string().max(LIMITS.reason).optional() });

export const revokeManySchema = z.strictObject({
  ids: z.array(z.string()).min(1).max(LIMITS.bulk),
  reason: z.string().max(LIMITS.reason).optional(),
});

const noSpace = { error: 'must hold no white space' };

/** What is left out stands for all of them. */
export const questionSchema = z.strictObject({
  action: z.string().min(1).max(LIMITS.action).regex(/^\S*$/, noSpace),
  resource: z.string().min(1).max(LIMITS.resource).regex(/^\S*$/, noSpace).optional(),
  workspace: identifier.optional(),
});

/** RFC 7662, and from where the token came. */
export const introspectSchema = z.strictObject({
  token: z.string().min(1).max(1_000),
  /** Of RFC 7662; there is one type. */
  token_type_hint: z.string().max(LIMITS.identifier).optional(),
  address: z
    .string()
    .max(64)
    .refine((text) => isIP(text) !== 0, { error: 'must be an IPv4 or IPv6 address' })
    .optional(),
  origin: z.string().min(1).max(300).optional(),
});

const paging = {
  cursor: z.string().max(2_000).optional(),
  ownerId: z.string().optional(),
  sort,
};

export const pageSchema = z.strictObject({
  limit: wholeNumber(1, LIMITS.page).optional(),
  cursor: paging.cursor,
});

export const listSchema = z
  .strictObject({
    ...paging,
    limit: wholeNumber(1, LIMITS.page).optional(),
    kind: z.enum(['api-key', 'session-key']).optional(),
    state: listOf(KEY_STATES as [(typeof KEY_STATES)[number]]).optional(),
    name: z.string().max(LIMITS.like).optional(),
    createdFrom: instant.optional(),
    createdBefore: instant.optional(),
    expiresFrom: instant.optional(),
    expiresBefore: instant.optional(),
  })
  .transform(({ sort: order, state, ...rest }) => ({ ...rest, ...order, states: state }));

export const sessionKeyListSchema = z
  .strictObject({ ...paging, limit: wholeNumber(1, LIMITS.page).optional() })
  .transform(({ sort: order, ...rest }) => ({ ...rest, ...order }));

/** One condition on `fields`; instants as RFC 3339. */
const criterionOn = (fields: FieldTypes) =>
  z
    .strictObject({
      field: z.enum(Object.keys(fields) as [string, ...string[]]),
      test: z.enum([
        'equal',
        'not-equal',
        'less-than',
        'less-than-or-equal',
        'greater-than',
        'greater-than-or-equal',
        'between',
        'like',
        'not-like',
        'contains',
        'in',
        'null',
      ]),
      value: z.union([z.string(), z.number(), z.boolean(), z.array(z.union([z.string(), z.number()]))]),
    })
    .transform(({ field, test, value }, context) => {
      const inMs = (text: unknown) => {
        if (typeof text !== 'string') return text;
        const parsed = instant.safeParse(text);
        if (!parsed.success) context.addIssue({ code: 'custom', path: ['value'], message: 'must be an RFC 3339 time' });
        return parsed.data ?? 0;
      };
      if (fields[field] !== 'date') return { field, test, value };
      return { field, test, value: Array.isArray(value) ? value.map(inMs) : inMs(value) };
    });

const criteriaOn = (fields: FieldTypes) => z.array(criterionOn(fields)).max(LIMITS.criteria).default([]);
const maxItems = z.int().min(1).max(LIMITS.page).optional();

export const searchSchema = z
  .strictObject({ ...paging, maxItems, criteria: criteriaOn(SEARCHABLE_FIELDS) })
  .transform(({ sort: order, ...rest }) => ({ ...rest, ...order }));

const policyFields = {
  name: z.string(),
  description: z.string().optional(),
  statements: z.array(statementSchema).optional(),
  workspace: z.string().nullable().optional(),
  properties: z.record(z.string(), z.string()).optional(),
};

export const newPolicySchema = z.strictObject({
  ...policyFields,
  type: z.enum(['role', 'custom', 'template']).optional(),
  templateId: z.string().nullable().optional(),
});

export const policyChangesSchema = z.strictObject({ ...policyFields, name: policyFields.name.optional() });

export const policyListSchema = z.strictObject({
  type: listOf(['role', 'custom', 'template']).optional(),
  name: z.string().max(LIMITS.name).optional(),
  templateId: identifier.optional(),
  grantable: trueOrFalse.optional(),
  ...pageSchema.shape,
});

export const policySearchSchema = z.strictObject({
  criteria: criteriaOn(SEARCHABLE_POLICY_FIELDS),
  maxItems,
  cursor: paging.cursor,
});

export const removePolicySchema = z.strictObject({ detach: trueOrFalse.optional() });

export const leakSchema = z.strictObject({
  token: z.string().min(1).max(300),
  source: z.string().max(LIMITS.reason).optional(),
});
