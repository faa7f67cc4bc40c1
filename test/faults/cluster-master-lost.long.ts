import type { Cluster } from 'ioredis';
import type { AuthError } from '../../lib/index.js';
import { recommendedRedisOptions } from '../../lib/stores/redis/redis-store.js';
import { Draw } from '../conformance/store-samples.js';
import { until } from '../conformance/store-suite.js';
import { Loops } from '../support/loops.js';
import { type RedisCluster, startRedisCluster } from '../support/redis-cluster.js';
import type { RedisServer } from '../support/redis-server.js';
import type { Pair } from '../support/verify.js';
import { type AppProcess, onCluster, type ProcessOptions } from './app-process.js';
import { CLUSTER_FAULTS, changesSummary, changeThrough, masterOf } from './changes-heard.js';

/** Promised are 600 ms; the bound allows for a busy machine, and what was measured is printed. */
const BOUND_MS = 1_000;
/** What a healthy shard may take on a busy machine. */
const NORMAL_MS = 500;
const UNCACHED = { cache: { maxEntries: 0 } };

describe('a Cluster that loses a master', () => {
  const draw = new Draw(19);
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

  /** Keys, sorted by whether their record lies on `master`. */
  async function issueBySide(app: AppProcess, master: RedisServer, count: number) {
    const [there, elsewhere]: [Pair[], Pair[]] = [[], []];
    while (there.length < count || elsewhere.length < count) {
      const pair = await app.issue();
      ((await masterOf(cluster, pair)) === master ? there : elsewhere).push(pair);
    }
    return { there, elsewhere };
  }

  function loop<Outcome>(count: number, pauseMs: number, call: (n: number) => Promise<Outcome>): Loops<Outcome> {
    const loops = new Loops(count, pauseMs, call);
    closing.push(() => loops.end());
    return loops;
  }

  /** An organisation of whose lists none lies on `master`, and ids whose records do not either. */
  async function recordsBesides(master: RedisServer, count: number) {
    const isElsewhere = async (key: string) => (await cluster.masterOf(`latchkey:${key}`)) !== master;
    let orgId = draw.id();
    while (!(await isElsewhere(`idx:{o${orgId}}:x`)) || !(await isElsewhere(`idx:{o${orgId}:owner}:x`)))
      orgId = draw.id();
    const records = [];
    while (records.length < count) {
      const record = draw.record({ orgId });
      if (await isElsewhere(`key:{${record.id}}`)) records.push(record);
    }
    return records;
  }

  const freeze = async (master: RedisServer) => master.pause();
  const thaw = async (master: RedisServer) => master.resume();

  it.each([
    { what: 'frozen', breakDown: freeze, mend: thaw, client: recommendedRedisOptions('cluster') },
    {
      what: 'killed',
      breakDown: (master: RedisServer) => master.kill(),
      mend: (master: RedisServer) => master.restart(),
      client: recommendedRedisOptions('cluster'),
    },
    { what: 'frozen, with a client of default options', breakDown: freeze, mend: thaw, client: {} },
  ])(
    'that is $what: the other shards do not notice, its own keys get 503 at once and work once it is replaced',
    async ({ what, breakDown, mend, client }) => {
      const app = start({ ...UNCACHED, client });
      await app.untilLive();
      const master = await masterOf(cluster, await app.issue());
      const { there, elsewhere } = await issueBySide(app, master, 10);
      const records = await recordsBesides(master, 500);
      const pick = (pairs: readonly Pair[]) => (n: number) => app.verify(pairs[n % pairs.length] as Pair);
      const create = async () =>
        records.length > 0 ? await app.store.records.apiKeys.insert(records.pop() as never) : true;

      const loops = [loop(4, 5, pick(there)), loop(4, 5, pick(elsewhere))] as const;
      const creating = loop(1, 10, create);
      await until('traffic flows', () => loops.every(({ calls }) => calls.length > 50));
      const [own, others] = loops;
      const brokenMs = own.nowMs;
      await breakDown(master);
      await cluster.untilReplaced(master);
      const replacedMs = own.nowMs;
      await until('its keys are let in again', () => own.calls.at(-1)?.outcome === 200);
      const recoveredMs = own.nowMs;
      await mend(master);
      await new Promise((resolve) => setTimeout(resolve, 500));
      await Promise.all([own.end(), others.end(), creating.end()]);

      const refused = own.of(503);
      const goodAfter = own.of(200).find(({ atMs }) => atMs > brokenMs + 500);
      process.stdout.write(
        `Cluster, master ${what}: replaced after ${ms(replacedMs - brokenMs)}, its keys in again after ` +
          `${ms((goodAfter?.atMs ?? 0) - brokenMs)}, ${refused.length} of ${own.calls.length} answers 503, longest ` +
          `${ms(own.longestMs)}; other shards: ${others.calls.length} answers, longest ${ms(others.longestMs)}, ` +
          `${creating.calls.length} keys created, longest ${ms(creating.longestMs)}\n`,
      );
      expect(own.outcomes).toEqual([200, 503]);
      expect(own.longestMs).toBeLessThan(BOUND_MS);
      expect(recoveredMs - replacedMs).toBeLessThan(BOUND_MS);
      expect(own.calls.filter(({ atMs, outcome }) => atMs > recoveredMs && outcome !== 200)).toEqual([]);
      expect([others.outcomes, creating.outcomes]).toEqual([[200], [true]]);
      expect(others.longestMs).toBeLessThan(NORMAL_MS);
      expect(creating.longestMs).toBeLessThan(BOUND_MS); // of several commands each
    },
    60_000,
  );

  it('on purpose (CLUSTER FAILOVER) costs nobody an error', async () => {
    const app = start(UNCACHED);
    await app.untilLive();
    const master = await masterOf(cluster, await app.issue());
    const { there, elsewhere } = await issueBySide(app, master, 10);
    const pairs = [...there, ...elsewhere];
    const loops = loop(8, 2, (n) => app.verify(pairs[n % pairs.length] as Pair));
    await until('traffic flows', () => loops.calls.length > 100);
    await cluster.failover(master);
    await new Promise((resolve) => setTimeout(resolve, 500));
    await loops.end();
    process.stdout.write(`Cluster, CLUSTER FAILOVER: ${loops.calls.length} answers, longest ${ms(loops.longestMs)}\n`);
    expect(loops.outcomes).toEqual([200]);
    expect(loops.longestMs).toBeLessThan(BOUND_MS);
  }, 60_000);

  it('bounds what a flood leaves waiting for it, and leaves the other shards their room', async () => {
    const maxPending = 200;
    const app = start({ ...UNCACHED, storeOptions: { maxPending } });
    await app.untilLive();
    const master = await masterOf(cluster, await app.issue());
    const { there, elsewhere } = await issueBySide(app, master, 3);
    master.pause();
    let queued = 0;
    const codes = new Set<string>();
    for (let wave = 0; wave < 5; wave++) {
      const id = there[wave % there.length]?.id as string; // the store itself reads it as often as it is told to
      const flood = Array.from({ length: 2_000 }, () => codeOf(app.store.records.apiKeys.get(id)));
      queued = Math.max(queued, queuedIn(app));
      const startedAt = performance.now();
      for (const pair of elsewhere) expect(await app.verify(pair)).toBe(200);
      expect(performance.now() - startedAt).toBeLessThan(NORMAL_MS);
      queued = Math.max(queued, queuedIn(app));
      for (const code of await Promise.all(flood)) codes.add(code);
    }
    process.stdout.write(`Cluster, 10,000 reads of a frozen master: ${queued} commands queued at most\n`);
    expect([...codes]).toEqual(['store_unavailable']);
    expect(queued).toBeLessThanOrEqual(maxPending + 10); // what ioredis and the store ask by themselves may wait as well
    master.resume();
    await until('its keys are let in again', async () => (await app.verify(there[0] as Pair)) === 200);
  }, 60_000);

  it('misses no change: all that is cached is forgotten, and the feed is live again with the replica', async () => {
    const [what = '', fault] = Object.entries(CLUSTER_FAULTS)[0] ?? [];
    if (fault === undefined) throw new Error('there is no fault');
    const strike = async (pair: Pair) => fault(cluster, await masterOf(cluster, pair));
    const heard = await changeThrough({ app: start(), writer: start() }, strike);
    process.stdout.write(changesSummary(`Cluster, master ${what}`, heard));
    expect(heard).toMatchObject({ missed: 0, served: 0 });
    expect(heard.revoked).toBeGreaterThan(200);
  }, 60_000);
});

/** Commands that wait in the client, wherever. */
function queuedIn({ client }: AppProcess<Cluster>): number {
  type Queues = Record<'commandQueue' | 'offlineQueue', { readonly length: number }>;
  const ofNodes = client.nodes('all').map((node) => {
    const { commandQueue, offlineQueue } = node as unknown as Queues;
    return commandQueue.length + offlineQueue.length;
  });
  return ofNodes.reduce((sum, length) => sum + length, (client as unknown as Queues).offlineQueue.length);
}

function codeOf(answer: Promise<unknown>): Promise<string> {
  return answer.then(
    () => 'answered',
    ({ code }: AuthError) => code,
  );
}

function ms(duration: number): string {
  return `${duration.toFixed(0)} ms`;
}
