import { AsyncResource } from 'node:async_hooks';
import type { Redis } from 'ioredis';

/**
 * Has what is asked within one turn of the event loop leave at its end, in one write to each connection: where many requests
 * come at once, their writes cost more than their commands. The connections are corked only while the commands are handed
 * over, all at once: what the host sends on them is neither held back nor reordered.
 */
export class TurnBatch {
  readonly #connections: () => Iterable<Redis>;
  #waiting: Ask[] = [];
  readonly #leave = () => {
    const leaving = this.#waiting;
    this.#waiting = [];
    if (leaving.length === 1) leaving[0]?.send();
    else this.#sendAll(leaving);
  };

  /** `connections` are those that `send` may write to; asked for at the end of every turn. */
  constructor(connections: () => Iterable<Redis>) {
    this.#connections = connections;
  }

  /** Settles as `send` does, which is called at the end of this turn, in the order of the calls. */
  run<Answer>(send: () => Promise<Answer>): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const ask = new Ask(() => {
        try {
          send().then(resolve, reject);
        } catch (error) {
          reject(error);
        }
      });
      if (this.#waiting.push(ask) === 1) setImmediate(this.#leave);
    });
  }

  #sendAll(asks: readonly Ask[]): void {
    const streams = Array.from(this.#connections(), ({ stream }) => stream);
    for (const stream of streams) stream?.cork(); // there is none before the first connection
    try {
      for (const ask of asks) ask.send();
    } finally {
      for (const stream of streams) stream?.uncork();
    }
  }
}

/** Traces follow the asynchronous context: a command belongs to the request that asks, not to the first of its turn. */
class Ask extends AsyncResource {
  readonly #run: () => void;

  constructor(run: () => void) {
    super('LATCHKEY_ASK');
    this.#run = run;
  }

  send(): void {
    this.runInAsyncScope(this.#run);
  }
}
