import { isObject, type Members, shorten } from './body.js';

export interface IndexEntry {
  readonly names: readonly string[];
  readonly privileges: readonly string[];
  readonly field_security?: { readonly grant?: readonly string[]; readonly except?: readonly string[] };
  /** JSON. */
  readonly query?: string;
  readonly allow_restricted_indices: boolean;
}

export interface ApplicationEntry {
  readonly application: string;
  readonly privileges: readonly string[];
  readonly resources: readonly string[];
}

/** A role descriptor as the product gives it back, its members in that order. */
export interface RoleDescriptor {
  readonly cluster: readonly string[];
  readonly global?: Members;
  readonly indices: readonly IndexEntry[];
  readonly applications: readonly ApplicationEntry[];
  readonly run_as: readonly string[];
  readonly metadata: Members;
  readonly transient_metadata: Members;
  readonly remote_indices?: readonly (IndexEntry & { readonly clusters: readonly string[] })[];
  readonly remote_cluster?: readonly { readonly privileges: readonly string[]; readonly clusters: readonly string[] }[];
  readonly restriction?: { readonly workflows: readonly string[] };
}

export type RoleDescriptors = Readonly<Record<string, RoleDescriptor>>;

/** A descriptor that is none; the message is the product's. */
export class DescriptorError extends Error {
  override readonly name = 'DescriptorError';
}

/** Descriptors by name. @throws DescriptorError */
export function parseDescriptors(given: Members): RoleDescriptors {
  return Object.fromEntries(Object.entries(given).map(([name, value]) => [name, parseDescriptor(name, value)]));
}

const MEMBERS: Readonly<Record<string, string>> = {
  cluster: 'cluster',
  indices: 'indices',
  index: 'indices',
  applications: 'applications',
  run_as: 'run_as',
  global: 'global',
  metadata: 'metadata',
  transient_metadata: 'transient_metadata',
  remote_indices: 'remote_indices',
  remote_cluster: 'remote_cluster',
  restriction: 'restriction',
};

export function parseDescriptor(name: string, value: unknown): RoleDescriptor {
  const role = shorten(name);
  if (!isObject(value)) throw new DescriptorError(`failed to parse role [${role}]. expected an object`);
  const given: Record<string, unknown> = {};
  for (const [member, held] of Object.entries(value)) {
    const field = Object.hasOwn(MEMBERS, member) ? MEMBERS[member] : undefined;
    if (field === undefined) {
      throw new DescriptorError(`failed to parse role [${role}]. unexpected field [${shorten(member)}]`);
    }
    given[field] = held;
  }
  const texts = (field: string) => textsOf(given[field], `failed to parse role [${role}]. field [${field}]`) ?? [];
  const objects = (field: string) => objectsOf(given[field], field, role);
  const map = (field: string) => mapOf(given[field], field, role);
  const globals = map('global');
  const remoteIndices = objects('remote_indices').map((entry) => ({
    ...indexEntry(entry, role, ['clusters']),
    clusters: required(entry, 'clusters', 'remote_indices', role),
  }));
  const remoteCluster = objects('remote_cluster').map((entry) => ({
    privileges: required(checked(entry, ['privileges', 'clusters'], role), 'privileges', 'remote_cluster', role),
    clusters: required(entry, 'clusters', 'remote_cluster', role),
  }));
  const restriction = map('restriction');
  return {
    cluster: texts('cluster'),
    ...(globals && Object.keys(globals).length > 0 && { global: globals }),
    indices: objects('indices').map((entry) => indexEntry(entry, role)),
    applications: objects('applications').map((entry) => applicationEntry(entry, role)),
    run_as: texts('run_as'),
    metadata: map('metadata') ?? {},
    transient_metadata: { enabled: true },
    ...(remoteIndices.length > 0 && { remote_indices: remoteIndices }),
    ...(remoteCluster.length > 0 && { remote_cluster: remoteCluster }),
    ...(restriction && {
      restriction: { workflows: required(checked(restriction, ['workflows'], role), 'workflows', 'restriction', role) },
    }),
  };
}

/** Whether it lets do anything at all. */
export function grantsAnything(descriptor: RoleDescriptor): boolean {
  const { cluster, indices, applications, run_as: runAs } = descriptor;
  const { global: globals, remote_indices: remoteIndices, remote_cluster: remoteCluster } = descriptor;
  const lists = [cluster, indices, applications, runAs, remoteIndices ?? [], remoteCluster ?? []];
  return globals !== undefined || lists.some((list) => list.length > 0);
}

