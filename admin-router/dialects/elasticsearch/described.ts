import type { Ceiling, Statement } from '../../../lib/index.js';
import { intersection } from './intersection.js';
import { nameOfAction, namesOfResource } from './names.js';
import { essential } from './privileges.js';
import type { ApplicationEntry, IndexEntry, RoleDescriptor } from './role-descriptors.js';
import { RUN_AS } from './statements.js';
import { covers } from './wildcard.js';

/** One who may do everything. */
export const SUPERUSER: RoleDescriptor = Object.freeze({
  cluster: ['all'],
  indices: [{ names: ['*'], privileges: ['all'], allow_restricted_indices: true }],
  applications: [{ application: '*', privileges: ['*'], resources: ['*'] }],
  run_as: ['*'],
  metadata: {},
  transient_metadata: { enabled: true },
});

export function isEverything({ actions, resources, workspace }: Statement): boolean {
  return workspace === '*' && actions.includes('*') && resources.includes('*');
}

/** Statements as a role: what of them is about this product, without what a privilege in it holds already. */
export function describe(statements: readonly Statement[]): RoleDescriptor {
  if (statements.some(isEverything)) return SUPERUSER;
  const everywhere = statements.filter(({ workspace }) => workspace === '*');
  const cluster = everywhere
    .filter(({ resources }) => resources.includes('*'))
    .flatMap(({ actions }) => namesIn(actions, 'cluster'));
  const runAs = everywhere
    .filter(({ actions }) => actions.some((action) => covers(action, RUN_AS)))
    .flatMap(({ resources }) => resources.flatMap((resource) => inFolder('users', resource)));
  return {
    cluster: essential('cluster', cluster).sort(),
    indices: everywhere.flatMap(indexEntries),
    applications: everywhere.flatMap(applicationEntries),
    run_as: [...new Set(runAs)].sort(),
    metadata: {},
    transient_metadata: { enabled: true },
  };
}

/** A bound as a role. */
export function describeCeiling([first, ...others]: Ceiling): RoleDescriptor {
  return first === undefined ? SUPERUSER : describe(others.reduce<readonly Statement[]>(intersection, first));
}

function namesIn(actions: readonly string[], wanted: string): string[] {
  return actions.flatMap((action) => {
    if (covers(action, `elasticsearch:${wanted}:*`)) return [wanted === 'application' ? '*' : 'all'];
    const { kind, name } = nameOfAction(action) ?? {};
    return kind === wanted && name !== undefined ? [name] : [];
  });
}

function indexEntries({ actions, resources }: Statement): IndexEntry[] {
  const whole = namesIn(actions, 'index');
  const filtered = namesIn(actions, 'index-filtered');
  const privileges = essential('index', whole.length > 0 ? whole : filtered).sort();
  const names = resources.flatMap((resource) => inFolder('indices', resource));
  if (privileges.length === 0 || names.length === 0) return [];
  // The filter itself is not in the statement: nothing of the index is shown as granted in full.
  const security = whole.length > 0 ? {} : { field_security: { grant: [] } };
  const isForRestricted = resources.some((resource) => resource === '*' || resource.startsWith('restricted-indices/'));
  return [{ names, privileges, ...security, allow_restricted_indices: isForRestricted }];
}

function applicationEntries({ actions, resources }: Statement): ApplicationEntry[] {
  const privileges = namesIn(actions, 'application').sort();
  if (privileges.length === 0) return [];
  const byApplication = new Map<string, string[]>();
  for (const resource of resources) {
    const [folder, application = '', name = ''] =
      resource === '*' ? ['applications', '*', '*'] : namesOfResource(resource);
    if (folder !== 'applications') continue;
    byApplication.set(application, [...(byApplication.get(application) ?? []), name]);
  }
  return Array.from(byApplication, ([application, names]) => ({ application, privileges, resources: names.sort() }));
}

function inFolder(folder: string, resource: string): string[] {
  if (resource === '*') return ['*'];
  const [first, name] = namesOfResource(resource);
  return first === folder && name !== undefined ? [name] : [];
}
