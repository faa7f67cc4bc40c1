import { AsyncLocalStorage } from 'node:async_hooks';
import { Cluster, Redis } from 'ioredis';
import { RedisStore, recommendedRedisOptions } from '../../lib/stores/redis/redis-store.js';
import { TurnBatch } from '../../lib/stores/redis/turn-batch.js';
import { until } from '../conformance/store-suite.js';
import { PATIENT } from '../support/patience.js';
import { startRedisCluster } from '../support/redis-cluster.js';
import { type RedisServer, startRedis } from '../support/redis-server.js';

const TTL_MS = 60_000;
const IDS = Array.from({ length: 40 }, (_, n) => `session-${n}`);

/** Each session's data is its own id. */
async function insertSessions({ state }: RedisStore): Promise<void> {
  const common = { login: null, userId: null, orgId: null, createdAt: 0, expiresAt: TTL_MS };
  await Promise.all(IDS.map((data) => state.sessions.insert(data, { ...common, data }, TTL_MS)));
}

async function readSessions({ state }: RedisStore): Promise<(string | undefined)[]> {
  return await Promise.all(IDS.map(async (id) => (await state.sessions.read(id, TTL_MS))?.data));
}

/** Counts what a connection writes from now on, by the commands in each write. */
function watchWrites({ stream }: Redis): number[] {
  const writes: number[] = [];
  const write = stream._write;
  const writeMany = stream._writev;
  stream._write = function (...args) {
    writes.push(1);
    write.apply(this, args);
  };
  stream._writev = function (...args) {
    writes.push(args[0].length);
    writeMany?.apply(this, args);
  };
  return writes;
}

/** Notes the names of the commands that a client sends from now on. */
function watchCommands(client: Redis): string[] {
  const sent: string[] = [];
  const { sendCommand } = client;
  client.sendCommand = function (command, stream) {
    sent.push(command.name);
    return sendCommand.call(this, command, stream);
  };
  return sent;
}

