import type { RequestHandler } from 'express';

/** One way to guard the route, measured in a process of its own. To add one: a file here, an entry in `contestants/index.ts`. */
export interface Contestant {
  /** For `--only`, and in the JSON. */
  readonly name: string;
  /** In the table. */
  readonly title: string;
  /** Gets a redis-server of its own, so that what is counted there is this contestant's alone. */
  readonly usesRedis?: boolean;
  prepare(redisUrl: string): Promise<Guarded>;
}

export interface Guarded {
  /** What stands before the route. */
  readonly guards: readonly RequestHandler[];
  /** Of requests that are let in; connections take them in turn. */
  readonly accepted: readonly Headers[];
  /** Requests that must be refused: proven before any load. Empty for a contestant that guards nothing. */
  readonly refusals: readonly Refusal[];
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
  readonly nodeVersion: string;
  readonly accepted: readonly Headers[];
  readonly refusals: readonly Refusal[];
}
