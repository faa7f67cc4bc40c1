import assert from 'node:assert/strict';
import type { AttemptRule, StateStore } from '../../lib/index.js';
import { testClaimsAndHits } from './state-hits.js';
import { testSessionUsers } from './state-session-users.js';
import { testSessionStates } from './state-sessions.js';
import { Draw } from './store-samples.js';
import type { Suite } from './store-suite.js';
import { until } from './store-suite.js';

const HOUR_MS = 3_600_000;
/** Waits so long that they cannot end within a test. */
const RULE: AttemptRule = { limit: 5, windowMs: HOUR_MS, waitMs: 60_000, maxWaitMs: 150_000 };

/** The half that expires: what is taken once, claims, hits, tries, sessions, and the word that a user was changed. */
export function testState(suite: Suite): void {
  const { it, describe } = suite.api;
  const draw = new Draw(8);
  const state = (): StateStore => suite.subject.store.state;

  describe('what is kept to be taken', () => {
    it('is taken once, as it was', async () => {
      const value = '{"a":"ü\\n😀"}\n';
      await state().keep('a-token', value, HOUR_MS);
      assert.equal(await state().take('a-token'), value);
      assert.equal(await state().take('a-token'), null);
      assert.equal(await state().take('never kept'), null);
    });

    it('is taken by exactly one of twenty at once', async () => {
      for (let round = 0; round < 20; round++) {
        const id = draw.id();
        await state().keep(id, 'value', HOUR_MS);
        const taken = await Promise.all(Array.from({ length: 20 }, () => state().take(id)));
        assert.deepEqual(
          taken.filter((value) => value !== null),
          ['value'],
        );
      }
    });

    it('is taken by exactly one of two instances', async () => {
      const second = await suite.subject.openSecond?.();
      if (second === undefined) return;
      try {
        await state().keep('both', 'value', HOUR_MS);
        const taken = await Promise.all(
          [state(), second.state, state(), second.state].map((each) => each.take('both')),
        );
        assert.equal(taken.filter((value) => value === 'value').length, 1);
      } finally {
        await second.close();
      }
    });

    it('ends by itself', async () => {
      await state().keep('short', 'value', 1);
      const startedAt = performance.now();
      await until('its life is over', () => performance.now() - startedAt > 20);
      assert.equal(await state().take('short'), null);
    });

    it('is refused a life of 0 or less, which would be for ever', async () => {
      for (const ttlMs of [0, -1, Number.NaN]) {
        await assert.rejects(state().keep('for ever', 'value', ttlMs), TypeError);
      }
      assert.equal(await state().take('for ever'), null);
    });
  });

  describe('what is kept to be read', () => {
    it('is read as often as anybody likes, as it was, until it is taken', async () => {
      const value = '{"a":"ü\\n😀"}\n';
      await state().keep('read', value, HOUR_MS);
      for (let n = 0; n < 3; n++) assert.equal(await state().slide('read', HOUR_MS), value);
      assert.equal(await state().take('read'), value);
      assert.equal(await state().slide('read', HOUR_MS), null);
      assert.equal(await state().slide('never kept', HOUR_MS), null);
      assert.equal(await state().take('never kept'), null);
    });

    it('is read as it was kept last, from another instance too', async () => {
      const second = await suite.subject.openSecond?.();
      try {
        await state().keep('twice', 'first', HOUR_MS);
        await (second?.state ?? state()).keep('twice', 'second', HOUR_MS);
        assert.equal(await state().slide('twice', HOUR_MS), 'second');
        assert.equal(await (second?.state ?? state()).slide('twice', HOUR_MS), 'second');
      } finally {
        await second?.close();
      }
    });

    it('lives longer by being read, or shorter when told so, and ends by itself', async () => {
      const lifeMs = 300;
      const keptAt = performance.now();
      await state().keep('longer', 'value', lifeMs);
      if (performance.now() - keptAt < lifeMs) await state().slide('longer', HOUR_MS);
      else await state().keep('longer', 'value', HOUR_MS); // a machine too busy to be in time
      await until('its first life is over', () => performance.now() - keptAt > lifeMs + 20);
      assert.equal(await state().slide('longer', 1), 'value');
      const readAt = performance.now();
      await until('its last life is over', () => performance.now() - readAt > 20);
      assert.equal(await state().slide('longer', HOUR_MS), null);
    });

    it('never comes back once taken, in whatever order fifty reads and the taking arrive', async () => {
      await state().keep('ended', 'value', HOUR_MS);
      const reads = Array.from({ length: 50 }, () => () => state().slide('ended', HOUR_MS));
      const actions = [...reads.slice(0, 25), () => state().take('ended'), ...reads.slice(25)];
      const answers = await Promise.all(actions.map((action) => action()));
      assert.equal(answers[25], 'value');
      assert.equal(await state().slide('ended', HOUR_MS), null);
    });

    it('is refused a life of 0 or less, and stays as it was', async () => {
      await state().keep('for ever', 'value', HOUR_MS);
      for (const ttlMs of [0, -1, Number.NaN]) {
        for (const id of ['for ever', 'never kept']) await assert.rejects(state().slide(id, ttlMs), TypeError);
      }
      assert.equal(await state().take('for ever'), 'value');
    });
  });

  describe('tries', () => {
    it('are free up to the limit; the last free one begins the wait', async () => {
      for (let n = 1; n <= RULE.limit; n++) {
        const lastAt = n === 1 ? null : 1_000 + n - 1;
        assert.deepEqual(await state().attempt('ada', RULE, 1_000 + n), { count: n, waitMs: 0, lastAt });
      }
      const refused = await state().attempt('ada', RULE, 2_000);
      assertWaits(refused.waitMs, RULE.waitMs);
      assert.deepEqual({ ...refused, waitMs: 0 }, { count: RULE.limit, waitMs: 0, lastAt: 1_000 + RULE.limit });
    });

    it('that are refused do not count, and do not make the wait longer', async () => {
      for (let n = 0; n < RULE.limit + 10; n++) await state().attempt('ada', RULE, n);
      const { count, waitMs } = await state().attempts('ada');
      assert.equal(count, RULE.limit);
      assertWaits(waitMs, RULE.waitMs);
    });

    it('of fifty at once let exactly as many through as are free', async () => {
      const tries = await Promise.all(Array.from({ length: 50 }, (_, n) => state().attempt('ada', RULE, n)));
      assert.equal(tries.filter(({ waitMs }) => waitMs === 0).length, RULE.limit);
      assert.equal((await state().attempts('ada')).count, RULE.limit);
    });

    it('of fifty at once through two instances let exactly as many through as are free', async () => {
      const second = await suite.subject.openSecond?.();
      if (second === undefined) return;
      try {
        const states = [state(), second.state];
        const tries = await Promise.all(
          Array.from({ length: 50 }, (_, n) => (states[n % 2] as StateStore).attempt('ada', RULE, n)),
        );
        assert.equal(tries.filter(({ waitMs }) => waitMs === 0).length, RULE.limit);
      } finally {
        await second.close();
      }
    });

    it('wait twice as long each time, up to the longest', async () => {
      const rule = { limit: 1, windowMs: HOUR_MS, waitMs: 1, maxWaitMs: 4 };
      // Each wait begins anew only once the one before is over, so the limit is raised to see what would come.
      const waits: number[] = [];
      for (let beyond = 0; beyond < 4; beyond++) {
        const subject = `beyond-${beyond}`;
        for (let n = 0; n < beyond; n++) await state().attempt(subject, { ...RULE, limit: 100 }, n);
        await state().attempt(subject, { ...RULE, limit: 1 }, 100);
        waits.push((await state().attempts(subject)).waitMs);
      }
      const expected = [RULE.waitMs, 2 * RULE.waitMs, RULE.maxWaitMs, RULE.maxWaitMs];
      for (const [n, waitMs] of waits.entries()) assertWaits(waitMs, expected[n] as number);

      await state().attempt('goes on', rule, 1);
      await until('the wait is over', async () => (await state().attempt('goes on', rule, 2)).waitMs === 0);
      assert.equal((await state().attempts('goes on')).count, 2);
    });

    it('far beyond the limit still wait no longer than the longest', async () => {
      for (let n = 0; n < 60; n++) await state().attempt('ada', { ...RULE, limit: 1_000 }, n);
      await state().attempt('ada', { ...RULE, limit: 1 }, 60);
      assertWaits((await state().attempts('ada')).waitMs, RULE.maxWaitMs);
    });

    it('are looked at without being counted', async () => {
      assert.deepEqual(await state().attempts('ada'), { count: 0, waitMs: 0, lastAt: null });
      await state().attempt('ada', RULE, 17);
      for (let n = 0; n < 3; n++) {
        assert.deepEqual(await state().attempts('ada'), { count: 1, waitMs: 0, lastAt: 17 });
      }
    });

    it('are forgotten when cleared, the wait too, and only those of that subject', async () => {
      for (let n = 0; n <= RULE.limit; n++) {
        await state().attempt('ada', RULE, n);
        await state().attempt('bob', RULE, n);
      }
      await state().clearAttempts('ada');
      await state().clearAttempts('never tried');
      assert.deepEqual(await state().attempts('ada'), { count: 0, waitMs: 0, lastAt: null });
      assert.deepEqual(await state().attempt('ada', RULE, 99), { count: 1, waitMs: 0, lastAt: null });
      assertWaits((await state().attempts('bob')).waitMs, RULE.waitMs);
    });

    it('are taken back one by one, and the wait with the first below the limit', async () => {
      for (let n = 0; n <= RULE.limit; n++) {
        await state().attempt('ada', RULE, n);
        if (n === RULE.limit - 1) await state().takeBackAttempt('ada', RULE);
      }
      const lastAt = RULE.limit;
      assertWaits((await state().attempts('ada')).waitMs, RULE.waitMs);
      await state().takeBackAttempt('ada', RULE);
      assert.deepEqual(await state().attempts('ada'), { count: RULE.limit - 1, waitMs: 0, lastAt });
      for (let n = 0; n < RULE.limit; n++) await state().takeBackAttempt('ada', RULE);
      await state().takeBackAttempt('never tried', RULE);
      assert.deepEqual(await state().attempts('ada'), { count: 0, waitMs: 0, lastAt: null });
    });

    it('are taken back one by one, and end the wait once fewer than the limit are left', async () => {
      for (let n = 1; n <= RULE.limit; n++) await state().attempt('ada', RULE, n);
      await state().takeBackAttempt('ada', RULE);
      const { count, waitMs } = await state().attempts('ada');
      assert.deepEqual({ count, waitMs }, { count: RULE.limit - 1, waitMs: 0 });
      assert.equal((await state().attempt('ada', RULE, 9)).count, RULE.limit);
      assertWaits((await state().attempt('ada', RULE, 10)).waitMs, RULE.waitMs);
    });

    it('beyond the limit are taken back without ending the wait', async () => {
      for (let n = 1; n <= RULE.limit; n++) await state().attempt('ada', RULE, n);
      await state().takeBackAttempt('ada', { ...RULE, limit: RULE.limit - 1 });
      assertWaits((await state().attempts('ada')).waitMs, RULE.waitMs);
    });

    it('are never fewer than none', async () => {
      await state().takeBackAttempt('never tried', RULE);
      await state().attempt('ada', RULE, 1);
      for (let n = 0; n < 3; n++) await state().takeBackAttempt('ada', RULE);
      assert.deepEqual(await state().attempts('ada'), { count: 0, waitMs: 0, lastAt: null });
      assert.deepEqual(await state().attempt('ada', RULE, 2), { count: 1, waitMs: 0, lastAt: null });
    });

    it('of twenty at once are all taken back', async () => {
      const rule = { ...RULE, limit: 100 };
      await Promise.all(Array.from({ length: 30 }, (_, n) => state().attempt('ada', rule, n)));
      await Promise.all(Array.from({ length: 20 }, () => state().takeBackAttempt('ada', rule)));
      assert.equal((await state().attempts('ada')).count, 10);
    });

    it('are forgotten after the window', async () => {
      const rule = { ...RULE, windowMs: 1 };
      await state().attempt('ada', rule, 1);
      await until('the window is over', async () => (await state().attempts('ada')).count === 0);
      assert.deepEqual(await state().attempt('ada', RULE, 2), { count: 1, waitMs: 0, lastAt: null });
    });
  });

  describe('the word that a user was changed', () => {
    it('reaches the listeners of this instance before it resolves', async () => {
      const heard: string[] = [];
      suite.subject.store.changes.subscribe({
        changed: (collection, id) => heard.push(`${collection} ${id}`),
        lost: () => {},
      });
      await state().touchUser('ada');
      assert.ok(heard.includes('users ada'));
      assert.ok(heard.every((each) => each === 'users ada'));
    });

    it('reaches the listeners of another instance, whatever the id looks like, and every time', async () => {
      const second = await suite.subject.openSecond?.();
      if (second === undefined) return;
      try {
        await until('the change feed is live', () => second.changes.isLive);
        const heard = new Set<string>();
        second.changes.subscribe({ changed: (collection, id) => heard.add(`${collection} ${id}`), lost: () => {} });
        for (const id of ['ada', 'ada', 'a}b{c:d', 'ünï %41 😀']) {
          await state().touchUser(id);
          await until(`the change of ${id} is heard`, () => heard.delete(`users ${id}`));
        }
      } finally {
        await second.close();
      }
    });
  });

  testClaimsAndHits(suite);
  testSessionStates(suite);
  testSessionUsers(suite);
}

function assertWaits(waitMs: number, expectedMs: number): void {
  assert.ok(waitMs <= expectedMs && waitMs > expectedMs - 20_000, `the wait is ${waitMs} ms, not ${expectedMs}`);
}
