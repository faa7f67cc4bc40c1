/** One call of many: when it was made, in ms since the loops began, how long it took, and what came of it. */
export interface Call<Outcome> {
  readonly atMs: number;
  readonly tookMs: number;
  readonly outcome: Outcome;
}

/** Loops that call one after the other, with a pause in between, until they are ended. */
export class Loops<Outcome> {
  readonly calls: Call<Outcome>[] = [];
  readonly #startedAt = performance.now();
  readonly #loops: Promise<void>[];
  #isOver = false;

  /** `call` is given how often it was called before. A rejection ends its loop, and `end` rejects. */
  constructor(count: number, pauseMs: number, call: (n: number) => Promise<Outcome>) {
    let n = 0;
    this.#loops = Array.from({ length: count }, async () => {
      while (!this.#isOver) {
        const atMs = this.nowMs;
        const outcome = await call(n++);
        this.calls.push({ atMs, tookMs: this.nowMs - atMs, outcome });
        await new Promise((resolve) => setTimeout(resolve, pauseMs));
      }
    });
  }

  get nowMs(): number {
    return performance.now() - this.#startedAt;
  }

  /** The different outcomes, sorted. */
  get outcomes(): Outcome[] {
    return [...new Set(this.calls.map(({ outcome }) => outcome))].sort();
  }

  get longestMs(): number {
    return Math.max(0, ...this.calls.map(({ tookMs }) => tookMs));
  }

  of(outcome: Outcome): Call<Outcome>[] {
    return this.calls.filter((call) => call.outcome === outcome);
  }

  /** Idempotent. */
  async end(): Promise<void> {
    this.#isOver = true;
    await Promise.all(this.#loops);
  }
}
