import { type AuditQuery, EVENT_TYPES, type EventType, type Latchkey, type Principal } from '../lib/index.js';
import { isUser, lacks, may } from './access.js';
import type { Route } from './route.js';
import { route } from './route.js';
import { auditSchema } from './schemas.js';
import { entryToWire } from './wire.js';

/** A key gets to see nothing of its owner's logins, as at `/sessions`. */
const FOR_KEYS = EVENT_TYPES.filter((type) => !/^(?:login|session)\./.test(type));

/**
 * `/audit`: with `audit:read` all of one's organisation; else what one did oneself, or what happened to one's own keys and
 * sessions, from a session or with a key that has `keys:manage-own`.
 */
export function auditRoutes({ audit }: Latchkey): Route[] {
  return [
    route('GET', '/audit', {
      operationId: 'listAuditEntries',
      summary: 'The audit trail, the newest first: what concerns oneself, or with audit:read all of the organisation.',
      answer: [200, 'AuditPage'],
      errors: ['forbidden'],
      query: auditSchema,
      async handle({ principal, query }) {
        const { actor: actorId, credential: credentialId, key: keyId, type, ...rest } = query;
        const wanted = { ...rest, actorId, credentialId, keyId, ...scopeOf(principal, type), orgId: principal.orgId };
        const { items, nextCursor } = await audit.list(wanted);
        return { body: { items: items.map(entryToWire), nextCursor } };
      },
    }),
  ];
}

/** What a caller may see of what it asks for. @throws AuthError `forbidden`. */
function scopeOf(principal: Principal, types: readonly EventType[] | undefined): Partial<AuditQuery> {
  if (principal.can('audit:read', 'audit')) return { types };
  if (principal.credential.kind === 'session') return { types, concerning: principal.id };
  if (!isUser(principal) || !may(principal, 'keys:manage-own')) throw lacks('audit:read');
  return { types: FOR_KEYS.filter((type) => types?.includes(type) ?? true), concerning: principal.id };
}
