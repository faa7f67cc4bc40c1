import type { ApiKey, Criterion, KeyFilter, KeyPage, Latchkey, Principal } from '../lib/index.js';
import { AuthError } from '../lib/index.js';
import { demand, demandManage, demandRotate, isUser, may, visibleKey } from './access.js';
import { etag, ifMatch } from './etag.js';
import type { Answer, Route } from './route.js';
import { route } from './route.js';
import {
  emptySchema,
  keyChangesSchema,
  listSchema,
  newKeySchema,
  reasonSchema,
  revokeManySchema,
  rotateSchema,
  searchSchema,
} from './schemas.js';
import { issuedToWire, keyToWire } from './wire.js';

const CHANGE_ERRORS = ['forbidden', 'not_found', 'conflict', 'not_durable'] as const;

/** The routes of `/api-keys`. */
export function apiKeyRoutes(latchkey: Latchkey): Route[] {
  const { apiKeys } = latchkey;

  const find = (principal: Principal, id: string) => visibleKey(latchkey, principal, id);

  return [
    route('POST', '/api-keys', {
      operationId: 'createApiKey',
      summary: 'Make a key. The answer is the only one that holds its secret.',
      answer: [201, 'IssuedApiKey'],
      headers: ['ETag', 'Location'],
      errors: ['forbidden', 'conflict', 'not_durable'],
      body: newKeySchema,
      async handle({ principal, body, address, req }) {
        const { ownerId = principal.id, expiresInSeconds, disableUnusedAfterSeconds, ...fields } = body;
        if (isUser(principal) && ownerId === principal.id) demand(principal, 'keys:manage-own', 'keys:manage');
        else demand(principal, 'keys:grant');
        const times = inMs({ expiresInSeconds, disableUnusedAfterSeconds });
        const input = { ...fields, ...times, ownerId, orgId: principal.orgId };
        const issued = await apiKeys.create(input, { by: principal, address });
        const headers = { ...etag(issued.key), Location: `${req.baseUrl}/api-keys/${issued.key.id}` };
        return { status: 201, headers, body: issuedToWire(issued) };
      },
    }),
    route('GET', '/api-keys', {
      operationId: 'listApiKeys',
      summary: 'List keys: one’s own, or with keys:read those of the organisation.',
      answer: [200, 'ApiKeyPage'],
      errors: ['forbidden'],
      query: listSchema,
      async handle({ principal, query }) {
        const { limit, cursor, sort, descending, ownerId, ...filter } = query;
        const { ownerKind, ...scope } = scopeOf(principal, ownerId);
        const paging = { ...scope, limit, cursor, sort, descending };
        return { body: pageToWire(await apiKeys.list(paging, { ...filter, ownerKind })) };
      },
    }),
    route('POST', '/api-keys/search', {
      operationId: 'searchApiKeys',
      summary: 'Search keys by criteria, all of which must hold.',
      answer: [200, 'ApiKeyPage'],
      errors: ['forbidden'],
      body: searchSchema,
      async handle({ principal, body }) {
        const { criteria, ownerId, maxItems, ...paging } = body;
        const { ownerKind, ...scope } = scopeOf(principal, ownerId);
        const own = ownerKind === undefined ? [] : [{ field: 'ownerKind', test: 'equal', value: ownerKind } as const];
        const page = await apiKeys.search({ ...scope, ...paging, limit: maxItems }, [
          ...own,
          ...(criteria as readonly Criterion[]),
        ]);
        return { body: pageToWire(page) };
      },
    }),
    route('POST', '/api-keys/revoke', {
      operationId: 'revokeApiKeys',
      summary: 'Revoke several keys; each has its own outcome.',
      answer: [200, 'RevocationResults'],
      body: revokeManySchema,
      async handle({ principal, body, address, req }) {
        const allowed: string[] = [];
        const refused = new Map<string, string>();
        for (const id of new Set(body.ids)) {
          try {
            demandManage(principal, await find(principal, id));
            allowed.push(id);
          } catch (error) {
            if (!(error instanceof AuthError) || error.status === 503) throw error;
            latchkey.tellForbidden(req, error);
            refused.set(id, error.code);
          }
        }
        const done = await apiKeys.revokeMany(allowed, { by: principal, address, reason: body.reason });
        const outcomes = new Map([...refused, ...done.map(({ id, outcome }) => [id, outcome] as const)]);
        return { body: { results: body.ids.map((id) => ({ id, outcome: outcomes.get(id) })) } };
      },
    }),
    route('GET', '/api-keys/:id', {
      operationId: 'getApiKey',
      summary: 'Read a key.',
      answer: [200, 'ApiKey'],
      headers: ['ETag'],
      errors: ['not_found'],
      async handle({ principal, id }) {
        return answer(await find(principal, id));
      },
    }),
    route('PATCH', '/api-keys/:id', {
      operationId: 'updateApiKey',
      summary: 'Change the fields that are given; with If-Match only the version that was read.',
      answer: [200, 'ApiKey'],
      headers: ['ETag'],
      ifMatch: true,
      errors: CHANGE_ERRORS,
      body: keyChangesSchema,
      async handle({ principal, id, body, address, req }) {
        demandManage(principal, await find(principal, id));
        const { expiresInSeconds, disableUnusedAfterSeconds, ...fields } = body;
        const changes = { ...fields, ...inMs({ expiresInSeconds, disableUnusedAfterSeconds }) };
        return answer(await apiKeys.update(id, changes, { by: principal, address, ifVersion: ifMatch(req) }));
      },
    }),
    route('DELETE', '/api-keys/:id', {
      operationId: 'revokeApiKey',
      summary: 'Revoke a key, for good. It stays readable for the retention time.',
      answer: [200, 'ApiKey'],
      headers: ['ETag'],
      ifMatch: true,
      errors: CHANGE_ERRORS,
      query: reasonSchema,
      async handle({ principal, id, query, address, req }) {
        demandManage(principal, await find(principal, id));
        const { reason } = query;
        return answer(await apiKeys.revoke(id, { by: principal, address, ifVersion: ifMatch(req), reason }));
      },
    }),
    route('POST', '/api-keys/:id/rotate', {
      operationId: 'rotateApiKey',
      summary: 'Give a key a new secret; the old one is accepted for graceSeconds more.',
      answer: [200, 'IssuedApiKey'],
      headers: ['ETag'],
      ifMatch: true,
      errors: CHANGE_ERRORS,
      body: rotateSchema,
      async handle({ principal, id, body, address, req }) {
        demandRotate(principal, await find(principal, id));
        const graceMs = body.graceSeconds * 1_000;
        const issued = await apiKeys.rotate(id, { by: principal, address, ifVersion: ifMatch(req), graceMs });
        return { headers: etag(issued.key), body: issuedToWire(issued) };
      },
    }),
    route('POST', '/api-keys/:id/disable', {
      operationId: 'disableApiKey',
      summary: 'Refuse a key until it is enabled again.',
      answer: [200, 'ApiKey'],
      headers: ['ETag'],
      ifMatch: true,
      errors: CHANGE_ERRORS,
      body: emptySchema,
      async handle({ principal, id, address, req }) {
        demandManage(principal, await find(principal, id));
        return answer(await apiKeys.disable(id, { by: principal, address, ifVersion: ifMatch(req) }));
      },
    }),
    route('POST', '/api-keys/:id/enable', {
      operationId: 'enableApiKey',
      summary: 'Accept a disabled key again.',
      answer: [200, 'ApiKey'],
      headers: ['ETag'],
      ifMatch: true,
      errors: CHANGE_ERRORS,
      body: emptySchema,
      async handle({ principal, id, address, req }) {
        demandManage(principal, await find(principal, id));
        return answer(await apiKeys.enable(id, { by: principal, address, ifVersion: ifMatch(req) }));
      },
    }),
  ];
}

