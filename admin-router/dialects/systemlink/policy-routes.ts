import { randomUUID } from 'node:crypto';
import type { Latchkey, NewPolicy, PolicyChanges, Principal } from '../../../lib/index.js';
import { call, type DialectCall, type DialectRoute } from '../dialect.js';
import { refuse, unknownId } from './errors.js';
import { Fields } from './fields.js';
import type { SystemLinkSettings } from './options.js';
import { POLICY_TYPES, type SkylinePolicies, type SkylinePolicy, TEMPLATE_TYPES } from './policies.js';
import { policyToJson, templateToJson } from './policy-json.js';
import { choice, list, readList, select } from './query.js';
import { demand } from './rights.js';
import { readStatements } from './statements.js';

/** Of an id in a filter. */
const MAX_IDS = 100;

/** The calls on policies, and the same on templates. */
export function policyRoutes(
  latchkey: Latchkey,
  settings: SystemLinkSettings,
  policies: SkylinePolicies,
): DialectRoute[] {
  return [...routesOf(latchkey, settings, policies, false), ...routesOf(latchkey, settings, policies, true)];
}

function routesOf(
  latchkey: Latchkey,
  { basePath }: SystemLinkSettings,
  reader: SkylinePolicies,
  isTemplate: boolean,
): DialectRoute[] {
  const { policies } = latchkey;
  const path = `${basePath}/${isTemplate ? 'policy-templates' : 'policies'}`;
  const toJson = isTemplate ? templateToJson : policyToJson;

  async function find(principal: Principal, id: string): Promise<SkylinePolicy> {
    const { orgId } = principal;
    const found = isTemplate ? await reader.findTemplate(id, orgId) : await reader.find(id, orgId);
    if (found === null) throw unknownId(isTemplate ? 'PolicyTemplate' : 'Policy', id);
    return found;
  }

  async function findChangeable({ principal, params: { id = '' } }: DialectCall): Promise<SkylinePolicy> {
    demand(principal, 'managePolicies');
    const found = await find(principal, id);
    const isOfKey = found.properties === null;
    if (found.builtIn || isOfKey) throw refuse('notAllowed');
    return found;
  }

  async function show({ principal, params: { id = '' } }: DialectCall) {
    demand(principal, 'readPolicies');
    return { body: toJson(await find(principal, id)) };
  }

  async function listAll({ principal, query }: DialectCall) {
    demand(principal, 'readPolicies');
    const asked = readList(query);
    const [types, ids] = [list(query, 'type'), list(query, 'id')];
    const builtIn = choice(query, 'builtIn', ['true', 'false']);
    if ((ids?.length ?? 0) > MAX_IDS) throw refuse('invalidParameter', { args: ['id'] });
    const isKnown = (type: string) => [...POLICY_TYPES, ...TEMPLATE_TYPES].some((each) => each === type);
    if (types?.every(isKnown) === false) throw refuse('invalidParameter', { args: ['type'] });
    const wanted = (await reader.all(principal.orgId, isTemplate)).filter(
      (policy) =>
        (types?.includes(policy.type) ?? true) &&
        (ids?.includes(policy.id) ?? true) &&
        (builtIn === null || policy.builtIn === (builtIn === 'true')),
    );
    const { totalCount, page } = select(wanted, asked);
    return { body: { [isTemplate ? 'policyTemplates' : 'policies']: page.map(toJson), totalCount } };
  }

  async function create({ principal, address, body }: DialectCall) {
    demand(principal, 'managePolicies');
    const fields = new Fields(body);
    const { name, type, properties, statements, templateId, workspace } = readPolicy(fields, isTemplate);
    const isMapped = type === 'role' && templateId !== undefined;
    if (!isMapped) fields.require('name');
    if (templateId === undefined) fields.require('statements');
    else fields.require('workspace');
    await refuseOddTemplate(fields, principal, templateId, workspace);
    fields.done();
    const kind = type ?? (isTemplate ? 'user' : 'custom');
    const input: NewPolicy = {
      name: name ?? `${templateId}_${workspace}`,
      type: isTemplate ? 'template' : kind === 'role' ? 'role' : 'custom',
      orgId: principal.orgId,
      properties,
      ...(templateId === undefined ? { statements } : { templateId, workspace }),
      dialects: { systemlink: { type: kind } },
    };
    const policy = await policies.create(input, { by: principal, address, id: randomUUID() });
    return { body: toJson(reader.view(policy)) };
  }

  async function change(asked: DialectCall) {
    const { principal, address, body } = asked;
    const { id, type: kept, templateId: followed } = await findChangeable(asked);
    const fields = new Fields(body);
    const { name, type, properties, statements, templateId, workspace } = readPolicy(fields, isTemplate, followed);
    // What a policy is made from stays.
    if (templateId !== undefined && templateId !== followed) fields.refuse('templateId');
    if (workspace !== undefined && followed === null) fields.refuse('workspace');
    fields.done();
    const changes: PolicyChanges = {
      name,
      properties,
      ...(followed === null ? { statements } : { workspace }),
      ...(type !== undefined && type !== kept && { dialects: { systemlink: { type } } }),
    };
    return { body: toJson(reader.view(await policies.update(id, changes, { by: principal, address }))) };
  }

  async function remove(asked: DialectCall) {
    const { principal, address } = asked;
    const { id } = await findChangeable(asked);
    await policies.remove(id, { by: principal, address, detach: true });
    return {};
  }

  /** A workspace goes with a template only, and a template is one of the organisation's. */
  async function refuseOddTemplate(
    fields: Fields,
    { orgId }: Principal,
    templateId: string | undefined,
    workspace: string | undefined,
  ): Promise<void> {
    if (templateId === undefined && workspace !== undefined) fields.refuse('workspace');
    const isThere = templateId === undefined || (await reader.findTemplate(templateId, orgId)) !== null;
    if (!isThere) fields.refuse('templateId');
  }

  const what = isTemplate ? 'policy template' : 'policy';
  const [read, manage] = ['niauth:* or policies:read', 'niauth:* or policies:manage'];
  return [
    call('GET', path, isTemplate ? 'list policy templates' : 'list policies', read, listAll),
    call('POST', path, `make a ${what}`, manage, create),
    call('GET', `${path}/:id`, `read a ${what}`, read, show),
    call('PUT', `${path}/:id`, `change a ${what}`, manage, change),
    call('DELETE', `${path}/:id`, `remove a ${what}, also from the keys that have it`, manage, remove),
  ];
}

/** Statements beside a template are ignored, faults and all. A template has none of its own, and no workspace. */
function readPolicy(fields: Fields, isTemplate: boolean, followed: string | null = null) {
  const type = fields.choice('type', isTemplate ? TEMPLATE_TYPES : POLICY_TYPES);
  const templateId = isTemplate ? undefined : fields.text('templateId');
  const hasOwn = templateId === undefined && followed === null;
  return {
    name: fields.text('name'),
    type,
    properties: fields.map('properties'),
    statements: hasOwn ? readStatements(fields, isTemplate) : undefined,
    templateId,
    workspace: isTemplate ? undefined : fields.text('workspace'),
  };
}
