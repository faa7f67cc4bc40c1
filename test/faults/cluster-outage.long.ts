import type { Cluster } from 'ioredis';
import { recommendedRedisOptions } from '../../lib/stores/redis/redis-store.js';
import { until } from '../conformance/store-suite.js';
import { Loops } from '../support/loops.js';
import { type RedisCluster, startRedisCluster } from '../support/redis-cluster.js';
import type { RedisServer } from '../support/redis-server.js';
import type { Pair } from '../support/verify.js';
import { type AppProcess, onCluster, type ProcessOptions } from './app-process.js';
import { CLUSTER_FAULTS, changesSummary, changeThrough, masterOf } from './changes-heard.js';

const ROUNDS = 5;
const ROUND_MS = 60_000;

/** What `cluster-master-lost.long.ts` does once, again and again. */
describe('a Cluster that loses masters again and again', () => {
  let cluster: RedisCluster;
  let closing: (() => Promise<void>)[] = [];

  beforeAll(async () => {
    cluster = await startRedisCluster();
  }, 60_000);

  afterAll(() => cluster.stop());

  afterEach(async () => {
    for (const close of closing.reverse()) await close();
    closing = [];
    await cluster.mend();
  }, 60_000);

  function start(options: ProcessOptions = {}): AppProcess<Cluster> {
    const process = onCluster(cluster, options);
    closing.push(() => process.close());
    return process;
  }

  it.each(Object.entries(CLUSTER_FAULTS))(
    '%s: misses no change',
    async (what, fault) => {
      const [app, writer] = [start(), start()];
      for (let round = 0; round < ROUNDS; round++) {
        const strike = async (pair: Pair) => fault(cluster, await masterOf(cluster, pair));
        const heard = await changeThrough({ app, writer }, strike);
        process.stdout.write(changesSummary(`Cluster, master ${what}`, heard));
        expect(heard).toMatchObject({ missed: 0, served: 0 });
        await cluster.mend();
      }
    },
    ROUNDS * ROUND_MS,
  );

  const thawAtOnce = async (master: RedisServer) => {
    master.pause();
    const isReplaced = async () => (await cluster.masters().catch(() => [master])).every((each) => each !== master);
    await until('a node names another master', isReplaced, 20_000);
    master.resume();
  };

  it.each([
    {
      what: 'thawed as soon as a node names another one, recommended options',
      client: recommendedRedisOptions('cluster'),
    },
    { what: 'thawed as soon as a node names another one, default options', client: {} },
  ])(
    '$what: a frozen master takes no write that is lost',
    async ({ what, client }) => {
      for (let round = 0; round < ROUNDS; round++) {
        const app = start({ client });
        await app.untilLive();
        const master = await cluster.masterOf(`latchkey:once:{${round}}`);
        const name = Math.random().toString(36).slice(2);
        const writing = new Loops(6, 2, (n) =>
          app.store.state.keep(`${name}-${n}`, 'x', 600_000).then(
            () => `${name}-${n}`,
            () => null,
          ),
        );
        await until('writes are acknowledged', () => writing.calls.length > 200);
        await thawAtOnce(master);
        await new Promise((resolve) => setTimeout(resolve, 1_500));
        await writing.end();
        const kept = writing.calls.flatMap(({ outcome }) => (outcome === null ? [] : [`latchkey:once:{${outcome}}`]));
        let lost = 0;
        for (const key of kept) if ((await app.client.exists(key)) !== 1) lost++;
        const refused = writing.of(null).length;
        process.stdout.write(
          `Cluster, master ${what}: ${lost} of ${kept.length} acknowledged writes lost, ${refused} refused, longest ` +
            `${writing.longestMs.toFixed(0)} ms\n`,
        );
        expect(lost).toBe(0);
        await cluster.mend();
      }
    },
    ROUNDS * ROUND_MS,
  );
});
