/**
 * Lets so many run at once, and the others in their order. What is let in when somebody leaves begins in a later turn of the
 * event loop: whatever else has come meanwhile goes before it.
 */
export class Turnstile {
  #free: number;
  readonly #waiting = new Set<() => void>();

  constructor(atOnce: number) {
    this.#free = atOnce;
  }

  /** Settles as `work` does, which is called once there is room. Waits as long as that takes. */
  async pass<Answer>(work: () => Promise<Answer>): Promise<Answer> {
    if (this.#free > 0) this.#free--;
    else await new Promise<void>((enter) => this.#waiting.add(enter));
    try {
      return await work();
    } finally {
      this.#leave();
    }
  }

  #leave(): void {
    const [next] = this.#waiting;
    if (next === undefined) {
      this.#free++;
    } else {
      this.#waiting.delete(next);
      setImmediate(next);
    }
  }
}
