import assert from 'node:assert/strict';
import type { StateStore } from '../../lib/index.js';
import { Draw } from './store-samples.js';
import type { Suite } from './store-suite.js';
import { until } from './store-suite.js';

const HOUR_MS = 3_600_000;
/** What may pass, on a busy machine, between the first hit and the last look. */
const SLACK_MS = 20_000;

/** What one of many gets, and requests counted within a window. */
export function testClaimsAndHits(suite: Suite): void {
  const { it, describe } = suite.api;
  const draw = new Draw(9);
  const state = (): StateStore => suite.subject.store.state;

  /** The state as this process and as another one sees it; of a store for one process, twice the same. */
  async function withTwo(work: (states: readonly [StateStore, StateStore]) => Promise<void>): Promise<void> {
    const second = await suite.subject.openSecond?.();
    try {
      await work([state(), second?.state ?? state()]);
    } finally {
      await second?.close();
    }
  }

  describe('a claim', () => {
    it('is given once, and each id is claimed by itself', async () => {
      assert.equal(await state().claim('a', HOUR_MS), true);
      assert.equal(await state().claim('a', HOUR_MS), false);
      assert.equal(await state().claim('a', 1), false);
      assert.equal(await state().claim('b:{}%ü', HOUR_MS), true);
      assert.equal(await state().claim('b:{}%ü', HOUR_MS), false);
    });

    it('is given to exactly one of twenty at once, through whatever instance', async () => {
      await withTwo(async (states) => {
        for (let round = 0; round < 20; round++) {
          const id = draw.id();
          const given = await Promise.all(
            Array.from({ length: 20 }, (_, n) => (n % 2 ? states[1] : states[0]).claim(id, HOUR_MS)),
          );
          assert.equal(given.filter(Boolean).length, 1);
        }
      });
    });

    it('ends by itself, and is not made longer by those who come in vain', async () => {
      assert.equal(await state().claim('short', 30), true);
      await until('it is over', () => state().claim('short', HOUR_MS));
    });

    it('has nothing to do with what is kept, tried or hit under the same id', async () => {
      assert.equal(await state().claim('same', HOUR_MS), true);
      assert.equal(await state().take('same'), null);
      assert.equal((await state().attempts('same')).count, 0);
      assert.equal((await state().hit('same', HOUR_MS)).count, 1);
      await state().clearAttempts('same');
      assert.equal(await state().claim('same', HOUR_MS), false);
    });

    it('is refused a life of 0 or less, which would be for ever', async () => {
      for (const ttlMs of [0, -1, Number.NaN]) await assert.rejects(state().claim('for ever', ttlMs), TypeError);
      assert.equal(await state().claim('for ever', HOUR_MS), true);
    });
  });

  describe('hits', () => {
    it('are counted for each subject by itself, and do not put off the end of the window', async () => {
      const startedAt = performance.now();
      for (let count = 1; count <= 5; count++) {
        const hits = await state().hit('ada', HOUR_MS);
        assert.equal(hits.count, count);
        const passedMs = performance.now() - startedAt;
        assert.ok(hits.resetMs <= HOUR_MS && hits.resetMs >= HOUR_MS - passedMs - 20, `${hits.resetMs} of ${count}`);
      }
      assert.equal((await state().hit('bob }{:%ü', HOUR_MS)).count, 1);
      assert.equal((await state().hit('bob }{:%ü', HOUR_MS)).count, 2);
      assert.equal((await state().hit('ada', HOUR_MS)).count, 6);
    });

    it('of fifty at once are each counted, through whatever instance', async () => {
      await withTwo(async (states) => {
        const hits = await Promise.all(
          Array.from({ length: 50 }, (_, n) => (n % 2 ? states[1] : states[0]).hit('ada', HOUR_MS)),
        );
        const counts = hits.map(({ count }) => count).sort((a, b) => a - b);
        assert.deepEqual(
          counts,
          Array.from({ length: 50 }, (_, n) => n + 1),
        );
        for (const { resetMs } of hits) assert.ok(resetMs <= HOUR_MS && resetMs > HOUR_MS - SLACK_MS, `${resetMs}`);
      });
    });

    it('begin anew when their window is over', async () => {
      const windowMs = 40;
      assert.equal((await state().hit('ada', windowMs)).count, 1);
      await until('the window is over', async () => (await state().hit('ada', windowMs)).count === 1);
      const { count, resetMs } = await state().hit('ada', windowMs);
      assert.ok(resetMs > 0 && resetMs <= windowMs, `${resetMs}`);
      assert.ok(count <= 2, `${count}`);
    });

    it('are counted in windows of any length side by side, also in fractions of a millisecond', async () => {
      for (let n = 0; n < 150; n++) {
        const { count, resetMs } = await state().hit(`of ${n}`, HOUR_MS + n + 0.5);
        assert.equal(count, 1);
        assert.ok(resetMs > HOUR_MS - SLACK_MS && resetMs <= HOUR_MS + n + 1, `${resetMs}`);
      }
      for (let n = 0; n < 150; n++) assert.equal((await state().hit(`of ${n}`, HOUR_MS + n + 0.5)).count, 2);
    });

    it('are refused a window of 0 or less, which would be for ever', async () => {
      for (const windowMs of [0, -1, Number.NaN]) await assert.rejects(state().hit('ada', windowMs), TypeError);
      await state().hit('ada', HOUR_MS);
      for (const windowMs of [0, -1, Number.NaN]) await assert.rejects(state().hit('ada', windowMs), TypeError);
      assert.equal((await state().hit('ada', HOUR_MS)).count, 2);
    });
  });
}
