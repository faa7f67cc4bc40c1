import type { ApiKeyRecord } from '../../lib/index.js';
import { changed } from '../conformance/store-samples.js';
import { until } from '../conformance/store-suite.js';
import { Loops } from '../support/loops.js';
import type { RedisCluster } from '../support/redis-cluster.js';
import type { RedisServer } from '../support/redis-server.js';
import type { Pair } from '../support/verify.js';
import type { AppProcess } from './app-process.js';

export interface ChangesHeard {
  /** Revocations that were acknowledged to another process. */
  readonly revoked: number;
  /** Those of which the process neither heard nor was told that changes may have been missed. */
  readonly missed: number;
  /** Those of which it lets the key in at the end. */
  readonly served: number;
  /** From the fault until the feed is live; 0 where it never was not. */
  readonly liveMs: number;
}

/** Has `writer` revoke keys that `app` has in its cache while `fault` happens to the master of `pair`, one of them. */
export async function changeThrough(
  { app, writer }: { readonly app: AppProcess; readonly writer: AppProcess },
  fault: (pair: Pair) => Promise<unknown>,
): Promise<ChangesHeard> {
  await Promise.all([app.untilLive(), writer.untilLive()]);
  const heard = new Map<string, number>();
  let lostAt = 0;
  const end = app.store.changes.subscribe({
    changed: (_collection, id) => heard.set(id, performance.now()),
    lost: () => {
      lostAt = performance.now();
    },
  });
  const pairs: Pair[] = [];
  for (let n = 0; n < 800; n++) pairs.push(await writer.issue());
  for (const pair of pairs) await app.verify(pair);

  const revoked: { readonly pair: Pair; readonly startedAt: number; readonly isLive: boolean }[] = [];
  const { apiKeys } = writer.store.records;
  const revoke = async (pair: Pair) => {
    const startedAt = performance.now();
    const record = (await apiKeys.get(pair.id)) as ApiKeyRecord;
    await apiKeys.update(record, changed(record, { revokedAt: Date.now() }));
    revoked.push({ pair, startedAt, isLive: app.store.changes.isLive });
  };
  const revoking = new Loops(2, 8, async (n) => {
    const pair = pairs[n];
    if (pair !== undefined) await revoke(pair).catch(() => {}); // what is refused may be tried again, by whoever asked
  });
  try {
    await until('some are revoked', () => revoked.length > 20);
    const brokenAt = performance.now();
    let liveAt = brokenAt;
    const watching = setInterval(() => {
      if (!app.store.changes.isLive) liveAt = performance.now();
    }, 5);
    await fault(pairs[0] as Pair);
    await until('all were tried', () => revoking.calls.length >= pairs.length, 20_000);
    await app.untilLive();
    clearInterval(watching);
    // Where the feed was not live when the change was acknowledged, what is cached was read after it.
    const isKnown = (id: string, since: number) => (heard.get(id) ?? 0) >= since || lostAt >= since;
    const missed = revoked.filter(({ pair: { id }, startedAt, isLive }) => isLive && !isKnown(id, startedAt));
    const statuses = await Promise.all(revoked.map(({ pair }) => answerTo(app, pair)));
    return {
      revoked: revoked.length,
      missed: missed.length,
      served: statuses.filter((status) => status !== 401).length,
      liveMs: liveAt - brokenAt,
    };
  } finally {
    end();
    await revoking.end();
  }
}

/** 401 or 200: where the new master is not yet believed, or there is much to ask it at once, 503 comes before. */
async function answerTo(app: AppProcess, pair: Pair): Promise<number> {
  let status = 503;
  const isAnswered = async () => {
    status = await app.verify(pair);
    return status !== 503;
  };
  await until('it is answered', isAnswered, 20_000);
  return status;
}

/** What can happen to the master of a key on a Cluster; what is broken is not mended. */
export const CLUSTER_FAULTS: Readonly<Record<string, (cluster: RedisCluster, master: RedisServer) => Promise<void>>> = {
  killed: async (cluster, master) => {
    await master.kill();
    await cluster.untilReplaced(master);
  },
  'frozen and thawed after it was replaced': async (cluster, master) => {
    master.pause();
    await cluster.untilReplaced(master);
    master.resume();
  },
  'replaced on purpose (CLUSTER FAILOVER)': (cluster, master) => cluster.failover(master),
};

/** The master of the record of a key. */
export function masterOf(cluster: RedisCluster, { id }: Pair): Promise<RedisServer> {
  return cluster.masterOf(`latchkey:key:{${id}}`);
}

export function changesSummary(what: string, { revoked, missed, served, liveMs }: ChangesHeard): string {
  return (
    `${what}: of ${revoked} revocations ${missed} missed and ${served} let in, ` +
    `feed live again after ${liveMs.toFixed(0)} ms\n`
  );
}
