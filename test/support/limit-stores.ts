import { Redis } from 'ioredis';
import { MemoryStore, type Store } from '../../lib/index.js';
import { RedisStore } from '../../lib/stores/redis/redis-store.js';
import { until } from '../conformance/store-suite.js';
import type { Clock } from '../lib/clock.js';
import { PATIENT } from './patience.js';
import { startRedis } from './redis-server.js';

/** A database in which requests are counted, and what tests of it need to do to it. */
export interface LimitDatabase {
  /** As one process of an app would open it. */
  open(): Promise<Store>;
  /** Has the window of a key end as if a minute had passed. */
  endWindow(keyId: string): Promise<void>;
  stop(): Promise<void>;
}

export const LIMIT_STORES: readonly { readonly name: string; start(clock: Clock): Promise<LimitDatabase> }[] = [
  { name: 'MemoryStore', start: startMemory },
  { name: 'RedisStore', start: startRedisDatabase },
];

async function startMemory(clock: Clock): Promise<LimitDatabase> {
  const store = new MemoryStore({ now: clock.now });
  return {
    open: async () => store,
    endWindow: async () => clock.advance(60_000),
    stop: () => store.close(),
  };
}

async function startRedisDatabase(): Promise<LimitDatabase> {
  const server = await startRedis();
  const admin = new Redis(server.url);
  const clients: Redis[] = [admin];
  return {
    async open() {
      const client = new Redis(server.url);
      clients.push(client);
      const store = new RedisStore(client, PATIENT);
      await until('the change feed is live', () => store.changes.isLive);
      return store;
    },
    async endWindow(keyId) {
      const key = `latchkey:hit:{key-${keyId}}`;
      if ((await admin.pexpire(key, 1)) !== 1) throw new Error('nothing was counted for this key');
      await until('its window is over', async () => (await admin.exists(key)) === 0);
    },
    async stop() {
      for (const client of clients) client.disconnect();
      await server.stop();
    },
  };
}