describe('session reads of one turn of the event loop', () => {
  let server: RedisServer;
  let client: Redis;
  let store: RedisStore;

  beforeEach(async () => {
    server = await startRedis();
    client = new Redis(server.url, { ...recommendedRedisOptions(), retryStrategy: () => 50 });
    client.on('error', () => {});
    store = new RedisStore(client, { ...PATIENT, heartbeatMs: 60_000 });
    await until('the client is ready', () => client.status === 'ready');
    await insertSessions(store);
  });

  afterEach(async () => {
    await store.close();
    client.disconnect();
    await server.stop();
  });

  it('leave as one command, and each gets its own answer', async () => {
    const writes = watchWrites(client);
    expect(await readSessions(store)).toEqual(IDS);
    expect(writes).toEqual([1]);
  });

  it('leave as more commands where they are many, and as one GETEX where there is one', async () => {
    const sent = watchCommands(client);
    const reading = Array.from({ length: 257 }, (_, n) =>
      store.state.sessions.read(`session-${n % IDS.length}`, TTL_MS),
    );
    const found = (await Promise.all(reading)).map((session) => session?.data);
    expect(found).toEqual(Array.from({ length: 257 }, (_, n) => IDS[n % IDS.length]));
    expect(sent).toEqual(['evalsha', 'evalsha', 'getex']);
  });

  it('give each session its own life', async () => {
    await Promise.all(IDS.map((id, n) => store.state.sessions.read(id, TTL_MS * (n + 1))));
    const lives = await Promise.all(IDS.map((id) => client.pttl(`latchkey:sess:{${id}}`)));
    for (const [n, life] of lives.entries()) {
      expect(life).toBeLessThanOrEqual(TTL_MS * (n + 1));
      expect(life).toBeGreaterThan(TTL_MS * n + 1);
    }
  });

  it('bring again only what the caller does not know', async () => {
    const { sessions } = store.state;
    const known = await Promise.all(IDS.map((id) => sessions.read(id, TTL_MS)));
    await sessions.save('session-1', 1, 'new', TTL_MS);
    await sessions.end('session-2', null);
    const again = await Promise.all(IDS.map((id, n) => sessions.read(id, TTL_MS, known[n] ?? undefined)));
    expect(again.filter((session, n) => session === known[n])).toHaveLength(IDS.length - 2);
    expect(again.slice(1, 3)).toEqual([{ version: 2, login: null, data: 'new' }, null]);
  });

  it('get one short answer for all where nothing has changed, which slides each by the life it has', async () => {
    const { sessions } = store.state;
    const known = await Promise.all(IDS.map((id) => sessions.read(id, TTL_MS)));
    const answers: unknown[] = [];
    const { sendCommand } = client;
    client.sendCommand = function (command, stream) {
      void command.promise.then((answer) => answers.push(answer));
      return sendCommand.call(this, command, stream);
    };
    for (const ttlMs of [() => 2 * TTL_MS, (n: number) => (n + 3) * TTL_MS]) {
      const again = await Promise.all(IDS.map((id, n) => sessions.read(id, ttlMs(n), known[n] ?? undefined)));
      expect(again.every((session, n) => session === known[n])).toBe(true);
      expect(answers.splice(0)).toEqual([1]);
      const lives = await Promise.all(IDS.map((id) => client.pttl(`latchkey:sess:{${id}}`)));
      expect(lives.every((life, n) => life <= ttlMs(n) && life > ttlMs(n) - TTL_MS)).toBe(true);
      answers.splice(0);
    }
  });

  it('tell a session that was begun anew under the id of another, at the same version', async () => {
    const { sessions } = store.state;
    const common = { data: '{}', userId: null, orgId: null, createdAt: 0, expiresAt: TTL_MS };
    for (const login of ['{"userId":"ada"}', '{"userId":"adam"}', null]) {
      const known = [await sessions.read('again', TTL_MS), await sessions.read('other', TTL_MS)];
      await sessions.end('again', null);
      await sessions.insert('again', { ...common, login }, TTL_MS);
      await sessions.insert('other', { ...common, login: null }, TTL_MS);
      const read = (id: string, at: number) => sessions.read(id, TTL_MS, known[at] ?? undefined);
      const [again] = await Promise.all([read('again', 0), read('other', 1)]);
      expect(again).toEqual({ version: 1, login, data: '{}' });
    }
  });

  it('do not fail for one that is no session', async () => {
    await client.del('latchkey:sess:{session-1}');
    await client.lpush('latchkey:sess:{session-1}', 'a list');
    const [first, second, third] = await Promise.allSettled(
      ['session-0', 'session-1', 'session-2'].map((id) => store.state.sessions.read(id, TTL_MS)),
    );
    expect(first).toMatchObject({ value: { data: 'session-0' } });
    expect(second).toMatchObject({ reason: { code: 'store_unavailable' } });
    expect(third).toMatchObject({ value: { data: 'session-2' } });
  });

  it('all fail with the server, whose fault the client hears of', async () => {
    const heard: string[] = [];
    client.options.reconnectOnError = ({ message }) => {
      heard.push(message);
      return false;
    };
    await client.replicaof('127.0.0.1', '1');
    const reading = await Promise.allSettled(IDS.map((id) => store.state.sessions.read(id, TTL_MS)));
    for (const read of reading) expect(read).toMatchObject({ reason: { code: 'store_unavailable' } });
    expect(heard).toEqual([expect.stringContaining('READONLY')]);
  });

  it('go on after SCRIPT FLUSH', async () => {
    expect(await readSessions(store)).toEqual(IDS);
    await client.script('FLUSH');
    expect(await readSessions(store)).toEqual(IDS);
  });

  it('get 503 in bounded time from a server that is frozen, and their answers once it is back', async () => {
    const impatient = new RedisStore(client, { timeoutMs: 200, heartbeatMs: 60_000 });
    try {
      expect(await readSessions(impatient)).toEqual(IDS);
      server.pause();
      const reading = await Promise.allSettled(IDS.map((id) => impatient.state.sessions.read(id, TTL_MS)));
      for (const read of reading) expect(read).toMatchObject({ reason: { code: 'store_unavailable' } });
      server.resume();
      await until('sessions are read again', () =>
        readSessions(impatient).then(
          () => true,
          () => false,
        ),
      );
      expect(await readSessions(impatient)).toEqual(IDS);
    } finally {
      await impatient.close();
    }
  });

  it('hold back nothing that the host sends on the same client', async () => {
    const writes = watchWrites(client);
    const order: string[] = [];
    const note = (what: string) => () => order.push(what);
    const reading = Promise.all([
      store.state.sessions.read('session-1', TTL_MS).then(note('first')),
      store.state.sessions.read('session-2', TTL_MS).then(note('second')),
    ]);
    const asking = client.echo('host').then(note('host'));
    expect(writes).toEqual([1]);
    await Promise.all([reading, asking]);
    expect(order).toEqual(['host', 'first', 'second']);
    expect(writes).toEqual([1, 1]);
  });

  it('see what was ended in the same turn', async () => {
    const reading = store.state.sessions.read('session-1', TTL_MS);
    const ending = store.state.sessions.end('session-1', null);
    expect([await reading, await ending]).toEqual([null, true]);
  });

  it('are refused or answered when the connection breaks in that turn, and the next one is whole', async () => {
    const reading = Promise.allSettled(IDS.map((id) => store.state.sessions.read(id, TTL_MS)));
    client.disconnect(true);
    for (const read of await reading) {
      if (read.status === 'rejected') expect(read.reason).toMatchObject({ code: 'store_unavailable' });
      else expect(IDS).toContain(read.value?.data);
    }
    await until('the client is ready', () => client.status === 'ready');
    const sent = watchCommands(client);
    expect(await readSessions(store)).toEqual(IDS);
    expect(sent.filter((name) => name !== 'ping')).toEqual(['evalsha']);
  });

  it('leave as one command, too, on a client that pipelines by itself', async () => {
    const pipelining = new Redis(server.url, { enableAutoPipelining: true });
    const other = new RedisStore(pipelining, { ...PATIENT, heartbeatMs: 60_000 });
    await until('the client is ready', () => pipelining.status === 'ready');
    expect(await readSessions(other)).toEqual(IDS); // what a new connection is asked first is not counted
    for (const flush of [false, true]) {
      if (flush) await client.script('FLUSH');
      const writes = watchWrites(pipelining);
      expect(await readSessions(other)).toEqual(IDS);
      expect(writes.length).toBeLessThanOrEqual(flush ? 2 : 1);
    }
    await other.close();
    pipelining.disconnect();
  });

  it('leave in one write to each master of a Cluster', async () => {
    const cluster = await startRedisCluster();
    const client = new Cluster([...cluster.startupNodes], recommendedRedisOptions('cluster'));
    client.on('error', () => {});
    const store = new RedisStore(client, { ...PATIENT, heartbeatMs: 60_000 });
    try {
      await until('the client is ready', () => client.status === 'ready');
      await insertSessions(store);
      expect(await readSessions(store)).toEqual(IDS); // each master is verified before its first command
      const masters = client.nodes('master');
      await until('all are connected', () => masters.every(({ status }) => status === 'ready'));
      const writes = masters.map((master) => watchWrites(master));
      expect(await readSessions(store)).toEqual(IDS);
      expect(writes.map((each) => each.length)).toEqual([1, 1, 1]);
      expect(writes.flat().reduce((sum, count) => sum + count)).toBe(IDS.length);
    } finally {
      await store.close();
      client.disconnect();
      await cluster.stop();
    }
  }, 90_000);
});

describe('TurnBatch', () => {
  it('sends in the asynchronous context of whoever asked, for traces', async () => {
    const context = new AsyncLocalStorage<string>();
    const batch = new TurnBatch(() => []);
    const ask = (name: string) => context.run(name, () => batch.run(async () => context.getStore()));
    expect(await Promise.all([ask('one'), ask('two')])).toEqual(['one', 'two']);
  });

  it('keeps the fault of one from the others', async () => {
    const batch = new TurnBatch(() => []);
    const failing = () => {
      throw new Error('no server');
    };
    const [first, second] = await Promise.allSettled([batch.run(failing), batch.run(async () => 'answer')]);
    expect(first).toMatchObject({ status: 'rejected', reason: { message: 'no server' } });
    expect(second).toEqual({ status: 'fulfilled', value: 'answer' });
  });
});
