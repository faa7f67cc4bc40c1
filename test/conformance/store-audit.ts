import assert from 'node:assert/strict';
import type { AuditStore, TrailBounds, TrailEntry, TrailPageRequest, TrailPart } from '../../lib/index.js';
import { START_AT } from './store-samples.js';
import type { Suite } from './store-suite.js';

const DAY_MS = 86_400_000;
const BOUNDS: TrailBounds = { nowAt: START_AT, maxAgeMs: 400 * DAY_MS, maxEntries: 100_000 };

/** The audit trail: append, withdraw, page, bounds. */
export function testAudit(suite: Suite): void {
  const { it, describe } = suite.api;
  const audit = (): AuditStore => suite.subject.store.records.audit;

  const append = (values: readonly string[], bounds: Partial<TrailBounds> = {}): Promise<string[]> =>
    audit().append('org', 'changes', values, { ...BOUNDS, ...bounds });
  const page = (request: Partial<TrailPageRequest> = {}): Promise<TrailEntry[]> =>
    audit().page({ orgId: 'org', part: 'changes', limit: 10_000, ...request });
  const valuesOf = (entries: readonly TrailEntry[]): string[] => entries.map(({ value }) => value);

  describe('the audit trail', () => {
    it('brings back what was added, newest first, under the ids that were told', async () => {
      const odd = '{"a":"ü\\n😀","b":"\u2028%d"}\n';
      const ids = [...(await append([odd])), ...(await append(['b', '', 'c']))];
      assert.equal(new Set(ids).size, 4);
      const [a, b, empty, c] = ids;
      assert.deepEqual(await page(), [
        { id: c, value: 'c' },
        { id: empty, value: '' },
        { id: b, value: 'b' },
        { id: a, value: odd },
      ]);
    });

    it('is empty where nothing was added', async () => {
      assert.deepEqual(await append([]), []);
      assert.deepEqual(await page(), []);
      assert.deepEqual(await page({ before: '7-7', fromAt: 3 }), []);
    });

    it('gives ids that ascend, at or after the instant of adding, though the clock goes back', async () => {
      const instants = [START_AT, START_AT, START_AT + 5, START_AT - DAY_MS, START_AT + 5, START_AT + 6, 0];
      const ids: string[] = [];
      for (const nowAt of instants) {
        const added = await append(['x', 'y'], { nowAt });
        for (const id of added) assert.ok(msOf(id) >= nowAt, `${id} at ${nowAt}`);
        ids.push(...added);
      }
      assertAscending(ids);
      assert.equal(msOf(ids[0] ?? ''), START_AT);
      assert.equal(msOf(ids.at(-1) ?? ''), START_AT + 6);
      assert.deepEqual((await page()).map(({ id }) => id).reverse(), ids);
    });

    it('begins at any instant, the first of all too', async () => {
      const ids = [...(await append(['a', 'b'], { nowAt: 0 })), ...(await append(['c'], { nowAt: 1 }))];
      assertAscending(ids);
      assert.deepEqual(valuesOf(await page()), ['c', 'b', 'a']);
      for (const [n, before] of ['0-0', ...ids].entries()) {
        assert.equal((await page({ before })).length, Math.max(0, n - 1), before);
      }
    });

    it('is read page by page, none twice and none left out, whatever is added meanwhile', async () => {
      const values = Array.from({ length: 95 }, (_, n) => `${n}`);
      for (const [n, value] of values.entries()) await append([value], { nowAt: START_AT + (n >> 2) });
      const found: string[] = [];
      for (let before: string | undefined; ; ) {
        const entries = await page({ before, limit: 10 });
        assert.ok(entries.length <= 10);
        found.push(...valuesOf(entries));
        if (entries.length < 10) break;
        before = entries.at(-1)?.id;
        await append(['later'], { nowAt: START_AT + 1_000 });
      }
      assert.deepEqual(found, [...values].reverse());
    });

    it('is read from an instant on, and between an instant and an id', async () => {
      const ids: string[] = [];
      for (let n = 0; n < 10; n++) ids.push(...(await append([`${n}a`, `${n}b`], { nowAt: START_AT + n * 10 })));
      assert.deepEqual(valuesOf(await page({ fromAt: START_AT + 80 })), ['9b', '9a', '8b', '8a']);
      assert.deepEqual(valuesOf(await page({ fromAt: START_AT + 81 })), ['9b', '9a']);
      assert.deepEqual(valuesOf(await page({ fromAt: START_AT + 70.5, limit: 3 })), ['9b', '9a', '8b']);
      assert.deepEqual(valuesOf(await page({ fromAt: START_AT + 70, before: ids[17] })), ['8a', '7b', '7a']);
      assert.deepEqual(await page({ fromAt: START_AT + 80, before: ids[16] }), []);
      assert.deepEqual(await page({ fromAt: START_AT + 80, before: ids[3] }), []);
      assert.deepEqual(await page({ fromAt: START_AT + DAY_MS }), []);
      assert.equal((await page({ fromAt: -5 })).length, 20);
    });

    it('refuses a cursor that is no id', async () => {
      await append(['a']);
      for (const id of ['', '-', '+', '(1-1', '1', '1-', '1-*', '-1-1', '1-1 ', `${'9'.repeat(25)}-1`, 'x-1']) {
        await assert.rejects(page({ before: id }), TypeError, id);
        await assert.rejects(audit().withdraw('org', 'changes', id), TypeError, id);
      }
    });

    it('takes an entry back, and never gives its id again', async () => {
      const [a = '', b = '', c = ''] = await append(['a', 'b', 'c']);
      await audit().withdraw('org', 'changes', b);
      assert.deepEqual(valuesOf(await page()), ['c', 'a']);
      assert.deepEqual(valuesOf(await page({ before: b })), ['a']);
      for (const id of [b, c, a, c]) await audit().withdraw('org', 'changes', id);
      assert.deepEqual(await page(), []);
      const [d = ''] = await append(['d'], { nowAt: START_AT - 1 });
      assertAscending([c, d]);
      assert.deepEqual(await page(), [{ id: d, value: 'd' }]);
    });

    it('keeps organisations and parts apart, whatever the ids look like', async () => {
      const orgs = [null, '', '-', 'o', 'null', ':', ':changes', '{a}', '%', '%25', 'ä', ' ', 'x'.repeat(128)];
      const parts: TrailPart[] = ['changes', 'activity'];
      const trails = orgs.flatMap((orgId) => parts.map((part) => ({ orgId, part, value: `${orgId} ${part}` })));
      const ids: string[] = [];
      for (const { orgId, part, value } of trails) ids.push(...(await audit().append(orgId, part, [value], BOUNDS)));
      for (const { orgId, part, value } of trails) {
        assert.deepEqual(valuesOf(await page({ orgId, part })), [value]);
      }
      await audit().withdraw(null, 'changes', ids[0] ?? '');
      assert.deepEqual(await page({ orgId: null }), []);
      assert.equal((await page({ orgId: null, part: 'activity' })).length, 1);
      assert.equal((await page({ orgId: '-' })).length, 1);
    });

    it('takes thousands at once, in order', async () => {
      const values = Array.from({ length: 2_300 }, (_, n) => `{"n":${n}}`);
      const ids = await append(values);
      assertAscending(ids);
      assert.deepEqual(await page(), values.map((value, n) => ({ id: ids[n], value })).reverse());
    });

    it('loses none of twenty batches at once, through whatever instance, and none is torn apart', async () => {
      const second = await suite.subject.openSecond?.();
      try {
        const trails = [audit(), second?.records.audit ?? audit()];
        const added = await Promise.all(
          Array.from({ length: 20 }, (_, n) =>
            (trails[n % 2] ?? audit()).append('org', 'changes', [`${n}a`, `${n}b`], { ...BOUNDS, nowAt: START_AT + n }),
          ),
        );
        const entries = (await page()).reverse();
        assertAscending(entries.map(({ id }) => id));
        assert.deepEqual(new Set(entries.map(({ id }) => id)), new Set(added.flat()));
        for (let n = 0; n < 40; n += 2) {
          assert.equal(entries[n]?.value.replace('a', 'b'), entries[n + 1]?.value);
        }
      } finally {
        await second?.close();
      }
    });
  });

  describe('the bounds of a trail', () => {
    it('keep about as many as they say, never fewer, and the newest', async () => {
      const maxEntries = 500;
      for (let batch = 0; batch < 20; batch++) {
        await append(
          Array.from({ length: 100 }, (_, n) => `${batch * 100 + n}`),
          { maxEntries },
        );
        const { length } = await page();
        assert.ok(length >= Math.min(maxEntries, (batch + 1) * 100) && length < 2 * maxEntries, `${length}`);
      }
      const kept = valuesOf(await page());
      assert.deepEqual(
        kept,
        kept.map((_, n) => `${1_999 - n}`),
      );
    });

    it('let go what is older, never what is younger', async () => {
      const old = Array.from({ length: 1_000 }, (_, n) => `old ${n}`);
      const young = Array.from({ length: 1_000 }, (_, n) => `young ${n}`);
      await append(old, { maxAgeMs: DAY_MS });
      await append(young, { maxAgeMs: DAY_MS, nowAt: START_AT + DAY_MS });
      assert.equal((await page()).length, 2_000, 'all as old as they may be');
      await append(['last'], { maxAgeMs: DAY_MS, nowAt: START_AT + DAY_MS + 1 });
      const kept = valuesOf(await page());
      assert.deepEqual(kept.slice(0, 1_001), ['last', ...[...young].reverse()]);
      assert.ok(kept.length < 1_501, `${kept.length} are kept`);
    });

    it('hold for each trail by itself', async () => {
      await audit().append('org', 'activity', ['kept'], BOUNDS);
      await audit().append('other', 'changes', ['kept too'], BOUNDS);
      const flood = Array.from({ length: 1_000 }, (_, n) => `${n}`);
      await append(flood, { maxEntries: 10, maxAgeMs: 1, nowAt: START_AT + DAY_MS });
      assert.deepEqual(valuesOf(await page({ part: 'activity' })), ['kept']);
      assert.deepEqual(valuesOf(await page({ orgId: 'other' })), ['kept too']);
    });

    it('are refused an age of 0 or less', async () => {
      for (const maxAgeMs of [0, -1, Number.NaN]) await assert.rejects(append(['x'], { maxAgeMs }), TypeError);
      assert.deepEqual(await page(), []);
    });
  });
}

function msOf(id: string): number {
  return Number(id.split('-')[0]);
}

function assertAscending(ids: readonly string[]): void {
  const parsed = ids.map((id) => id.split('-').map(Number) as [number, number]);
  for (const [n, [ms, sequence]] of parsed.entries()) {
    const [lastMs, lastSequence] = parsed[n - 1] ?? [-1, -1];
    assert.ok(ms > lastMs || (ms === lastMs && sequence > lastSequence), `${ids[n - 1]} before ${ids[n]}`);
  }
}
