import { Redis } from 'ioredis';
import { MemoryStore, type Store } from '../../lib/index.js';
import { RedisStore } from '../../lib/stores/redis/redis-store.js';
import { until } from '../conformance/store-suite.js';
import type { Clock } from '../lib/clock.js';
import { PATIENT } from './patience.js';
import { startRedis } from './redis-server.js';

/** A database for sessions, and what tests of sessions need to do to it. */
export interface SessionDatabase {
  /** As one process of an app would open it. */
  open(): Promise<Store>;
  /** Has the session of this public id end as if it had not been used for its idle time. */
  idleOut(publicId: string): Promise<void>;
  stop(): Promise<void>;
}

export const SESSION_STORES: readonly {
  readonly name: string;
  start(clock: Clock): Promise<SessionDatabase>;
}[] = [
  { name: 'MemoryStore', start: startMemory },
  { name: 'RedisStore', start: startRedisDatabase },
];

const IDLE_MS = 1_800_000;
/** As long as an app remembers a session that it has read, where nothing else is said. */
export const REMEMBER_MS = 100;

async function startMemory(clock: Clock): Promise<SessionDatabase> {
  const store = new MemoryStore({ now: clock.now });
  return {
    open: async () => store,
    idleOut: async () => clock.advance(IDLE_MS),
    stop: () => store.close(),
  };
}

async function startRedisDatabase(clock: Clock): Promise<SessionDatabase> {
  const server = await startRedis();
  const admin = new Redis(server.url);
  const clients: Redis[] = [admin];
  const stores: Store[] = [];
  return {
    async open() {
      const client = new Redis(server.url);
      clients.push(client);
      const store = new RedisStore(client, PATIENT);
      stores.push(store);
      await until('the change feed is live', () => store.changes.isLive);
      return store;
    },
    async idleOut(publicId) {
      const key = `latchkey:sess:{${publicId}}`;
      if ((await admin.pexpire(key, 1)) !== 1) throw new Error('there is no such session');
      await until('its idle time is over', async () => (await admin.exists(key)) === 0);
      clock.advance(REMEMBER_MS); // the app asks again
    },
    async stop() {
      for (const store of stores) await store.close();
      for (const client of clients) client.disconnect();
      await server.stop();
    },
  };
}
