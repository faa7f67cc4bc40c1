import assert from 'node:assert/strict';
import type { ApiKeyRecord, DayUsage, UsageDelta } from '../../lib/index.js';
import { Draw, delta } from './store-samples.js';
import type { Suite } from './store-suite.js';

const DAY_MS = 86_400_000;
/** 2025-03-01, at midnight. */
const FIRST_AT = Date.UTC(2025, 2, 1);
const EVER = '1970-01-01';

/** usageByDay, and what addUsage adds to it. */
export function testUsageByDay(suite: Suite): void {
  const { it, describe } = suite.api;
  const draw = new Draw(11);

  async function inserted(fields: Partial<ApiKeyRecord> = {}): Promise<ApiKeyRecord> {
    const record = draw.record(fields);
    assert.equal(await suite.apiKeys.insert(record), true);
    return record;
  }

  const add = (record: ApiKeyRecord, fields: Partial<UsageDelta>) =>
    suite.apiKeys.addUsage([delta(record, { uses: 0, lastUsedAt: null, ...fields })]);
  const use = (record: ApiKeyRecord, day: number, uses = 1) =>
    add(record, { uses, lastUsedAt: FIRST_AT + day * DAY_MS + 3_600_000 });
  const daysOf = async ({ id }: ApiKeyRecord, fromDay = EVER): Promise<string> =>
    (await suite.apiKeys.usageByDay(id, fromDay)).map(text).join(', ');

  describe('usage by day', () => {
    it('is empty for a key never used and for an id that it does not know', async () => {
      const record = await inserted();
      for (const id of [record.id, draw.id()]) assert.deepEqual(await suite.apiKeys.usageByDay(id, EVER), []);
    });

    it('has uses on the day of the last use in UTC, and failures on that of the last failure, summed up', async () => {
      const record = await inserted();
      const [day, next] = [FIRST_AT, FIRST_AT + DAY_MS];
      await add(record, { uses: 3, lastUsedAt: day });
      await add(record, { uses: 4, lastUsedAt: next - 1 });
      await add(record, { uses: 5, lastUsedAt: next, failures: 2, lastFailedAt: next - 1 });
      await add(record, { uses: 6, lastUsedAt: next, failures: 7, lastFailedAt: next + 1 });
      await add(record, { failures: 1, lastFailedAt: next + DAY_MS });
      const expected: DayUsage[] = [
        { day: '2025-03-01', uses: 7, failures: 2 },
        { day: '2025-03-02', uses: 11, failures: 7 },
        { day: '2025-03-03', uses: 0, failures: 1 },
      ];
      assert.deepEqual(await suite.apiKeys.usageByDay(record.id, EVER), expected);
      assert.deepEqual(await suite.apiKeys.usageByDay(record.id, '2025-03-02'), expected.slice(1));
      assert.deepEqual(await suite.apiKeys.usageByDay(record.id, '2025-03-04'), []);
    });

    it('has only days on which there was something, whatever order they came in', async () => {
      const record = await inserted();
      for (const day of [9, 2, 30, 5]) await use(record, day, day);
      assert.equal(await daysOf(record), '2025-03-03: 2/0, 2025-03-06: 5/0, 2025-03-10: 9/0, 2025-03-31: 30/0');
      await add(record, { uses: 0, lastUsedAt: FIRST_AT + 20 * DAY_MS });
      assert.equal((await suite.apiKeys.usageByDay(record.id, EVER)).length, 4);
    });

    it('is of one key, also for an id that is named twice in one batch', async () => {
      const [a, b] = [await inserted(), await inserted()];
      const at = { lastUsedAt: FIRST_AT };
      await suite.apiKeys.addUsage([
        delta(a, { uses: 2, ...at }),
        delta(b, { uses: 30, ...at }),
        delta(a, { uses: 5, ...at, failures: 1, lastFailedAt: FIRST_AT }),
      ]);
      assert.deepEqual([await daysOf(a), await daysOf(b)], ['2025-03-01: 7/1', '2025-03-01: 30/0']);
    });

    it('loses no count of concurrent batches, of one instance and of two', async () => {
      const second = await suite.subject.openSecond?.();
      try {
        const record = await inserted();
        const stores = [suite.apiKeys, second?.records.apiKeys ?? suite.apiKeys];
        const one = delta(record, { uses: 2, lastUsedAt: FIRST_AT, failures: 1, lastFailedAt: FIRST_AT + DAY_MS });
        await Promise.all(Array.from({ length: 40 }, (_, n) => stores[n % 2]?.addUsage([one])));
        assert.equal(await daysOf(record), '2025-03-01: 80/0, 2025-03-02: 0/40');
      } finally {
        await second?.close();
      }
    });

    it('keeps the last thirty days, and no more', async () => {
      const record = await inserted();
      for (let day = 0; day < 30; day++) await use(record, day, day + 1);
      const kept = await suite.apiKeys.usageByDay(record.id, EVER);
      assert.deepEqual(
        kept.map(({ uses }) => uses),
        Array.from({ length: 30 }, (_, day) => day + 1),
      );
      for (let day = 30; day < 75; day++) await use(record, day, day + 1);
      const later = await suite.apiKeys.usageByDay(record.id, '2025-04-15');
      assert.deepEqual([later.length, later[0]?.uses, later.at(-1)?.uses], [30, 46, 75]);
      assert.equal((await suite.apiKeys.usageByDay(record.id, EVER)).length, 30);
    });

    it('does not mix up days that are a whole number of months or years apart', async () => {
      const record = await inserted();
      for (const day of [0, 30, 60, 360, 390]) await use(record, day, day + 1);
      assert.equal(await daysOf(record, '2026-03-26'), '2026-03-26: 391/0');
      await use(record, 390, 9);
      assert.equal(await daysOf(record, '2026-03-26'), '2026-03-26: 400/0');
    });

    it('adds nothing to a newer day where a batch comes very late', async () => {
      const record = await inserted();
      await use(record, 40, 5);
      await use(record, 10, 7);
      await use(record, 41, 1);
      const days = await suite.apiKeys.usageByDay(record.id, '2025-04-10');
      assert.equal(days.map(text).join(), '2025-04-10: 5/0,2025-04-11: 1/0');
      assert.equal((await suite.apiKeys.usage([record.id]))[0]?.useCount, 13);
    });

    it('counts in all, but on no day, what has no instant', async () => {
      const record = await inserted();
      await add(record, { failures: 3, lastFailedAt: null });
      assert.deepEqual(await suite.apiKeys.usageByDay(record.id, EVER), []);
      assert.equal((await suite.apiKeys.usage([record.id]))[0]?.failureCount, 3);
    });

    it('is exact for large numbers', async () => {
      const record = await inserted();
      const half = 2 ** 52 - 1;
      for (let n = 0; n < 2; n++) await add(record, { uses: half, lastUsedAt: FIRST_AT });
      assert.deepEqual((await suite.apiKeys.usageByDay(record.id, EVER))[0]?.uses, 2 * half);
    });

    it('skips ids without a record, and goes with the record when it is expunged', async () => {
      const later = draw.record();
      await use(later, 0);
      await suite.apiKeys.insert(later);
      assert.equal(await daysOf(later), '');

      const record = await inserted({ expungeAt: FIRST_AT });
      await use(record, 0);
      assert.equal(await suite.apiKeys.expunge(FIRST_AT, 10), 1);
      assert.equal(await daysOf(record), '');
      await suite.apiKeys.insert({ ...record, expungeAt: null });
      assert.equal(await daysOf(record), '');
    });
  });
}

function text({ day, uses, failures }: DayUsage): string {
  return `${day}: ${uses}/${failures}`;
}
