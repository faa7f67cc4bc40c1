import { Redis, type RedisOptions } from 'ioredis';
import { createLatchkey } from '../../lib/index.js';
import { RedisStore, type RedisStoreOptions } from '../../lib/stores/redis/redis-store.js';
import { generateSecret } from '../../lib/verification/secret.js';
import { type StoreUnderTest, testStore } from '../conformance/store.js';
import { changed, Draw, ORDERS, START_AT } from '../conformance/store-samples.js';
import { until } from '../conformance/store-suite.js';
import { commandCounts, commandStatistics } from '../support/command-counts.js';
import { PATIENT } from '../support/patience.js';
import { type RedisServer, startRedis } from '../support/redis-server.js';
import { type Pair, statusFor } from '../support/verify.js';

/** The newest Redis whose commands may be used, and what of the newer ones would be tempting. */
const COMMANDS_OF_6_2 = [
  ...['client|id', 'client|tracking', 'config|get', 'config|resetstat', 'flushall', 'hello', 'info', 'ping', 'select'],
  ...['time', 'client', 'command', 'client|setinfo', 'monitor', 'multi', 'exec'],
  ...['del', 'unlink', 'exists', 'get', 'mget', 'set'],
  ...['evalsha', 'eval', 'script|load', 'script|exists', 'script|flush', 'script', 'config', 'publish', 'subscribe'],
  ...['hget', 'hgetall', 'hincrby', 'hmget', 'hset', 'zadd', 'zcard', 'zcount', 'zrange', 'zrem', 'zremrangebyscore'],
  ...['getdel', 'getex', 'incr', 'pexpire', 'pttl', 'xadd', 'xdel', 'xinfo|stream', 'xrevrange', 'xtrim'],
];

/** How soon Redis answers is not what these tests are about, and a machine may be busy. */

