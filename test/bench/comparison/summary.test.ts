import type { Contestant } from '../contestant.js';
import type { Measurement } from '../load/measure.js';
import { comparisonTable } from './report.js';
import type { Comparison, Visit } from './rounds.js';
import { summarize } from './summary.js';

const MB = 1_048_576;
const NODE = { path: 'node', args: [], version: 'v20.20.2' };

function contestant(name: string): Contestant {
  return { name, title: `the ${name}`, prepare: async () => ({ guards: [], accepted: [], refusals: [] }) };
}

function measurement(requestsPerSecond: number, cpuUsPerRequest: number): Measurement {
  return { sent: 100, requestsPerSecond, cpuUsPerRequest, p50Ms: 2, p99Ms: 9 };
}

function comparison(visitsOfStarts: readonly (readonly Visit[])[]): Comparison {
  return {
    node: NODE,
    redisVersion: null,
    contestants: [contestant('express'), contestant('guard')],
    starts: visitsOfStarts.map((visits, index) => ({
      visits,
      commandRates: { guard: { GET: 1, HSET: index } },
      memory: { guard: { rssBytes: (100 + index * 20) * MB, heapBytes: 20 * MB } },
    })),
  };
}

function express(requestsPerSecond: number, cpuUsPerRequest: number): Visit {
  const own = measurement(requestsPerSecond, cpuUsPerRequest);
  return { name: 'express', own, baseline: own };
}

function guarded(own: Measurement, around: Visit): Visit {
  return { name: 'guard', own, baseline: around.own };
}

/** The machine is ten times as slow at times, for everybody: ratios do not change by that. */
const FAST = express(1_000, 100);
const SLOW = express(100, 1_000);
const VISITS: readonly (readonly Visit[])[] = [
  [FAST, guarded(measurement(900, 110), FAST), SLOW, guarded(measurement(90, 1_010), SLOW)],
  [FAST, guarded(measurement(500, 120), FAST), SLOW, guarded(measurement(50, 1_020), SLOW)],
];

describe('the summary of a comparison', () => {
  const rows = summarize(comparison(VISITS));
  const guard = rows[1];

  it('takes ratios and added CPU of each visit, then medians and quartiles', () => {
    expect(guard?.ratio).toEqual({ median: 0.7, lower: 0.5, upper: 0.9 });
    expect(guard?.addedCpuUs).toEqual({ median: 15, lower: 10, upper: 20 });
    expect(guard?.rounds).toBe(4);
  });

  it('tells the ratios of each start apart', () => {
    expect(guard?.ratioByStart).toEqual([0.9, 0.5]);
  });

  it('takes what is known of a whole start, such as memory and Redis commands, as the median of the starts', () => {
    expect(guard).toMatchObject({ rssMb: 110, heapMb: 20, redisCommands: { GET: 1, HSET: 0.5 } });
  });

  it('refuses a start in which somebody is missing', () => {
    expect(() => summarize(comparison([[FAST]]))).toThrow('a start has no visit of guard');
  });

  it('becomes a row of the table', () => {
    const [, , , row] = comparisonTable(rows, 'express').split('\n');
    expect(row).toBe(
      '| the guard | 0.70 (0.50 to 0.90) | 295 | 565 | 15.0 (10.0 to 20.0) | 2.0 | 9.0 | 110 / 20 | 1.5 (1 GET, 0.5 HSET) |',
    );
  });
});
