import assert from 'node:assert/strict';
import type { ApiKeyRecord, KeyUsage } from '../../lib/index.js';
import { changed, Draw, delta, insertAll, listIds, ORDERS, START_AT } from './store-samples.js';
import type { Suite } from './store-suite.js';

const ZERO: KeyUsage = { lastUsedAt: null, lastUsedFrom: null, useCount: 0, failureCount: 0, lastFailedAt: null };
const DAY_MS = 86_400_000;

/** usage, addUsage and expunge. */
export function testUsageAndExpunge(suite: Suite): void {
  const { it, describe } = suite.api;
  const draw = new Draw(3);

  async function inserted(fields: Partial<ApiKeyRecord> = {}): Promise<ApiKeyRecord> {
    const record = draw.record(fields);
    assert.equal(await suite.apiKeys.insert(record), true);
    return record;
  }

  async function usageOf(record: ApiKeyRecord): Promise<KeyUsage | undefined> {
    return (await suite.apiKeys.usage([record.id]))[0];
  }

  describe('usage', () => {
    it('is zero for a key never used and for an id that it does not know', async () => {
      const record = await inserted();
      assert.deepEqual(await suite.apiKeys.usage([record.id, draw.id()]), [ZERO, ZERO]);
      assert.deepEqual(await suite.apiKeys.usage([]), []);
    });

    it('comes in the order of the ids, repeated ones too', async () => {
      const [a, b, c] = [await inserted(), await inserted(), await inserted()];
      await suite.apiKeys.addUsage([delta(c, { uses: 3 }), delta(a, { uses: 1 }), delta(b, { uses: 2 })]);
      const found = await suite.apiKeys.usage([b.id, draw.id(), a.id, c.id, b.id]);
      assert.deepEqual(
        found.map(({ useCount }) => useCount),
        [2, 0, 1, 3, 2],
      );
    });

    it('adds counts, also for an id that is named twice in one batch', async () => {
      const record = await inserted();
      await suite.apiKeys.addUsage([
        delta(record, { uses: 5, failures: 1, lastFailedAt: null }),
        delta(record, { uses: 2 }),
      ]);
      await suite.apiKeys.addUsage([delta(record, { uses: 1, failures: 3, lastFailedAt: null })]);
      const usage = await usageOf(record);
      assert.deepEqual([usage?.useCount, usage?.failureCount], [8, 4]);
    });

    it('loses no count of concurrent batches', async () => {
      const record = await inserted();
      await Promise.all(Array.from({ length: 40 }, () => suite.apiKeys.addUsage([delta(record, { uses: 2 })])));
      assert.equal((await usageOf(record))?.useCount, 80);
    });

    it('raises the last use together with its address and never lowers it', async () => {
      const record = await inserted();
      const use = (lastUsedAt: number, lastUsedFrom: string | null) =>
        suite.apiKeys.addUsage([delta(record, { lastUsedAt, lastUsedFrom })]);
      await use(START_AT + 5, '192.0.2.5');
      await use(START_AT + 3, '192.0.2.3');
      assert.deepEqual(await usageOf(record), usedOnce(2, START_AT + 5, '192.0.2.5'));
      await use(START_AT + 9, '2001:db8::1');
      assert.deepEqual(await usageOf(record), usedOnce(3, START_AT + 9, '2001:db8::1'));
      await use(START_AT + 10, null);
      assert.deepEqual(await usageOf(record), usedOnce(4, START_AT + 10, null));
    });

    it('leaves the last use alone when there were failures only', async () => {
      const record = await inserted();
      const failed = delta(record, { uses: 0, failures: 1, lastFailedAt: null, lastUsedAt: null, lastUsedFrom: null });
      await suite.apiKeys.addUsage([failed]);
      assert.deepEqual(await usageOf(record), { ...ZERO, failureCount: 1 });
      await suite.apiKeys.addUsage([delta(record, {}), failed]);
      assert.deepEqual(await usageOf(record), { ...usedOnce(1, START_AT, '192.0.2.1'), failureCount: 2 });
    });

    it('skips ids without a record, which begin at zero when they are made later', async () => {
      const [record, later] = [await inserted(), draw.record()];
      await suite.apiKeys.addUsage([delta(later, { uses: 7 }), delta(record, {})]);
      assert.equal((await usageOf(record))?.useCount, 1);
      assert.deepEqual(await usageOf(later), ZERO);
      const request = { orgId: 'org', order: 'lastUsedAt', descending: false, limit: 10 } as const;
      assert.deepEqual(await listIds(suite.apiKeys, request), [record.id]);
      await suite.apiKeys.insert(later);
      assert.deepEqual(await usageOf(later), ZERO);
      assert.deepEqual(await listIds(suite.apiKeys, request), [later.id, record.id]);
    });

    it('changes neither the record nor its version', async () => {
      const record = await inserted();
      await suite.apiKeys.addUsage([delta(record, {})]);
      assert.deepEqual(await suite.apiKeys.get(record.id), record);
    });

    it('tells of the first use ever, and of no later one, whenever that was', async () => {
      const [a, b] = [await inserted(), await inserted()];
      const failed = delta(a, { uses: 0, failures: 1, lastFailedAt: START_AT, lastUsedAt: null, lastUsedFrom: null });
      assert.deepEqual(await suite.apiKeys.addUsage([failed, delta(draw.record())]), []);
      assert.deepEqual(await suite.apiKeys.addUsage([delta(b), failed, delta(a), delta(b)]), [b.id, a.id]);
      assert.deepEqual(await suite.apiKeys.addUsage([delta(a, { lastUsedAt: START_AT - 1 }), delta(b)]), []);
      assert.deepEqual(await suite.apiKeys.addUsage([]), []);
    });

    it('tells of the first use exactly once to twenty at once, of one instance and of two', async () => {
      const second = await suite.subject.openSecond?.();
      try {
        const stores = [suite.apiKeys, second?.records.apiKeys ?? suite.apiKeys];
        for (let round = 0; round < 10; round++) {
          const [a, b] = [await inserted(), await inserted()];
          const told = await Promise.all(
            Array.from({ length: 20 }, (_, n) => (stores[n % 2] ?? suite.apiKeys).addUsage([delta(a), delta(b)])),
          );
          assert.deepEqual(told.flat().sort(), [a.id, b.id].sort());
        }
      } finally {
        await second?.close();
      }
    });

    it('takes thousands of keys at once, and none', async () => {
      const records = draw.records(2_300);
      await insertAll(suite.apiKeys, records);
      await suite.apiKeys.addUsage([]);
      const deltas = records.map((record, index) => delta(record, { uses: index + 1 }));
      assert.deepEqual(
        await suite.apiKeys.addUsage(deltas),
        records.map(({ id }) => id),
      );
      for (let start = 0; start < records.length; start += 100) {
        const some = records.slice(start, start + 100);
        const usage = await suite.apiKeys.usage(some.map(({ id }) => id));
        assert.deepEqual(
          usage.map(({ useCount }) => useCount),
          some.map((_, index) => start + index + 1),
        );
      }
    });

    it('comes as a copy', async () => {
      const record = await inserted();
      await suite.apiKeys.addUsage([delta(record, {})]);
      for (const id of [record.id, draw.id()]) {
        const [usage] = (await suite.apiKeys.usage([id])) as { useCount: number }[];
        if (usage !== undefined && !Object.isFrozen(usage)) usage.useCount = 1_000;
        const [again] = await suite.apiKeys.usage([id]);
        assert.equal(again?.useCount, id === record.id ? 1 : 0);
      }
    });
  });

  describe('expunge', () => {
    const nowAt = START_AT + DAY_MS;

    it('removes what is due at this instant, and nothing else', async () => {
      const due = [await inserted({ expungeAt: 1 }), await inserted({ expungeAt: nowAt })];
      const kept = [await inserted({ expungeAt: nowAt + 1 }), await inserted({ expungeAt: null })];
      assert.equal(await suite.apiKeys.expunge(nowAt, 100), 2);
      for (const { id } of due) assert.equal(await suite.apiKeys.get(id), null);
      for (const record of kept) assert.deepEqual(await suite.apiKeys.get(record.id), record);
      assert.equal(await suite.apiKeys.expunge(nowAt, 100), 0);
    });

    it('takes a removed record out of every list and forgets its usage', async () => {
      const record = await inserted({ expungeAt: nowAt });
      const kept = await inserted({ name: record.name });
      await suite.apiKeys.addUsage([delta(record, { uses: 4 })]);
      await suite.apiKeys.expunge(nowAt, 100);
      for (const order of ORDERS) {
        for (const ownerId of [undefined, 'owner']) {
          const request = { orgId: 'org', ownerId, order, descending: true, limit: 10 };
          assert.deepEqual(await listIds(suite.apiKeys, request), [kept.id], order);
        }
      }
      assert.deepEqual(await usageOf(record), ZERO);
      assert.equal(await suite.apiKeys.insert({ ...record, expungeAt: null }), true);
      assert.deepEqual(await usageOf(record), ZERO);
    });

    it('removes at most as many as it was told, until none is left', async () => {
      for (let n = 0; n < 25; n++) await inserted({ expungeAt: nowAt - n });
      const removed: number[] = [];
      for (let rest = 25; rest > 0; ) {
        const count = await suite.apiKeys.expunge(nowAt, 10);
        assert.ok(count > 0 && count <= 10);
        removed.push(count);
        rest -= count;
      }
      assert.equal(await suite.apiKeys.expunge(nowAt, 10), 0);
      const left = await listIds(suite.apiKeys, { orgId: 'org', order: 'name', descending: false, limit: 50 });
      assert.deepEqual(left, []);
    });

    it('follows the record when its time is put off, brought forward or taken away', async () => {
      const record = await inserted({ expungeAt: nowAt });
      const never = await inserted({ expungeAt: nowAt });
      const sooner = await inserted({ expungeAt: nowAt + DAY_MS });
      const putOff = changed(record, { expungeAt: nowAt + DAY_MS });
      await suite.apiKeys.update(record, putOff);
      await suite.apiKeys.update(never, changed(never, { expungeAt: null }));
      await suite.apiKeys.update(sooner, changed(sooner, { expungeAt: nowAt }));
      assert.equal(await suite.apiKeys.expunge(nowAt, 100), 1);
      assert.equal(await suite.apiKeys.get(sooner.id), null);
      assert.deepEqual(await suite.apiKeys.get(record.id), putOff);
      assert.equal(await suite.apiKeys.expunge(nowAt + DAY_MS, 100), 1);
      assert.equal(await suite.apiKeys.get(record.id), null);
      assert.equal((await suite.apiKeys.get(never.id))?.version, 2);
    });
  });
}

function usedOnce(useCount: number, lastUsedAt: number, lastUsedFrom: string | null): KeyUsage {
  return { lastUsedAt, lastUsedFrom, useCount, failureCount: 0, lastFailedAt: null };
}
