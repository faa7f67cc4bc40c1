import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { type AddressInfo, Server as NetServer } from 'node:net';
import { AuthError, createLatchkey, MemoryStore, type Store } from 'latchkey';
import { RedisStore } from 'latchkey/redis';
import { createApp, createInternalApp } from './app.js';
import { issueFirstKeys } from './first-keys.js';
import { Orders } from './orders.js';
import { POLICIES } from './policies.js';
import { connectRedis } from './redis.js';
import { logEvents, startMetrics } from './telemetry.js';
import { Users } from './users.js';
import { walkthrough } from './walkthrough.js';

/** Keys travel over plain HTTP here, so only this machine is listened to. In production: behind a proxy that speaks TLS. */
const HOST = '127.0.0.1';
/** How long requests may take to finish once the process is told to stop. */
const FINISH_WITHIN_MS = 3_000;
/** How long an idle connection is kept then, for a request that is on its way. */
const LINGER_MS = 500;

async function main({ REDIS_URL } = process.env): Promise<void> {
  const redis = REDIS_URL ? await connectRedis(REDIS_URL) : null;
  if (redis === null)
    console.warn('No REDIS_URL: keys and sessions are kept in memory and are gone when this process ends.');
  const store = redis === null ? new MemoryStore() : new RedisStore(redis);
  try {
    await serve(store);
  } finally {
    await store.close(); // by now latchkey.close() has done so, unless createLatchkey refused an option
    await redis?.quit().catch(() => redis.disconnect());
  }
  console.log('Stopped.'); // no process.exit(): with everything closed, Node ends by itself
}

async function serve(store: Store, { PORT = '3000', INTERNAL_PORT = '0' } = process.env): Promise<void> {
  const users = await Users.create();
  const metrics = startMetrics();
  const latchkey = createLatchkey({
    store,
    users,
    policies: POLICIES,
    session: {
      secret: sessionSecret(),
      cookie: { secure: false }, // for localhost only: in production leave it out, and serve over TLS
    },
  });
  logEvents(latchkey);
  const server = sayingWhenItEnds(createServer(createApp(latchkey, users, new Orders())));
  const internalServer = sayingWhenItEnds(createServer(createInternalApp(latchkey, metrics.handler)));

  try {
    await latchkey.ready(); // in production it refuses, among others, a Redis that may drop keys or lose them
    const url = await listen(server, PORT);
    const internalUrl = await listen(internalServer, INTERNAL_PORT);
    console.log(`Orders API on ${url}`);
    console.log(`The admin API explained on ${url}/docs`);
    console.log(`Metrics for Prometheus on ${internalUrl}/metrics`);
    console.log(
      walkthrough({ url, internalUrl, keys: await issueFirstKeys(latchkey), passwords: users.toldPasswords }),
    );
    await untilToldToStop();
    console.log('Stopping: requests in flight may finish.');
  } finally {
    // In this order: no more requests, then what they left to be written, then (above) the connection to Redis.
    await Promise.all([finishRequests(server), finishRequests(internalServer)]);
    await latchkey.close().catch((error) => fail(`The last use counts are lost: ${messageOf(error)}`));
    await metrics.stop();
  }
}

/** Signs the session cookies: every process of an installation needs the same, and keeps it over restarts. */
function sessionSecret({ SESSION_SECRET } = process.env): string {
  if (SESSION_SECRET) return SESSION_SECRET;
  console.warn('No SESSION_SECRET: session cookies are worth nothing once this process ends.');
  return randomBytes(32).toString('base64');
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

/** Once it listens no more, its answers tell clients to send nothing else on their connections. */
function sayingWhenItEnds(server: Server): Server {
  return server.prependListener('request', (_req, res) => {
    if (!server.listening) res.setHeader('Connection', 'close');
  });
}

async function finishRequests(server: Server): Promise<void> {
  const closed = once(server, 'close');
  const startedAt = performance.now();
  // Not server.close(): that ends idle connections at once, be a request on its way or not.
  NetServer.prototype.close.call(server);
  const sweep = setInterval(() => {
    const passedMs = performance.now() - startedAt;
    if (passedMs > FINISH_WITHIN_MS) server.closeAllConnections();
    else if (passedMs > LINGER_MS) server.closeIdleConnections();
  }, 50);
  await closed;
  clearInterval(sweep);
}

function fail(message: string): void {
  console.error(message);
  process.exitCode = 1;
}

function messageOf(error: NodeJS.ErrnoException): string {
  if (error instanceof AuthError) return error.reason; // `message` is for clients, `reason` for the log
  if (error.code === 'EADDRINUSE')
    return 'The port is taken. Set PORT, or INTERNAL_PORT, to another one; 0 means any free one.';
  if (error.code === 'ERR_SOCKET_BAD_PORT')
    return 'PORT and INTERNAL_PORT must be numbers from 0 to 65535; 0 means any free one.';
  return error.message;
}

main().catch((error) => fail(messageOf(error)));
