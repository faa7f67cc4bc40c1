import { judgeBytes, judgeGrowth, type Timing } from './judge.js';
import type { Operation } from './operation.js';
import { readOptions } from './options.js';

const OPERATION: Operation = { title: 'verify a key', time: async () => 1 };

function timings(medians: Readonly<Record<number, number>>): ReadonlyMap<number, Timing> {
  return new Map(Object.entries(medians).map(([keys, median]) => [Number(keys), { median, p99: median }]));
}

describe('the judge of the scale runs', () => {
  it.each<[what: string, medians: Readonly<Record<number, number>>, holds: boolean]>([
    ['the same time', { 1000: 1, 100000: 1, 1000000: 1 }, true],
    ['twice the time', { 1000: 1, 1000000: 2 }, true],
    ['more', { 1000: 1, 1000000: 2.1 }, false],
    ['more, whatever the order of the sizes', { 1000000: 1_000, 1000: 1 }, false],
    ['no time that was measured', { 1000: Number.NaN, 1000000: Number.NaN }, false],
  ])('holds the fewest against the most keys: %s', (_what, medians, holds) => {
    expect(judgeGrowth(OPERATION, timings(medians))?.holds).toBe(holds);
  });

  it('does not compare sizes where there was less to do', () => {
    const search = { ...OPERATION, fullFrom: 2_000 };
    expect(judgeGrowth(search, timings({ 1000: 1, 100000: 10, 1000000: 10 }))?.holds).toBe(true);
    expect(judgeGrowth(search, timings({ 1000: 1, 100000: 1, 1000000: 10 }))?.holds).toBe(false);
    expect(judgeGrowth(search, timings({ 1000: 1, 100000: 10 }))).toBeNull();
  });

  it.each([
    [2_300, true],
    [2_301, false],
  ])('allows 1.3 of the JSON and what Redis takes for the entries: %d bytes', (bytes, holds) => {
    const footprint = { bytes, json: 1_000, entries: 13, share: { contents: 1_200, overhead: 1_000 } };
    expect(judgeBytes('key', 1_000, footprint).holds).toBe(holds);
  });
});

describe('the options of the scale runs', () => {
  it('has defaults, and sorts the sizes', () => {
    expect(readOptions([])).toMatchObject({ sizes: [1_000, 100_000, 1_000_000], sessions: 100_000, json: null });
    expect(readOptions(['--keys', '20000,1000']).sizes).toEqual([1_000, 20_000]);
  });

  it.each([
    [['--keys', '10'], '--keys takes whole numbers'],
    [['--keys', '1000,'], '--keys takes whole numbers'],
    [['--keys', 'many'], '--keys takes whole numbers'],
    [['--sessions', '0'], '--sessions takes whole numbers'],
    [['--rounds', '100'], 'times --calls, must be at most 1000'],
    [['--size', '1000'], "Unknown option '--size'"],
  ])('refuses %j', (args, message) => {
    expect(() => readOptions(args)).toThrow(message);
  });
});
