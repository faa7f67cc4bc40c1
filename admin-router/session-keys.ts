import { type ApiKey, AuthError, type Criterion, hidden, type Latchkey, type Principal } from '../lib/index.js';
import { isUser, lacks, readKey } from './access.js';
import type { Route } from './route.js';
import { route } from './route.js';
import { newSessionKeySchema, sessionKeyListSchema } from './schemas.js';
import { issuedToWire, keyToWire, policyToWire } from './wire.js';

const COLLECTION = 'session-keys';

/** The routes of `/session-keys`: who may issue them sees and revokes those that they issued. */
export function sessionKeyRoutes({ apiKeys, sessionKeys }: Latchkey): Route[] {
  return [
    route('POST', '/session-keys', {
      operationId: 'createSessionKey',
      summary:
        'Mint a session key: it always expires, and never exceeds its issuer. The answer is the only one with its secret.',
      answer: [201, 'IssuedSessionKey'],
      errors: ['forbidden', 'conflict', 'not_durable'],
      body: newSessionKeySchema,
      async handle({ principal, body, address }) {
        demand(principal, 'session-keys:issue');
        if (body.userId !== undefined && body.userId !== principal.id) demand(principal, 'keys:grant');
        const { userId = principal.id, orgId = principal.orgId, durationSeconds, ...rest } = body;
        if (orgId !== principal.orgId) {
          throw new AuthError('forbidden', { message: 'A session key must be of the organisation of its issuer.' });
        }
        const input = { ...rest, userId, orgId, durationMs: durationSeconds * 1_000 };
        const { policies, ...issued } = await sessionKeys.mint(input, { by: principal, address });
        return {
          status: 201,
          body: { ...issuedToWire(issued), sessionKey: true, policies: policies.map(policyToWire) },
        };
      },
    }),
    route('GET', '/session-keys', {
      operationId: 'listSessionKeys',
      summary: 'List session keys: those one has issued, or with keys:read those of the organisation.',
      answer: [200, 'ApiKeyPage'],
      errors: ['forbidden'],
      query: sessionKeyListSchema,
      async handle({ principal, query }) {
        const { ownerId, limit, cursor, sort, descending } = query;
        const isAll = principal.can('keys:read', COLLECTION);
        if (!isAll) demand(principal, 'session-keys:issue');
        const mine = isAll ? [] : issuedBy(principal);
        const { items, nextCursor } = await apiKeys.search(
          { orgId: principal.orgId, ownerId, limit, cursor, sort, descending },
          [{ field: 'kind', test: 'equal', value: 'session-key' }, ...mine],
        );
        return { body: { items: items.map(keyToWire), nextCursor } };
      },
    }),
    route('DELETE', '/session-keys/self', {
      operationId: 'revokeOwnSessionKey',
      summary: 'Revoke the session key that the request came with.',
      answer: [204],
      errors: ['not_found', 'conflict', 'not_durable'],
      async handle({ principal, address }) {
        const { kind, id } = principal.credential;
        if (kind !== 'session-key') {
          throw new AuthError('not_found', { message: 'The request did not come with a session key.' });
        }
        await apiKeys.revoke(id, { by: principal, address });
        return { body: null };
      },
    }),
    route('DELETE', '/session-keys/:id', {
      operationId: 'revokeSessionKey',
      summary: 'Revoke a session key, for good.',
      answer: [200, 'ApiKey'],
      errors: ['not_found', 'conflict', 'not_durable'],
      async handle({ principal, id, address }) {
        const key = await readKey({ apiKeys }, id);
        if (key === null) throw new AuthError('not_found');
        if (!mayRevoke(principal, key)) throw hidden();
        return { body: keyToWire(await apiKeys.revoke(id, { by: principal, address })) };
      },
    }),
  ];
}

/** A service may have the id of a user, so it counts which of its keys it came with. */
function issuedBy(principal: Principal): Criterion[] {
  return isUser(principal)
    ? [
        { field: 'createdBy', test: 'equal', value: principal.id },
        { field: 'ownerKind', test: 'equal', value: 'user' },
      ]
    : [{ field: 'parentIds', test: 'contains', value: principal.credential.id }];
}

function isIssuedBy(principal: Principal, { createdBy, ownerKind, parentIds }: ApiKey): boolean {
  if (!isUser(principal)) return parentIds.includes(principal.credential.id);
  return createdBy === principal.id && ownerKind === 'user';
}

function mayRevoke(principal: Principal, key: ApiKey): boolean {
  if (key.kind !== 'session-key' || key.orgId !== principal.orgId) return false;
  const isIssuer = isIssuedBy(principal, key) && principal.can('session-keys:issue', COLLECTION);
  return isIssuer || principal.can('keys:manage', `${COLLECTION}/${key.id}`);
}

function demand(principal: Principal, action: string): void {
  if (!principal.can(action, COLLECTION)) throw lacks(action);
}
