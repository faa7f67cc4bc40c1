import { Redis } from 'ioredis';
import { createLatchkey } from 'latchkey';
import { RedisStore } from 'latchkey/redis';
import { startRedis } from '../../support/redis-server.js';
import { atMost, type Figure, ms } from '../figure.js';
import { Asker } from '../load/ask.js';
import { requestBytes } from '../load/http-request.js';
import type { NodeCommand } from '../nodes.js';
import { endChild, firstMessage, forkOn } from '../server-process.js';
import { median } from '../statistics.js';
import type { FirstListening } from './first-request-server.js';

const TIMES = 15;
const MOST_MS = 100;

/** From `createLatchkey` to the answer to the first request with a key, in fresh processes, asked from another one. */
export async function firstRequest(node: NodeCommand): Promise<readonly Figure[]> {
  const redis = await startRedis();
  try {
    const token = await makeKey(redis.url);
    const onRedis = await times(node, [redis.url, token]);
    const inMemory = await times(node, []);
    const what = 'from `createLatchkey` to the first verified request';
    return [
      atMost(`${what}, on Redis`, median(onRedis), MOST_MS, ms),
      atMost(`${what}, in memory, with making the key`, median(inMemory), MOST_MS, ms),
    ];
  } finally {
    await redis.stop();
  }
}

async function times(node: NodeCommand, args: readonly string[]): Promise<readonly number[]> {
  const taken: number[] = [];
  while (taken.length < TIMES) taken.push(await once(node, args));
  return taken;
}

async function once(node: NodeCommand, args: readonly string[]): Promise<number> {
  const child = forkOn(node, new URL('./first-request-server.js', import.meta.url), args);
  try {
    const { port, token, createdAt } = await firstMessage<FirstListening>(child, 'the server of a first request');
    const asker = new Asker(port);
    const status = await asker.ask(requestBytes({ headers: { 'X-API-Key': token } }));
    const answeredAt = performance.timeOrigin + performance.now();
    asker.close();
    if (status !== 200) throw new Error(`a first request was answered with ${status}`);
    return answeredAt - createdAt;
  } finally {
    await endChild(child);
  }
}

async function makeKey(redisUrl: string): Promise<string> {
  const client = new Redis(redisUrl);
  const latchkey = createLatchkey({ store: new RedisStore(client) });
  try {
    const key = { name: 'Orders', ownerId: 'u1', orgId: 'acme', statements: [] };
    return (await latchkey.apiKeys.create(key, { by: 'bench' })).token;
  } finally {
    await latchkey.close();
    client.disconnect();
  }
}
