import type { AddressInfo } from 'node:net';
import express from 'express';
import { Cluster, Redis } from 'ioredis';
import { adminRouter } from '../../../admin-router/index.js';
import { createLatchkey, FULL_ACCESS, type User } from '../../../lib/index.js';
import { RedisStore, recommendedRedisOptions } from '../../../lib/stores/redis/redis-store.js';
import {
  type AppPlan,
  DURABLE_TIMEOUT_MS,
  HEARTBEAT_MS,
  type KeyAnswer,
  type KeyRequest,
  ORDERS,
  ORG,
  PASSWORD,
  type Ready,
  STORE_TIMEOUT_MS,
} from './app-plan.js';

/** One process of an app, a child of the harness: `app.js <AppPlan as JSON>`. */

/** Those who attack have tests of their own: here many clients share one address. */
const NO_LOCKOUT = { limit: 1_000_000, addressLimit: 1_000_000, secretLimit: 1_000_000 };

const plan = JSON.parse(process.argv[2] ?? '') as AppPlan;
const client = connect(plan);
client.on('error', () => {}); // told by what is answered
const store = new RedisStore(client, {
  timeoutMs: STORE_TIMEOUT_MS,
  heartbeatMs: HEARTBEAT_MS,
  ...(plan.replicas > 0 && { durability: { replicas: plan.replicas, timeoutMs: DURABLE_TIMEOUT_MS } }),
});

const userOf = (id: string): User => ({ id, orgId: ORG, userName: id, isEnabled: true });
const latchkey = createLatchkey({
  store,
  lockout: NO_LOCKOUT,
  users: {
    findById: async (id) => userOf(id),
    findByUserName: async (name) => userOf(name),
    verifyPassword: async (user, password) => user !== null && password === PASSWORD,
    statements: async () => [FULL_ACCESS],
  },
  session: { secret: 'a secret of the app, of 32 characters or more', cookie: { secure: false } },
});

const app = express();
app.use('/auth', adminRouter(latchkey));
app.get('/me', latchkey.authenticate(), (req, res) => void res.json({ id: req.user?.id }));
app.get('/orders', latchkey.authenticate(), latchkey.requirePermission(ORDERS), (_req, res) => void res.json([]));
app.use(latchkey.errorHandler());

await latchkey.ready();
const listener = app.listen(plan.port, '127.0.0.1', () => {
  const ready: Ready = { port: (listener.address() as AddressInfo).port };
  process.send?.(ready);
});

process.on('message', ({ ownerId }: KeyRequest) => {
  const tell = (answer: KeyAnswer) => process.send?.(answer);
  latchkey.apiKeys
    .create({ name: 'of the host', ownerId, orgId: ORG, statements: [FULL_ACCESS] }, { by: 'host' })
    .then(({ key, token }) => tell({ id: key.id, token }))
    .catch((error: unknown) => tell({ error: String(error) }));
});
process.on('disconnect', () => process.exit(0));

function connect({ kind, addresses, natMap }: AppPlan): Redis | Cluster {
  switch (kind) {
    case 'sentinel': {
      const options = { sentinels: addresses, name: 'latchkey', natMap, ...recommendedRedisOptions('sentinel') };
      return new Redis(options as object);
    }
    case 'cluster':
      return new Cluster([...addresses], { ...recommendedRedisOptions('cluster'), natMap } as object);
    default:
      return new Redis({ ...addresses[0], ...recommendedRedisOptions() } as object);
  }
}
