import fc from 'fast-check';
import { Glob } from '../../../lib/permissions/glob.js';
import { PatternIndex } from '../../../lib/permissions/pattern-index.js';
import { concreteText, patternText, reference } from '../statement-samples.js';

const letters = (minLength: number, maxLength: number) =>
  fc.string({ unit: fc.constantFrom('a', 'b'), minLength, maxLength });
/** Of a few letters again and again: such runs fall back often, and far. */
const periodic = fc
  .tuple(letters(1, 5), fc.integer({ min: 33, max: 80 }), letters(0, 3))
  .map(([period, length, end]) => (period.repeat(length).slice(0, length - end.length) + end).slice(0, 80));
/** Longer than what is searched for plainly. */
const longRun = fc.oneof(letters(33, 80), periodic);
/** Runs with what stands between them, so that most of the texts match. */
const places = fc.array(fc.tuple(longRun, letters(0, 40)), { minLength: 1, maxLength: 3 });

describe('a pattern with long runs between its stars', () => {
  it('is found where they stand, whatever is around them', () => {
    const holds = fc.property(letters(0, 40), places, (before, found) => {
      const pattern = `*${found.map(([run]) => run).join('*')}*`;
      const text = before + found.map(([run, after]) => run + after).join('');
      expect(new Glob(pattern).matches(text)).toBe(true);
    });
    fc.assert(holds, { numRuns: 500 });
  });

  it('means what a plain reference says, also where it does not match', () => {
    const edges = fc.tuple(letters(0, 3), letters(0, 3));
    const text = fc.oneof(
      letters(0, 300),
      periodic.map((run) => run.repeat(4)),
    );
    const holds = fc.property(fc.array(longRun, { minLength: 1, maxLength: 3 }), edges, text, (runs, ends, other) => {
      const pattern = [ends[0], ...runs, ends[1]].join('*');
      const near = runs.map((run) => run.slice(1) + run).join('');
      for (const each of [other, near, near + other, ends[0] + near + ends[1], near.slice(0, -1)]) {
        expect([pattern, each, new Glob(pattern).matches(each)]).toEqual([pattern, each, naive(pattern, each)]);
      }
    });
    fc.assert(holds, { numRuns: 500 });
  });

  it('is found where a part of it has just failed', () => {
    const run = `${'ab'.repeat(20)}b`;
    const glob = new Glob(`*${run}*`);
    expect(glob.matches(`ab${run}`)).toBe(true);
    expect(glob.matches(`${'ab'.repeat(100)}${run}aa`)).toBe(true);
    expect(glob.matches('ab'.repeat(100))).toBe(false);
    expect(new Glob(`*${run}*${run}*`).matches(run + run)).toBe(true);
    expect(new Glob(`*${run}*${run}*`).matches(run + run.slice(1))).toBe(false);
  });

  it('takes no longer the longer its runs are', () => {
    const text = 'a'.repeat(12_288);
    const hostile = (length: number) => new Glob(`*${'a'.repeat(length / 5)}b${'a'.repeat((length * 4) / 5)}*a`);
    const msOf = (glob: Glob) => {
      const startedAt = performance.now();
      for (let i = 0; i < 100; i++) expect(glob.matches(text)).toBe(false);
      return performance.now() - startedAt;
    };
    const bestOf = (glob: Glob) => Math.min(...[1, 2, 3].map(() => msOf(glob)));
    expect(bestOf(hostile(505))).toBeLessThan(2_000); // it takes 0.1 s
    expect(bestOf(hostile(5_000)) / bestOf(hostile(50))).toBeLessThan(10); // plainly searched for, it would be 100
  });
});

describe('more patterns than are tried one after the other', () => {
  const patterns = fc.uniqueArray(patternText, { minLength: 12, maxLength: 60 });

  it('are all found that match, and no others, each once', () => {
    const holds = fc.property(
      patterns,
      fc.array(fc.oneof(concreteText, patternText), { maxLength: 20 }),
      (all, texts) => {
        const index = new PatternIndex(all.map((pattern) => [pattern, pattern]));
        for (const text of texts) {
          const matching = all.filter((pattern) => reference(pattern).test(text));
          expect([text, index.all(text).sort()]).toEqual([text, matching.sort()]);
        }
      },
    );
    fc.assert(holds, { numRuns: 500 });
  });

  it('are asked until one accepts', () => {
    const holds = fc.property(patterns, concreteText, patternText, (all, text, wanted) => {
      const index = new PatternIndex(all.map((pattern) => [pattern, pattern]));
      const accepts = (value: string, a: string, b: string) => value === wanted && a === 'a' && b === 'b';
      const isThere = all.includes(wanted) && reference(wanted).test(text);
      expect(index.some(text, accepts, 'a', 'b')).toBe(isThere);
    });
    fc.assert(holds, { numRuns: 500 });
  });

  it.each<[string, string[], string[], string[]]>([
    ['with prefixes', ['a*', 'ab*', 'abc*', 'b*'], ['abc', 'abcd'], ['a*', 'ab*', 'abc*']],
    ['with suffixes', ['*c', '*bc', '*abc', '*b'], ['abc', 'xabc'], ['*c', '*bc', '*abc']],
    ['with several stars', ['a*c*', '*b*', '*a*b*', 'a*b*c', '*c*b*'], ['abc'], ['a*c*', '*b*', '*a*b*', 'a*b*c']],
    ['without a star', ['abc', 'ab', 'ab*c'], ['abc'], ['abc', 'ab*c']],
    ['that match everything', ['*', '**', 'x*'], ['abc', ''], ['*', '**']],
    ['that are longer than the text', ['abcd*', '*xabc', 'abc*abc', 'ab*'], ['abc'], ['ab*']],
  ])('%s are told apart', (_, given, texts, expected) => {
    const others = Array.from({ length: 12 }, (_unused, i) => `zz${i}*`);
    const index = new PatternIndex([...given, ...others].map((pattern) => [pattern, pattern]));
    for (const text of texts) expect(index.all(text).sort()).toEqual(expected.toSorted());
  });
});

/** Whether `text` is of the pattern, said as plainly as can be: run after run, wherever it stands first. */
function naive(pattern: string, text: string): boolean {
  const [first = '', ...others] = pattern.split('*');
  const last = others.pop() ?? '';
  if (!text.startsWith(first)) return false;
  let at = first.length;
  for (const run of others) {
    const found = text.indexOf(run, at);
    if (found < 0) return false;
    at = found + run.length;
  }
  return text.length - last.length >= at && text.endsWith(last);
}
