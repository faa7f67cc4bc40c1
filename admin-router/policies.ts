import type { ApiKey, Criterion, Latchkey, Policy, PolicyPage, PolicyQuery, Principal } from '../lib/index.js';
import { AuthError, hidden } from '../lib/index.js';
import { lacks, maySee } from './access.js';
import { etag, ifMatch } from './etag.js';
import type { Answer, Route } from './route.js';
import { route } from './route.js';
import {
  newPolicySchema,
  pageSchema,
  policyChangesSchema,
  policyListSchema,
  policySearchSchema,
  removePolicySchema,
} from './schemas.js';
import { keyToWire, policyToWire } from './wire.js';

const COLLECTION = 'policies';
type PolicyAction = 'policies:read' | 'policies:manage';

const CHANGE_ERRORS = ['forbidden', 'not_found', 'conflict', 'not_durable'] as const;

/** The routes of `/policies`. Nobody makes, changes or gives away one beyond their own rights. */
export function policyRoutes({ policies }: Latchkey): Route[] {
  /** Null where there is none. */
  async function look(principal: Principal, id: string, action: PolicyAction): Promise<Policy | null> {
    if (!/^[\w.-]{1,128}$/.test(id)) throw new AuthError('not_found');
    const policy = await policies.get(id, principal.orgId);
    if (policy === null) return null;
    if (!mayRead(principal, `${COLLECTION}/${policy.id}`)) throw hidden();
    if (!principal.can(action, `${COLLECTION}/${policy.id}`) && action === 'policies:manage') throw lacks(action);
    return policy;
  }

  async function find(principal: Principal, id: string, action: PolicyAction): Promise<Policy> {
    const policy = await look(principal, id, action);
    if (policy === null) throw new AuthError('not_found');
    return policy;
  }

  async function search(
    principal: Principal,
    paging: Omit<PolicyQuery, 'orgId'>,
    criteria: readonly Criterion[],
  ): Promise<Answer> {
    if (!mayRead(principal, COLLECTION)) throw lacks('policies:read');
    return { body: pageToWire(await policies.search({ orgId: principal.orgId, ...paging }, criteria)) };
  }

  return [
    route('POST', '/policies', {
      operationId: 'createPolicy',
      summary: 'Make a policy: a role, a template, or any other named list of statements.',
      answer: [201, 'Policy'],
      headers: ['ETag', 'Location'],
      errors: ['forbidden', 'conflict', 'not_durable'],
      body: newPolicySchema,
      async handle({ principal, body, address, req }) {
        if (!principal.can('policies:manage', COLLECTION)) throw lacks('policies:manage');
        const policy = await policies.create({ ...body, orgId: principal.orgId }, { by: principal, address });
        const headers = { ...etag(policy), Location: `${req.baseUrl}/policies/${policy.id}` };
        return { status: 201, headers, body: policyToWire(policy) };
      },
    }),
    route('GET', '/policies', {
      operationId: 'listPolicies',
      summary: 'List policies by id, those built in included.',
      answer: [200, 'PolicyPage'],
      errors: ['forbidden'],
      query: policyListSchema,
      async handle({ principal, query }) {
        const { type, name, templateId, grantable, ...paging } = query;
        const criteria: Criterion[] = [];
        if (type !== undefined) criteria.push({ field: 'type', test: 'in', value: type });
        if (name !== undefined) criteria.push({ field: 'name', test: 'equal', value: name });
        if (templateId !== undefined) criteria.push({ field: 'templateId', test: 'equal', value: templateId });
        return await search(principal, { ...paging, ...(grantable && { grantableBy: principal }) }, criteria);
      },
    }),
    route('POST', '/policies/search', {
      operationId: 'searchPolicies',
      summary: 'Search policies by criteria, all of which must hold; sorted by id.',
      answer: [200, 'PolicyPage'],
      errors: ['forbidden'],
      body: policySearchSchema,
      async handle({ principal, body }) {
        const { criteria, maxItems, cursor } = body;
        return await search(principal, { limit: maxItems, cursor }, criteria as readonly Criterion[]);
      },
    }),
    route('GET', '/policies/:id', {
      operationId: 'getPolicy',
      summary: 'Read a policy, with the statements that it has now.',
      answer: [200, 'Policy'],
      headers: ['ETag'],
      errors: ['not_found'],
      async handle({ principal, id }) {
        return answer(await find(principal, id, 'policies:read'));
      },
    }),
    route('GET', '/policies/:id/users', {
      operationId: 'listPolicyUsers',
      summary:
        'The keys that have a policy and still work, by id: those that the caller may see. Of a template ask for the policies with its templateId.',
      answer: [200, 'ApiKeyPage'],
      errors: ['not_found'],
      query: pageSchema,
      async handle({ principal, id, query }) {
        const policy = await find(principal, id, 'policies:read');
        const mayShow = (key: ApiKey) => maySee(principal, key);
        const { items, nextCursor } = await policies.users(policy, { ...query, orgId: principal.orgId }, mayShow);
        return { body: { items: items.map(keyToWire), nextCursor } };
      },
    }),
    route('PATCH', '/policies/:id', {
      operationId: 'updatePolicy',
      summary:
        'Change the fields that are given, for every key that has the policy; with If-Match only the version read.',
      answer: [200, 'Policy'],
      headers: ['ETag'],
      ifMatch: true,
      errors: CHANGE_ERRORS,
      body: policyChangesSchema,
      async handle({ principal, id, body, address, req }) {
        await find(principal, id, 'policies:manage');
        return answer(await policies.update(id, body, { by: principal, address, ifVersion: ifMatch(req) }));
      },
    }),
    route('DELETE', '/policies/:id', {
      operationId: 'deletePolicy',
      summary: 'Remove a policy. One in use is 409 with the count of its users, unless detach=true takes it from them.',
      answer: [200, 'PolicyRemoval'],
      ifMatch: true,
      errors: CHANGE_ERRORS,
      query: removePolicySchema,
      async handle({ principal, id, query, address, req }) {
        const policy = await look(principal, id, 'policies:manage');
        // One that is gone, too, is asked for: an earlier try may have removed it without having been acknowledged.
        const mayRemove = policy !== null || principal.can('policies:manage', `${COLLECTION}/${id}`);
        if (!mayRemove) throw new AuthError('not_found');
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
