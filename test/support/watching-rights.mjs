// Another process of an app: it asks over and over whether a key may do something, until the answer is another one.
// Arguments: the folder of the transpiled library, the URL of Redis.
import { IncomingMessage } from 'node:http';
import { Socket } from 'node:net';
import { pathToFileURL } from 'node:url';
import { Redis } from 'ioredis';

const [folder, url] = process.argv.slice(2);
const { createLatchkey } = await import(pathToFileURL(`${folder}/lib/index.js`).href);
const { RedisStore } = await import(pathToFileURL(`${folder}/lib/stores/redis/redis-store.js`).href);

/** Questions after the first new answer, none of which may be answered as before. */
const AFTERWARDS = 100;

const store = new RedisStore(new Redis(url));
const latchkey = createLatchkey({ store });
const authenticate = latchkey.authenticate('api-key', { failWithError: true });

const socket = new Socket();

function may({ authorization, action, resource, workspace }) {
  const req = new IncomingMessage(socket);
  req.headers.authorization = authorization;
  req.rawHeaders = ['Authorization', authorization];
  return new Promise((resolve, reject) => {
    authenticate(req, {}, (error) => (error ? reject(error) : resolve(req.user.can(action, resource, workspace))));
  });
}

const turn = () => new Promise((resolve) => setImmediate(resolve));

process.on('message', async (question) => {
  let before;
  for (let n = 0; n < 20; n++) {
    before = await may(question);
    await turn();
  }
  process.send({ before });
  let after = before;
  while (after === before) {
    await turn();
    after = await may(question);
  }
  const changedAt = String(process.hrtime.bigint());
  let asBefore = 0;
  for (let n = 0; n < AFTERWARDS; n++) {
    if ((await may(question)) === before) asBefore++;
    await turn();
  }
  process.send({ after, changedAt, asBefore });
});

process.on('disconnect', () => process.exit());
while (!store.changes.isLive) await new Promise((resolve) => setTimeout(resolve, 1));
process.send('ready');
