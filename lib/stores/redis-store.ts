import type { Redis } from 'ioredis';
import { checkOptions } from '../options.js';
import { BoundedRedis } from './bounded-redis.js';
import { RedisApiKeys } from './redis-api-keys.js';
import { RedisAudit } from './redis-audit.js';
import { RedisFeed } from './redis-feed.js';
import { RedisPolicies } from './redis-policies.js';
import type { ScriptedRedis } from './redis-scripts.js';
import { defineScripts } from './redis-scripts.js';
import { RedisState } from './redis-state.js';
import type { StateStore } from './state.js';
import type { RecordStores, Store, StoreHealth } from './store.js';

export interface RedisStoreOptions {
  /** What every key begins with; two instances with different prefixes share nothing. Default `latchkey:`. */
  readonly keyPrefix?: string;
  /** The longest that one answer of Redis may take, in ms; then the request gets 503. Default 500. */
  readonly timeoutMs?: number;
  /** How often the server is asked for a sign of life, in ms; after two without one nothing is cached. Default 1,000. */
  readonly heartbeatMs?: number;
  /** Commands without an answer beyond which further ones are refused at once. Default 10,000. */
  readonly maxPending?: number;
}

/**
 * Records in Redis 6.2 or later, through the host's own ioredis client. Opens one more connection, for the change feed;
 * `close()` ends that one only.
 */
export class RedisStore implements Store {
  readonly records: RecordStores;
  readonly state: StateStore;
  readonly changes: RedisFeed;
  readonly #redis: BoundedRedis<ScriptedRedis>;

  /** @throws TypeError when `client` is not an ioredis `Redis`, or an option is out of range. */
  constructor(client: Redis, options: RedisStoreOptions = {}) {
    if (typeof client?.defineCommand !== 'function' || typeof client.duplicate !== 'function' || client.isCluster) {
      throw new TypeError('RedisStore takes a client made by: new Redis(url), of ioredis');
    }
    checkOptions('RedisStore', options, KINDS);
    const { keyPrefix = 'latchkey:' } = options;
    if (typeof keyPrefix !== 'string' || /[{}]/.test(keyPrefix)) {
      throw new TypeError('keyPrefix must be a string without braces, e.g. "latchkey:"');
    }
    const timeoutMs = positive('timeoutMs', options.timeoutMs ?? 500);
    const heartbeatMs = positive('heartbeatMs', options.heartbeatMs ?? 1_000);
    const maxPending = positive('maxPending', options.maxPending ?? 10_000);
    const fullPrefix = `${client.options.keyPrefix ?? ''}${keyPrefix}`;
    const channel = `${keyPrefix}changes`;
    const prefixes = {
      apiKeys: `${fullPrefix}key:`,
      policies: `${fullPrefix}policy:`,
      users: `${fullPrefix}user:`,
    };
    this.changes = new RedisFeed(client, { prefixes, channel, heartbeatMs });
    this.#redis = new BoundedRedis(defineScripts(client), { timeoutMs, maxPending });
    this.state = new RedisState(this.#redis, this.changes, keyPrefix, channel);
    this.records = {
      apiKeys: new RedisApiKeys(this.#redis, this.changes, keyPrefix, channel),
      policies: new RedisPolicies(this.#redis, this.changes, keyPrefix, channel),
      audit: new RedisAudit(this.#redis, keyPrefix),
    };
  }

  async health(): Promise<StoreHealth> {
    const startedAt = performance.now();
    const detail = await this.#redis
      .run((redis) => redis.info('server'))
      .then(
        (info) => `redis ${/redis_version:(\S+)/.exec(info)?.[1] ?? 'of unknown version'}`,
        (error: Error & { reason?: string }) => error.reason ?? error.message,
      );
    const ok = detail.startsWith('redis ');
    return { ok, latencyMs: performance.now() - startedAt, feedIsLive: this.changes.isLive, detail };
  }

  async close(): Promise<void> {
    this.changes.close();
  }
}

const KINDS = { keyPrefix: 'string', timeoutMs: 'number', heartbeatMs: 'number', maxPending: 'number' } as const;

function positive(name: string, value: number): number {
  if (!Number.isSafeInteger(value) || value < 1 || value > 2 ** 31 - 1) {
    throw new TypeError(`${name} must be a whole number from 1 to 2147483647`);
  }
  return value;
}
