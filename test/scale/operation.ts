import type { Population } from './population.js';

/** One call, ready to be timed. */
export interface Call<Answer> {
  readonly run: () => Answer | Promise<Answer>;
  /** `isAtOnce`: it was no promise. */
  readonly isRight: (answer: Answer, isAtOnce: boolean) => boolean;
}

export interface Operation {
  readonly title: string;
  /** With fewer keys it costs less, there being less to look at: those sizes say nothing of growth. */
  readonly fullFrom?: number;
  /** Times the nth call with that population, counted from 0; in ms. @throws Error when its answer is wrong. */
  readonly time: (population: Population, n: number) => Promise<number>;
}

/** @param prepare gets the nth call ready. */
export function operation<Answer>(
  title: string,
  prepare: (population: Population, n: number) => Call<Answer>,
  fullFrom?: number,
): Operation {
  return {
    title,
    ...(fullFrom === undefined ? {} : { fullFrom }),
    async time(population, n) {
      const { run, isRight } = prepare(population, n);
      const startedAt = performance.now();
      const begun = run();
      const isAtOnce = !(begun instanceof Promise);
      const answer = isAtOnce ? begun : await begun;
      const ms = performance.now() - startedAt;
      if (!isRight(answer, isAtOnce)) throw new Error(`with ${population.keys} keys, "${title}" has a wrong answer`);
      return ms;
    },
  };
}
