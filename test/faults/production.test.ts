import { networkInterfaces } from 'node:os';
import { Redis, type RedisOptions } from 'ioredis';
import { AuthError, createLatchkey, type Latchkey, type ProductionOptions } from '../../lib/index.js';
import { RedisStore } from '../../lib/stores/redis/redis-store.js';
import { until } from '../conformance/store-suite.js';
import { inProduction } from '../support/production.js';
import { type RedisServer, startRedis } from '../support/redis-server.js';
import { type Pair, statusFor } from '../support/verify.js';

/** Written before the answer: with everysec a write waits for a running fsync, up to 2 s, and a kill loses it. */
const DURABLE = ['--appendonly', 'yes', '--appendfsync', 'always'];
const NEW_KEY = { name: 'a', ownerId: 'ada', statements: [] };
/** Answers come within 500 ms, plus what a busy machine adds. */
const BOUND_MS = 4_000;

describe('Redis in production', () => {
  let closing: (() => unknown)[] = [];
  let warnings: jest.SpyInstance;

  beforeEach(() => {
    warnings = jest.spyOn(process, 'emitWarning').mockImplementation(() => {});
  });

  afterEach(async () => {
    for (const close of closing.reverse()) await close();
    closing = [];
    warnings.mockRestore();
  });

  async function start(...args: string[]): Promise<RedisServer> {
    const server = await startRedis({ args });
    closing.push(() => server.stop());
    return server;
  }

  function open(server: RedisServer, production?: ProductionOptions, options: RedisOptions = {}): Latchkey {
    const client = new Redis({ port: server.port, host: '127.0.0.1', ...(options as object) });
    client.on('error', () => {});
    const store = new RedisStore(client);
    const latchkey = production === undefined ? createLatchkey({ store }) : inProductionWith(store, production);
    closing.push(async () => {
      await latchkey.close();
      if (client.status !== 'end') client.disconnect();
    });
    return latchkey;
  }

  function inProductionWith(store: RedisStore, production: ProductionOptions): Latchkey {
    return inProduction(() => createLatchkey({ store, production }));
  }

  /** A key that another process has made, to which nothing is refused. */
  async function makeKey(server: RedisServer): Promise<Pair> {
    const { key, secret } = await open(server).apiKeys.create(NEW_KEY, { by: 'test' });
    return { id: key.id, secret };
  }

  it('is taken where it keeps what it is given', async () => {
    const server = await start(...DURABLE);
    const pair = await makeKey(server);
    const latchkey = open(server, {});
    await latchkey.ready();
    expect(await statusFor(latchkey, pair)).toBe(200);
    expect(warnings).not.toHaveBeenCalled();
  });

  it('is refused where it drops keys or forgets them: nobody is let in, and nothing is written', async () => {
    const server = await start('--maxmemory-policy', 'allkeys-lru');
    const pair = await makeKey(server);
    const latchkey = open(server, {});
    expect(await statusFor(latchkey, pair)).toBe(503);
    await expect(latchkey.apiKeys.create(NEW_KEY, { by: 'test' })).rejects.toMatchObject({
      code: 'store_unavailable',
      message: 'Credentials cannot be checked at the moment. Retry shortly.',
      reason: 'refused in production: no-persistence, eviction',
    });
    await expect(latchkey.ready()).rejects.toThrow(
      [
        'Latchkey refuses to run in production (NODE_ENV) like this:',
        '- Neither AOF nor snapshots: a restart loses everything. Set appendonly yes.',
        '- With maxmemory-policy allkeys-lru a full Redis drops keys and sessions. Set maxmemory-policy noeviction.',
        "Mend it, or accept it by name: createLatchkey({ production: { accept: ['no-persistence', 'eviction'] } }).",
      ].join('\n'),
    );
    expect(await statusFor(latchkey, pair)).toBe(503);
    expect(warnings).toHaveBeenCalledTimes(1);
  });

  it('is taken with all that where the host accepts it', async () => {
    const server = await start('--maxmemory-policy', 'allkeys-lru');
    const pair = await makeKey(server);
    const latchkey = open(server, { accept: ['eviction', 'no-persistence'] });
    expect(await statusFor(latchkey, pair)).toBe(200);
    await latchkey.ready();
  });

  it('is taken where its user may ask for none of it', async () => {
    const server = await start('--maxmemory-policy', 'allkeys-lru');
    const pair = await makeKey(server);
    const admin = new Redis(server.url);
    closing.push(() => admin.disconnect());
    await admin.acl('SETUSER', 'app', 'on', '>secret', '~*', '&*', '+@all', '-info', '-config', '-client');
    const latchkey = open(server, {}, { username: 'app', password: 'secret', enableReadyCheck: false });
    await latchkey.ready();
    expect(await statusFor(latchkey, pair)).toBe(200);
  });

  const address = Object.values(networkInterfaces())
    .flat()
    .find((each) => each?.family === 'IPv4' && !each.internal)?.address;
  const itWithAddress = address === undefined ? it.skip : it;

  itWithAddress('is refused where it is reached in plain text on another host', async () => {
    const host = String(address);
    const server = await start(...DURABLE, '--bind', '127.0.0.1', host, '--protected-mode', 'no');
    await expect(open(server, {}, { host }).ready()).rejects.toThrow(`- Plain text to another host, ${host}.`);
    await open(server, { accept: ['plain-text-store'] }, { host }).ready();
  });

  it('is waited for where it is down, within the time of one answer; once it is back it is looked at first', async () => {
    const server = await start(...DURABLE);
    const pair = await makeKey(server);
    await server.kill();
    const latchkey = open(server, {});
    const startedAt = performance.now();
    expect(await statusFor(latchkey, pair)).toBe(503);
    expect(performance.now() - startedAt).toBeLessThan(BOUND_MS);
    const ready = latchkey.ready();
    await server.restart();
    await ready;
    expect(await statusFor(latchkey, pair)).toBe(200);
    expect(warnings).not.toHaveBeenCalled();
  });

  it('lets nobody in when it comes back forgetting, not for a moment', async () => {
    const server = await start();
    const pair = await makeKey(server);
    await server.kill();
    const latchkey = open(server, {});
    expect(await statusFor(latchkey, pair)).toBe(503);
    await server.restart();
    const statuses = new Set<number>();
    await until('it is refused', async () => {
      statuses.add(await statusFor(latchkey, pair));
      return warnings.mock.calls.length > 0;
    });
    statuses.add(await statusFor(latchkey, pair));
    expect([...statuses]).toEqual([503]);
    const refused = latchkey.apiKeys.create(NEW_KEY, { by: 'test' });
    await expect(refused).rejects.toBeInstanceOf(AuthError);
  });
});
