import { Cluster, Redis } from 'ioredis';
import { RedisStore, type RedisStoreOptions, recommendedRedisOptions } from '../../lib/stores/redis/redis-store.js';
import { testStore } from '../conformance/store.js';
import { changed, Draw } from '../conformance/store-samples.js';
import { until } from '../conformance/store-suite.js';
import { type CommandDocs, readCommandDocs } from '../support/command-docs.js';
import { CommandRecorder } from '../support/command-recorder.js';
import { PATIENT } from '../support/patience.js';
import { startRedisCluster } from '../support/redis-cluster.js';
import { type RedisReplicas, startRedisReplicas } from '../support/redis-replicas.js';
import { MASTER_NAME, startRedisSentinel } from '../support/redis-sentinel.js';
import { IGNORED_WHERE_UNKNOWN, NEWEST, USED_COMMANDS, type UsedCommand } from './redis-command-table.js';

const HEARTBEAT_MS = 200;
const OPTIONS: RedisStoreOptions = {
  ...PATIENT,
  heartbeatMs: HEARTBEAT_MS,
  durability: { replicas: 1, timeoutMs: 20_000 },
};
const NONE: ReadonlyMap<string, string> = new Map();

describe('every command that is sent', () => {
  let redis: RedisReplicas;
  let recorder: CommandRecorder;
  /** What the servers of this run tell of their commands: Redis does since 7.0. */
  let docs: Map<string, CommandDocs>;

  beforeAll(async () => {
    redis = await startRedisReplicas(1);
    docs = readCommandDocs(await redis.ask(redis.master, 'COMMAND', 'DOCS').catch(() => []));
    const listed = (name: string) => new Map(Object.entries(USED_COMMANDS[name]?.options ?? {}));
    recorder = new CommandRecorder((name) => docs.get(name)?.options ?? listed(name));
    await recorder.followScripts(redis.master.port);
  });

  afterAll(async () => {
    recorder.end();
    await redis.stop();
  });

  testStore('RedisStore with durability, noted,', async () => {
    recorder.pause();
    await redis.ask(redis.master, 'FLUSHALL');
    recorder.start();
    const clients: Redis[] = [];
    const open = () => {
      const client = new Redis(redis.master.url, recommendedRedisOptions());
      clients.push(client);
      return new RedisStore(client, OPTIONS);
    };
    const cleanUp = () => {
      recorder.pause();
      for (const client of clients) client.disconnect();
    };
    return { store: open(), openSecond: open, cleanUp };
  });

  it.each<[string, () => Promise<{ connect(): Redis | Cluster; stop(): Promise<void> }>]>([
    [
      'standalone',
      async () => ({ connect: () => new Redis(redis.master.url, recommendedRedisOptions()), stop: async () => {} }),
    ],
    [
      'Sentinel',
      async () => {
        const { addresses: sentinels, stop, sentinels: processes, ask } = await startRedisSentinel();
        const told = await ask(processes[0] as never, 'COMMAND', 'DOCS').catch(() => []);
        for (const [name, facts] of readCommandDocs(told)) if (!docs.has(name)) docs.set(name, facts);
        const options = { sentinels, name: MASTER_NAME, ...recommendedRedisOptions('sentinel') };
        return { connect: () => new Redis(options), stop };
      },
    ],
    [
      'Cluster',
      async () => {
        const { startupNodes, stop } = await startRedisCluster();
        return { connect: () => new Cluster([...startupNodes], recommendedRedisOptions('cluster')), stop };
      },
    ],
  ])(
    'is noted on %s, with health and heartbeats',
    async (_, open) => {
      const draw = new Draw(31);
      const { connect, stop } = await open();
      recorder.start();
      const client = connect();
      const store = new RedisStore(client, OPTIONS);
      await until('the feed is live', () => store.changes.isLive, 20_000);
      const [record, policy] = [draw.record(), draw.policy()];
      const { apiKeys, policies } = store.records;
      await apiKeys.insert(record);
      await policies.insert(policy);
      await apiKeys.update(record, changed(record, { name: 'B' }));
      await apiKeys.page({ orgId: record.orgId, order: 'createdAt', descending: true, limit: 5 });
      expect((await store.health()).ok).toBe(true);
      await new Promise((resolve) => setTimeout(resolve, 3 * HEARTBEAT_MS));
      recorder.pause();
      await store.close();
      client.disconnect();
      await stop();
    },
    60_000,
  );

  it('is in the table, with its options; and what is in the table is sent', () => {
    const sent = [...recorder.used].filter(([name]) => !IGNORED_WHERE_UNKNOWN.includes(name));
    const used = sent.map(([name, options]) => [name, [...options].sort()] as const);
    const rare = Object.entries(USED_COMMANDS).flatMap(([name, { isRare }]) => (isRare ? [name] : []));
    const listed = Object.entries(USED_COMMANDS).map(
      ([name, { options = {} }]) => [name, Object.keys(options).sort()] as const,
    );
    const expected = listed.filter(([name]) => !rare.includes(name) || recorder.used.has(name));
    expect(Object.fromEntries(used)).toEqual(Object.fromEntries(expected));
  });

  const TABLE = Object.entries(USED_COMMANDS);

  it('is of Redis 6.2 or earlier, and so is every option', () => {
    const isNew = (version: string) => compareVersions(version, NEWEST) > 0;
    const ofTable = ([name, { since, options = {} }]: [string, UsedCommand]) => [
      ...(isNew(since) ? [name] : []),
      ...Object.entries(options).flatMap(([option, from]) => (isNew(from) ? [`${name} ${option}`] : [])),
    ];
    expect(TABLE.flatMap(ofTable)).toEqual([]);
    expect([
      compareVersions('7.0.0', NEWEST),
      compareVersions('6.2.0', NEWEST),
      compareVersions('2.8.12', '2.8.4'),
    ]).toEqual([1, 0, 1]);
  });

  it('has been there since what the table says, as far as this Redis tells', () => {
    const facts = ([name, { since, options = {} }]: [string, UsedCommand]) => {
      const told = docs.get(name);
      if (told === undefined) return [];
      const known = told.options ?? NONE;
      const ofOptions = Object.keys(options).map((option) => [`${name} ${option}`, options[option], known.get(option)]);
      return [[name, since, told.since], ...ofOptions];
    };
    const all = TABLE.flatMap(facts);
    if (docs.size > 0) expect(all.length).toBeGreaterThan(60);
    expect(all.filter(([, listed, told]) => listed !== told)).toEqual([]);
  });

  it('was looked at for what Redis 7.0 has added to it', () => {
    const isOf7 = ([version]: readonly [string, string]) =>
      compareVersions(version, NEWEST) > 0 && compareVersions(version, '7.0.99') <= 0;
    const grown = TABLE.filter(([name]) => docs.get(name)?.history.some(isOf7)).map(([name]) => name);
    const lookedAt = TABLE.flatMap(([name, { later }]) => (later === undefined ? [] : [name]));
    if (docs.size > 0) expect(lookedAt).toEqual(grown);
  });
});

/** Above 0 when `a` is the later one. */
function compareVersions(a: string, b: string): number {
  const [of, than] = [a.split('.').map(Number), b.split('.').map(Number)];
  const at = of.findIndex((number, index) => number !== (than[index] ?? 0));
  return at < 0 ? 0 : Math.sign((of[at] ?? 0) - (than[at] ?? 0));
}
