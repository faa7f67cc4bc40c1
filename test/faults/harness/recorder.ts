import type { AppName, CredentialFacts, ListFacts, Operation, OperationKind, StoredFacts } from './history.js';
import type { Answer } from './http.js';

/** What an operation means, besides its answer. */
export type Meaning = Pick<Operation, 'makes' | 'ends' | 'uses' | 'policy' | 'allows'>;

/** Writes the history of a run, as it happens. */
export class Recorder {
  readonly operations: Operation[] = [];
  readonly credentials: CredentialFacts[] = [];
  readonly outages: { app: AppName; from: number; to: number }[] = [];
  readonly lists: ListFacts[] = [];
  readonly stored: StoredFacts[] = [];
  /** The fault that was the last to have begun. */
  fault = -1;
  isFinal = false;
  readonly #startedAt = performance.now();

  get now(): number {
    return performance.now() - this.#startedAt;
  }

  /** An instant of the wall clock, in ms of this run. */
  fromWall(at: number): number {
    return this.now + (at - Date.now());
  }

  /** Sends a request, and notes it as it was answered; what it makes is noted only where it is acknowledged. */
  async record(kind: OperationKind, app: AppName, send: () => Promise<Answer>, meaning: Meaning = {}): Promise<Answer> {
    const { fault, isFinal, now: at } = this;
    const answer = await send();
    const { status } = answer;
    this.operations.push({ kind, app, at, endAt: this.now, status, code: answer.code, fault, isFinal, ...meaning });
    return answer;
  }

  /** An app is about to be killed. Returns what to call once it answers again. */
  outage(app: AppName): () => void {
    const outage = { app, from: this.now, to: Number.POSITIVE_INFINITY };
    this.outages.push(outage);
    return () => {
      outage.to = this.now;
    };
  }
}
