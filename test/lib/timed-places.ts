import { Redis } from 'ioredis';
import { MemoryStore } from '../../lib/stores/memory/memory-store.js';
import { RedisStore } from '../../lib/stores/redis/redis-store.js';
import type { Store } from '../../lib/stores/store.js';
import { PATIENT } from '../support/patience.js';
import { startRedis } from '../support/redis-server.js';
import { Clock } from './clock.js';

/** A database whose time goes only when told to. */
export interface TimedPlace {
  readonly clock: Clock;
  /** What one process of an app would have. */
  connect(): Store;
  /** Lets time pass for the app and for the database. */
  advance(ms: number): Promise<void>;
  /** Forgets everything that is stored. */
  clear(): Promise<void>;
  stop(): Promise<void>;
}

export interface RedisPlace extends TimedPlace {
  readonly client: Redis;
  /** Every key with its value, as text. */
  everything(): Promise<string>;
}

export const TIMED_PLACES: readonly { readonly name: string; open(): Promise<TimedPlace> }[] = [
  { name: 'MemoryStore', open: openMemory },
  { name: 'RedisStore', open: openRedisPlace },
];

async function openMemory(): Promise<TimedPlace> {
  const clock = new Clock();
  let store = new MemoryStore({ now: clock.now });
  return {
    clock,
    connect: () => store,
    advance: async (ms) => clock.advance(ms),
    async clear() {
      await store.close();
      store = new MemoryStore({ now: clock.now });
    },
    stop: () => store.close(),
  };
}

export async function openRedisPlace(): Promise<RedisPlace> {
  const clock = new Clock();
  const server = await startRedis();
  const client = new Redis(server.url);
  const stores: Store[] = [];
  return {
    clock,
    client,
    connect() {
      const store = new RedisStore(client, PATIENT);
      stores.push(store);
      return store;
    },
    /** Redis has a clock of its own: every life is made shorter in place of it. */
    async advance(ms) {
      clock.advance(ms);
      for (const key of await client.keys('*')) {
        const lifeMs = await client.pttl(key);
        if (lifeMs < 0) continue;
        if (lifeMs <= ms) await client.del(key);
        else await client.pexpire(key, lifeMs - ms);
      }
    },
    async clear() {
      await client.flushall();
    },
    async everything() {
      const dumps = (await client.keys('*')).map(async (key) => `${key}=${await textOf(client, key)}`);
      return (await Promise.all(dumps)).join('\n');
    },
    async stop() {
      for (const store of stores) await store.close();
      client.disconnect();
      await server.stop();
    },
  };
}

async function textOf(client: Redis, key: string): Promise<string> {
  switch (await client.type(key)) {
    case 'string':
      return (await client.get(key)) ?? '';
    case 'hash':
      return JSON.stringify(await client.hgetall(key));
    case 'zset':
      return (await client.zrange(key, '0', '-1', 'WITHSCORES')).join(' ');
    default:
      throw new Error(`a key of a type that is not read here: ${key}`);
  }
}
