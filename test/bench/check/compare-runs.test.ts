import { spread } from '../statistics.js';
import { compareRuns, describe as describeOutcome, type KeptRun } from './compare-runs.js';
import { errorBetweenStarts, errorOfMedian } from './noise.js';

/** Rounds about `middle`, evenly spread from `1 - width` to `1 + width` of it. */
function rounds(middle: number, width: number, count = 30): number[] {
  return Array.from({ length: count }, (_, index) => middle * (1 + width * ((2 * index) / (count - 1) - 1)));
}

function run(
  rows: Readonly<Record<string, readonly number[]>>,
  { node = 'v20.20.2', errorBetweenStarts = 0 } = {},
): KeptRun {
  const measured = Object.entries(rows).map(([name, values]) => [name, { ...spread(values), rounds: values.length }]);
  return { node, at: '2026-11-22', errorBetweenStarts, rows: Object.fromEntries(measured) };
}

function dropsOf(was: KeptRun, is: KeptRun, names: readonly string[] = ['latchkey']): string[] {
  return compareRuns(was, is, names).drops.map(({ name }) => name);
}

describe('the comparison of a run with the kept one', () => {
  it('lets pass what is the same, and what is better', () => {
    const was = run({ latchkey: rounds(0.9, 0.05) });
    expect(dropsOf(was, was)).toEqual([]);
    expect(dropsOf(was, run({ latchkey: rounds(1.5, 0.05) }))).toEqual([]);
  });

  it('finds a drop that the spread of the rounds does not explain', () => {
    const was = run({ latchkey: rounds(0.9, 0.05) });
    expect(dropsOf(was, run({ latchkey: rounds(0.8, 0.05) }))).toEqual(['latchkey']);
  });

  it('does not take for a drop what as noisy rounds explain', () => {
    const was = run({ latchkey: rounds(0.9, 0.5) });
    expect(dropsOf(was, run({ latchkey: rounds(0.8, 0.5) }))).toEqual([]);
  });

  it('does not call checked what noise would hide', () => {
    const outcome = compareRuns(run({ latchkey: rounds(0.9, 0.05) }), run({ latchkey: rounds(0.9, 0.9) }), [
      'latchkey',
    ]);
    expect(outcome).toMatchObject({ drops: [], checked: [], noisy: [{ name: 'latchkey' }] });
  });

  it('finds smaller drops with more rounds', () => {
    const dropped = (count: number) =>
      dropsOf(run({ latchkey: rounds(0.9, 0.3, count) }), run({ latchkey: rounds(0.8, 0.3, count) }));
    expect(dropped(20)).toEqual([]);
    expect(dropped(200)).toEqual(['latchkey']);
  });

  it('allows what two starts of the same code differ by, of which rounds know nothing', () => {
    const was = run({ latchkey: rounds(0.9, 0.01) }, { errorBetweenStarts: 0.04 });
    expect(dropsOf(was, run({ latchkey: rounds(0.85, 0.01) }, { errorBetweenStarts: 0.04 }))).toEqual([]);
    expect(dropsOf(was, run({ latchkey: rounds(0.7, 0.01) }, { errorBetweenStarts: 0.04 }))).toEqual(['latchkey']);
  });

  it('is not led astray by a few rounds of a busy moment', () => {
    const was = run({ latchkey: rounds(0.9, 0.05) });
    const busy = [0.1, 0.1, 0.1, 5, 5];
    expect(dropsOf(was, run({ latchkey: [...rounds(0.9, 0.05, 25), ...busy] }))).toEqual([]);
    expect(dropsOf(was, run({ latchkey: [...rounds(0.75, 0.05, 25), ...busy] }))).toEqual(['latchkey']);
  });

  it('finds a rate that could not be told at all', () => {
    const was = run({ latchkey: rounds(0.9, 0.05) });
    expect(dropsOf(was, run({ latchkey: [Number.NaN] }))).toEqual(['latchkey']);
  });

  it('holds only the named rows, and says which the kept run does not have', () => {
    const was = run({ latchkey: rounds(0.9, 0.05), peer: rounds(0.5, 0.05) });
    const is = run({ latchkey: rounds(0.9, 0.05), peer: rounds(0.1, 0.05), 'latchkey-new': rounds(0.9, 0.05) });
    expect(compareRuns(was, is, ['latchkey', 'latchkey-new'])).toEqual({
      drops: [],
      checked: ['latchkey'],
      missing: ['latchkey-new'],
      noisy: [],
    });
  });

  it('says which row has dropped, what it was, what it is, and what noise explains', () => {
    const was = run({ latchkey: rounds(0.9, 0), 'latchkey-cold': rounds(0.6, 0) });
    const is = run({ latchkey: rounds(0.72, 0), 'latchkey-cold': rounds(0.6, 0) }, { node: 'v20.21.0' });
    expect(describeOutcome(compareRuns(was, is, ['latchkey', 'latchkey-cold', 'latchkey-new']), was, is)).toEqual([
      'DROPPED: latchkey was 0.900 of bare Express (v20.20.2, 2026-11-22) and is 0.720 (v20.21.0): 20.0 % less, where noise explains 0.0 %',
      'not in the baseline of v20.20.2: latchkey-new',
      '1 of 2 rows as in the baseline of v20.20.2 (2026-11-22), or better',
    ]);
  });
});

describe('the noise of a run', () => {
  it('is, of its rounds, the standard error of their median', () => {
    // Quartiles 1.349 sigma apart, sigma a tenth: a tenth by the root of 100, times 1.2533 because it is a median.
    const row = { median: 1, lower: 1 - 0.06745, upper: 1 + 0.06745, rounds: 100 };
    expect(errorOfMedian(row)).toBeCloseTo(0.012533, 5);
  });

  it('is, of its starts, what their medians differ by', () => {
    // Each start 0.1 from the next: the median distance of two is 0.6745 * sqrt(2) sigma, of their mean sigma / sqrt(2).
    const apart = [Math.exp(0.1), 1];
    expect(errorBetweenStarts([apart, apart, apart])).toBeCloseTo(0.1 / 0.6745 / 2, 5);
    expect(errorBetweenStarts([[0.9], [0.8]])).toBe(0);
  });
});
