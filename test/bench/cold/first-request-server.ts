import type { AddressInfo } from 'node:net';
import express from 'express';
import { Redis } from 'ioredis';
import { createLatchkey, MemoryStore } from 'latchkey';
import { RedisStore } from 'latchkey/redis';

/** A child of the runner, which listens, says since when Latchkey is there, and waits for one request: `<redis url> <token>`. */

export interface FirstListening {
  readonly port: number;
  readonly token: string;
  /** Just before `createLatchkey`, in epoch ms. */
  readonly createdAt: number;
}

const [redisUrl = '', knownToken = ''] = process.argv.slice(2);
const createdAt = performance.timeOrigin + performance.now();
const latchkey = createLatchkey({
  store: redisUrl === '' ? new MemoryStore() : new RedisStore(new Redis(redisUrl)),
  production: { accept: ['no-persistence'] },
});
const app = express();
app.get('/orders', latchkey.authenticate('api-key-header'), (_req, res) => {
  res.json([]);
});
const token = knownToken === '' ? (await newKey()).token : knownToken;
const server = app.listen(0, '127.0.0.1', () => {
  const { port } = server.address() as AddressInfo;
  process.send?.({ port, token, createdAt } satisfies FirstListening);
});
process.on('disconnect', () => process.exit(0));

function newKey() {
  return latchkey.apiKeys.create({ name: 'Orders', ownerId: 'u1', orgId: 'acme', statements: [] }, { by: 'bench' });
}
