import type { Cluster } from 'ioredis';
import { checkOptions } from '../../options.js';
import type { StateStore } from '../state.js';
import type { RecordStores, Store, StoreHealth } from '../store.js';
import { BoundedRedis } from './bounded-redis.js';
import { warnOfFaults } from './client-faults.js';
import { ClusterServers } from './cluster-servers.js';
import { speedStringsUp } from './fast-strings.js';
import { RedisApiKeys } from './redis-api-keys.js';
import { RedisAudit } from './redis-audit.js';
import { RedisDocuments } from './redis-documents.js';
import { type DurabilityOptions, type LastingWrites, plainWrites, RedisDurability } from './redis-durability.js';
import { RedisFeed } from './redis-feed.js';
import { RedisHealth } from './redis-health.js';
import { RedisNumbers } from './redis-numbers.js';
import { RedisPolicies } from './redis-policies.js';
import type { Probe } from './redis-rights.js';
import type { RedisClient } from './redis-scripts.js';
import { defineScripts } from './redis-scripts.js';
import type { RedisServers, ServerOptions } from './redis-servers.js';
import { RedisState } from './redis-state.js';
import { SentinelServer } from './sentinel-server.js';
import { StandaloneServer } from './standalone-server.js';

export type {
  RecommendedClusterOptions,
  RecommendedRedisOptions,
  RecommendedSentinelOptions,
} from './redis-options.js';
export { recommendedRedisOptions } from './redis-options.js';

export interface RedisStoreOptions {
  /** What every key begins with; two instances with different prefixes share nothing. Default `latchkey:`. */
  readonly keyPrefix?: string;
  /** The longest that one answer of Redis may take, in ms; then the request gets 503. Default 500. */
  readonly timeoutMs?: number;
  /**
   * How often every server is asked for a sign of life, in ms; after two without one nothing is cached. A server that can be
   * replaced is verified after one: keep this below `down-after-milliseconds` and `cluster-node-timeout`. Default 1,000.
   */
  readonly heartbeatMs?: number;
  /** Commands without an answer, for each server, beyond which further ones are refused at once. Default 10,000. */
  readonly maxPending?: number;
  /**
   * Changes of keys and policies, logins and logouts are acknowledged only when replicas have them; else 503 `not_durable`.
   * Default: the master's word is enough.
   */
  readonly durability?: DurabilityOptions;
}

export type { DurabilityOptions } from './redis-durability.js';

/**
 * Records in Redis 6.2 or later, standalone, behind Sentinel or as a Cluster, through the host's own ioredis client. Opens
 * further connections: one for the change feed (on a Cluster one to each node), one to each sentinel, and with `durability`
 * one to each master, while there is something to be confirmed; `close()` ends those only.
 */
export class RedisStore implements Store {
  readonly records: RecordStores;
  readonly state: StateStore;
  readonly changes: RedisFeed;
  readonly #servers: RedisServers;
  readonly #writes: LastingWrites;
  readonly #health: RedisHealth;

