import { errorOfMedian, type Measured } from './noise.js';

/** What is kept of a run on one Node: `test/bench/baseline.json` has one for each. */
export interface KeptRun {
  /** Such as `v24.21.0`. */
  readonly node: string;
  /** The day of the run. */
  readonly at: string;
  /** See `errorBetweenStarts`. */
  readonly errorBetweenStarts: number;
  /** Ratios to bare Express, by the contestant's name. */
  readonly rows: Readonly<Record<string, Measured>>;
}

export interface Drop {
  readonly name: string;
  readonly was: number;
  readonly is: number;
  /** Parts of what it was. */
  readonly drop: number;
  readonly allowed: number;
}

export interface Outcome {
  readonly drops: readonly Drop[];
  /** Rows that were held against the kept run. */
  readonly checked: readonly string[];
  /** Rows that the kept run does not have: new ones, until it is saved anew. */
  readonly missing: readonly string[];
  /** Rows of which noise would hide a drop by more than `MOST_NOISE`: they tell nothing. */
  readonly noisy: readonly Noisy[];
}

export interface Noisy {
  readonly name: string;
  readonly allowed: number;
}

/** One false alarm in about 750 rows. */
const SIGMAS = 3;
/** A run that could not find a drop of a fifth is no check. */
const MOST_NOISE = 0.2;

/**
 * A row fails when its median ratio has dropped by more than `SIGMAS` standard errors of the difference. Medians, and errors
 * from quartiles, because a busy moment of the machine makes a few rounds wildly wrong, which would carry a mean away and
 * blow up its deviation. The error of each median is the larger of two: what the spread of its own rounds says, and what the
 * starts of all rows differ by, since a process of the same code may be faster or slower all the time it runs, of which its
 * own rounds know nothing. So a noisy machine hides small drops, and does not invent any; where it would hide large ones, the row
 * counts as not checked, which fails too.
 */
export function compareRuns(was: KeptRun, is: KeptRun, names: readonly string[]): Outcome {
  const checked: string[] = [];
  const missing: string[] = [];
  const drops: Drop[] = [];
  const noisy: Noisy[] = [];
  for (const name of names) {
    const before = was.rows[name];
    const now = is.rows[name];
    if (before === undefined || now === undefined) {
      missing.push(name);
      continue;
    }
    const drop = 1 - now.median / before.median;
    const allowed = SIGMAS * Math.hypot(errorOf(before, was), errorOf(now, is));
    const hasDropped = !(drop <= allowed); // also of what is no number
    if (hasDropped) drops.push({ name, was: before.median, is: now.median, drop, allowed });
    if (hasDropped || allowed <= MOST_NOISE) checked.push(name);
    else noisy.push({ name, allowed });
  }
  return { drops, checked, missing, noisy };
}

function errorOf(row: Measured, run: KeptRun): number {
  return Math.max(errorOfMedian(row), run.errorBetweenStarts);
}

/** What to print, a line for each. */
export function describe({ drops, checked, missing, noisy }: Outcome, was: KeptRun, is: KeptRun): string[] {
  const percent = (part: number) => `${(part * 100).toFixed(1)} %`;
  const dropped = drops.map(
    (row) =>
      `DROPPED: ${row.name} was ${row.was.toFixed(3)} of bare Express (${was.node}, ${was.at}) and is ${row.is.toFixed(3)} ` +
      `(${is.node}): ${percent(row.drop)} less, where noise explains ${percent(row.allowed)}`,
  );
  const unchecked = noisy.map(
    ({ name, allowed }) =>
      `TOO NOISY: of ${name}, noise would hide a drop by ${percent(allowed)}; more --rounds, a quiet machine, or a better baseline`,
  );
  const unknown = missing.length === 0 ? [] : [`not in the baseline of ${was.node}: ${missing.join(', ')}`];
  const fine = `${checked.length - drops.length} of ${checked.length} rows as in the baseline of ${was.node} (${was.at}), or better`;
  return [...dropped, ...unchecked, ...unknown, fine];
}
