// A process that uses Latchkey, closes it, and then has nothing left to do: it must end by itself.
// Arguments: the folder of the transpiled library; JSON of { kind, url?, nodes?, sentinels?, name?, durability? }.
import { once } from 'node:events';
import { createServer } from 'node:http';
import { pathToFileURL } from 'node:url';
import express from 'express';
import { Cluster, Redis } from 'ioredis';

const [folder, json] = process.argv.slice(2);
const { createLatchkey, MemoryStore } = await import(pathToFileURL(`${folder}/lib/index.js`).href);
const { RedisStore, recommendedRedisOptions } = await import(
  pathToFileURL(`${folder}/lib/stores/redis/redis-store.js`).href
);
const { kind, url, nodes, sentinels, name, durability } = JSON.parse(json);

function connect() {
  if (kind === 'memory') return null;
  if (kind === 'cluster') return new Cluster(nodes, recommendedRedisOptions('cluster'));
  if (kind === 'sentinel') return new Redis({ sentinels, name, ...recommendedRedisOptions('sentinel') });
  return new Redis(url, recommendedRedisOptions());
}

const ada = { id: 'ada', orgId: null, userName: 'ada', isEnabled: true };
const users = {
  findByUserName: async (userName) => (userName === 'ada' ? ada : null),
  findById: async (id) => (id === 'ada' ? ada : null),
  verifyPassword: async () => true,
  statements: async () => [{ actions: ['*'] }],
};

const client = connect();
const options = { timeoutMs: 20_000, heartbeatMs: 5_000, ...(durability && { durability }) };
const store = client === null ? new MemoryStore() : new RedisStore(client, options);
const latchkey = createLatchkey({
  store,
  users,
  session: { secret: 'a secret of the tests, long enough', cookie: { secure: false } },
});
latchkey.on('*', () => {});

const app = express();
app.use(latchkey.session());
app.post('/login', (req, res, next) => {
  latchkey.logins
    .authenticate({ userName: 'ada', password: 'any', address: null })
    .then((who) => latchkey.sessions.start(req, res, who))
    .then(() => res.end(), next);
});
app.get('/', latchkey.authenticate(), (_req, res) => void res.end());
app.use(latchkey.errorHandler());
const server = createServer(app).listen(0, '127.0.0.1');
await once(server, 'listening');
const host = `http://127.0.0.1:${server.address().port}`;

/** A machine that does much besides makes the store refuse what it would not otherwise. */
const giveUpAt = performance.now() + 40_000;
async function patiently(ask, isRefused) {
  for (;;) {
    const answer = await ask().catch((error) => error);
    if (!isRefused(answer) || performance.now() > giveUpAt) return answer;
  }
}
const made = async (ask) => {
  const isRefused = ({ code }) => code === 'store_unavailable' || code === 'not_durable';
  const answer = await patiently(ask, (each) => each instanceof Error && isRefused(each));
  if (answer instanceof Error) throw answer;
  return answer;
};
const statusOf = async (path, request) =>
  (
    await patiently(
      () => fetch(host + path, request),
      ({ status }) => status === 503,
    )
  ).status;

const by = { by: 'test' };
const NEW = { name: 'k', ownerId: 'ada', maxRequestsPerMinute: 100 };
const { key, token } = await made(() => latchkey.apiKeys.create(NEW, by));
const policy = await made(() => latchkey.policies.create({ name: 'p', statements: [{ actions: ['a'] }] }, by));
const withKey = { headers: { 'x-api-key': token } };
const statuses = [];
for (let n = 0; n < 3; n++) statuses.push(await statusOf('/', withKey));
statuses.push(await statusOf('/login', { method: 'POST' }));
await made(() => latchkey.policies.remove(policy.id, by));
await made(() => latchkey.apiKeys.revoke(key.id, by));
statuses.push(await statusOf('/', withKey));
await latchkey.health();

server.closeAllConnections();
server.close();
await once(server, 'close');
await latchkey.close();
client?.disconnect();
process.stdout.write(`${statuses.join(' ')}, closed\n`);
