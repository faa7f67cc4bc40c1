import type { Operation } from './operation.js';
import type { Footprint } from './population.js';

/** Bytes per record: so many times its JSON, and what Redis itself takes for its entries. */
export const MOST_OF_JSON = 1.3;
/** The median with the most keys, by that with the fewest. Work that grew with the keys would be at a thousand. */
export const MOST_GROWTH = 2;

/** What one operation took, in ms. */
export interface Timing {
  readonly median: number;
  readonly p99: number;
}

/** By the number of keys. */
export type Timings = ReadonlyMap<number, Timing>;

export interface Verdict {
  readonly holds: boolean;
  readonly text: string;
}

/** The most bytes that a record may take. */
export function limitOf({ json, share }: Footprint): number {
  return MOST_OF_JSON * json + share.overhead;
}

export function judgeBytes(what: string, keys: number, footprint: Footprint): Verdict {
  const limit = limitOf(footprint);
  const text = `${footprint.bytes.toFixed(0)} bytes for each ${what} with ${keys.toLocaleString('en-US')} keys, at most ${limit.toFixed(0)}`;
  return { holds: footprint.bytes <= limit, text };
}

/** Null where there is nothing to compare. */
export function judgeGrowth({ title, fullFrom = 0 }: Operation, timings: Timings): Verdict | null {
  const sizes = [...timings.keys()].filter((size) => size >= fullFrom).sort((a, b) => a - b);
  const [least, most] = [sizes[0], sizes.at(-1)];
  if (least === undefined || most === undefined || least === most) return null;
  const growth = (timings.get(most)?.median ?? Number.NaN) / (timings.get(least)?.median ?? Number.NaN);
  const from = `${least.toLocaleString('en-US')} to ${most.toLocaleString('en-US')} keys`;
  const text = `${title}: ${growth.toFixed(2)} times as long from ${from}, at most ${MOST_GROWTH}`;
  return { holds: growth <= MOST_GROWTH, text };
}
