import { shorten } from './body.js';

/** Everything a caller can be allowed to do with keys and users. */
const SECURITY = [
  'manage_security',
  'manage_api_key',
  'manage_own_api_key',
  'grant_api_key',
  'read_security',
  'manage_token',
  'manage_saml',
  'manage_oidc',
  'manage_service_account',
  'manage_user_profile',
  'delegate_pki',
];

const OTHERS = [
  ...['cancel_task', 'create_snapshot', 'cross_cluster_replication', 'cross_cluster_search', 'manage_autoscaling'],
  ...['manage_behavioral_analytics', 'manage_ccr', 'manage_connector', 'manage_data_frame_transforms'],
  ...['manage_data_stream_global_retention', 'manage_enrich', 'manage_esql', 'manage_ilm', 'manage_index_templates'],
  ...['manage_inference', 'manage_ingest_pipelines', 'manage_logstash_pipelines', 'manage_ml', 'manage_pipeline'],
  ...['manage_project_routing', 'manage_rollup', 'manage_search_application', 'manage_search_query_rules'],
  ...['manage_search_synonyms', 'manage_slm', 'manage_transform', 'manage_watcher', 'monitor', 'monitor_connector'],
  ...['monitor_data_frame_transforms', 'monitor_data_stream_global_retention', 'monitor_enrich', 'monitor_esql'],
  ...['monitor_inference', 'monitor_ml', 'monitor_rollup', 'monitor_snapshot', 'monitor_stats'],
  ...['monitor_text_structure', 'monitor_transform', 'monitor_watcher', 'post_behavioral_analytics_event', 'read_ccr'],
  ...['read_connector_secrets', 'read_fleet_secrets', 'read_ilm', 'read_pipeline', 'read_project_routing', 'read_slm'],
  ...['transport_client', 'write_connector_secrets', 'write_fleet_secrets'],
];

/** The predefined privileges on the cluster. */
export const CLUSTER_PRIVILEGES: readonly string[] = ['all', 'manage', 'none', ...SECURITY, ...OTHERS].sort();

/** The predefined privileges on indices. */
export const INDEX_PRIVILEGES: readonly string[] = [
  ...['all', 'auto_configure', 'create', 'create_doc', 'create_index', 'create_view', 'cross_cluster_replication'],
  ...['cross_cluster_replication_internal', 'delete', 'delete_index', 'delete_view', 'index', 'maintenance', 'manage'],
  ...[
    'manage_data_stream_lifecycle',
    'manage_failure_store',
    'manage_follow_index',
    'manage_ilm',
    'manage_leader_index',
  ],
  ...['manage_view', 'monitor', 'none', 'read', 'read_cross_cluster', 'read_failure_store', 'read_view_metadata'],
  ...['view_index_metadata', 'write'],
];

const CLUSTER_IMPLIES: Readonly<Record<string, readonly string[]>> = {
  manage: OTHERS,
  manage_security: SECURITY,
  manage_api_key: ['manage_own_api_key', 'grant_api_key'],
  monitor: OTHERS.filter((name) => name.startsWith('monitor_') && name !== 'monitor_snapshot'),
  manage_ccr: ['read_ccr'],
  manage_connector: ['monitor_connector'],
  manage_data_frame_transforms: ['manage_transform', 'monitor_transform', 'monitor_data_frame_transforms'],
  manage_data_stream_global_retention: ['monitor_data_stream_global_retention'],
  manage_enrich: ['monitor_enrich'],
  manage_esql: ['monitor_esql'],
  manage_ilm: ['read_ilm'],
  manage_inference: ['monitor_inference'],
  manage_ingest_pipelines: ['read_pipeline', 'manage_pipeline'],
  manage_ml: ['monitor_ml'],
  manage_pipeline: ['read_pipeline', 'manage_ingest_pipelines'],
  manage_project_routing: ['read_project_routing'],
  manage_rollup: ['monitor_rollup'],
  manage_slm: ['read_slm'],
  manage_transform: ['monitor_transform', 'manage_data_frame_transforms', 'monitor_data_frame_transforms'],
  manage_watcher: ['monitor_watcher'],
};

const INDEX_IMPLIES: Readonly<Record<string, readonly string[]>> = {
  manage: [
    ...['auto_configure', 'create_index', 'create_view', 'delete_index', 'delete_view', 'maintenance', 'manage_view'],
    ...['manage_data_stream_lifecycle', 'manage_failure_store', 'manage_follow_index', 'manage_ilm'],
    ...['manage_leader_index', 'monitor', 'read_view_metadata', 'view_index_metadata'],
  ],
  manage_view: ['create_view', 'delete_view', 'read_view_metadata'],
  write: ['index', 'create', 'create_doc', 'delete'],
  index: ['create', 'create_doc'],
  create: ['create_doc'],
  view_index_metadata: ['read_view_metadata'],
};

export type PrivilegeKind = 'cluster' | 'index';

/** The privilege and those that it holds as well; `all` is left to stand for everything, `none` holds nothing. */
export function impliedBy(kind: PrivilegeKind, name: string): string[] {
  if (name === 'none') return [];
  const implies = kind === 'cluster' ? CLUSTER_IMPLIES : INDEX_IMPLIES;
  return [...new Set([name, ...(Object.hasOwn(implies, name) ? (implies[name] ?? []) : [])])];
}

/** The privileges of which each holds `name`, `name` itself first. */
export function holdersOf(kind: PrivilegeKind, name: string): string[] {
  const implies = Object.entries(kind === 'cluster' ? CLUSTER_IMPLIES : INDEX_IMPLIES);
  return [name, ...implies.filter(([, held]) => held.includes(name)).map(([holder]) => holder)];
}

/** The names without those that others of them hold already. */
export function essential(kind: PrivilegeKind, names: readonly string[]): string[] {
  const distinct = [...new Set(names)];
  if (distinct.includes('all')) return ['all'];
  const heldBy = (other: string) =>
    impliedBy(kind, other).filter(
      (name) => name !== other && !(impliedBy(kind, name).includes(other) && name < other), // of two that hold each other
    );
  const held = new Set(distinct.flatMap(heldBy));
  return distinct.filter((name) => !held.has(name));
}

/** Whether `name` is predefined, or a pattern of actions. */
export function isPrivilege(kind: PrivilegeKind, name: string): boolean {
  if (kind === 'cluster') return CLUSTER_PRIVILEGES.includes(name) || /^(cluster|internal|indices):./.test(name);
  return INDEX_PRIVILEGES.includes(name) || /^(indices|internal):./.test(name);
}

/** The message for a privilege that is neither. */
export function unknownPrivilege(kind: PrivilegeKind, name: string): string {
  const [word, names] = kind === 'cluster' ? ['cluster', CLUSTER_PRIVILEGES] : ['index', INDEX_PRIVILEGES];
  const predefined = kind === 'cluster' ? 'predefined cluster privilege names' : 'predefined fixed indices privileges';
  return (
    `unknown ${word} privilege [${shorten(name)}]. a privilege must be either one of the ${predefined} ` +
    `[${names.join(',')}] or a pattern over one of the available ${word} actions`
  );
}
