import { quantile } from '../statistics.js';
import { HttpConnection } from './http-connection.js';

/** What is under way when the time is over may take this long, in ms. */
const DRAIN_MS = 5_000;
/** Between two looks whether a request is due, in ms. */
const PACE_MS = 1;

export interface Load {
  readonly port: number;
  readonly connections: number;
  readonly seconds: number;
  /** The next request; `connection` counts from 0. */
  readonly next: (connection: number) => Buffer;
  /** So many evenly, where there are connections for them. Default: each connection sends the next upon the answer. */
  readonly perSecond?: number;
  /** Ends after so many. Default: when the time is over. */
  readonly requests?: number;
  /** Ends before its time once this says so. */
  readonly isOver?: () => boolean;
  /**
   * Looks for answers without ever sleeping. Default false. On loopback a server pays for waking a client that sleeps, which
   * over a network it does not: the more, the slower it is, since its client then has time to fall asleep.
   */
  readonly isAwake?: boolean;
}

export interface LoadResult {
  readonly requests: number;
  readonly requestsPerSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly maxMs: number;
  /** Answers by status. */
  readonly statuses: Readonly<Record<string, number>>;
}

/** Sends until the time is over, and waits for the last answers. @throws Error when a connection breaks or an answer stays out. */
export async function generateLoad(load: Load): Promise<LoadResult> {
  const generator = new Generator(load);
  try {
    return await generator.run();
  } finally {
    generator.stop();
  }
}

class Generator {
  readonly #load: Load;
  readonly #most: number;
  readonly #startedAt = performance.now();
  readonly #endAt: number;
  readonly #connections: HttpConnection[] = [];
  readonly #timers: NodeJS.Timeout[] = [];
  readonly #latencies: number[] = [];
  readonly #statuses: Record<string, number> = {};
  #sent = 0;
  #lastAt = this.#startedAt;
  #finish: () => void = () => {};
  #stayingAwake: NodeJS.Immediate | undefined;

  constructor(load: Load) {
    this.#load = load;
    this.#most = load.requests ?? Number.POSITIVE_INFINITY;
    this.#endAt = this.#startedAt + load.seconds * 1_000;
  }

  async run(): Promise<LoadResult> {
    await new Promise<void>((resolve, reject) => {
      this.#finish = resolve;
      const { port, connections, seconds, perSecond, isAwake = false } = this.#load;
      if (isAwake) this.#stayAwake();
      const isLate = () => reject(new Error(`an answer stays out for ${DRAIN_MS} ms after the end`));
      this.#timers.push(setTimeout(isLate, seconds * 1_000 + DRAIN_MS));
      while (this.#connections.length < connections) this.#connections.push(new HttpConnection(port, reject));
      if (perSecond === undefined) this.#sendOnIdle(connections);
      else this.#timers.push(setInterval(() => this.#pace(perSecond), PACE_MS));
    });
    return this.#result();
  }

  stop(): void {
    clearImmediate(this.#stayingAwake);
    for (const timer of this.#timers) clearTimeout(timer);
    for (const connection of this.#connections) connection.close();
  }

  #stayAwake(): void {
    this.#stayingAwake = setImmediate(() => this.#stayAwake());
  }

  get #mayGoOn(): boolean {
    return this.#sent < this.#most && performance.now() < this.#endAt && !this.#load.isOver?.();
  }

  #finishOnceAnswered(): void {
    if (this.#latencies.length === this.#sent) this.#finish();
  }

  /** What is due by now, and no more than there are connections for. */
  #pace(perSecond: number): void {
    if (!this.#mayGoOn) {
      this.#finishOnceAnswered();
      return;
    }
    const dueByNow = Math.floor(((performance.now() - this.#startedAt) / 1_000) * perSecond);
    this.#sendOnIdle(dueByNow - this.#sent);
  }

  #sendOnIdle(most: number): void {
    let left = Math.min(most, this.#most - this.#sent);
    for (const [index, connection] of this.#connections.entries()) {
      if (left <= 0) return;
      if (!connection.isIdle) continue;
      this.#send(connection, index);
      left--;
    }
  }

  #send(connection: HttpConnection, index: number): void {
    const sentAt = performance.now();
    this.#sent++;
    connection.send(this.#load.next(index), (status) => {
      this.#lastAt = performance.now();
      this.#latencies.push(this.#lastAt - sentAt);
      this.#statuses[status] = (this.#statuses[status] ?? 0) + 1;
      if (!this.#mayGoOn) this.#finishOnceAnswered();
      else if (this.#load.perSecond === undefined) this.#send(connection, index);
    });
  }

  #result(): LoadResult {
    const ascending = this.#latencies.sort((a, b) => a - b);
    return {
      requests: ascending.length,
      requestsPerSecond: ascending.length / ((this.#lastAt - this.#startedAt) / 1_000),
      p50Ms: quantile(ascending, 0.5),
      p99Ms: quantile(ascending, 0.99),
      maxMs: ascending.at(-1) ?? Number.NaN,
      statuses: this.#statuses,
    };
  }
}

/** @throws Error unless every answer had one of these statuses. */
export function demandStatuses(who: string, { statuses, requests }: LoadResult, allowed: readonly number[]): void {
  const isExpected = Object.keys(statuses).every((status) => allowed.includes(Number(status)));
  if (isExpected && requests > 0) return;
  const seen = Object.entries(statuses).map(([status, count]) => `${count} x ${status}`);
  throw new Error(`${who}: answers must all be ${allowed.join(' or ')}, but: ${seen.join(', ') || 'none at all'}`);
}
