/** A text that is no duration; the message is the product's. */
export class DurationError extends Error {
  override readonly name = 'DurationError';
}

const UNITS: readonly (readonly [suffix: string, ms: number])[] = [
  ['nanos', 1e-6],
  ['micros', 1e-3],
  ['ms', 1],
  ['s', 1_000],
  ['m', 60_000],
  ['h', 3_600_000],
  ['d', 86_400_000],
];
/** What fits in a signed number of 64 bits of nanoseconds, in days: the product's own bound. */
const MAX_MS = 106_751 * 86_400_000;

export interface Duration {
  /** Whole ones, as the product keeps them: what is shorter is 0. */
  readonly seconds: number;
  /** Whether it is any time at all. */
  readonly isPositive: boolean;
}

/**
 * A duration such as `1d`. Units in any case, but that `M` is none; whole numbers only; `-1` and `0` stand for no time at all.
 * @throws DurationError
 */
export function parseDuration(text: string, setting: string): Duration {
  const value = text.trim();
  if (value === '-1' || value === '0') return { seconds: 0, isPositive: false };
  const unit = /M$/.test(value)
    ? undefined
    : UNITS.find(([suffix]) => value.toLowerCase().endsWith(suffix) && isUnit(value, suffix));
  if (unit === undefined) {
    throw new DurationError(
      `failed to parse setting [${setting}] with value [${text}] as a time value: unit is missing or unrecognized`,
    );
  }
  const [suffix, ms] = unit;
  const count = value.slice(0, -suffix.length).trim();
  if (/^[-+]?\d*\.\d+$/.test(count)) {
    throw new DurationError(`failed to parse [${text}], fractional time values are not supported`);
  }
  if (/^-\d+$/.test(count)) {
    throw new DurationError(
      `failed to parse setting [${setting}] with value [${text}] as a time value: negative durations are not supported`,
    );
  }
  if (!/^\+?\d+$/.test(count)) throw new DurationError(`failed to parse [${text}]`);
  const inMs = Number(count) * ms;
  if (inMs > MAX_MS) throw new DurationError(`failed to parse [${text}], the longest duration is [106751d]`);
  return { seconds: Math.floor(inMs / 1_000), isPositive: inMs > 0 };
}

/** `5nanos` ends with `s`, too. */
function isUnit(value: string, suffix: string): boolean {
  return /[\d\s.]$/.test(value.slice(0, -suffix.length)) || value.length === suffix.length;
}
