import assert from 'node:assert/strict';
import type { Numbers } from '../../lib/index.js';
import { Draw } from './store-samples.js';
import type { Suite } from './store-suite.js';

/** Integers for ids: stable, never twice, found again. */
export function testNumbers(suite: Suite): void {
  const { it, describe } = suite.api;
  const draw = new Draw(14);
  const numbers = (): Numbers => suite.subject.store.records.numbers;
  const ids = (count: number): string[] => Array.from({ length: count }, () => draw.id());

  async function assertFound(kind: string, given: readonly string[], found: readonly number[]): Promise<void> {
    for (const [at, number] of found.entries()) assert.equal(await numbers().find(kind, number), given[at]);
  }

  describe('numbers', () => {
    it('begin at 1 and ascend as they are asked for', async () => {
      assert.deepEqual(await numbers().of('user', []), []);
      assert.deepEqual(await numbers().of('user', ['b', 'a']), [1, 2]);
      const [c = 0] = await numbers().of('user', ['c']);
      assert.ok(Number.isSafeInteger(c) && c > 2);
      const [d = 0] = await numbers().of('user', ['d']);
      assert.ok(Number.isSafeInteger(d) && d > c);
    });

    it('stay what they are, in the order of the ids, whatever is asked for together', async () => {
      const [first, second] = [ids(20), ids(20)];
      const given = await numbers().of('user', first);
      assert.equal(new Set(given).size, 20);
      assert.deepEqual(await numbers().of('user', [...first].reverse()), [...given].reverse());
      const mixed = first.flatMap((id, at) => [id, second[at] as string]);
      const all = await numbers().of('user', mixed);
      assert.deepEqual(
        all.filter((_, at) => at % 2 === 0),
        given,
      );
      assert.equal(new Set(all).size, 40);
      assert.deepEqual(await numbers().of('user', second), await numbers().of('user', second));
    });

    it('are the same for an id that is named twice', async () => {
      assert.deepEqual(await numbers().of('user', ['twice', 'twice']), [1, 1]);
      assert.deepEqual(await numbers().of('user', ['twice', 'other', 'twice']), [1, 2, 1]);
    });

    it('are found again', async () => {
      const given = ids(30);
      await assertFound('user', given, await numbers().of('user', given));
    });

    it('are counted apart for each kind', async () => {
      const longest = 'z'.repeat(32);
      for (const kind of ['user', 'users', 'api-key', '-', longest]) {
        assert.deepEqual(await numbers().of(kind, ['the same', kind]), [1, 2], kind);
      }
      assert.equal(await numbers().find('users', 2), 'users');
      assert.equal(await numbers().find(longest, 2), longest);
      assert.equal(await numbers().find('org', 1), null);
    });

    it('are of ids of whatever characters', async () => {
      const odd = ['1', '-', ':', 'a:b', '{a}', 'a}b{c', '%', '%25', 'ä', 'a\u0308', '😀', ' ', '\n', 'x'.repeat(128)];
      const given = await numbers().of('user', odd);
      assert.equal(new Set(given).size, odd.length);
      assert.deepEqual(await numbers().of('user', odd), given);
      await assertFound('user', odd, given);
    });

    it('are nobody’s that were never given, or that there cannot be', async () => {
      await numbers().of('user', ['only']);
      for (const number of [2, 1_000_000, Number.MAX_SAFE_INTEGER, 0, -1, 1.5, Number.NaN, Infinity, 2 ** 60]) {
        assert.equal(await numbers().find('user', number), null, String(number));
      }
    });

    it('are given to a thousand ids at once, and to no more', async () => {
      const given = ids(1_000);
      const found = await numbers().of('user', given);
      assert.equal(new Set(found).size, 1_000);
      assert.deepEqual(await numbers().of('user', given), found);
      await assert.rejects(numbers().of('user', [...given, 'one more']), TypeError);
    });

    it('are refused to ids and kinds that there cannot be', async () => {
      for (const id of ['', 'x'.repeat(129), 'a\ud800', 7 as unknown as string]) {
        await assert.rejects(numbers().of('user', ['good', id]), TypeError);
      }
      for (const kind of ['', 'User', 'a_b', 'a:b', 'x'.repeat(33), 'a1', 'a\n']) {
        await assert.rejects(numbers().of(kind, ['id']), TypeError);
        await assert.rejects(numbers().find(kind, 1), TypeError);
      }
      assert.deepEqual(await numbers().of('user', ['good']), [1]);
    });

    it('are the same for all, and each of one id, where many ask at once, through whatever instance', async () => {
      const second = await suite.subject.openSecond?.();
      try {
        const both = [numbers(), second?.records.numbers ?? numbers()];
        for (let round = 0; round < 4; round++) {
          const asked = ids(50);
          const shuffled = [...asked].sort();
          const each = asked.map((id, at) => (both[at % 2] as Numbers).of('user', [id]));
          const answers = await Promise.all([
            ...both.map((one) => one.of('user', asked)),
            ...both.map((one) => one.of('user', shuffled)),
            Promise.all(each).then((found) => found.flat()),
          ]);
          const final = await numbers().of('user', asked);
          const numberOf = new Map(asked.map((id, at) => [id, final[at]]));
          assert.equal(new Set(final).size, 50);
          for (const [at, answer] of answers.entries()) {
            const of = at === 2 || at === 3 ? shuffled : asked;
            assert.deepEqual(
              answer,
              of.map((id) => numberOf.get(id)),
            );
          }
          await assertFound('user', asked, final);
          const highest = Math.max(...final);
          const owners = await Promise.all(Array.from({ length: highest + 60 }, (_, n) => both[1]?.find('user', n)));
          const owned = owners.filter((owner) => owner !== null);
          assert.equal(new Set(owned).size, owned.length, 'an id is found by one number only');
          assert.equal(owned.length, 50 * (round + 1));
        }
      } finally {
        await second?.close();
      }
    });
  });
}
