import { storeUnavailable } from './errors.js';

interface Waiting {
  readonly enter: () => void;
  readonly timer: NodeJS.Timeout;
}

/**
 * Lets so many run at once, and the others in their order. What is let in when somebody leaves begins in a later turn of the
 * event loop: whatever else has come meanwhile goes before it.
 */
export class Turnstile {
  #free: number;
  readonly #maxWaitMs: number;
  readonly #waiting = new Set<Waiting>();

  constructor(atOnce: number, maxWaitMs: number) {
    this.#free = atOnce;
    this.#maxWaitMs = maxWaitMs;
  }

  /**
   * Settles as `work` does, which is called once there is room. Rejects with AuthError `store_unavailable`, and never calls it,
   * when there is none for too long: whoever asked for it has given up by then.
   */
  async pass<Answer>(work: () => Promise<Answer>): Promise<Answer> {
    if (this.#free > 0) this.#free--;
    else await this.#room();
    try {
      return await work();
    } finally {
      this.#leave();
    }
  }

  #room(): Promise<void> {
    return new Promise((enter, reject) => {
      const giveUp = () => {
        this.#waiting.delete(waiting);
        reject(storeUnavailable(`there was no room for ${this.#maxWaitMs} ms`));
      };
      const waiting = { enter, timer: setTimeout(giveUp, this.#maxWaitMs) };
      this.#waiting.add(waiting);
    });
  }

  #leave(): void {
    const [next] = this.#waiting;
    if (next === undefined) {
      this.#free++;
    } else {
      this.#waiting.delete(next);
      clearTimeout(next.timer);
      setImmediate(next.enter);
    }
  }
}
