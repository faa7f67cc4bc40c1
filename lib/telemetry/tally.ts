import type { Attributes, ObservableResult } from '@opentelemetry/api';

interface Count {
  value: number;
  readonly attributes: Attributes;
}

/** Counts by two labels, each of a closed set. Counting is an addition; what was counted is read when somebody collects. */
export class Tally<First extends string, Second extends string | null> {
  readonly #counts = new Map<First, Map<Second, Count>>();
  readonly #attributesOf: (first: First, second: Second) => Attributes;

  constructor(attributesOf: (first: First, second: Second) => Attributes) {
    this.#attributesOf = attributesOf;
  }

  count(first: First, second: Second): void {
    const count = this.#counts.get(first)?.get(second) ?? this.#begin(first, second);
    count.value++;
  }

  observe(result: ObservableResult): void {
    for (const counts of this.#counts.values()) {
      for (const { value, attributes } of counts.values()) result.observe(value, attributes);
    }
  }

  #begin(first: First, second: Second): Count {
    const counts = this.#counts.get(first) ?? new Map<Second, Count>();
    const count = { value: 0, attributes: this.#attributesOf(first, second) };
    this.#counts.set(first, counts.set(second, count));
    return count;
  }
}
