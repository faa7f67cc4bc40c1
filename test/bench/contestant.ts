import type { RequestListener } from 'node:http';
import type { ErrorRequestHandler, RequestHandler } from 'express';

/** One way to guard the route, measured in a process of its own. To add one: a file here, an entry in `contestants/index.ts`. */
export interface Contestant {
  /** For `--only`, in the JSON and in the baseline. */
  readonly name: string;
  /** In the table. */
  readonly title: string;
  /** Gets a redis-server of its own, so that what is counted there is this contestant's alone. */
  readonly usesRedis?: boolean;
  /** Needs the packages of `test/bench/peers`. */
  readonly usesPeers?: boolean;
  /** Only in `--set all`, and by name. */
  readonly isExtra?: boolean;
  prepare(redisUrl: string): Promise<Guarded>;
}

export interface Guarded {
  /** What stands before the route. */
  readonly guards: readonly RequestHandler[];
  /** Of requests that are let in; connections take them in turn. */
  readonly accepted: readonly Headers[];
  /** Requests that must be refused: proven before any load. Empty for a contestant that guards nothing. */
  readonly refusals: readonly Refusal[];
  /** Mounted at `/auth`. */
  readonly auth?: RequestHandler;
  /** Behind the route. */
  readonly onError?: ErrorRequestHandler;
  /** In place of the whole Express app: answers every request with this text as JSON. */
  readonly listener?: (answer: () => string) => RequestListener;
}

export type Headers = Readonly<Record<string, string>>;

export interface Refusal {
  readonly what: string;
  readonly headers: Headers;
  readonly status: number;
}

/** What a server tells its runner once it listens. */
export interface Ready {
  readonly port: number;
  readonly accepted: readonly Headers[];
  readonly refusals: readonly Refusal[];
}

/** What a server is asked by its runner, and answers with. */
export interface Answers {
  /** Microseconds of CPU time since it started, of all its threads. */
  readonly cpu: number;
  /** After a collection of garbage. */
  readonly memory: Memory;
}

export interface Memory {
  readonly rssBytes: number;
  readonly heapBytes: number;
}
