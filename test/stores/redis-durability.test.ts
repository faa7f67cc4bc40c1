import { Redis, type RedisOptions } from 'ioredis';
import type { ApiKeyRecord } from '../../lib/records.js';
import { type DurabilityOptions, RedisStore, type RedisStoreOptions } from '../../lib/stores/redis/redis-store.js';
import { testStore } from '../conformance/store.js';
import { changed, Draw } from '../conformance/store-samples.js';
import { until } from '../conformance/store-suite.js';
import { PATIENT } from '../support/patience.js';
import { type RedisReplicas, startRedisReplicas } from '../support/redis-replicas.js';

const TIMEOUT_MS = 600;
/** What a busy machine may add to it. */
const SLACK_MS = 3_000;
const PATIENT_DURABILITY = { replicas: 1, timeoutMs: 10_000 };
const NOT_DURABLE = {
  code: 'not_durable',
  status: 503,
  headers: { 'Retry-After': '1' },
  message: 'The change is not yet safe against a failure. It may still take effect. Retrying is safe.',
};

describe('RedisStore with durability', () => {
  const draw = new Draw(21);
  let redis: RedisReplicas;
  let closing: (() => unknown)[] = [];

  beforeAll(async () => {
    redis = await startRedisReplicas(2);
  });

  afterEach(async () => {
    for (const replica of redis.replicas) replica.resume();
    redis.master.resume();
    for (const close of closing.reverse()) await close();
    closing = [];
    await redis.untilInStep();
  });

  afterAll(() => redis.stop());

  /** One process of an app. */
  function open(durability?: DurabilityOptions, clientOptions: RedisOptions = {}, options: RedisStoreOptions = {}) {
    const client = new Redis(redis.master.url, clientOptions as object);
    client.on('error', () => {});
    const store = new RedisStore(client, { ...PATIENT, ...(durability && { durability }), ...options });
    closing.push(async () => {
      await store.close();
      client.disconnect();
    });
    return { client, store, ...store.records };
  }

  const [first, second] = [() => redis.replicas[0] as never, () => redis.replicas[1] as never];
  const storedOn = async (server: never, key: string) => (await redis.ask(server, 'GET', key)) as string | null;
  const keyOf = ({ id }: { id: string }) => `latchkey:key:{${id}}`;
  /** How often the master was asked to WAIT. */
  const waits = async () => {
    const stats = String(await redis.ask(redis.master, 'INFO', 'commandstats'));
    return Number(/cmdstat_wait:calls=(\d+)/.exec(stats)?.[1] ?? 0);
  };
  const connections = async () =>
    String(await redis.ask(redis.master, 'CLIENT', 'LIST', 'TYPE', 'normal')).split('\n').length;

  testStore('RedisStore, its writes confirmed by a replica,', async () => {
    await redis.ask(redis.master, 'FLUSHALL');
    const clients: Redis[] = [];
    const openStore = () => {
      const client = new Redis(redis.master.url, { keyPrefix: 'host:' });
      clients.push(client);
      return new RedisStore(client, { ...PATIENT, durability: PATIENT_DURABILITY });
    };
    const cleanUp = () => clients.forEach((client) => void client.disconnect());
    return { store: openStore(), openSecond: openStore, cleanUp };
  });

  describe('with its replicas in step', () => {
    it('has on all of them what it has acknowledged', async () => {
      const { apiKeys, policies, numbers, documents, store } = open({ replicas: 2, timeoutMs: 10_000 });
      for (let n = 0; n < 50; n++) {
        const record = draw.record();
        await apiKeys.insert(record);
        expect(await storedOn(first(), keyOf(record))).toMatch(/^1 /);
        const next = changed(record, { revokedAt: 5 });
        expect(await apiKeys.update(record, next)).toBe(true);
        for (const server of [first(), second()])
          expect(await storedOn(server, keyOf(record))).toMatch(/"revokedAt":5[,}]/);
        const policy = draw.policy();
        const policyKey = `latchkey:policy:{${policy.id}}`;
        await policies.insert(policy);
        expect(await storedOn(second(), policyKey)).toMatch(/^1 /);
        await policies.update(policy, { ...policy, version: 2 });
        expect(await storedOn(second(), policyKey)).toMatch(/^2 /);
        await policies.remove({ ...policy, version: 2 });
        expect(await storedOn(second(), policyKey)).toBeNull();
        const document = draw.document();
        await documents.insert(document);
        expect(await storedOn(second(), `latchkey:doc:${document.kind}:{${document.id}}`)).toMatch(/^1 /);
        const [number] = await numbers.of('user', [record.id]);
        for (const server of [first(), second()]) {
          expect(await storedOn(server, `latchkey:number:{user:${record.id}}`)).toBe(String(number));
          expect(await storedOn(server, `latchkey:number-id:{user:${number}}`)).toBe(record.id);
        }
        const session = {
          login: '{}',
          data: '{}',
          userId: 'ada',
          orgId: 'org',
          createdAt: Date.now(),
          expiresAt: Date.now() + 60_000,
        };
        await store.state.sessions.insert(record.id, session, 60_000);
        for (const server of [first(), second()]) {
          expect(await storedOn(server, `latchkey:sess:{${record.id}}`)).toMatch(/^1/);
        }
        await store.state.keep(record.id, 'kept', 60_000);
        expect(await storedOn(second(), `latchkey:once:{${record.id}}`)).toBe('kept');
        expect(await store.state.take(record.id)).toBe('kept');
        expect(await storedOn(second(), `latchkey:once:{${record.id}}`)).toBeNull();
        expect(await store.state.sessions.end(record.id, 'ada')).toBe(true);
        expect(await storedOn(first(), `latchkey:sess:{${record.id}}`)).toBeNull();
      }
    });

    it('shares one WAIT between writes that are asked for at once', async () => {
      const { apiKeys } = open(PATIENT_DURABILITY);
      await apiKeys.insert(draw.record());
      const before = await waits();
      const records = Array.from({ length: 20 }, () => draw.record());
      expect(await Promise.all(records.map((record) => apiKeys.insert(record)))).toEqual(records.map(() => true));
      expect((await waits()) - before).toBeLessThanOrEqual(5);
      for (const record of records) expect(await apiKeys.get(record.id)).toEqual(record);
    });

    it('lets one of many changes of one record at once win, and says so to the others', async () => {
      const { apiKeys } = open(PATIENT_DURABILITY);
      const record = draw.record();
      await apiKeys.insert(record);
      const changes = Array.from({ length: 20 }, (_, n) => changed(record, { name: `change ${n}` }));
      const made = await Promise.all(changes.map((next) => apiKeys.update(record, next)));
      expect(made.filter(Boolean)).toHaveLength(1);
      expect(await apiKeys.get(record.id)).toEqual(changes[made.indexOf(true)]);
    });

    it.each<[string, RedisOptions]>([
      ['with auto-pipelining', { enableAutoPipelining: true }],
      ['that gives up commands soon', { commandTimeout: 1 }],
      ['that answers numbers as text, on RESP2', { stringNumbers: true, protocol: 2 }],
    ])('works for a client %s', async (_what, clientOptions) => {
      const { store } = open(PATIENT_DURABILITY, { ...clientOptions, commandTimeout: undefined as never });
      const record = draw.record();
      expect(await store.records.apiKeys.insert(record)).toBe(true);
      expect(await store.records.apiKeys.update(record, changed(record, {}))).toBe(true);
    });

    it('sends nothing a second time because the server has forgotten the scripts', async () => {
      const { apiKeys } = open(PATIENT_DURABILITY);
      const record = draw.record();
      await apiKeys.insert(record);
      await redis.ask(redis.master, 'SCRIPT', 'FLUSH');
      const before = await waits();
      expect(await apiKeys.update(record, changed(record, { enabled: false }))).toBe(true);
      expect((await waits()) - before).toBe(1);
      expect(await storedOn(first(), keyOf(record))).toMatch(/^2 /);
    });

    it('leaves nothing behind that is not a record or its index', async () => {
      await redis.ask(redis.master, 'FLUSHALL');
      const { apiKeys } = open(PATIENT_DURABILITY);
      const record = draw.record();
      await apiKeys.insert(record);
      await apiKeys.confirm?.(record.id);
      const keys = (await redis.ask(redis.master, 'KEYS', '*wait*')) as string[];
      expect(keys).toEqual([]);
    });

    it('keeps no replica busy for who guesses login tokens', async () => {
      const { store } = open(PATIENT_DURABILITY);
      const before = await waits();
      expect(await store.state.take('a guess')).toBeNull();
      expect(await waits()).toBe(before);
    });

    it('writes no record whose index entry a failover may have taken meanwhile', async () => {
      const { apiKeys, client, store } = open(PATIENT_DURABILITY);
      await until('the feed is live', () => store.changes.isLive);
      const index = client as unknown as Record<'latchkeyIndex', (...args: unknown[]) => Promise<unknown>>;
      const send = index.latchkeyIndex.bind(client);
      index.latchkeyIndex = async (...args) => {
        const answer = await send(...args);
        if (client.status === 'ready') client.stream.destroy(); // as when the master is lost
        await until('it is connected again', () => client.status === 'ready');
        return answer;
      };
      const record = draw.record();
      await expect(apiKeys.insert(record)).rejects.toMatchObject({ code: 'store_unavailable' });
      expect(await apiKeys.get(record.id)).toBeNull();
      index.latchkeyIndex = send;
      expect(await apiKeys.insert(record)).toBe(true);
    });

    it('makes up for the place in the schedule that a failover has taken, once the change is confirmed', async () => {
      const { apiKeys } = open(PATIENT_DURABILITY);
      const record = draw.record();
      await apiKeys.insert(record);
      await apiKeys.update(record, changed(record, { revokedAt: 5, expungeAt: 9_000_000_000_000 }));
      expect(await redis.ask(redis.master, 'ZREM', 'latchkey:due', record.id)).toBe(1);
      await apiKeys.confirm?.(record.id);
      expect(Number(await redis.ask(redis.master, 'ZSCORE', 'latchkey:due', record.id))).toBe(9_000_000_000_000);
    });

    it('opens its connection for the first write and ends it when it is closed', async () => {
      const { store, apiKeys, client } = open(PATIENT_DURABILITY);
      await until('the feed is live', () => store.changes.isLive);
      const before = await connections();
      await apiKeys.get('nothing');
      expect(await connections()).toBe(before);
      await Promise.all(Array.from({ length: 10 }, () => apiKeys.insert(draw.record())));
      expect(await connections()).toBe(before + 1);
      await store.close();
      await until('its connection is gone', async () => (await connections()) === before);
      expect(await client.ping()).toBe('PONG');
      await expect(apiKeys.insert(draw.record())).rejects.toMatchObject({ code: 'store_unavailable' });
    });
  });

  describe('with a replica that has stopped', () => {
    const DURABILITY = { replicas: 2, timeoutMs: TIMEOUT_MS };

    /** How an action ends, and that it does within its bound. */
    async function timed(action: () => Promise<unknown>): Promise<unknown> {
      const startedAt = performance.now();
      const outcome = await action().catch((error: unknown) => error);
      expect(performance.now() - startedAt).toBeLessThan(TIMEOUT_MS + SLACK_MS);
      return outcome;
    }

    async function stopped(): Promise<ReturnType<typeof open> & { record: ApiKeyRecord }> {
      const opened = open(DURABILITY);
      const record = draw.record();
      await opened.apiKeys.insert(record);
      redis.replicas[1]?.pause();
      return { ...opened, record };
    }

    it('answers not_durable in time, and the change is in force on the master all the same', async () => {
      const { apiKeys, policies, numbers, documents, store, record } = await stopped();
      const revoked = changed(record, { revokedAt: 5 });
      const error = await timed(() => apiKeys.update(record, revoked));
      expect(error).toMatchObject({ ...NOT_DURABLE, reason: '1 of 2 replicas have confirmed' });
      expect(await apiKeys.get(record.id)).toEqual(revoked);
      const [made, policy] = [draw.record(), draw.policy()];
      expect(await timed(() => apiKeys.insert(made))).toMatchObject(NOT_DURABLE);
      expect(await timed(() => policies.insert(policy))).toMatchObject(NOT_DURABLE);
      expect(await timed(() => policies.update(policy, { ...policy, version: 2 }))).toMatchObject(NOT_DURABLE);
      expect(await timed(() => policies.remove({ ...policy, version: 2 }))).toMatchObject(NOT_DURABLE);
      expect(await policies.get(policy.id)).toBeNull();
      const document = draw.document();
      expect(await timed(() => documents.insert(document))).toMatchObject(NOT_DURABLE);
      expect(await documents.page({ ...document, limit: 5 })).toEqual({ records: [document], next: null });
      expect(await timed(() => numbers.of('user', [record.id]))).toMatchObject(NOT_DURABLE);
      expect(await apiKeys.get(made.id)).toEqual(made);
      const session = {
        login: '{}',
        data: '{}',
        userId: 'ada',
        orgId: null,
        createdAt: Date.now(),
        expiresAt: Date.now() + 60_000,
      };
      expect(await timed(() => store.state.sessions.insert('s1', session, 60_000))).toMatchObject(NOT_DURABLE);
      expect(await store.state.sessions.list('ada')).toMatchObject([{ id: 's1' }]);
      expect(await timed(() => store.state.keep('t1', 'kept', 60_000))).toMatchObject(NOT_DURABLE);
      expect(await timed(() => store.state.take('t1'))).toMatchObject(NOT_DURABLE);
      expect(await store.state.take('t1')).toBeNull();
      expect(await timed(() => store.state.sessions.end('s1', 'ada'))).toMatchObject(NOT_DURABLE);
      expect(await store.state.sessions.find('s1')).toBeNull();
    });

    it('keeps nobody from logging in where logins need not last, but says so to who logs out', async () => {
      await stopped();
      const { state } = open({ ...DURABILITY, logins: false }).store;
      const session = {
        login: '{}',
        data: '{}',
        userId: 'bob',
        orgId: null,
        createdAt: Date.now(),
        expiresAt: Date.now() + 60_000,
      };
      await state.keep('t2', 'kept', 60_000);
      expect(await state.sessions.insert('s2', session, 60_000)).toBe(true);
      expect(await timed(() => state.take('t2'))).toMatchObject(NOT_DURABLE);
      expect(await timed(() => state.sessions.end('s2', 'bob'))).toMatchObject(NOT_DURABLE);
    });

    it('confirms nothing of what is there until the replica goes on', async () => {
      const { apiKeys, record } = await stopped();
      const revoked = changed(record, { revokedAt: 5 });
      expect(await timed(() => apiKeys.update(record, revoked))).toMatchObject(NOT_DURABLE);
      expect(await timed(async () => apiKeys.confirm?.(record.id))).toMatchObject(NOT_DURABLE);
      redis.replicas[1]?.resume();
      const other = open({ replicas: 2, timeoutMs: 10_000 });
      await other.apiKeys.confirm?.(record.id);
      expect(await storedOn(second(), keyOf(record))).toMatch(/"revokedAt":5[,}]/);
    });

    it('acknowledges what the others have, where fewer are asked for', async () => {
      const { record } = await stopped();
      const { apiKeys } = open({ replicas: 1, timeoutMs: TIMEOUT_MS });
      expect(await apiKeys.update(record, changed(record, { revokedAt: 5 }))).toBe(true);
      expect(await storedOn(first(), keyOf(record))).toMatch(/^2 /);
    });

    it('acknowledges what is confirmed late, but in time', async () => {
      const { record } = await stopped();
      const { apiKeys } = open({ replicas: 2, timeoutMs: 10_000 });
      const revoking = apiKeys.update(record, changed(record, { revokedAt: 5 }));
      await until('it is in force', async () => (await apiKeys.get(record.id))?.revokedAt === 5);
      redis.replicas[1]?.resume();
      expect(await revoking).toBe(true);
    });

    it('has each of many writes in force soon, and answers each in time', async () => {
      const { apiKeys } = await stopped();
      const answers: Promise<unknown>[] = [];
      for (let n = 0; n < 20; n++) {
        const record = draw.record();
        answers.push(timed(() => apiKeys.insert(record)));
        const askedAt = performance.now();
        await until('it is in force', async () => (await apiKeys.get(record.id)) !== null);
        expect(performance.now() - askedAt).toBeLessThan(250 + SLACK_MS);
      }
      for (const answer of await Promise.all(answers)) expect(answer).toMatchObject(NOT_DURABLE);
    });

    it('keeps nobody waiting who only reads', async () => {
      const { apiKeys, record } = await stopped();
      let isOver = false;
      const revoking = timed(() => apiKeys.update(record, changed(record, { revokedAt: 5 })));
      void revoking.finally(() => {
        isOver = true;
      });
      let reads = 0;
      for (; !isOver; reads++) await apiKeys.get(record.id);
      expect(reads).toBeGreaterThan(50);
      expect(await revoking).toMatchObject(NOT_DURABLE);
    });
  });

  it('without a master says that nothing was written, or that nobody knows', async () => {
    const { apiKeys } = open({ replicas: 1, timeoutMs: TIMEOUT_MS }, {}, { timeoutMs: TIMEOUT_MS });
    const record = draw.record();
    await apiKeys.insert(record);
    redis.master.pause();
    const startedAt = performance.now();
    const writing = apiKeys.update(record, changed(record, { revokedAt: 5 }));
    await expect(writing).rejects.toMatchObject({
      status: 503,
      code: expect.stringMatching(/^(not_durable|store_unavail)/),
    });
    expect(performance.now() - startedAt).toBeLessThan(2 * TIMEOUT_MS + SLACK_MS);
    redis.master.resume();
    await until('writes are confirmed again', async () => {
      const now = await apiKeys.get(record.id).catch(() => null);
      return now !== null && (await apiKeys.update(now, changed(now, {})).catch(() => false));
    });
  });

  it('says at once that nobody knows when the connection breaks before the replicas have confirmed', async () => {
    const { apiKeys, client } = open({ replicas: 2, timeoutMs: 10_000 });
    const record = draw.record();
    await apiKeys.insert(record);
    const own = Number(await client.client('ID'));
    redis.replicas[1]?.pause();
    const revoking = apiKeys.update(record, changed(record, { revokedAt: 5 })).catch((error: unknown) => error);
    await until('it is in force', async () => (await apiKeys.get(record.id))?.revokedAt === 5);
    const list = String(await redis.ask(redis.master, 'CLIENT', 'LIST', 'TYPE', 'normal'));
    const blocked = list.split('\n').filter((line) => / cmd=wait /.test(line));
    expect(blocked).toHaveLength(1);
    const id = /id=(\d+)/.exec(blocked[0] as string)?.[1] as string;
    expect(Number(id)).not.toBe(own);
    const startedAt = performance.now();
    await redis.ask(redis.master, 'CLIENT', 'KILL', 'ID', id);
    expect(await revoking).toMatchObject(NOT_DURABLE);
    expect(performance.now() - startedAt).toBeLessThan(SLACK_MS);
    redis.replicas[1]?.resume();
    expect(await apiKeys.insert(draw.record())).toBe(true);
  });

  it('takes no more than maxPending writes at a time', async () => {
    const { apiKeys, policies } = open({ replicas: 2, timeoutMs: TIMEOUT_MS }, {}, { maxPending: 10 });
    await apiKeys.insert(draw.record());
    redis.replicas[1]?.pause();
    const confirming = Array.from({ length: 15 }, () => policies.confirm?.('any').catch((error: unknown) => error));
    const reasons = (await Promise.all(confirming)).map((error) => (error as { reason: string }).reason);
    expect(reasons.filter((reason) => reason === 'too many writes are waiting for replicas')).toHaveLength(5);
    expect(reasons.filter((reason) => reason === '1 of 2 replicas have confirmed')).toHaveLength(10);
  });
});
