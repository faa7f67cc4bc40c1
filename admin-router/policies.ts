import type { Criterion, Latchkey, Policy, PolicyPage, Principal } from '../lib/index.js';
import { AuthError, hidden } from '../lib/index.js';
import { lacks } from './access.js';
import { etag, ifMatch } from './etag.js';
import type { Answer, Route } from './route.js';
import { route } from './route.js';
import {
  newPolicySchema,
  policyChangesSchema,
  policyListSchema,
  policySearchSchema,
  removePolicySchema,
} from './schemas.js';
import { policyToWire } from './wire.js';

const COLLECTION = 'policies';
type PolicyAction = 'policies:read' | 'policies:manage';

/** The routes of `/policies`. Nobody makes, changes or gives away one beyond their own rights. */
export function policyRoutes({ policies }: Latchkey): Route[] {
  async function find(principal: Principal, id: string, action: PolicyAction): Promise<Policy> {
    const policy = /^[\w.-]{1,128}$/.test(id) ? await policies.get(id, principal.orgId) : null;
    if (policy === null) throw new AuthError('not_found');
    if (!mayRead(principal, `${COLLECTION}/${policy.id}`)) throw hidden();
    if (!principal.can(action, `${COLLECTION}/${policy.id}`) && action === 'policies:manage') throw lacks(action);
    return policy;
  }

  async function search(
    principal: Principal,
    paging: { limit?: number | undefined; cursor?: string | undefined },
    criteria: readonly Criterion[],
  ): Promise<Answer> {
    if (!mayRead(principal, COLLECTION)) throw lacks('policies:read');
    return { body: pageToWire(await policies.search({ orgId: principal.orgId, ...paging }, criteria)) };
  }

  return [
    route('POST', '/policies', {
      summary: 'Make a policy: a role, a template, or any other named list of statements.',
      body: newPolicySchema,
      async handle({ principal, body, address, req }) {
        if (!principal.can('policies:manage', COLLECTION)) throw lacks('policies:manage');
        const policy = await policies.create({ ...body, orgId: principal.orgId }, { by: principal, address });
        const headers = { ...etag(policy), Location: `${req.baseUrl}/policies/${policy.id}` };
        return { status: 201, headers, body: policyToWire(policy) };
      },
    }),
    route('GET', '/policies', {
      summary: 'List policies by id, those built in included.',
      query: policyListSchema,
      async handle({ principal, query }) {
        const { type, name, ...paging } = query;
        const criteria: Criterion[] = [];
        if (type !== undefined) criteria.push({ field: 'type', test: 'in', value: type });
        if (name !== undefined) criteria.push({ field: 'name', test: 'equal', value: name });
        return await search(principal, paging, criteria);
      },
    }),
    route('POST', '/policies/search', {
      summary: 'Search policies by criteria, all of which must hold; sorted by id.',
      body: policySearchSchema,
      async handle({ principal, body }) {
        const { criteria, maxItems, cursor } = body;
        return await search(principal, { limit: maxItems, cursor }, criteria as readonly Criterion[]);
      },
    }),
    route('GET', '/policies/:id', {
      summary: 'Read a policy, with the statements that it has now.',
      async handle({ principal, id }) {
        return answer(await find(principal, id, 'policies:read'));
      },
    }),
    route('PATCH', '/policies/:id', {
      summary:
        'Change the fields that are given, for every key that has the policy; with If-Match only the version read.',
      body: policyChangesSchema,
      async handle({ principal, id, body, address, req }) {
        await find(principal, id, 'policies:manage');
        return answer(await policies.update(id, body, { by: principal, address, ifVersion: ifMatch(req) }));
      },
    }),
    route('DELETE', '/policies/:id', {
      summary: 'Remove a policy. One in use is 409 with the count of its users, unless detach=true takes it from them.',
      query: removePolicySchema,
      async handle({ principal, id, query, address, req }) {
        await find(principal, id, 'policies:manage');
        const options = { by: principal, address, ifVersion: ifMatch(req), detach: query.detach };
        return { body: { detached: await policies.remove(id, options) } };
      },
    }),
  ];
}

function mayRead(principal: Principal, resource: string): boolean {
  return principal.can('policies:read', resource) || principal.can('policies:manage', resource);
}

function answer(policy: Policy): Answer {
  return { headers: etag(policy), body: policyToWire(policy) };
}

function pageToWire({ items, nextCursor }: PolicyPage): object {
  return { items: items.map(policyToWire), nextCursor };
}
