import type { Figure } from './figure.js';
import type { NodeCommand } from './nodes.js';
import type { BenchOptions } from './options.js';

/** What comes of one part of the bench on one Node. */
export interface PartResult {
  /** Headed by what it is. */
  readonly markdown: string;
  /** For `--json`. */
  readonly data: object;
  /** What did not reach its target, a line each: with `--check` the bench ends with 1. */
  readonly misses: readonly string[];
}

export interface Part {
  /** About how long it takes, in s. */
  seconds(options: BenchOptions): number;
  run(node: NodeCommand, options: BenchOptions): Promise<PartResult>;
}

export function missesOf(figures: readonly Figure[], { version }: NodeCommand): readonly string[] {
  const missed = figures.filter(({ holds }) => !holds);
  return missed.map(({ what, measured, target }) => `Node ${version}: ${what} is ${measured}, not ${target}`);
}