/** The library has ms, the wire seconds. */
function inMs(seconds: {
  readonly expiresInSeconds: number | undefined;
  readonly disableUnusedAfterSeconds: number | null | undefined;
}): { lifetimeMs?: number; disableUnusedAfterMs?: number | null } {
  const { expiresInSeconds, disableUnusedAfterSeconds: unused } = seconds;
  return {
    ...(expiresInSeconds !== undefined && { lifetimeMs: expiresInSeconds * 1_000 }),
    ...(unused !== undefined && { disableUnusedAfterMs: unused === null ? null : unused * 1_000 }),
  };
}

interface Scope extends Pick<KeyFilter, 'ownerKind'> {
  readonly orgId: string | null;
  readonly ownerId?: string;
}

/** Whose keys a list shows. @throws AuthError `forbidden` for somebody else's without the right. */
function scopeOf(principal: Principal, ownerId: string | undefined): Scope {
  const { orgId } = principal;
  if (may(principal, 'keys:read', 'keys:manage')) return ownerId === undefined ? { orgId } : { orgId, ownerId };
  if (!isUser(principal) || (ownerId !== undefined && ownerId !== principal.id)) demand(principal, 'keys:read');
  demand(principal, 'keys:manage-own');
  return { orgId, ownerId: principal.id, ownerKind: 'user' };
}

function answer(key: ApiKey): Answer {
  return { headers: etag(key), body: keyToWire(key) };
}

function pageToWire({ items, nextCursor }: KeyPage): object {
  return { items: items.map(keyToWire), nextCursor };
}
