import type { StatementInput } from '../../../lib/index.js';
import { type ActionKind, actionOf, resourceOf } from './names.js';
import { impliedBy, isPrivilege, unknownPrivilege } from './privileges.js';
import type { ApplicationEntry, IndexEntry, RoleDescriptor } from './role-descriptors.js';

/** What the names of privileges of applications stand for: by application and name, the actions. */
export type ApplicationPrivileges = Readonly<Record<string, Readonly<Record<string, readonly string[]>>>>;

/** Statements hold at most so many actions each. */
const MAX_ACTIONS = 50;

/** What a descriptor comes to, or what in it cannot be held. */
export interface Mapped {
  readonly statements: readonly StatementInput[];
  readonly faults: readonly string[];
}

/**
 * Descriptors as statements. A privilege is given with all those that it holds, so that an intersection can be taken action
 * by action. A descriptor with a restriction gives nothing: none of its workflows is here. Of `global` and `remote_*` nothing
 * is given either: nothing here asks for them.
 */
export function toStatements(descriptors: readonly RoleDescriptor[], known: ApplicationPrivileges = {}): Mapped {
  const faults: string[] = [];
  const unrestricted = descriptors.filter(({ restriction }) => restriction === undefined);
  for (const { cluster, indices } of descriptors) {
    const unknownCluster = cluster.find((name) => !isPrivilege('cluster', name));
    if (unknownCluster !== undefined) faults.push(unknownPrivilege('cluster', unknownCluster));
    for (const { privileges } of indices) {
      const unknownIndex = privileges.find((name) => !isPrivilege('index', name));
      if (unknownIndex !== undefined) faults.push(unknownPrivilege('index', unknownIndex));
    }
  }
  if (faults.length > 0) return { statements: [], faults };
  const hold = <Value>(value: Value | null, what: string): Value[] => {
    if (value !== null) return [value];
    faults.push(`${what} cannot be held: a wildcard must stand at the end of a part, and nothing may be too long`);
    return [];
  };
  const cluster = unrestricted.flatMap((descriptor) => descriptor.cluster);
  const runAs = unrestricted.flatMap((descriptor) => descriptor.run_as);
  const statements = [
    ...grant(clusterActions(cluster, hold), ['*']),
    ...unrestricted.flatMap(({ indices }) => indices.flatMap((entry) => ofIndices(entry, hold))),
    ...unrestricted.flatMap(({ applications }) => applications.flatMap((entry) => ofApplication(entry, known, hold))),
    ...grant(
      runAs.length > 0 ? [RUN_AS] : [],
      runAs.flatMap((name) => hold(resourceOf('users', name), `user [${name}]`)),
    ),
  ];
  return faults.length > 0 ? { statements: [], faults } : { statements: merged(statements), faults };
}

/** On `users/<name>`: to act for that user. */
export const RUN_AS = 'elasticsearch:run-as';

type Hold = <Value>(value: Value | null, what: string) => Value[];

function clusterActions(names: readonly string[], hold: Hold): string[] {
  const all = names.flatMap((name) => impliedBy('cluster', name));
  if (all.includes('all')) return ['elasticsearch:cluster:*'];
  return [...new Set(all)].flatMap((name) => hold(actionOf('cluster', name), `cluster privilege [${name}]`));
}

function ofIndices(entry: IndexEntry, hold: Hold): StatementInput[] {
  const { names, privileges, allow_restricted_indices: isForRestricted } = entry;
  const kinds: ActionKind[] = isFiltered(entry) ? ['index-filtered'] : ['index', 'index-filtered'];
  const implied = [...new Set(privileges.flatMap((name) => impliedBy('index', name)))];
  const given = implied.includes('all') ? ['all'] : implied;
  const actions = kinds.flatMap((kind) =>
    given.flatMap((name) => hold(actionOf(kind, name), `index privilege [${name}]`)),
  );
  const folders = isForRestricted ? (['indices', 'restricted-indices'] as const) : (['indices'] as const);
  const resources = folders.flatMap((folder) =>
    names.flatMap((name) => hold(indexResource(folder, name), `index name [${name}]`)),
  );
  return grant(actions, resources);
}

/** Whether it is held to some fields or documents: whoever asks for the whole index must not be told that it is allowed. */
function isFiltered({ field_security: security, query }: IndexEntry): boolean {
  if (query !== undefined) return true;
  if (security === undefined) return false;
  const { grant: granted = ['*'], except = [] } = security;
  return !granted.includes('*') || except.length > 0;
}

/** Indices of the product's own: a privilege on all indices is none on them, unless it says so. */
export function folderOf(index: string): 'indices' | 'restricted-indices' {
  return /^\.(security|async-search|fleet-secrets)/.test(index) ? 'restricted-indices' : 'indices';
}

/** Null for the product's patterns that are no wildcards, too: regular expressions, and `?`. */
export function indexResource(folder: 'indices' | 'restricted-indices', name: string): string | null {
  return name.startsWith('/') || name.includes('?') ? null : resourceOf(folder, name);
}

function ofApplication(entry: ApplicationEntry, known: ApplicationPrivileges, hold: Hold): StatementInput[] {
  const { application, privileges, resources } = entry;
  const names = privileges.flatMap((name) => [name, ...actionsOf(known, application, name)]);
  return grant(
    [...new Set(names)].flatMap((name) => hold(actionOf('application', name), `application privilege [${name}]`)),
    resources.flatMap((name) => hold(resourceOf('applications', application, name), `resource [${name}]`)),
  );
}

/** The actions that a name of the application stands for; none for one that is not listed. */
export function actionsOf(known: ApplicationPrivileges, application: string, name: string): readonly string[] {
  const names = Object.hasOwn(known, application) ? known[application] : undefined;
  return names !== undefined && Object.hasOwn(names, name) ? (names[name] ?? []) : [];
}

function grant(actions: readonly string[], resources: readonly string[]): StatementInput[] {
  if (actions.length === 0 || resources.length === 0) return [];
  const [distinctActions, distinct] = [[...new Set(actions)], [...new Set(resources)]];
  const chunks = Math.ceil(distinctActions.length / MAX_ACTIONS);
  return Array.from({ length: chunks }, (_, index) => ({
    actions: distinctActions.slice(index * MAX_ACTIONS, (index + 1) * MAX_ACTIONS),
    resources: distinct,
  }));
}

/** Without those that are there twice. */
function merged(statements: readonly StatementInput[]): StatementInput[] {
  return [...new Map(statements.map((statement) => [JSON.stringify(statement), statement])).values()];
}
