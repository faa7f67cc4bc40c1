import { once } from 'node:events';
import { Redis } from 'ioredis';
import type { Core } from '../../lib/core.js';
import type { AuthError } from '../../lib/index.js';
import { RedisStore } from '../../lib/stores/redis/redis-store.js';
import { newCore } from '../lib/new-core.js';
import { PATIENT } from '../support/patience.js';
import { type RedisServer, startRedis } from '../support/redis-server.js';
import { startTcpProxy, type TcpProxy } from '../support/tcp-proxy.js';

/** On the way to the server, and as long on the way back. */
const DELAY_MS = 120;

let server: RedisServer;
let proxy: TcpProxy;
let client: Redis;
let core: Core;

beforeAll(async () => {
  server = await startRedis();
  proxy = await startTcpProxy(Number(new URL(server.url).port));
  client = new Redis({ port: proxy.port, retryStrategy: () => 20 });
  client.on('error', () => {});
  await once(client, 'ready');
  core = newCore({ store: new RedisStore(client, PATIENT) });
});

afterAll(async () => {
  await core.close();
  client.disconnect();
  await proxy.stop();
  await server.stop();
});

/** Does `change`, whose last command is executed while its answer is lost: ioredis sends it again. */
async function withAnswerLost(change: () => Promise<unknown>, isDone: () => Promise<boolean>): Promise<unknown> {
  proxy.delay(DELAY_MS);
  const changing = change().then(
    () => 'done',
    (error: AuthError) => error.code,
  );
  while (!(await isDone())) await new Promise((resolve) => setImmediate(resolve));
  proxy.cut();
  proxy.delay(0);
  return await changing;
}

describe('a change whose answer was lost, so that it is sent again', () => {
  it('is not reported as not made, and keeps its entry in the trail', async () => {
    const statements = [{ actions: ['orders:read'] }];
    const { id } = await core.policies.create({ name: 'gone', statements }, { by: 'setup' });
    const seen = new Redis(server.url);
    const isGone = async () => (await seen.exists(`latchkey:policy:{${id}}`)) === 0;
    const outcome = await withAnswerLost(() => core.policies.remove(id, { by: 'mallory' }), isGone);
    seen.disconnect();
    expect(outcome).toBe('store_unavailable');
    expect(await core.policies.get(id, null)).toBeNull();
    const { items } = await core.audit.list({ orgId: null, types: ['policy.deleted'] });
    expect(items).toMatchObject([{ type: 'policy.deleted', actorId: 'mallory', policyId: id }]);
  });

  it('is no wrong login token, where it took the token', async () => {
    const { state } = core.store;
    await state.keep('a-token', 'ada', 60_000);
    const seen = new Redis(server.url);
    const isTaken = async () => (await seen.exists('latchkey:once:{a-token}')) === 0;
    const outcome = await withAnswerLost(() => state.take('a-token'), isTaken);
    seen.disconnect();
    expect(outcome).toBe('store_unavailable');
    expect(await state.take('a-token')).toBeNull();
  });

  it('is acknowledged where the store can tell that it was made', async () => {
    const { key } = await core.apiKeys.create({ name: 'k', ownerId: 'ada' }, { by: 'setup' });
    const seen = new Redis(server.url);
    const isDisabled = async () => ((await seen.get(`latchkey:key:{${key.id}}`)) ?? '').includes('"enabled":false');
    const outcome = await withAnswerLost(() => core.apiKeys.disable(key.id, { by: 'mallory' }), isDisabled);
    seen.disconnect();
    expect(outcome).toBe('done');
    const { items } = await core.audit.list({ orgId: null, types: ['key.disabled'] });
    expect(items).toMatchObject([{ actorId: 'mallory', keyId: key.id }]);
  });
});
