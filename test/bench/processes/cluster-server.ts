import cluster from 'node:cluster';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import express from 'express';
import { Redis } from 'ioredis';
import { createLatchkey } from 'latchkey';
import { adminRouter } from 'latchkey/admin-router';
import { RedisStore } from 'latchkey/redis';

/** A child of the runner: `<redis url> <workers>`. Its workers share a port, and each has one of its own besides. */

export interface ClusterReady {
  readonly port: number;
  /** By worker. */
  readonly ownPorts: readonly number[];
}

interface WorkerReady {
  readonly port: number;
  readonly ownPort: number;
}

const [redisUrl = '', workers = '1'] = process.argv.slice(2);
if (cluster.isPrimary) await lead(Number(workers));
else await work();

async function lead(count: number): Promise<void> {
  process.on('disconnect', () => process.exit(0)); // the workers lose their channel, and end too
  const ready: WorkerReady[] = [];
  while (ready.length < count) {
    const [message] = (await once(cluster.fork(), 'message')) as [WorkerReady];
    ready.push(message);
  }
  process.send?.({ port: ready[0]?.port ?? 0, ownPorts: ready.map(({ ownPort }) => ownPort) } satisfies ClusterReady);
}

async function work(): Promise<void> {
  const latchkey = createLatchkey({
    store: new RedisStore(new Redis(redisUrl)),
    production: { accept: ['no-persistence'] },
  });
  await latchkey.ready();
  const app = express().use('/auth', adminRouter(latchkey));
  app.get('/orders', latchkey.authenticate('api-key-header'), (_req, res) => {
    res.json([{ id: 'order-1000', customer: 'Ada Lovelace' }]);
  });
  const port = await listen({ port: 0, host: '127.0.0.1' });
  const ownPort = await listen({ port: 0, host: '127.0.0.1', exclusive: true });
  process.send?.({ port, ownPort } satisfies WorkerReady);

  async function listen(options: { readonly port: number; readonly host: string; readonly exclusive?: boolean }) {
    const server = createServer(app).listen(options);
    await once(server, 'listening');
    return (server.address() as AddressInfo).port;
  }
}
