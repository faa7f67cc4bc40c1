/** The `q` quantile of ascending values, interpolated. NaN when there are none. */
export function quantile(ascending: readonly number[], q: number): number {
  const position = (ascending.length - 1) * q;
  const below = ascending[Math.floor(position)] ?? Number.NaN;
  const above = ascending[Math.ceil(position)] ?? Number.NaN;
  return below + (above - below) * (position - Math.floor(position));
}

export interface Spread {
  readonly median: number;
  readonly lower: number;
  readonly upper: number;
}

/** The median and the quartiles. */
export function spread(values: readonly number[]): Spread {
  const ascending = values.toSorted((a, b) => a - b);
  return { median: quantile(ascending, 0.5), lower: quantile(ascending, 0.25), upper: quantile(ascending, 0.75) };
}

export function median(values: readonly number[]): number {
  return spread(values).median;
}
