import type { IntrospectedKey, Latchkey } from '../lib/index.js';
import { demand } from './access.js';
import type { Route } from './route.js';
import { route } from './route.js';
import { introspectSchema } from './schemas.js';

/** `/introspect` (RFC 7662), for gateways that are sent keys and let others decide. Only keys of the caller's organisation. */
export function introspectRoutes(latchkey: Latchkey): Route[] {
  return [
    route('POST', '/introspect', {
      operationId: 'introspect',
      summary:
        'Whether a key is active, and whose it is (RFC 7662). Counts as no use; a wrong one is throttled as at any other route.',
      answer: [200, 'Introspection'],
      errors: ['forbidden'],
      body: introspectSchema,
      takesForm: true,
      async handle({ principal, body, address: askedFrom }) {
        demand(principal, 'keys:introspect');
        const { token, address, origin } = body;
        const found = await latchkey.introspect(token, { orgId: principal.orgId, askedFrom, address, origin });
        return { body: found === null ? { active: false } : toWire(found) };
      },
    }),
  ];
}

/** By the names of the RFC, instants in seconds. */
function toWire({ id, kind, ownerId, ownerKind, orgId, createdAt, expiresAt }: IntrospectedKey): object {
  return {
    active: true,
    sub: ownerId,
    client_id: id,
    token_type: kind,
    iat: inSeconds(createdAt),
    ...(expiresAt !== null && { exp: inSeconds(expiresAt) }),
    owner_kind: ownerKind,
    org_id: orgId,
  };
}

function inSeconds(at: number): number {
  return Math.floor(at / 1_000);
}
