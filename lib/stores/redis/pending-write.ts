import { AuthError, notDurable, storeUnavailable } from '../../errors.js';
import { isReply } from '../within.js';
import type { ScriptedRedis } from './redis-scripts.js';

/** A write on its way to be confirmed. Settles once; what comes later changes nothing. */
export class PendingWrite {
  readonly key: string;
  readonly #write: (client: ScriptedRedis) => Promise<unknown>;
  readonly #resolve: (answer: unknown) => void;
  readonly #reject: (error: AuthError) => void;
  readonly #settled: () => void;
  #answer: Promise<unknown> | null = null;

  /** `settled` is called when it settles, perhaps more than once. */
  constructor(
    key: string,
    write: (client: ScriptedRedis) => Promise<unknown>,
    resolve: (answer: unknown) => void,
    reject: (error: AuthError) => void,
    settled: () => void,
  ) {
    this.key = key;
    this.#write = write;
    this.#resolve = resolve;
    this.#reject = reject;
    this.#settled = settled;
  }

  /** What the server refuses it has certainly not made; of anything else nobody knows. */
  sendOn(client: ScriptedRedis): void {
    this.#answer = this.#send(client);
    this.#answer.catch((error: AuthError) => this.fail(error));
  }

  /** Replicas have it: it settles with what the server has answered. */
  confirm(): void {
    this.#settled();
    this.#resolve(this.#answer);
  }

  fail(error: AuthError): void {
    this.#settled();
    this.#reject(error);
  }

  async #send(client: ScriptedRedis): Promise<unknown> {
    try {
      return await this.#write(client);
    } catch (error) {
      if (error instanceof AuthError) throw error; // it was not sent
      const why = error instanceof Error ? error.message.slice(0, 100) : 'unknown error'; // its other fields hold arguments
      throw isReply(error) ? storeUnavailable(`Redis: ${why}`) : notDurable(why);
    }
  }
}
