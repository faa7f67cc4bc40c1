import { Redis } from 'ioredis';
import { MemoryStore } from '../../lib/stores/memory/memory-store.js';
import { RedisStore } from '../../lib/stores/redis/redis-store.js';
import type { Store } from '../../lib/stores/store.js';
import { PATIENT } from '../support/patience.js';
import { startRedis } from '../support/redis-server.js';

/** A database under test; every `connect()` is what one process of an app would have. */
export interface Database {
  connect(): Promise<Store>;
  stop(): Promise<void>;
}

export const STORE_KINDS: readonly { readonly name: string; open(): Promise<Database> }[] = [
  { name: 'MemoryStore', open: openMemory },
  { name: 'RedisStore', open: openRedis },
];

async function openMemory(): Promise<Database> {
  const store = new MemoryStore();
  return { connect: async () => store, stop: () => store.close() };
}

async function openRedis(): Promise<Database> {
  const server = await startRedis();
  const clients: Redis[] = [];
  const stores: Store[] = [];
  return {
    async connect() {
      const client = new Redis(server.port, '127.0.0.1');
      client.on('error', () => {});
      clients.push(client);
      const store = new RedisStore(client, PATIENT);
      stores.push(store);
      return store;
    },
    async stop() {
      for (const store of stores) await store.close();
      for (const client of clients) await client.quit();
      await server.stop();
    },
  };
}
