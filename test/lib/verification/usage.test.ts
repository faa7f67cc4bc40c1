import { setImmediate as turn } from 'node:timers/promises';
import { type EventOf, Events } from '../../../lib/events.js';
import { type ApiKeyStore, MemoryStore, type UsageDelta } from '../../../lib/index.js';
import { UsageRecorder } from '../../../lib/verification/usage.js';
import { Draw, insertAll } from '../../conformance/store-samples.js';
import { until } from '../../conformance/store-suite.js';

const NOW = 1_750_000_000_000;
/** Long enough for no test to see it. */
const NEVER = { flushIntervalMs: 3_600_000 };

describe('UsageRecorder', () => {
  const draw = new Draw(8);
  const open: UsageRecorder[] = [];

  afterEach(async () => {
    for (const recorder of open.splice(0)) await recorder.close().catch(() => {});
  });

  function record(store: ApiKeyStore, options = NEVER, events = new Events()): UsageRecorder {
    const recorder = new UsageRecorder(store, events, options);
    open.push(recorder);
    return recorder;
  }

  /** A store with `count` keys that notes every batch, and fails while `isDown`. */
  async function storeWith(count: number) {
    const { apiKeys } = new MemoryStore().records;
    const keys = draw.records(count);
    await insertAll(apiKeys, keys);
    const batches: (readonly UsageDelta[])[] = [];
    const state = { isDown: false, held: Promise.resolve() };
    const store: ApiKeyStore = {
      insert: (each) => apiKeys.insert(each),
      get: (id) => apiKeys.get(id),
      update: (previous, next) => apiKeys.update(previous, next),
      page: (request) => apiKeys.page(request),
      usage: (ids) => apiKeys.usage(ids),
      usageByDay: (id, fromDay) => apiKeys.usageByDay(id, fromDay),
      usersOfPolicy: (id, after, limit) => apiKeys.usersOfPolicy(id, after, limit),
      watch: (id, at) => apiKeys.watch(id, at),
      watched: (nowAt, limit) => apiKeys.watched(nowAt, limit),
      expunge: (nowAt, limit) => apiKeys.expunge(nowAt, limit),
      async addUsage(deltas) {
        batches.push(deltas);
        await state.held;
        if (state.isDown) throw new Error('down');
        return await apiKeys.addUsage(deltas);
      },
    };
    const usageOf = async (index: number) => (await apiKeys.usage([keys[index]?.id ?? '']))[0];
    return { store, keys, batches, state, usageOf };
  }

  it('writes nothing before a flush, and then one batch with one entry for each key', async () => {
    const { store, keys, batches, usageOf } = await storeWith(50);
    const recorder = record(store);
    const counters = keys.map((key) => recorder.counter(key));
    for (let n = 0; n < 100; n++) for (const counter of counters) counter.used(NOW + n, '192.0.2.1');
    await turn();
    expect(batches).toEqual([]);
    await recorder.flush();
    expect(batches.map(({ length }) => length)).toEqual([50]);
    expect(await usageOf(7)).toEqual({
      lastUsedAt: NOW + 99,
      lastUsedFrom: '192.0.2.1',
      useCount: 100,
      failureCount: 0,
      lastFailedAt: null,
    });
  });

  it('names the organisation and the owner of a key, for the lists by last use', async () => {
    const { store, keys, batches } = await storeWith(1);
    const recorder = record(store);
    const [key] = keys;
    if (!key) throw new Error('unreachable');
    recorder.counter(key).used(NOW, null);
    await recorder.flush();
    const { id, orgId, ownerId } = key;
    expect(batches).toEqual([
      [{ id, orgId, ownerId, uses: 1, failures: 0, lastFailedAt: null, lastUsedAt: NOW, lastUsedFrom: null }],
    ]);
  });

  it('counts refusals apart, without a last use', async () => {
    const { store, keys, usageOf } = await storeWith(1);
    const recorder = record(store);
    const counter = recorder.counter(keys[0] as (typeof keys)[0]);
    counter.failed(NOW);
    counter.failed(NOW + 1);
    await recorder.flush();
    expect(await usageOf(0)).toEqual({
      lastUsedAt: null,
      lastUsedFrom: null,
      useCount: 0,
      failureCount: 2,
      lastFailedAt: NOW + 1,
    });
  });

  it('writes no batch when nothing happened', async () => {
    const { store, keys, batches } = await storeWith(1);
    const recorder = record(store);
    recorder.counter(keys[0] as (typeof keys)[0]).used(NOW, null);
    await recorder.flush();
    await recorder.flush();
    await recorder.close();
    expect(batches).toHaveLength(1);
  });

  it('loses nothing when a key is read again and has a second counter', async () => {
    const { store, keys, usageOf } = await storeWith(1);
    const recorder = record(store);
    const [key] = keys;
    if (!key) throw new Error('unreachable');
    const [first, second] = [recorder.counter(key), recorder.counter(key)];
    for (let n = 0; n < 10; n++) {
      first.used(NOW + n, 'first');
      second.used(NOW + n, 'second');
      if (n === 4) await recorder.flush();
    }
    await recorder.flush();
    expect(await usageOf(0)).toEqual({
      lastUsedAt: NOW + 9,
      lastUsedFrom: expect.any(String),
      useCount: 20,
      failureCount: 0,
      lastFailedAt: null,
    });
  });

  it('keeps the last use of a key that has two counters', async () => {
    const { store, keys, usageOf } = await storeWith(1);
    const recorder = record(store);
    const [key] = keys;
    if (!key) throw new Error('unreachable');
    const [first, second] = [recorder.counter(key), recorder.counter(key)];
    first.used(NOW, 'first');
    second.used(NOW + 5, 'second');
    await recorder.flush();
    expect(await usageOf(0)).toEqual({
      lastUsedAt: NOW + 5,
      lastUsedFrom: 'second',
      useCount: 2,
      failureCount: 0,
      lastFailedAt: null,
    });
  });

  describe('the first use of a key', () => {
    async function listening() {
      const events = new Events();
      const told: EventOf<'key.first-used'>[] = [];
      events.on('key.first-used', (event) => told.push(event));
      const { store, keys, state } = await storeWith(2);
      const recorder = record(store, NEVER, events);
      const [key, other] = keys;
      if (!key || !other) throw new Error('unreachable');
      return { told, state, store, events, recorder, key, other };
    }

    it('is told once it is written, and only the first', async () => {
      const { told, recorder, key } = await listening();
      const counter = recorder.counter(key);
      counter.used(NOW, '192.0.2.1');
      counter.used(NOW + 5, '192.0.2.2');
      expect(told).toEqual([]);
      await recorder.flush();
      const { id: keyId, orgId, ownerId } = key;
      expect(told).toEqual([{ type: 'key.first-used', at: NOW + 5, address: '192.0.2.2', orgId, keyId, ownerId }]);
      counter.used(NOW + 10, '192.0.2.1');
      await recorder.flush();
      expect(told).toHaveLength(1);
    });

    it('is no refusal', async () => {
      const { told, recorder, key } = await listening();
      const counter = recorder.counter(key);
      counter.failed(NOW);
      await recorder.flush();
      expect(told).toEqual([]);
      counter.used(NOW + 5, null);
      await recorder.flush();
      expect(told.map(({ keyId, at }) => [keyId, at])).toEqual([[key.id, NOW + 5]]);
    });

    it('is told by one of two processes only', async () => {
      const { told, recorder, store, events, key, other } = await listening();
      const second = record(store, NEVER, events);
      for (const each of [recorder, second]) each.counter(key).used(NOW, null);
      second.counter(other).used(NOW, null);
      await Promise.all([recorder.flush(), second.flush()]);
      expect(told.map(({ keyId }) => keyId).sort()).toEqual([key.id, other.id].sort());
    });

    it('is told when the store is back', async () => {
      const { told, state, recorder, key } = await listening();
      recorder.counter(key).used(NOW, null);
      state.isDown = true;
      await expect(recorder.flush()).rejects.toThrow('down');
      expect(told).toEqual([]);
      state.isDown = false;
      await recorder.flush();
      expect(told.map(({ keyId }) => keyId)).toEqual([key.id]);
    });
  });

  it('flushes by itself, again and again', async () => {
    const { store, keys, batches, usageOf } = await storeWith(1);
    const recorder = record(store, { flushIntervalMs: 10 });
    const counter = recorder.counter(keys[0] as (typeof keys)[0]);
    counter.used(NOW, null);
    await until('the first flush', () => batches.length === 1);
    counter.used(NOW + 1, null);
    await until('the second flush', () => batches.length === 2);
    expect((await usageOf(0))?.useCount).toBe(2);
  });

  it('does not wait for its time when ten thousand keys wait', async () => {
    const { store, batches } = await storeWith(0);
    const recorder = record(store);
    for (const key of draw.records(10_000)) recorder.counter(key).used(NOW, null);
    expect(batches).toEqual([]);
    await until('all are written', () => sum(batches) === 10_000);
  });

  describe('when the store fails', () => {
    it('keeps the counts for the next flush, once each', async () => {
      const { store, keys, state, usageOf } = await storeWith(3);
      const recorder = record(store);
      const counters = keys.map((key) => recorder.counter(key));
      state.isDown = true;
      for (let round = 0; round < 4; round++) {
        for (const counter of counters) counter.used(NOW + round, `from ${round}`);
        counters[1]?.failed(NOW + round);
        await expect(recorder.flush()).rejects.toThrow('down');
      }
      state.isDown = false;
      await recorder.flush();
      await recorder.flush();
      const last = { lastUsedAt: NOW + 3, lastUsedFrom: 'from 3', useCount: 4 };
      expect(await usageOf(0)).toEqual({ ...last, failureCount: 0, lastFailedAt: null });
      expect(await usageOf(1)).toEqual({ ...last, failureCount: 4, lastFailedAt: NOW + 3 });
    });

    it('joins what failed with what was counted meanwhile, and keeps the later use', async () => {
      const { store, keys, state, usageOf } = await storeWith(1);
      const recorder = record(store);
      const counter = recorder.counter(keys[0] as (typeof keys)[0]);
      let release = () => {};
      state.held = new Promise((resolve) => {
        release = resolve;
      });
      state.isDown = true;
      counter.used(NOW, 'early');
      const flushed = expect(recorder.flush()).rejects.toThrow('down');
      counter.used(NOW + 5, 'late');
      release();
      await flushed;
      state.isDown = false;
      await recorder.flush();
      expect(await usageOf(0)).toEqual({
        lastUsedAt: NOW + 5,
        lastUsedFrom: 'late',
        useCount: 2,
        failureCount: 0,
        lastFailedAt: null,
      });
    });

    it('goes on by itself once the store is back, and no unhandled rejection is left', async () => {
      const { store, keys, batches, state, usageOf } = await storeWith(1);
      const recorder = record(store, { flushIntervalMs: 10 });
      state.isDown = true;
      recorder.counter(keys[0] as (typeof keys)[0]).used(NOW, null);
      await until('it has failed twice', () => batches.length >= 2);
      state.isDown = false;
      await until('it is written', async () => (await usageOf(0))?.useCount === 1);
    });

    it('tries again at its time only, however many keys wait', async () => {
      const { store, batches, state } = await storeWith(0);
      const recorder = record(store);
      state.isDown = true;
      const counters = draw.records(12_000).map((key) => recorder.counter(key));
      for (const counter of counters) counter.used(NOW, null);
      for (let turns = 0; turns < 20; turns++) await turn();
      expect(batches).toHaveLength(1);
      for (const counter of counters) counter.used(NOW, null);
      for (let turns = 0; turns < 20; turns++) await turn();
      expect(batches).toHaveLength(1);
      state.isDown = false;
    });

    it('lets no more than a hundred thousand keys wait, and counts on those beyond', async () => {
      const { store, keys, batches, state, usageOf } = await storeWith(1);
      const recorder = record(store);
      state.isDown = true;
      const [beyond] = keys;
      if (!beyond) throw new Error('unreachable');
      for (let n = 0; n < 100_000; n++) recorder.counter({ ...beyond, id: `key ${n}` }).used(NOW, null);
      const counter = recorder.counter(beyond);
      counter.used(NOW, null);
      counter.used(NOW, null);
      await recorder.flush().catch(() => {});
      state.isDown = false;
      batches.length = 0;
      await recorder.flush();
      expect(sum(batches)).toBe(100_000);
      counter.used(NOW, null);
      await recorder.flush();
      expect((await usageOf(0))?.useCount).toBe(3);
    });
  });

  describe('concurrent flushes', () => {
    it('are one', async () => {
      const { store, keys, batches } = await storeWith(1);
      const recorder = record(store);
      recorder.counter(keys[0] as (typeof keys)[0]).used(NOW, null);
      await Promise.all([recorder.flush(), recorder.flush(), recorder.flush()]);
      expect(batches).toHaveLength(1);
    });
  });

  describe('close', () => {
    it('writes what is left', async () => {
      const { store, keys, usageOf } = await storeWith(1);
      const recorder = record(store);
      recorder.counter(keys[0] as (typeof keys)[0]).used(NOW, null);
      await recorder.close();
      expect((await usageOf(0))?.useCount).toBe(1);
    });

    it('writes what was counted during a flush under way as well', async () => {
      const { store, keys, state, usageOf } = await storeWith(1);
      const recorder = record(store);
      const counter = recorder.counter(keys[0] as (typeof keys)[0]);
      let release = () => {};
      state.held = new Promise((resolve) => {
        release = resolve;
      });
      counter.used(NOW, null);
      const flushed = recorder.flush();
      counter.used(NOW, null);
      const closed = recorder.close();
      release();
      await Promise.all([flushed, closed]);
      expect((await usageOf(0))?.useCount).toBe(2);
    });

    it('rejects when the store does not take it, and may be called again', async () => {
      const { store, keys, state, usageOf } = await storeWith(1);
      const recorder = record(store);
      recorder.counter(keys[0] as (typeof keys)[0]).used(NOW, null);
      state.isDown = true;
      await expect(recorder.close()).rejects.toThrow('down');
      state.isDown = false;
      await recorder.close();
      expect((await usageOf(0))?.useCount).toBe(1);
    });
  });

  it.each([0, 9, 3_600_001, 10.5, Number.NaN])('refuses %p ms between two flushes', (flushIntervalMs) => {
    const { apiKeys } = new MemoryStore().records;
    const message = 'usage.flushIntervalMs must be a whole number from 10 to 3600000';
    expect(() => new UsageRecorder(apiKeys, new Events(), { flushIntervalMs })).toThrow(new TypeError(message));
  });
});

/** The keys of all batches. */
function sum(batches: readonly (readonly UsageDelta[])[]): number {
  return batches.reduce((total, { length }) => total + length, 0);
}