  /**
   * Warns (code `LATCHKEY_REDIS_OPTIONS`) of options of the client that are not safe; see `recommendedRedisOptions`.
   * @throws TypeError when `client` is not a `Redis` or `Cluster` of ioredis, cannot be used, or an option is out of range.
   */
  constructor(client: RedisClient, options: RedisStoreOptions = {}) {
    if (typeof client?.defineCommand !== 'function' || typeof client.duplicate !== 'function') {
      throw new TypeError('RedisStore takes a client of ioredis: new Redis(url) or new Cluster(nodes)');
    }
    checkOptions('RedisStore', options, KINDS);
    const { keyPrefix = 'latchkey:' } = options;
    if (typeof keyPrefix !== 'string' || /[{}]/.test(keyPrefix)) {
      throw new TypeError('keyPrefix must be a string without braces, e.g. "latchkey:"');
    }
    checkClient(client);
    speedStringsUp();
    const timeoutMs = positive('timeoutMs', options.timeoutMs ?? 500);
    const heartbeatMs = positive('heartbeatMs', options.heartbeatMs ?? 1_000);
    const maxPending = positive('maxPending', options.maxPending ?? 10_000);
    const durability = options.durability && resolveDurability(options.durability);
    const fullPrefix = `${client.options.keyPrefix ?? ''}${keyPrefix}`;
    const channel = `${keyPrefix}changes`;
    const prefixes = {
      apiKeys: `${fullPrefix}key:`,
      policies: `${fullPrefix}policy:`,
      users: `${fullPrefix}user:`,
    };
    warnOfFaults(client);
    this.#servers = serversOf(client, { maxPending, heartbeatMs });
    this.changes = new RedisFeed(this.#servers, { prefixes, channel, heartbeatMs });
    const redis = new BoundedRedis(defineScripts(client), this.#servers, timeoutMs);
    const clientPrefix = client.options.keyPrefix ?? '';
    const settings = durability && { ...durability, maxPending, keyPrefix, clientPrefix };
    this.#writes = settings ? new RedisDurability(this.#servers, redis, settings) : plainWrites(redis);
    const logins = settings?.logins === false ? plainWrites(redis) : this.#writes;
    this.state = new RedisState(redis, { writes: this.#writes, logins }, this.changes, keyPrefix, channel);
    this.records = {
      apiKeys: new RedisApiKeys(redis, this.#writes, this.changes, keyPrefix, channel),
      policies: new RedisPolicies(redis, this.#writes, this.changes, keyPrefix, channel),
      audit: new RedisAudit(redis, keyPrefix),
      numbers: new RedisNumbers(redis, this.#writes, keyPrefix),
      documents: new RedisDocuments(redis, this.#writes, this.changes, keyPrefix),
    };
    this.#health = new RedisHealth({
      client,
      keyPrefix: fullPrefix,
      channel,
      feed: this.changes,
      probes: probesOf(client, durability !== undefined),
      run: (ask) => redis.run(`${keyPrefix}probe`, ask),
      timeoutMs,
    });
  }

  /** Asks every server: `ok` when all those answer that have keys. */
  health(now = Date.now): Promise<StoreHealth> {
    return this.#health.ask(now);
  }

  async close(): Promise<void> {
    this.changes.close();
    this.#writes.close();
    this.#servers.close();
  }
}

const KINDS = {
  keyPrefix: 'string',
  timeoutMs: 'number',
  heartbeatMs: 'number',
  maxPending: 'number',
  durability: 'object',
} as const;
const DURABILITY_KINDS = { replicas: 'number', timeoutMs: 'number', logins: 'boolean' } as const;

function resolveDurability(options: DurabilityOptions): Required<DurabilityOptions> {
  checkOptions('durability', options, DURABILITY_KINDS);
  const { replicas, timeoutMs = 1_000, logins = true } = options;
  return {
    replicas: positive('durability.replicas', replicas),
    timeoutMs: positive('durability.timeoutMs', timeoutMs),
    logins,
  };
}

function positive(name: string, value: number): number {
  if (!Number.isSafeInteger(value) || value < 1 || value > 2 ** 31 - 1) {
    throw new TypeError(`${name} must be a whole number from 1 to 2147483647`);
  }
  return value;
}

/** What no option of ours makes up for. */
function checkClient(client: RedisClient): void {
  if (isCluster(client)) {
    if (/[{}]/.test(client.options.keyPrefix ?? '')) {
      throw new TypeError('the keyPrefix of a Cluster must be without braces: they would move what belongs together');
    }
  } else if (client.options.sentinels && client.options.role === 'slave') {
    throw new TypeError("RedisStore writes to the master: make the client without role: 'slave'");
  }
}

function serversOf(client: RedisClient, options: ServerOptions): RedisServers {
  if (isCluster(client)) return new ClusterServers(client, options);
  const { sentinels } = client.options;
  return sentinels ? new SentinelServer(client, options) : new StandaloneServer(client, options);
}

/** What is needed besides the commands of the store itself. */
function probesOf(client: RedisClient, isDurable: boolean): Probe[] {
  const wait: Probe[] = isDurable ? [['wait', 'WAIT', '0', '0']] : [];
  if (isCluster(client)) return [...wait, ['cluster|nodes', 'CLUSTER', 'NODES']];
  return client.options.sentinels ? [...wait, ['role', 'ROLE']] : wait;
}

function isCluster(client: RedisClient): client is Cluster {
  return client.isCluster;
}
