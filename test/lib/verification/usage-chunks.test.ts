import { setImmediate as turn } from 'node:timers/promises';
import { Events } from '../../../lib/events.js';
import { MemoryStore, type UsageDelta } from '../../../lib/index.js';
import { UsageRecorder } from '../../../lib/verification/usage.js';
import { Draw, insertAll } from '../../conformance/store-samples.js';
import { until } from '../../conformance/store-suite.js';

const NOW = 1_750_000_000_000;
/** Long enough for no test to see it. */
const NEVER = { flushIntervalMs: 3_600_000 };

describe('the usage of many keys', () => {
  const draw = new Draw(8);
  const open: UsageRecorder[] = [];
  const lengths = [200, 200, 200, 200, 200, 50];

  afterEach(async () => {
    for (const recorder of open.splice(0)) await recorder.close().catch(() => {});
  });

  /** With uses that wait, of keys in a store that notes every batch, and rejects the one at `failsAt`. */
  async function used() {
    const { apiKeys } = new MemoryStore().records;
    const keys = draw.records(1_050);
    await insertAll(apiKeys, keys);
    const batches: (readonly UsageDelta[])[] = [];
    const state = { held: Promise.resolve(), failsAt: -1 };
    const addUsage = apiKeys.addUsage.bind(apiKeys);
    apiKeys.addUsage = async (deltas) => {
      const at = batches.push(deltas) - 1;
      await state.held;
      if (at === state.failsAt) throw new Error('down');
      return await addUsage(deltas);
    };
    const recorder = new UsageRecorder(apiKeys, new Events(), NEVER);
    open.push(recorder);
    const counters = keys.map((key) => recorder.counter(key));
    for (const counter of counters) counter.used(NOW, null);
    const ids = keys.map(({ id }) => id);
    const writtenIds = () => batches.flat().map(({ id }) => id);
    const useCounts = async () => (await apiKeys.usage(ids)).map(({ useCount }) => useCount);
    return { recorder, batches, state, counters, ids, writtenIds, useCounts };
  }

  it('are written a chunk at a time, in the order of their uses, once each', async () => {
    const { recorder, batches, ids, writtenIds, useCounts } = await used();
    await recorder.flush();
    expect(batches.map(({ length }) => length)).toEqual(lengths);
    expect(writtenIds()).toEqual(ids);
    expect(new Set(await useCounts())).toEqual(new Set([1]));
  });

  it('leave a chunk unsent while one is under way, and the loop a turn between two', async () => {
    const { recorder, batches, state } = await used();
    let release = () => {};
    state.held = new Promise((resolve) => {
      release = resolve;
    });
    const flushed = recorder.flush();
    for (let turns = 0; turns < 20; turns++) await turn();
    expect(batches).toHaveLength(1);
    release();
    let most = 0; // in one turn
    while (batches.length < lengths.length) {
      const before = batches.length;
      await turn();
      most = Math.max(most, batches.length - before);
    }
    await flushed;
    expect(most).toBe(1);
  });

  it('are all written by close(), those counted during a flush under way as well', async () => {
    const { recorder, counters, batches, useCounts } = await used();
    const flushed = recorder.flush();
    await until('the second chunk is under way', () => batches.length === 2);
    for (const counter of counters) counter.used(NOW + 1, null);
    await recorder.close();
    await flushed;
    expect(new Set(await useCounts())).toEqual(new Set([2]));
  });

  it('are kept where a chunk fails: what it held and what had not been tried, once each', async () => {
    const { recorder, batches, state, ids, writtenIds, useCounts } = await used();
    state.failsAt = 2;
    await expect(recorder.flush()).rejects.toThrow('down');
    expect(batches.map(({ length }) => length)).toEqual([200, 200, 200]);
    expect(await useCounts()).toEqual(ids.map((_, at) => (at < 400 ? 1 : 0)));
    await recorder.flush();
    expect(writtenIds().slice(600).sort()).toEqual(ids.slice(400).sort());
    expect(new Set(await useCounts())).toEqual(new Set([1]));
  });

  it('that came while a flush was under way are written by the next, at once when there are ten thousand', async () => {
    const { recorder, batches, state } = await used();
    let release = () => {};
    state.held = new Promise((resolve) => {
      release = resolve;
    });
    const flushed = recorder.flush();
    for (const key of draw.records(10_500)) recorder.counter(key).used(NOW, null);
    release();
    await flushed;
    expect(sum(batches)).toBe(1_050);
    await until('the others are written', () => sum(batches) === 11_550);
  });
});

/** The keys of all batches. */
function sum(batches: readonly (readonly UsageDelta[])[]): number {
  return batches.reduce((total, { length }) => total + length, 0);
}
