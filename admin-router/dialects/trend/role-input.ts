import { FULL_ACCESS, type NewPolicy, type Policy, type PolicyChanges } from '../../../lib/index.js';
import { invalid } from './answers.js';
import type { Members } from './fields.js';
import { booleanIn, given, membersIn, membersOf, needed, textIn } from './fields.js';
import { RIGHTS, type Right } from './rights.js';
import { fieldsOf, type RoleFields, rightsOf } from './role-view.js';

const SWITCHES = [
  'canOnlyManipulateUsersWithEqualOrLesserRights',
  'allComputers',
  'allPolicies',
  'allowUserInterface',
  'allowWebService',
] as const;
const LISTS = ['computerIDs', 'computerGroupIDs', 'policyIDs'] as const;
const MAX_IDS = 1_000;
const OWN_ACTIONS: readonly string[] = Object.values(RIGHTS).map(({ action }) => action);

/** A new role. Other groups of rights than those of this contract are not kept. */
export function newRoleOf(body: unknown): NewPolicy {
  const members = membersOf(body);
  const name = needed(textIn(members, 'name') || undefined, 'name');
  const description = textIn(members, 'description') ?? '';
  const rights = rightsIn(members, []) ?? [];
  const fields = { ...fieldsOf(null), ...givenFields(members), rights };
  return { name, description, type: 'role', statements: statementsOf(fields), dialects: { trend: fields } };
}

/** Only what differs. @throws AuthError `invalid_request` for what cannot be taken away without the role's other statements. */
export function changesOf(body: unknown, role: Policy): PolicyChanges {
  const members = membersOf(body);
  const before = fieldsOf(role);
  const held = before.allowWebService ? rightsOf(role.statements) : before.rights;
  const asked = rightsIn(members, held);
  const fields = { ...before, ...givenFields(members), rights: asked ?? held };
  const name = textIn(members, 'name');
  const description = textIn(members, 'description');
  const isRegranted = !isSame(fields.rights, held) || fields.allowWebService !== before.allowWebService;
  const others = role.statements.filter((statement) => !isOwn(statement));
  if (!fields.allowWebService && others.length > 0) throw invalid('allowWebService');
  const without = rightsOf(others); // what it has otherwise it is not given once more, perhaps on more resources
  const rights = fields.rights.filter((right) => !without.includes(right));
  const statements = [...others, ...statementsOf({ ...fields, rights })];
  if (isRegranted && !isSame(rightsOf(statements), fields.allowWebService ? fields.rights : []))
    throw invalid('rights');
  return {
    ...(name !== undefined && name !== role.name && { name }),
    ...(description !== undefined && description !== role.description && { description }),
    ...(isRegranted && { statements }),
    ...(JSON.stringify(fields) !== JSON.stringify({ ...before, rights: held }) && { dialects: { trend: fields } }),
  };
}

/** Whether a statement is one that `statementsOf` makes. */
function isOwn({ actions, resources, workspace }: Policy['statements'][number]): boolean {
  const isEverywhere = resources.length === 1 && resources[0] === '*' && workspace === '*';
  return isEverywhere && actions.every((action) => OWN_ACTIONS.includes(action));
}

/** A role that may not use the web service has no rights here. */
function statementsOf({ allowWebService, rights }: RoleFields) {
  const actions = rights.map((right) => RIGHTS[right].action);
  return allowWebService && actions.length > 0 ? [{ ...FULL_ACCESS, actions }] : [];
}

/** The rights after a change of those that are named; undefined where none is. */
function rightsIn(members: Members, held: readonly Right[]): Right[] | undefined {
  const platform = membersIn(membersIn(members, 'rights') ?? {}, 'platformRights');
  if (platform === undefined) return undefined;
  return (Object.keys(RIGHTS) as Right[]).filter(
    (right) => booleanIn(membersIn(platform, RIGHTS[right].group) ?? {}, right) ?? held.includes(right),
  );
}

function givenFields(members: Members): Partial<RoleFields> {
  const switches = SWITCHES.map((name) => [name, booleanIn(members, name)] as const);
  const lists = LISTS.map((name) => [name, idsIn(members, name)] as const);
  return Object.fromEntries([...switches, ...lists].filter(([, value]) => value !== undefined));
}

function idsIn(members: Members, name: string): number[] | undefined {
  const ids = given(members, name);
  if (ids === undefined) return undefined;
  if (!Array.isArray(ids) || ids.length > MAX_IDS) throw invalid(name);
  const numbers = ids.map((id: unknown) => (typeof id === 'string' && /^[0-9]{1,15}$/.test(id) ? Number(id) : id));
  if (!numbers.every((id) => Number.isSafeInteger(id))) throw invalid(name);
  return numbers as number[];
}

function isSame(some: readonly string[], others: readonly string[]): boolean {
  return some.length === others.length && some.every((each) => others.includes(each));
}
