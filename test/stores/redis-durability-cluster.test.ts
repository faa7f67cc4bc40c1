import { Cluster } from 'ioredis';
import type { ApiKeyRecord } from '../../lib/records.js';
import { type DurabilityOptions, RedisStore, recommendedRedisOptions } from '../../lib/stores/redis/redis-store.js';
import { changed, Draw } from '../conformance/store-samples.js';
import { until } from '../conformance/store-suite.js';
import { type RedisCluster, startRedisCluster } from '../support/redis-cluster.js';
import type { RedisServer } from '../support/redis-server.js';

const TIMEOUT_MS = 600;
/** What a busy machine may add to it. */
const SLACK_MS = 3_000;
const NOT_DURABLE = { code: 'not_durable', status: 503 };

describe('RedisStore with durability on a Cluster', () => {
  const draw = new Draw(22);
  let redis: RedisCluster;
  let closing: (() => unknown)[] = [];

  beforeAll(async () => {
    redis = await startRedisCluster();
  });

  afterEach(async () => {
    for (const node of redis.nodes) node.resume();
    for (const close of closing.reverse()) await close();
    closing = [];
    await redis.untilWhole();
  });

  afterAll(() => redis.stop());

  function open(durability: DurabilityOptions) {
    const client = new Cluster([...redis.startupNodes], recommendedRedisOptions('cluster'));
    client.on('error', () => {});
    const store = new RedisStore(client, { timeoutMs: 5_000, heartbeatMs: 500, durability });
    closing.push(async () => {
      await store.close();
      client.disconnect();
    });
    return store.records;
  }

  const keyOf = ({ id }: ApiKeyRecord) => `latchkey:key:{${id}}`;
  const replicaOf = async (master: RedisServer) => (await redis.replicaOf(master)) as RedisServer;

  /** A record that `master` keeps, and whose lists and trail are kept by `others`. */
  async function recordOn(master: RedisServer, others: RedisServer = master): Promise<ApiKeyRecord> {
    for (;;) {
      const record = draw.record({ orgId: draw.id(), ownerId: draw.id() });
      const { orgId, ownerId } = record;
      const besides = [`{o${orgId}}`, `{o${orgId}:${ownerId}}`];
      const homes = await Promise.all(besides.map((key) => redis.masterOf(key)));
      if ((await redis.masterOf(keyOf(record))) === master && homes.every((home) => home === others)) return record;
    }
  }

  async function isOnReplica(record: ApiKeyRecord): Promise<boolean> {
    const replica = await replicaOf(await redis.masterOf(keyOf(record)));
    await redis.ask(replica, 'READONLY');
    return String(await redis.ask(replica, 'GET', keyOf(record))).startsWith(`${record.version} `);
  }

  it('has on the replica of each master what it has acknowledged', async () => {
    const { apiKeys } = open({ replicas: 1, timeoutMs: 5_000 });
    const records = Array.from({ length: 60 }, () => draw.record());
    await Promise.all(
      records.map(async (record) => {
        await apiKeys.insert(record);
        expect(await isOnReplica(record)).toBe(true);
        const next = changed(record, { revokedAt: 5 });
        expect(await apiKeys.update(record, next)).toBe(true);
        expect(await isOnReplica(next)).toBe(true);
      }),
    );
    const homes = new Set(await Promise.all(records.map((record) => redis.masterOf(keyOf(record)))));
    expect(homes.size).toBe(3);
  });

  it('has on the replica of each master the numbers that it has given, and what they were counted by', async () => {
    const { numbers } = open({ replicas: 1, timeoutMs: 5_000 });
    const replicated = async (key: string, ...command: string[]) => {
      const replica = await replicaOf(await redis.masterOf(key));
      await redis.ask(replica, 'READONLY');
      return (await redis.ask(replica, ...(command as ['GET', string]))) as string;
    };
    const ids = Array.from({ length: 300 }, () => draw.id());
    const given = await numbers.of('user', ids);
    for (const [at, id] of ids.entries()) {
      const [number, offer] = [`latchkey:number:{user:${id}}`, `latchkey:number-id:{user:${given[at]}}`];
      expect(await replicated(number, 'GET', number)).toBe(String(given[at]));
      expect(await replicated(offer, 'GET', offer)).toBe(id);
    }
    const counter = 'latchkey:numbers:{last}';
    expect(Number(await replicated(counter, 'HGET', counter, 'user'))).toBeGreaterThanOrEqual(Math.max(...given));
  });

  it('says not_durable, in time, of what concerns a master whose replica has stopped, and of nothing else', async () => {
    const { apiKeys } = open({ replicas: 1, timeoutMs: TIMEOUT_MS });
    const [one, two] = (await redis.masters()) as [RedisServer, RedisServer];
    const [onOne, onTwo] = [await recordOn(one), await recordOn(two)];
    const listedByTwo = await recordOn(one, two);
    for (const record of [onOne, onTwo]) await apiKeys.insert(record);
    (await replicaOf(two)).pause();
    const startedAt = performance.now();
    const [first, second, third] = await Promise.allSettled([
      apiKeys.update(onOne, changed(onOne, { revokedAt: 5 })),
      apiKeys.update(onTwo, changed(onTwo, { revokedAt: 5 })),
      apiKeys.insert(listedByTwo),
    ]);
    expect(performance.now() - startedAt).toBeLessThan(TIMEOUT_MS + SLACK_MS);
    expect(first).toEqual({ status: 'fulfilled', value: true });
    expect(second).toMatchObject({ status: 'rejected', reason: NOT_DURABLE });
    // What a failover would leave without its entries in the lists is not written at all.
    expect(third).toMatchObject({ status: 'rejected', reason: { code: 'store_unavailable', status: 503 } });
    expect(await apiKeys.get(onTwo.id)).toMatchObject({ revokedAt: 5 });
    expect(await apiKeys.get(listedByTwo.id)).toBeNull();
  });

  it('has on the replica of their master the entries of a key with its policies, and when it is due', async () => {
    const { apiKeys } = open({ replicas: 1, timeoutMs: 5_000 });
    const onReplica = async (key: string, id: string) => {
      const replica = await replicaOf(await redis.masterOf(key));
      await redis.ask(replica, 'READONLY');
      return await redis.ask(replica, 'ZSCORE', key, id);
    };
    for (let n = 0; n < 30; n++) {
      const policyId = draw.id();
      const record = draw.record({ policyIds: [policyId], expungeAt: 7 });
      await apiKeys.watch(record.id, 5);
      expect(Number(await onReplica('latchkey:watch', record.id))).toBe(5);
      await apiKeys.insert(record);
      expect(Number(await onReplica(`latchkey:pol-users:{${policyId}}`, record.id))).toBe(0);
      expect(Number(await onReplica('latchkey:due', record.id))).toBe(7);
    }
  });

  it('goes on with the master that has taken over', async () => {
    const { apiKeys } = open({ replicas: 1, timeoutMs: 1_000 });
    const [master] = (await redis.masters()) as [RedisServer];
    const record = await recordOn(master);
    await apiKeys.insert(record);
    await redis.failover(master);
    await redis.untilWhole();
    let current = record;
    await until('a change is acknowledged', async () => {
      const next = changed(current, {});
      const made = await apiKeys.update(current, next).catch(() => null);
      current = (await apiKeys.get(record.id).catch(() => null)) ?? current;
      return made === true;
    });
    expect(await redis.masterOf(keyOf(record))).not.toBe(master);
    expect(await isOnReplica(current)).toBe(true);
  });

  it('has after the loss of a master what it has acknowledged', async () => {
    const { apiKeys } = open({ replicas: 1, timeoutMs: 1_000 });
    const [master] = (await redis.masters()) as [RedisServer];
    const records = await Promise.all(Array.from({ length: 50 }, () => recordOn(master)));
    for (const record of records) await apiKeys.insert(record);
    const acknowledged: string[] = [];
    const revoking = records.map(async (record) => {
      if (await apiKeys.update(record, changed(record, { revokedAt: 5 })).catch(() => false))
        acknowledged.push(record.id);
    });
    await until('revocations are acknowledged', () => acknowledged.length > 0);
    await master.kill();
    await Promise.all(revoking);
    await redis.untilReplaced(master);
    await until('the store reads from the new master', async () => {
      const read = await Promise.all(acknowledged.map((id) => apiKeys.get(id))).catch(() => null);
      return read?.every((record) => record?.revokedAt === 5) ?? false;
    });
    await master.restart();
  });
});
