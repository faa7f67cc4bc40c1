import { median, type Spread } from '../statistics.js';

/** From quartiles to a standard deviation, for a normal distribution: the distance between them is 1.349 of it. */
const QUARTILES_PER_SIGMA = 1.349;
/** The standard error of a median is so much that of a mean. */
const MEDIAN_ERROR = Math.sqrt(Math.PI / 2);
/** The median of the absolute value of a normal variable, in its standard deviations. */
const MEDIAN_DEVIATION = 0.6745;

/** What is known of one row in one run. */
export interface Measured extends Spread {
  readonly rounds: number;
}

/** The standard error of a median as a part of it, as far as its rounds tell. */
export function errorOfMedian({ median: middle, lower, upper, rounds }: Measured): number {
  return (MEDIAN_ERROR * (upper - lower)) / QUARTILES_PER_SIGMA / Math.sqrt(rounds) / middle;
}

/**
 * By how much a row of a whole run differs from itself in another, as a part of it: told by the medians of its starts, of all
 * rows together, because two starts of one row tell little. 0 where there was one start.
 */
export function errorBetweenStarts(ratiosByStart: readonly (readonly number[])[]): number {
  const apart = ratiosByStart.flatMap(([first, second]) =>
    first === undefined || second === undefined ? [] : [Math.abs(Math.log(first / second))],
  );
  if (apart.length === 0) return 0;
  // The difference of two starts has twice the variance of one; the run of two starts has half of it.
  return median(apart) / MEDIAN_DEVIATION / 2;
}
