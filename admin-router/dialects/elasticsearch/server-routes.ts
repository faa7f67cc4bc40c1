import type { Setting } from './options.js';
import { RIGHTS } from './rights.js';
import { type EsRoute, route } from './routing.js';

/** What is about the server, and no single key. */
export function serverRoutes(setting: Setting): EsRoute[] {
  const { server, root } = setting;
  const nodes = { [server.clusterUuid]: { name: server.name } };
  const clearCache = route(setting, {
    methods: 'POST',
    path: '/_security/api_key/:ids/_clear_cache',
    summary: 'clear the cache of keys',
    right: 'manage_security',
    action: RIGHTS.clearCache.action,
    demands: RIGHTS.clearCache,
    // There is nothing to do: what is kept of a key is dropped when it changes, whoever changes it.
    handle: async () => ({
      body: { _nodes: { total: 1, successful: 1, failed: 0 }, cluster_name: server.clusterName, nodes },
    }),
  });
  const info = route(setting, {
    methods: ['GET', 'HEAD'],
    path: '/',
    summary: 'the server',
    action: RIGHTS.main.action,
    demands: RIGHTS.main,
    handle: async () => ({ body: infoOf(setting) }),
  });
  return root ? [clearCache, info] : [clearCache];
}

function infoOf({ server }: Setting): object {
  return {
    name: server.name,
    cluster_name: server.clusterName,
    cluster_uuid: server.clusterUuid,
    version: {
      number: server.number,
      build_flavor: server.buildFlavor,
      build_type: server.buildType,
      build_hash: server.buildHash,
      build_date: server.buildDate,
      build_snapshot: false,
      lucene_version: server.luceneVersion,
      minimum_wire_compatibility_version: server.minimumWireVersion,
      minimum_index_compatibility_version: server.minimumIndexVersion,
    },
    tagline: 'You Know, for Search',
  };
}
