import type { Cluster } from 'ioredis';
import type { ApiKeyRecord } from '../../lib/index.js';
import { hashSlot } from '../../lib/stores/redis/hash-slot.js';
import { changed } from '../conformance/store-samples.js';
import { until } from '../conformance/store-suite.js';
import { type RedisCluster, startRedisCluster } from '../support/redis-cluster.js';
import type { RedisServer } from '../support/redis-server.js';
import { type AppProcess, onCluster } from './app-process.js';

const READY_MS = 20_000;

describe('a Cluster to which a node comes', () => {
  let cluster: RedisCluster;
  let closing: AppProcess[] = [];

  beforeEach(async () => {
    cluster = await startRedisCluster();
  }, 60_000);

  afterEach(async () => {
    for (const process of closing.reverse()) await process.close();
    closing = [];
    await cluster.stop();
  });

  function start(): AppProcess<Cluster> {
    const process = onCluster(cluster);
    closing.push(process);
    return process;
  }

  it('as a master, with slots: what is changed there is heard of, and what was cached before it moved is not served', async () => {
    const [app, writer] = [start(), start()];
    await Promise.all([app.untilLive(), writer.untilLive()]);
    const newcomer = await cluster.addNode();
    let served = 0;
    for (let round = 0; round < 30; round++) {
      const pair = await writer.issue();
      expect(await app.verify(pair)).toBe(200);
      const key = `latchkey:key:{${pair.id}}`;
      await cluster.moveSlot(hashSlot(key), await cluster.masterOf(key), newcomer);
      if (round % 2 === 0) expect(await app.verify(pair)).toBe(200); // read and cached from the new one
      await writer.store.records.apiKeys.update(...revocation(await writer.store.records.apiKeys.get(pair.id)));
      const revokedAt = performance.now();
      await until('it is refused', async () => (await app.verify(pair)) === 401);
      if (performance.now() - revokedAt > 250) served++;
    }
    expect(served).toBe(0);
    expect((await app.store.health()).detail).toBe('redis cluster of 4 masters');
    await app.untilLive();
    expect(app.client.nodes('all').some(({ options }) => options.port === newcomer.port)).toBe(true);
  }, 120_000);

  it('as a replica, and goes: the feed follows, and stays live', async () => {
    const app = start();
    await app.untilLive();
    const newcomer = await cluster.addNode();
    const [master] = (await cluster.masters()) as [RedisServer];
    await cluster.ask(newcomer, 'CLUSTER', 'REPLICATE', String(await cluster.ask(master, 'CLUSTER', 'MYID')));
    const subscribers = async () => {
      const list = String(await cluster.ask(newcomer, 'CLIENT', 'LIST'));
      return [...list.matchAll(/ sub=[1-9]/g)].length;
    };
    await until('the feed listens to it', async () => (await subscribers()) === 1, READY_MS);
    expect(app.store.changes.isLive).toBe(true);
    await cluster.removeNode(newcomer);
    await until(
      'it is forgotten',
      () => app.client.nodes('all').every(({ options }) => options.port !== newcomer.port),
      READY_MS,
    );
    await app.untilLive();
    expect(app.store.changes.isLive).toBe(true);
  }, 120_000);
});

function revocation(record: ApiKeyRecord | null): [ApiKeyRecord, ApiKeyRecord] {
  if (record === null) throw new Error('there is no such key');
  return [record, changed(record, { revokedAt: Date.now() })];
}
