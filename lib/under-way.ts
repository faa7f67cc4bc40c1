/** Counts what was begun and has not settled, for whoever has to wait for its end. */
export class UnderWay {
  #count = 0;
  readonly #waiting = new Set<() => void>();

  /** The same promise, counted until it settles. */
  follow<Answer>(promise: Promise<Answer>): Promise<Answer> {
    this.#count++;
    promise.then(this.#settled, this.#settled);
    return promise;
  }

  /** Resolves once nothing is left, or after `ms`. */
  async ended(ms: number): Promise<void> {
    if (this.#count === 0) return;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(over, ms);
      const waiting = this.#waiting;
      function over(): void {
        clearTimeout(timer);
        waiting.delete(over);
        resolve();
      }
      waiting.add(over);
    });
  }

  readonly #settled = () => {
    this.#count--;
    if (this.#count === 0) for (const over of [...this.#waiting]) over();
  };
}