const INDEX_MEMBERS = ['names', 'privileges', 'field_security', 'query', 'allow_restricted_indices'];

function indexEntry(entry: Members, role: string, more: readonly string[] = []): IndexEntry {
  checked(entry, [...INDEX_MEMBERS, ...more], role);
  const security = mapOf(entry.field_security, 'field_security', role);
  const { query, allow_restricted_indices: restricted = false } = entry;
  if (![true, false, 'true', 'false'].includes(restricted as boolean)) {
    throw new DescriptorError(
      `failed to parse indices privileges for role [${role}]. expected field [allow_restricted_indices] to be a boolean`,
    );
  }
  if (query != null && typeof query !== 'string' && !isObject(query)) {
    throw new DescriptorError(
      `failed to parse indices privileges for role [${role}]. expected field [query] to be a string or an object`,
    );
  }
  return {
    names: required(entry, 'names', 'indices', role),
    privileges: required(entry, 'privileges', 'indices', role),
    ...(security && { field_security: fieldSecurity(security, role) }),
    ...(query != null && { query: typeof query === 'string' ? query : JSON.stringify(query) }),
    allow_restricted_indices: restricted === true || restricted === 'true',
  };
}

function fieldSecurity(given: Members, role: string): NonNullable<IndexEntry['field_security']> {
  checked(given, ['grant', 'except'], role);
  const what = `failed to parse indices privileges for role [${role}]. field [field_security]`;
  const [grant, except] = [textsOf(given.grant, what), textsOf(given.except, what)];
  return { ...(grant && { grant }), ...(except && { except }) };
}

function applicationEntry(entry: Members, role: string): ApplicationEntry {
  checked(entry, ['application', 'privileges', 'resources'], role);
  const { application } = entry;
  const fault =
    typeof application !== 'string' ? 'missing required [application] field' : applicationFault(application);
  if (fault !== null) {
    throw new DescriptorError(`failed to parse application privileges for role [${role}]. ${fault}`);
  }
  return {
    application: application as string,
    privileges: required(entry, 'privileges', 'applications', role),
    resources: required(entry, 'resources', 'applications', role),
  };
}

/** Why it cannot be the name of an application, or a pattern of names; null when it can. */
export function applicationFault(name: string): string | null {
  if (/^(\*|[a-z][A-Za-z0-9_-]*\*?)$/.test(name) && name.length <= 100) return null;
  return `An application name prefix must match the pattern ^[a-z][A-Za-z0-9]*$ (found '${shorten(name)}')`;
}

function checked(entry: Members, known: readonly string[], role: string): Members {
  const unknown = Object.keys(entry).find((member) => !known.includes(member));
  if (unknown === undefined) return entry;
  throw new DescriptorError(`failed to parse role [${role}]. unexpected field [${shorten(unknown)}]`);
}

function required(entry: Members, field: string, list: string, role: string): string[] {
  const what = `failed to parse ${list} privileges for role [${role}].`;
  const texts = textsOf(entry[field], `${what} field [${field}]`);
  if (texts === undefined) throw new DescriptorError(`${what} missing required [${field}] field`);
  if (texts.length === 0) throw new DescriptorError(`${what} [${field}] cannot be an empty array`);
  return texts;
}

/** A list of texts, or one alone. */
function textsOf(value: unknown, what: string): string[] | undefined {
  if (value === undefined || value === null) return undefined;
  const texts: unknown[] = Array.isArray(value) ? value : [value];
  if (texts.every((text) => typeof text === 'string' && text !== '' && text.isWellFormed())) return texts as string[];
  throw new DescriptorError(`${what} must hold texts only`);
}

function objectsOf(value: unknown, field: string, role: string): Members[] {
  if (value === undefined || value === null) return [];
  if (Array.isArray(value) && value.every(isObject)) return value;
  throw new DescriptorError(`failed to parse role [${role}]. expected field [${field}] to be an array of objects`);
}

function mapOf(value: unknown, field: string, role: string): Members | undefined {
  if (value === undefined || value === null) return undefined;
  if (isObject(value)) return value;
  throw new DescriptorError(`failed to parse role [${role}]. expected field [${field}] to be an object`);
}
