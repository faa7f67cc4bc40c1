import { Cluster } from 'ioredis';
import type { Finding, FindingId } from '../../lib/index.js';
import { createLatchkey } from '../../lib/index.js';
import { RedisStore, recommendedRedisOptions } from '../../lib/stores/redis/redis-store.js';
import { until } from '../conformance/store-suite.js';
import { inProduction } from '../support/production.js';
import { type RedisCluster, startRedisCluster } from '../support/redis-cluster.js';
import type { RedisServer } from '../support/redis-server.js';

const DURABLE = ['--appendonly', 'yes'];

describe('the health of a RedisStore on a Cluster', () => {
  let cluster: RedisCluster;
  let closing: (() => unknown)[] = [];

  beforeAll(async () => {
    cluster = await startRedisCluster(DURABLE);
  });

  afterAll(() => cluster.stop());

  afterEach(async () => {
    for (const close of closing.reverse()) await close();
    closing = [];
  });

  async function open(timeoutMs = 5_000, user: object = {}): Promise<RedisStore> {
    const options = recommendedRedisOptions('cluster');
    const redisOptions = { ...options.redisOptions, ...user };
    const client = new Cluster([...cluster.startupNodes], { ...options, redisOptions, keyPrefix: 'host:' } as object);
    client.on('error', () => {});
    const store = new RedisStore(client, { timeoutMs, keyPrefix: 'app:' });
    closing.push(() => client.disconnect());
    closing.push(() => store.close());
    await until('the feed is live', () => store.changes.isLive);
    return store;
  }

  const nameOf = ({ port }: RedisServer) => `127.0.0.1:${port}`;

  it('asks every node, and tells once what all have in common', async () => {
    const store = await open();
    const masters = await cluster.masters();
    const { ok, detail, findings } = await store.health();
    expect({ ok, detail }).toEqual({ ok: true, detail: 'redis cluster of 3 masters' });
    for (const id of ['connection', 'version', 'persistence', 'eviction', 'memory', 'tls', 'acl', 'clock'] as const) {
      expect(of(id, findings)).toMatchObject([{ level: 'ok', node: null }]);
    }
    expect(of('tracking', findings)).toMatchObject([{ level: 'ok', node: null }]);
    const roles = Object.fromEntries(of('role', findings).map(({ node, detail }) => [node, detail]));
    const expected = cluster.nodes.map((node) => [nameOf(node), masters.includes(node) ? 'A master.' : 'A replica.']);
    expect(roles).toEqual(Object.fromEntries(expected));
    expect(of('role', findings).every(({ level }) => level === 'ok')).toBe(true);
    const alone = of('min-replicas', findings).filter(({ level }) => level === 'warning');
    expect(alone.map(({ node }) => node).sort()).toEqual(masters.map(nameOf).sort());
  });

  it('changes nothing on any of them', async () => {
    const store = await open();
    await store.health();
    const sizes = await Promise.all(cluster.nodes.map((node) => cluster.ask(node, 'DBSIZE')));
    expect(sizes).toEqual(cluster.nodes.map(() => 0));
  });

  it('names the node on which something is wrong, which production refuses', async () => {
    const [wrong] = (await cluster.masters()) as [RedisServer];
    await cluster.ask(wrong, 'CONFIG', 'SET', 'maxmemory-policy', 'allkeys-lru');
    closing.push(() => cluster.ask(wrong, 'CONFIG', 'SET', 'maxmemory-policy', 'noeviction'));
    const store = await open();
    const found = of('eviction', (await store.health()).findings).filter(({ level }) => level !== 'ok');
    expect(found).toMatchObject([{ level: 'warning', node: nameOf(wrong), risk: 'eviction' }]);
    const latchkey = inProduction(() => createLatchkey({ store }));
    await expect(latchkey.ready()).rejects.toThrow(`- ${nameOf(wrong)}: With maxmemory-policy allkeys-lru`);
    await latchkey.close();
  });

  it('tries the rights of the user on every node, replicas too', async () => {
    const master = (await cluster.masters())[0] as RedisServer;
    const wrong = (await cluster.replicaOf(master)) as RedisServer;
    const rules = ['reset', 'on', '>secret', '+@all', '~host:app:*', '&*'];
    for (const node of cluster.nodes) await cluster.ask(node, 'ACL', 'SETUSER', 'app', ...rules);
    await cluster.ask(wrong, 'ACL', 'SETUSER', 'app', '-zadd', '-cluster|nodes');
    closing.push(() => Promise.all(cluster.nodes.map((node) => cluster.ask(node, 'ACL', 'DELUSER', 'app'))));
    const store = await open(5_000, { username: 'app', password: 'secret' });
    const found = of('acl', (await store.health()).findings).filter(({ level }) => level !== 'ok');
    expect(found).toMatchObject([{ node: nameOf(wrong), detail: 'Refused: cluster|nodes, zadd.' }]);
    expect(found[0]?.mend).toContain('ACL SETUSER app +cluster|nodes +zadd ~host:app:* &app:changes');
  });

  it('does not answer for a master that is frozen, within the time of one command; the others still tell', async () => {
    const store = await open(300);
    expect((await store.health()).ok).toBe(true);
    const frozen = (await cluster.masters())[1] as RedisServer;
    frozen.pause();
    const startedAt = performance.now();
    const { ok, detail, findings } = await store.health();
    expect(performance.now() - startedAt).toBeLessThan(4_000);
    expect({ ok, detail }).toEqual({ ok: false, detail: `${nameOf(frozen)}: Redis did not answer in time` });
    const silent = of('connection', findings).filter(({ level }) => level === 'warning');
    expect(silent).toMatchObject([{ node: nameOf(frozen), detail: 'Redis did not answer in time.' }]);
    expect(of('version', findings)).toHaveLength(5);
    frozen.resume();
    await cluster.untilWhole();
    await until('it answers again', async () => (await store.health()).ok);
  });

  it('does not answer while there is no cluster, within the time of one command', async () => {
    const client = new Cluster([{ host: '127.0.0.1', port: 1 }], { clusterRetryStrategy: () => 50 });
    client.on('error', () => {});
    const store = new RedisStore(client, { timeoutMs: 200 });
    closing.push(() => client.disconnect());
    closing.push(() => store.close());
    const startedAt = performance.now();
    const { ok, detail } = await store.health();
    expect(performance.now() - startedAt).toBeLessThan(4_000);
    expect({ ok, detail }).toEqual({ ok: false, detail: 'Redis is not connected' });
  });
});

function of(id: FindingId, findings: readonly Finding[]): Finding[] {
  return findings.filter((finding) => finding.id === id);
}
