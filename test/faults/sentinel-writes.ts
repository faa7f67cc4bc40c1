import { Redis } from 'ioredis';
import { type AuthError, createLatchkey } from '../../lib/index.js';
import { RedisStore, recommendedRedisOptions } from '../../lib/stores/redis-store.js';
import { until } from '../conformance/store-suite.js';
import { Loops } from '../support/loops.js';
import { MASTER_NAME, type RedisSentinel } from '../support/redis-sentinel.js';
import type { RedisServer } from '../support/redis-server.js';

export interface Outcome {
  /** How many writes were acknowledged, and how many of those the master at the end does not have. */
  readonly acknowledged: number;
  readonly lost: number;
  /** The reasons of those that were refused, and how often. */
  readonly refused: ReadonlyMap<string, number>;
  /** From the fault to the first write, sent after it and after the first refusal, that was acknowledged. */
  readonly recoveredMs: number;
  readonly longestMs: number;
  /** Whether changes are heard of again at the end. */
  readonly feedIsLive: boolean;
}

/** Writes without a pause while `fault` happens to the master, and for `afterMs` longer; then looks what is left of it. */
export async function writeThrough(
  setup: RedisSentinel,
  fault: (master: RedisServer) => Promise<void>,
  {
    client: options = recommendedRedisOptions('sentinel'),
    afterMs = 3_000,
  }: { client?: object; afterMs?: number } = {},
): Promise<Outcome> {
  const client = new Redis({ sentinels: setup.addresses, name: MASTER_NAME, ...options } as object);
  client.on('error', () => {});
  const store = new RedisStore(client);
  const latchkey = createLatchkey({ store });
  try {
    await until('the feed is live', () => store.changes.isLive);
    const master = await setup.master();
    const name = Math.random().toString(36).slice(2);
    const writing = new Loops(4, 1, (n) =>
      store.state.keep(`${name}-${n}`, 'x', 600_000).then(
        () => `${name}-${n}`,
        ({ reason }: AuthError) => new Error(reason),
      ),
    );
    await until('writes are acknowledged', () => writing.calls.length > 200);
    const brokenMs = writing.nowMs;
    await fault(master);
    await new Promise((resolve) => setTimeout(resolve, afterMs));
    await writing.end();
    await until('the feed is live again', () => store.changes.isLive, 10_000);

    const refused = new Map<string, number>();
    let firstRefusedMs = Number.POSITIVE_INFINITY;
    for (const { outcome, atMs } of writing.calls) {
      if (typeof outcome === 'string') continue;
      refused.set(outcome.message, (refused.get(outcome.message) ?? 0) + 1);
      firstRefusedMs = Math.min(firstRefusedMs, atMs);
    }
    const ids = writing.calls.flatMap(({ outcome }) => (typeof outcome === 'string' ? [outcome] : []));
    const last = writing.calls.findLast(({ outcome }) => typeof outcome !== 'string')?.atMs ?? brokenMs;
    const recovered = writing.calls.find(({ outcome, atMs }) => typeof outcome === 'string' && atMs > last);
    const now = await setup.master();
    let lost = 0;
    for (const id of ids) if ((await setup.ask(now, 'EXISTS', `latchkey:once:{${id}}`)) !== 1) lost++;
    return {
      acknowledged: ids.length,
      lost,
      refused,
      recoveredMs: (recovered?.atMs ?? Number.POSITIVE_INFINITY) - brokenMs,
      longestMs: writing.longestMs,
      feedIsLive: store.changes.isLive,
    };
  } finally {
    await latchkey.close().catch(() => {});
    client.disconnect();
  }
}

/** What can happen to a master, by name. */
export const FAULTS: Readonly<Record<string, (setup: RedisSentinel) => (master: RedisServer) => Promise<void>>> = {
  'frozen, and thawed as soon as a sentinel names another one': (setup) => async (master) => {
    master.pause();
    await until('a sentinel names another one', async () => (await setup.master()) !== master, 20_000);
    master.resume();
  },
  'frozen, and thawed once all sentinels name another one': (setup) => async (master) => {
    master.pause();
    await setup.untilReplaced(master);
    master.resume();
  },
  killed: (setup) => async (master) => {
    await master.kill();
    await setup.untilReplaced(master);
  },
  'replaced on purpose (SENTINEL FAILOVER)': (setup) => () => setup.failover(),
};

export function summary(what: string, { acknowledged, lost, refused, recoveredMs, longestMs }: Outcome): string {
  const reasons = [...refused].map(([reason, count]) => `${count} "${reason}"`).join(', ');
  return (
    `Sentinel, master ${what}: ${lost} of ${acknowledged} acknowledged writes lost, writes go on after ` +
    `${recoveredMs.toFixed(0)} ms, longest ${longestMs.toFixed(0)} ms; refused: ${reasons}\n`
  );
}
