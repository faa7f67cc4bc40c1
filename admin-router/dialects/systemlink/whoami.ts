import type { ApiKey, Latchkey, Principal, Statement, User } from '../../../lib/index.js';
import { call, type DialectCall, type DialectRoute } from '../dialect.js';
import { defaultWorkspaceOf, userIdOf } from './key-extras.js';
import type { SystemLinkSettings, SystemLinkWorkspace } from './options.js';
import type { SkylinePolicies, SkylinePolicy } from './policies.js';
import { toAuthStatement } from './statements.js';
import { toTime } from './times.js';

const MAX_WORKSPACES = 1_000;
/** What one answer asks the caller's rights for at most: a key beyond its owner may have many patterns that allow nothing. */
const MAX_QUESTIONS = 50_000;

/** Who am I. For every valid credential. */
export function whoamiRoutes(
  latchkey: Latchkey,
  { basePath, profileOf, orgOf, workspacesOf }: SystemLinkSettings,
  policies: SkylinePolicies,
): DialectRoute[] {
  const { apiKeys, dialects } = latchkey;

  async function callerIn({ principal }: DialectCall) {
    const { kind, id } = principal.credential;
    const key = kind === 'password' ? null : await apiKeys.get(id);
    const userId = key === null ? principal.id : userIdOf(key);
    const user = userId === null ? null : await dialects.findUser(userId);
    const [shown, org, workspaces] = await Promise.all([
      user === null ? null : userToJson(user),
      orgToJson(principal.orgId),
      workspacesFor(principal, key, user),
    ]);
    return { key, user, shown, org, workspaces };
  }

  async function auth(asked: DialectCall) {
    const { key, shown, org, workspaces } = await callerIn(asked);
    const lists =
      key === null ? [asked.principal.statements] : (await policies.ofKey(key)).map(({ statements }) => statements);
    const shownPolicies = lists.map((statements) => ({ statements: statements.map(toAuthStatement) }));
    return { body: { org, policies: shownPolicies, properties: key?.properties ?? {}, user: shown, workspaces } };
  }

  async function user(asked: DialectCall) {
    const { key, user: known, shown, org, workspaces } = await callerIn(asked);
    const { orgId } = asked.principal;
    const ofUser = async (each: User) => {
      const { policies: ids = [] } = await profileOf(each);
      const found = await Promise.all(ids.map((id) => policies.find(id, orgId)));
      return found.filter((policy) => policy !== null);
    };
    const held = key !== null ? await policies.ofKey(key) : known === null ? [] : await ofUser(known);
    const templateIds = [...new Set(held.flatMap(({ templateId }) => templateId ?? []))];
    const templates = await Promise.all(templateIds.map((id) => policies.findTemplate(id, orgId)));
    const policyTemplates = templates.flatMap((template) => template ?? []).map(({ id, name }) => ({ id, name }));
    return { body: { org, policies: held.map(toReference), policyTemplates, user: shown, workspaces } };
  }

  async function userToJson(known: User): Promise<object> {
    const { id, orgId } = known;
    const profile = await profileOf(known);
    const { acceptedToS, createdAt, email, firstName, keywords = [], lastName, niuaId, updatedAt } = profile;
    return {
      acceptedToS,
      ...(createdAt !== undefined && { created: toTime(createdAt) }),
      email,
      firstName,
      id,
      keywords,
      lastName,
      niuaId,
      ...(orgId !== null && { orgId }),
      policies: profile.policies ?? [],
      properties: profile.properties ?? {},
      status: profile.status ?? 'active',
      ...(updatedAt !== undefined && { updated: toTime(updatedAt) }),
    };
  }

  async function orgToJson(id: string | null): Promise<object | null> {
    if (id === null) return null;
    const { name, ownerId } = (await orgOf(id)) ?? { name: id };
    return { id, name, ownerId };
  }

  /** Those on which the caller may do anything at all. */
  async function workspacesFor(principal: Principal, key: ApiKey | null, user: User | null): Promise<object[]> {
    const all = (await workspacesOf(principal.orgId)).slice(0, MAX_WORKSPACES);
    if (all.length === 0) return [];
    // What bounds a key may be narrower than its statements: then it is that which it may do.
    const statements = [...principal.statements, ...(user === null ? [] : await dialects.statementsOf(user))];
    const preferred = key === null ? null : defaultWorkspaceOf(key);
    const isDefault = ({ id, isDefault: ofHost = false }: SystemLinkWorkspace) =>
      preferred === null ? ofHost : id === preferred;
    const most = Math.floor(MAX_QUESTIONS / all.length);
    return all
      .filter(({ id }) => mayUse(principal, statements, id, most))
      .map((each) => ({ default: isDefault(each), enabled: each.enabled ?? true, id: each.id, name: each.name }));
  }

  return [
    call('GET', `${basePath}/auth`, 'who am I, and what may I do', '', auth),
    call('GET', `${basePath}/user`, 'who am I, with policies by name', '', user),
  ];
}

/** Whether the first `most` pairs of action and resource that statements have for the workspace hold one that is allowed. */
function mayUse(principal: Principal, statements: readonly Statement[], id: string, most: number): boolean {
  let left = most;
  for (const { actions, resources, workspace } of statements) {
    if (workspace !== '*' && workspace !== id) continue;
    for (const action of actions) {
      for (const resource of resources) {
        if (left-- <= 0) return false;
        if (principal.can(action, resource, id)) return true;
      }
    }
  }
  return false;
}

function toReference({ id, name, templateId, workspace }: SkylinePolicy): object {
  return {
    id,
    name,
    ...(templateId !== null && { templateId }),
    ...(workspace !== null && { workspaceId: workspace }),
  };
}
