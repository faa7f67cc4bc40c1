import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { AuthError, createLatchkey, MemoryStore } from 'latchkey';
import { RedisStore } from 'latchkey/redis';
import { createApp } from './app.js';
import { issueFirstKeys } from './first-keys.js';
import { Orders } from './orders.js';
import { connectRedis } from './redis.js';
import { Users } from './users.js';
import { walkthrough } from './walkthrough.js';

/** Keys travel over plain HTTP here, so only this machine is listened to. In production: behind a proxy that speaks TLS. */
const HOST = '127.0.0.1';
/** How long requests may take to finish once the process is told to stop. */
const FINISH_WITHIN_MS = 3_000;

async function main({ PORT = '3000', REDIS_URL } = process.env): Promise<void> {
  const redis = REDIS_URL ? await connectRedis(REDIS_URL) : null;
  if (redis === null) console.warn('No REDIS_URL: keys are kept in memory and are gone when this process ends.');
  const latchkey = createLatchkey({ store: redis === null ? new MemoryStore() : new RedisStore(redis) });
  const server = createServer(createApp(latchkey, await Users.create(), new Orders()));

  try {
    const url = await listen(server, PORT);
    console.log(`Orders API on ${url}`);
    console.log(walkthrough(url, await issueFirstKeys(latchkey)));
    await untilToldToStop();
    console.log('Stopping: requests in flight may finish.');
  } finally {
    // In this order: no more requests, then what they left to be written, then the connection that it is written on.
    await finishRequests(server);
    await latchkey.close().catch((error) => fail(`The last use counts are lost: ${messageOf(error)}`));
    await redis?.quit().catch(() => redis.disconnect());
  }
  console.log('Stopped.'); // no process.exit(): with everything closed, Node ends by itself
}

async function listen(server: Server, port: string): Promise<string> {
  server.listen(Number(port), HOST);
  await once(server, 'listening');
  return `http://${HOST}:${(server.address() as AddressInfo).port}`;
}

function untilToldToStop(): Promise<unknown> {
  return new Promise((resolve) => {
    // `on`, not `once`: a second signal, which `npm start` may pass on, must not cut the stopping short.
    for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, resolve);
  });
}

async function finishRequests(server: Server): Promise<void> {
  const cutOff = setTimeout(() => server.closeAllConnections(), FINISH_WITHIN_MS);
  // close() ends the connections that are idle now; this ends the others, once their request is answered.
  const sweep = setInterval(() => server.closeIdleConnections(), 50);
  await new Promise((resolve) => server.close(resolve));
  clearTimeout(cutOff);
  clearInterval(sweep);
}

function fail(message: string): void {
  console.error(message);
  process.exitCode = 1;
}

function messageOf(error: NodeJS.ErrnoException): string {
  if (error instanceof AuthError) return error.reason; // `message` is for clients, `reason` for the log
  if (error.code === 'EADDRINUSE') return 'The port is taken. Set PORT to another one; 0 means any free one.';
  if (error.code === 'ERR_SOCKET_BAD_PORT') return 'PORT must be a number from 0 to 65535; 0 means any free one.';
  return error.message;
}

main().catch((error) => fail(messageOf(error)));
