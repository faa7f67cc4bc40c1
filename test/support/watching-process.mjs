// Another process of an app: it verifies the key that it is told to watch, over and over, until it is refused.
// Arguments: the folder of the transpiled library, the URL of Redis.
import { IncomingMessage } from 'node:http';
import { Socket } from 'node:net';
import { pathToFileURL } from 'node:url';
import { Redis } from 'ioredis';

const [folder, url] = process.argv.slice(2);
const { createLatchkey } = await import(pathToFileURL(`${folder}/lib/index.js`).href);
const { RedisStore } = await import(pathToFileURL(`${folder}/lib/stores/redis/redis-store.js`).href);

/** Verifications after the first refusal, none of which may let the key in. */
const AFTERWARDS = 100;

const store = new RedisStore(new Redis(url));
const latchkey = createLatchkey({ store });
const authenticate = latchkey.authenticate('api-key', { failWithError: true });

const socket = new Socket();

function statusFor(authorization) {
  const req = new IncomingMessage(socket);
  req.headers.authorization = authorization;
  req.rawHeaders = ['Authorization', authorization];
  return new Promise((resolve) => authenticate(req, {}, (error) => resolve(error === undefined ? 200 : error.status)));
}

const turn = () => new Promise((resolve) => setImmediate(resolve));

process.on('message', async (authorization) => {
  let accepted = 0;
  for (; accepted < 20; accepted++) {
    if ((await statusFor(authorization)) !== 200) break;
    await turn();
  }
  process.send({ watching: accepted === 20 });
  let status = 200;
  while (status === 200) {
    await turn();
    status = await statusFor(authorization);
  }
  const refusedAt = String(process.hrtime.bigint());
  let acceptedAfterwards = 0;
  for (let n = 0; n < AFTERWARDS; n++) {
    if ((await statusFor(authorization)) === 200) acceptedAfterwards++;
    await turn();
  }
  process.send({ status, refusedAt, acceptedAfterwards });
});

process.on('disconnect', () => process.exit());
while (!store.changes.isLive) await new Promise((resolve) => setTimeout(resolve, 1));
process.send('ready');
