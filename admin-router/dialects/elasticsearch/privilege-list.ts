import type { ApplicationEntry, IndexEntry, RoleDescriptor } from './role-descriptors.js';

/** A role as the list of privileges that `_privileges` answers. */
export function listPrivileges({ cluster, indices, applications, run_as: runAs }: RoleDescriptor): object {
  return {
    cluster: [...new Set(cluster)].sort(),
    global: [],
    indices: joinIndices(indices),
    applications: joinApplications(applications),
    run_as: [...new Set(runAs)].sort(),
  };
}

/** Entries with equal names and privileges become one, what they are held to being listed. */
function joinIndices(entries: readonly IndexEntry[]): object[] {
  const groups = new Map<string, IndexEntry[]>();
  for (const entry of entries) {
    const { names, privileges, allow_restricted_indices: restricted } = entry;
    const key = JSON.stringify([[...names].sort(), [...privileges].sort(), restricted]);
    groups.set(key, [...(groups.get(key) ?? []), entry]);
  }
  return Array.from(groups.values(), (group) => {
    const [first] = group as [IndexEntry];
    const securities = group.flatMap(({ field_security: security }) => (security === undefined ? [] : [security]));
    const queries = group.flatMap(({ query }) => query ?? []);
    return {
      names: first.names,
      privileges: first.privileges,
      // One that is held to nothing holds everything.
      ...(securities.length === group.length && { field_security: securities }),
      ...(queries.length === group.length && { query: queries }),
      allow_restricted_indices: first.allow_restricted_indices,
    };
  });
}

/** Entries with equal resources join their privileges, then those with equal privileges their resources. */
function joinApplications(entries: readonly ApplicationEntry[]): ApplicationEntry[] {
  return join(join(entries, 'resources', 'privileges'), 'privileges', 'resources');
}

type List = 'privileges' | 'resources';

function join(entries: readonly ApplicationEntry[], equal: List, joined: List): ApplicationEntry[] {
  const groups = new Map<string, ApplicationEntry>();
  for (const entry of entries) {
    const key = JSON.stringify([entry.application, [...entry[equal]].sort()]);
    const known = groups.get(key);
    const all = [...new Set([...(known?.[joined] ?? []), ...entry[joined]])].sort();
    groups.set(key, { ...(known ?? entry), [joined]: all });
  }
  return [...groups.values()];
}