describe('RedisStore', () => {
  const draw = new Draw(6);
  let server: RedisServer;
  let admin: Redis;
  const opened: { disconnect(): void; status: string }[] = [];

  beforeAll(async () => {
    server = await startRedis();
    admin = new Redis(server.url);
  });

  afterAll(async () => {
    admin.disconnect();
    await server.stop();
  });

  afterEach(() => {
    for (const client of opened.splice(0)) if (client.status !== 'end') client.disconnect();
  });

  function connect(options: RedisOptions = {}): Redis {
    const client = new Redis(server.url, options as object);
    client.on('error', () => {});
    opened.push(client);
    return client;
  }

  async function makeStore(options: RedisOptions = {}, storeOptions: RedisStoreOptions = {}): Promise<StoreUnderTest> {
    await admin.flushall();
    const clients: Redis[] = [];
    const open = () => {
      const client = connect(options);
      clients.push(client);
      return new RedisStore(client, storeOptions);
    };
    return { store: open(), openSecond: open, cleanUp: () => clients.forEach((client) => void client.disconnect()) };
  }

  testStore('RedisStore', () => makeStore({}, PATIENT));
  testStore('RedisStore on a client with a key prefix of its own', () => makeStore({ keyPrefix: 'host:' }, PATIENT));
  testStore('RedisStore on RESP2 with auto-pipelining', () =>
    makeStore({ protocol: 2, enableAutoPipelining: true }, PATIENT),
  );

  describe('the constructor', () => {
    it('refuses what is no ioredis client', () => {
      const message = 'RedisStore takes a client of ioredis: new Redis(url) or new Cluster(nodes)';
      const wrong: unknown[] = [undefined, null, {}, server.url, { duplicate() {} }, { get() {}, set() {} }];
      for (const client of wrong) expect(() => new RedisStore(client as Redis)).toThrow(new TypeError(message));
    });

    it.each<[RedisStoreOptions, string]>([
      [{ keyPrefix: 'a{b}' }, 'keyPrefix must be a string without braces, e.g. "latchkey:"'],
      [{ keyPrefix: 7 as unknown as string }, 'RedisStore.keyPrefix must be a string'],
      [
        { prefix: 'a' } as never,
        'RedisStore has no option prefix; it takes: keyPrefix, timeoutMs, heartbeatMs, maxPending, durability',
      ],
      [{ timeoutMs: 0 }, 'timeoutMs must be a whole number from 1 to 2147483647'],
      [{ timeoutMs: 1.5 }, 'timeoutMs must be a whole number from 1 to 2147483647'],
      [{ heartbeatMs: Number.NaN }, 'RedisStore.heartbeatMs must be a number'],
      [{ heartbeatMs: 2 ** 31 }, 'heartbeatMs must be a whole number from 1 to 2147483647'],
      [{ maxPending: -1 }, 'maxPending must be a whole number from 1 to 2147483647'],
      [{ durability: true as never }, 'RedisStore.durability must be a object'],
      [{ durability: {} as never }, 'durability.replicas must be a whole number from 1 to 2147483647'],
      [{ durability: { replicas: 0 } }, 'durability.replicas must be a whole number from 1 to 2147483647'],
      [
        { durability: { replicas: 1, timeoutMs: 0 } },
        'durability.timeoutMs must be a whole number from 1 to 2147483647',
      ],
      [
        { durability: { replica: 1 } as never },
        'durability has no option replica; it takes: replicas, timeoutMs, logins',
      ],
    ])('refuses %j and leaves no connection behind', async (options, message) => {
      const client = connect({ lazyConnect: true });
      const duplicate = jest.spyOn(client, 'duplicate');
      expect(() => new RedisStore(client, options)).toThrow(new TypeError(message));
      expect(client.status).toBe('wait');
      expect(duplicate).not.toHaveBeenCalled();
    });

    it('takes frozen options, and a client that has yet to connect', async () => {
      await admin.flushall();
      const store = new RedisStore(connect({ lazyConnect: true }), Object.freeze({ keyPrefix: 'frozen:' }));
      const record = draw.record();
      expect(await store.records.apiKeys.insert(record)).toBe(true);
      expect(await store.records.apiKeys.get(record.id)).toEqual(record);
      await store.close();
    });
  });

  describe('its connections', () => {
    it('are the one for the change feed; close ends that one and not the client of the host', async () => {
      const client = connect();
      await client.ping();
      const before = await connections();
      const store = new RedisStore(client, PATIENT);
      await until('the feed is live', () => store.changes.isLive);
      expect(await connections()).toBe(before + 1);
      await store.close();
      await until('the connection of the feed is gone', async () => (await connections()) === before);
      expect(store.changes.isLive).toBe(false);
      expect(await client.ping()).toBe('PONG');
    });
  });

  describe('its commands', () => {
    it('are one GET to read a record', async () => {
      const { store } = await makeStore({}, { ...PATIENT, heartbeatMs: 60_000 });
      const record = draw.record();
      await store.records.apiKeys.insert(record);
      await untilArmed(store);
      expect(await commandsOf(() => store.records.apiKeys.get(record.id))).toEqual({ get: 1 });
      expect(await commandsOf(() => store.records.apiKeys.get(draw.id()))).toEqual({ get: 1 });
      await store.close();
    });

    it('are none to verify a cached key, a wrong secret for it, or an id known to be unknown', async () => {
      const { store } = await makeStore({}, { ...PATIENT, heartbeatMs: 60_000 });
      const options = { usage: { flushIntervalMs: 3_600_000 }, audit: { flushIntervalMs: 60_000 } };
      const latchkey = createLatchkey({ store, ...options });
      const { key, secret } = await latchkey.apiKeys.create({ name: 'A key', ownerId: 'anna' }, { by: 'test' });
      const [good, wrong, unknown] = [{ id: key.id, secret }, generateSecret('lk', key.id), generateSecret('lk')];
      const verify = (pair: Pair) => statusFor(latchkey, pair);
      await untilArmed(store);
      expect(await commandsOf(() => Promise.all([verify(good), verify(good), verify(wrong)]))).toEqual({ get: 1 });
      expect(await commandsOf(() => verify(unknown))).toEqual({ get: 1 });
      const statuses: number[] = [];
      const commands = await commandsOf(async () => {
        for (let n = 0; n < 100; n++) statuses.push(await verify(good), await verify(wrong), await verify(unknown));
      });
      expect(commands).toEqual({});
      expect(statuses).toEqual(Array.from({ length: 100 }, () => [200, 401, 401]).flat());
      await latchkey.close();
    });

    it('are one pipeline to write the usage of a thousand keys', async () => {
      const { store } = await makeStore({}, { ...PATIENT, heartbeatMs: 60_000 });
      const records = draw.records(1_000);
      await Promise.all(records.map((record) => store.records.apiKeys.insert(record)));
      const deltas = records.map(({ id, orgId, ownerId }) => {
        return {
          id,
          orgId,
          ownerId,
          uses: 1,
          failures: 0,
          lastFailedAt: null,
          lastUsedAt: START_AT,
          lastUsedFrom: null,
        };
      });
      await store.records.apiKeys.addUsage(deltas);
      const pipeline = jest.spyOn(Redis.prototype, 'pipeline');
      const commands = await commandsOf(() => store.records.apiKeys.addUsage(deltas));
      expect(pipeline).toHaveBeenCalledTimes(1);
      pipeline.mockRestore();
      expect(commands).toMatchObject({ evalsha: 1_000, zadd: 2_000 });
      await store.close();
    });

    it('go on after SCRIPT FLUSH, each script and in a pipeline', async () => {
      const { store } = await makeStore({}, PATIENT);
      const { apiKeys } = store.records;
      const record = draw.record();
      const next = changed(record, { expungeAt: 1 });
      const page = { orgId: 'org', order: 'createdAt', descending: false, limit: 5 } as const;
      const usage = { id: record.id, orgId: 'org', ownerId: 'owner', uses: 1, failures: 1, lastFailedAt: null };
      const flush = () => admin.script('FLUSH');
      await flush();
      expect(await apiKeys.insert(record)).toBe(true);
      await flush();
      expect((await apiKeys.page(page)).entries).toHaveLength(1);
      await flush();
      expect(await apiKeys.addUsage([{ ...usage, lastUsedAt: START_AT, lastUsedFrom: null }])).toEqual([record.id]);
      expect((await apiKeys.usage([record.id]))[0]).toMatchObject({ useCount: 1, failureCount: 1 });
      await flush();
      expect(await apiKeys.update(record, next)).toBe(true);
      await flush();
      expect(await apiKeys.expunge(1, 5)).toBe(1);
      await store.close();
    });

    it('are all of Redis 6.2 or earlier, and name only keys that begin with both prefixes', async () => {
      const { store } = await makeStore({ keyPrefix: 'host:' }, { keyPrefix: 'app:' });
      await untilArmed(store); // ioredis trips over what MONITOR tells in the same packet as its own OK
      const monitor = await connect({ protocol: 2 }).monitor();
      opened.push(monitor);
      const seen: string[][] = [];
      monitor.on('monitor', (_time: string, args: string[]) => seen.push(args));
      await admin.config('RESETSTAT');
      await everyVerb(store);
      await everyVerbOfState(store);
      expect(await store.records.numbers.of('user', ['ada', 'bob'])).toEqual([1, 2]);
      expect(await store.records.numbers.find('user', 2)).toBe('bob');
      expect((await store.health()).ok).toBe(true);
      await admin.echo('the end');
      await until('the monitor has told everything', () => seen.some(([, text]) => text === 'the end'));
      const used = Object.keys(await commandStatistics(admin)).filter((command) => command !== 'echo');
      expect(used).toEqual(expect.arrayContaining(['get', 'mget', 'evalsha', 'zrange', 'hgetall', 'xadd', 'incr']));
      expect(used.filter((command) => !COMMANDS_OF_6_2.includes(command))).toEqual([]);

      const keys = seen.flatMap(keysOf);
      expect(keys.length).toBeGreaterThan(50);
      expect(keys.filter((key) => !key.startsWith('host:app:'))).toEqual([]);
      await store.close();
    });

    it('leave only keys that begin with the key prefix, and of what was removed only the trail, which ends', async () => {
      const { store } = await makeStore({}, { keyPrefix: 'app:' });
      await everyVerb(store);
      expect(await admin.keys('*')).toEqual(['app:audit:{oorg}:changes']);
      expect(await admin.pttl('app:audit:{oorg}:changes')).toBeGreaterThan(0);
      await admin.flushall();
      const { apiKeys, policies, numbers, documents } = store.records;
      await apiKeys.insert(draw.record({ id: 'k', policyIds: ['p', 'p:2'], expungeAt: 1 }));
      await apiKeys.watch('k', 1);
      await policies.insert(draw.policy({ id: 'p:2', orgId: 'an:org' }));
      await numbers.of('user', ['a:b']);
      await documents.insert(draw.document({ kind: 'a-kind', id: 'a:b', orgId: null }));
      const ofScopes = ['{oorg}', '{oorg:owner}'].flatMap((scope) =>
        ['createdAt', 'expiresAt', 'id', 'lastUsedAt', 'name'].map((order) => `idx:${scope}:${order}`),
      );
      const others = ['due', 'key:{k}', 'pol-users:{p%3A2}', 'pol-users:{p}', 'policies:{oan%3Aorg}', 'policy:{p%3A2}'];
      const ofNumbers = ['number-id:{user:1}', 'number:{user:a%3Ab}', 'numbers:{last}'];
      const ofDocuments = ['doc:a-kind:{a%3Ab}', 'docs:a-kind:{-}'];
      const expected = [...ofScopes, ...others, ...ofNumbers, ...ofDocuments, 'watch'].map((key) => `app:${key}`);
      expect((await admin.keys('*')).sort()).toEqual(expected.sort());
      await store.close();
    });
  });

  describe('two prefixes', () => {
    it('share nothing', async () => {
      await admin.flushall();
      const [one, other] = ['one:', 'other:'].map((keyPrefix) => new RedisStore(connect(), { ...PATIENT, keyPrefix }));
      if (!one || !other) throw new Error('unreachable');
      await until('both feeds are live', () => one.changes.isLive && other.changes.isLive);
      const heard: string[] = [];
      other.changes.subscribe({ changed: (_collection, id) => heard.push(id), lost: () => heard.push('lost') });
      const record = draw.record({ expungeAt: 1 });
      const own = draw.record();
      await one.records.apiKeys.insert(record);
      expect(await other.records.apiKeys.get(record.id)).toBeNull();
      expect(await other.records.apiKeys.expunge(1, 10)).toBe(0);
      await other.records.apiKeys.insert(own);
      await other.health();
      expect(new Set(heard)).toEqual(new Set([own.id]));
      await Promise.all([one.close(), other.close()]);
    });
  });

  async function connections(): Promise<number> {
    return String(await admin.client('LIST'))
      .trim()
      .split('\n').length;
  }

  const commandsOf = (action: () => Promise<unknown>) => commandCounts(admin, action);

  async function untilArmed(store: StoreUnderTest['store']): Promise<void> {
    await until('the feed is live', () => store.changes.isLive);
  }

  /** Uses every verb of the records, and removes every record at the end. */
  async function everyVerb(store: StoreUnderTest['store']): Promise<void> {
    const { apiKeys, policies, audit, documents } = store.records;
    const record = draw.record({ name: 'A', expiresAt: START_AT, policyIds: ['p'] });
    const next = changed(record, { name: 'B', expiresAt: null, expungeAt: 1, policyIds: ['q'] });
    await apiKeys.insert(record);
    await apiKeys.insert(draw.record({ id: record.id, name: 'A' }));
    expect(await apiKeys.usersOfPolicy('p', undefined, 5)).toEqual([record.id]);
    await apiKeys.watch(record.id, 1);
    expect(await apiKeys.watched(1, 5)).toEqual([record.id]);
    await apiKeys.get(record.id);
    await apiKeys.addUsage([
      { ...record, uses: 1, failures: 1, lastFailedAt: null, lastUsedAt: START_AT, lastUsedFrom: '::1' },
    ]);
    await apiKeys.usage([record.id]);
    expect(await apiKeys.usageByDay(record.id, '2025-01-01')).toHaveLength(1);
    await apiKeys.update(record, next);
    await apiKeys.update(record, changed(record, { name: 'C' }));
    for (const order of ORDERS) {
      for (const descending of [false, true]) {
        const page = { orgId: 'org', ownerId: 'owner', order, descending, limit: 1 };
        const { next: after } = await apiKeys.page(page);
        await apiKeys.page({ ...page, after: after ?? undefined });
      }
    }
    expect(await apiKeys.expunge(1, 10)).toBe(1);

    const policy = draw.policy();
    await policies.insert(policy);
    await policies.update(policy, changed(policy, {}));
    expect((await policies.page({ orgId: 'org', limit: 5 })).records).toEqual([await policies.get(policy.id)]);
    expect(await policies.remove(changed(policy, {}))).toBe(true);

    const document = draw.document();
    await documents.insert(document);
    await documents.update(document, changed(document, {}));
    const { records } = await documents.page({ kind: document.kind, orgId: 'org', limit: 5 });
    expect(records).toEqual([await documents.get(document.kind, document.id)]);
    expect(await documents.remove(changed(document, {}))).toBe(true);

    const bounds = { nowAt: START_AT, maxAgeMs: 1_000, maxEntries: 10 };
    const [id = ''] = await audit.append('org', 'changes', ['a'], bounds);
    await audit.append('org', 'changes', ['b'], bounds);
    expect(
      await audit.page({ orgId: 'org', part: 'changes', before: '9999999999999-0', fromAt: 1, limit: 5 }),
    ).toHaveLength(2);
    await audit.withdraw('org', 'changes', id);
  }

  async function everyVerbOfState({ state }: StoreUnderTest['store']): Promise<void> {
    const rule = { limit: 1, windowMs: 60_000, waitMs: 60_000, maxWaitMs: 60_000 };
    await state.keep('a', 'value', 60_000);
    expect(await state.slide('a', 60_000)).toBe('value');
    expect(await state.take('a')).toBe('value');
    expect(await state.claim('a', 60_000)).toBe(true);
    expect((await state.hit('a', 60_000)).count).toBe(1);
    expect((await state.hit('a', 60_000)).count).toBe(2);
    await state.attempt('a', rule, 1);
    expect((await state.attempt('a', rule, 2)).waitMs).toBeGreaterThan(0);
    expect((await state.attempts('a')).count).toBe(1);
    await state.takeBackAttempt('a', rule);
    await state.clearAttempts('a');
    await state.touchUser('ada');
    const session = {
      login: '{}',
      data: '{}',
      userId: 'ada',
      orgId: 'org',
      createdAt: Date.now(),
      expiresAt: Date.now() + 60_000,
    };
    await state.sessions.insert('s', session, 60_000);
    await state.sessions.read('s', 60_000);
    await state.sessions.save('s', 1, '{"a":1}', 60_000);
    await state.sessions.find('s');
    expect(await state.sessions.list('ada')).toHaveLength(1);
    expect((await state.sessions.users('org', undefined, 5, Date.now())).users).toHaveLength(1);
    expect(await state.sessions.end('s', 'ada')).toBe(true);
    expect((await state.sessions.users('org', '', 5, Date.now())).users).toEqual([]);
  }
});

const ONE_KEY = [
  ...['get', 'getdel', 'getex', 'set', 'incr', 'pttl', 'pexpire', 'hget', 'hmget', 'hgetall', 'hset', 'hincrby'],
  ...['zadd', 'zcard', 'zcount', 'zrange', 'zrem', 'zremrangebyscore', 'xadd', 'xdel', 'xrevrange', 'xtrim'],
];

/** The keys of a command as MONITOR tells it; those within scripts are told as well. */
function keysOf([name = '', ...args]: string[]): string[] {
  const command = name.toLowerCase();
  if (ONE_KEY.includes(command)) return args.slice(0, 1);
  if (command === 'xinfo') return args.slice(1, 2);
  if (['mget', 'del', 'exists'].includes(command)) return args;
  if (command.startsWith('eval')) return args.slice(2, 2 + Number(args[1]));
  return [];
}
