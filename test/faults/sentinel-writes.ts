import type { AuthError } from '../../lib/index.js';
import { until } from '../conformance/store-suite.js';
import { Loops } from '../support/loops.js';
import type { RedisSentinel } from '../support/redis-sentinel.js';
import { onSentinel, type ProcessOptions } from './app-process.js';

export interface Outcome {
  /** How many writes were acknowledged, and how many of those the master at the end does not have. */
  readonly acknowledged: number;
  readonly lost: number;
  /** The reasons of those that were refused, and how often. */
  readonly refused: ReadonlyMap<string, number>;
  /** From the fault to the first write that was acknowledged after the last refusal. */
  readonly recoveredMs: number;
  readonly longestMs: number;
  /** Whether changes are heard of again at the end. */
  readonly feedIsLive: boolean;
}

/** Writes without a pause while `fault` happens, and for `afterMs` longer; then looks what is left of it. */
export async function writeThrough(
  setup: RedisSentinel,
  fault: (setup: RedisSentinel) => Promise<void>,
  { afterMs = 3_000, ...options }: ProcessOptions & { readonly afterMs?: number } = {},
): Promise<Outcome> {
  const app = onSentinel(setup, options);
  await app.untilLive();
  const name = Math.random().toString(36).slice(2);
  const writing = new Loops(4, 1, (n) =>
    app.store.state.keep(`${name}-${n}`, 'x', 600_000).then(
      () => `${name}-${n}`,
      ({ reason }: AuthError) => new Error(reason),
    ),
  );
  try {
    await until('writes are acknowledged', () => writing.calls.length > 200);
    const brokenMs = writing.nowMs;
    await fault(setup);
    await new Promise((resolve) => setTimeout(resolve, afterMs));
    await app.untilLive();
    await writing.end();
    return { ...(await resultOf(writing, setup, brokenMs)), feedIsLive: app.store.changes.isLive };
  } finally {
    await writing.end();
    await app.close();
  }
}

async function resultOf(writing: Loops<string | Error>, setup: RedisSentinel, brokenMs: number) {
  const kept: string[] = [];
  const refused = new Map<string, number>();
  let refusedLastMs = brokenMs;
  for (const { outcome, atMs } of writing.calls) {
    if (typeof outcome === 'string') {
      kept.push(outcome);
    } else {
      refused.set(outcome.message, (refused.get(outcome.message) ?? 0) + 1);
      refusedLastMs = Math.max(refusedLastMs, atMs);
    }
  }
  const after = writing.calls.filter(({ outcome, atMs }) => typeof outcome === 'string' && atMs > refusedLastMs);
  const master = await setup.master();
  let lost = 0;
  for (const id of kept) if ((await setup.ask(master, 'EXISTS', `latchkey:once:{${id}}`)) !== 1) lost++;
  return {
    acknowledged: kept.length,
    lost,
    refused,
    recoveredMs: Math.min(...after.map(({ atMs }) => atMs)) - brokenMs,
    longestMs: writing.longestMs,
  };
}

/** What can happen to a master, by name; what is killed stays so. */
export const FAULTS: Readonly<Record<string, (setup: RedisSentinel) => Promise<void>>> = {
  async 'frozen, and thawed as soon as a sentinel names another one'(setup) {
    const master = await setup.master();
    master.pause();
    await until('a sentinel names another one', async () => (await setup.master()) !== master, 20_000);
    master.resume();
  },
  async 'frozen, and thawed once all sentinels name another one'(setup) {
    const master = await setup.master();
    master.pause();
    await setup.untilReplaced(master);
    master.resume();
  },
  async killed(setup) {
    const master = await setup.master();
    await master.kill();
    await setup.untilReplaced(master);
  },
  async 'replaced on purpose (SENTINEL FAILOVER)'(setup) {
    await setup.failover();
  },
};

export function summary(what: string, { acknowledged, lost, refused, recoveredMs, longestMs }: Outcome): string {
  const reasons = [...refused].map(([reason, count]) => `${count} "${reason}"`).join(', ');
  return (
    `Sentinel, master ${what}: ${lost} of ${acknowledged} acknowledged writes lost, writes go on after ` +
    `${recoveredMs.toFixed(0)} ms, longest ${longestMs.toFixed(0)} ms; refused: ${reasons}\n`
  );
}
