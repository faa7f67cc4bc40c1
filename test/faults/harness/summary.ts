import { FAULTS } from './faults/index.js';
import type { History, Operation, Strike } from './history.js';
import { isDone } from './history.js';

/** What one sort of fault did, over all its strikes. */
export interface FaultSummary {
  readonly fault: string;
  readonly topology: string;
  readonly strikes: number;
  readonly failovers: number;
  readonly operations: number;
  /** Answers 503, and requests without an answer because their app had been killed. */
  readonly unavailable: number;
  readonly noAnswer: number;
  readonly longestMs: number;
  /** From the strike until the last change was refused that is followed by none; 0 where none was. */
  readonly writesAfterMs: Times;
  /** From when an end was acknowledged until both apps had refused the credential. */
  readonly refusedAfterMs: Times;
}

export interface Times {
  readonly median: number;
  readonly longest: number;
  /** How many there are. */
  readonly count: number;
}

const CHANGES: ReadonlySet<string> = new Set(['create', 'rotate', 'revoke', 'policy', 'logout']);

/** One for each sort of fault that struck, in the order of the table. */
export function summarize({ operations }: History, strikes: readonly Strike[]): FaultSummary[] {
  const byFault = operations.reduce<Operation[][]>((groups, operation) => {
    const group = groups[operation.fault];
    if (group === undefined) groups[operation.fault] = [operation];
    else group.push(operation);
    return groups;
  }, []);
  const refusals = refusalTimes(operations);
  return FAULTS.flatMap(({ name }) => {
    const places = strikes.flatMap((strike, at) => (strike.fault === name ? [at] : []));
    const [first] = places;
    if (first === undefined) return [];
    const during = places.flatMap((at) => byFault[at] ?? []).filter(({ isFinal }) => !isFinal);
    return [
      {
        fault: name,
        topology: (strikes[first] as Strike).topology,
        strikes: places.length,
        failovers: places.reduce((sum, at) => sum + (strikes[at] as Strike).failovers, 0),
        operations: during.length,
        unavailable: during.filter(({ status }) => status === 503).length,
        noAnswer: during.filter(({ status }) => status === 0).length,
        longestMs: Math.max(0, ...during.map(({ at, endAt }) => endAt - at)),
        writesAfterMs: timesOf(places.map((at) => writesAfter(strikes[at] as Strike, byFault[at] ?? []))),
        refusedAfterMs: timesOf(places.flatMap((at) => refusals.get(at) ?? [])),
      },
    ];
  });
}

/** Until the end of the last change that was not made. */
function writesAfter({ at }: Strike, operations: readonly Operation[]): number {
  const failed = operations.filter(({ kind, status }) => CHANGES.has(kind) && (status === 503 || status === 0));
  return Math.max(0, ...failed.map(({ endAt }) => endAt - at));
}

/** By the fault during which the end was acknowledged. */
function refusalTimes(operations: readonly Operation[]): Map<number, number[]> {
  const uses = new Map<string, Operation[]>();
  for (const operation of operations) {
    if (operation.kind !== 'use' || operation.uses === undefined) continue;
    const of = uses.get(operation.uses);
    if (of === undefined) uses.set(operation.uses, [operation]);
    else of.push(operation);
  }
  const times = new Map<number, number[]>();
  for (const ended of operations) {
    if (ended.ends === undefined || !isDone(ended)) continue;
    const after = (uses.get(ended.ends) ?? []).filter(({ at }) => at >= ended.endAt);
    const first = (app: string) => after.find((use) => use.app === app && use.status === 401)?.endAt;
    const [a, b] = [first('a'), first('b')];
    if (a === undefined || b === undefined) continue; // the run was over before both were asked
    const known = times.get(ended.fault) ?? [];
    known.push(Math.max(a, b) - ended.endAt);
    times.set(ended.fault, known);
  }
  return times;
}

function timesOf(values: readonly number[]): Times {
  const sorted = values.toSorted((a, b) => a - b);
  return { median: sorted[Math.floor(sorted.length / 2)] ?? 0, longest: sorted.at(-1) ?? 0, count: sorted.length };
}
