import type { Request } from 'express';
import type { ZodType } from 'zod';
import type { Principal } from '../lib/index.js';

export type Method = 'GET' | 'POST' | 'PATCH' | 'DELETE';

/** What a handler answers. `body` goes out as JSON. */
export interface Answer {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body: object;
}

/** What a handler gets: everything validated. */
export interface Call<Body, Query> {
  readonly principal: Principal;
  readonly id: string;
  readonly body: Body;
  readonly query: Query;
  readonly req: Request;
}

/** One line of the route table, from which the router and the OpenAPI document are made. */
export interface Route {
  readonly method: Method;
  /** In Express's form; the only parameter is `:id`. */
  readonly path: string;
  readonly summary: string;
  readonly body: ZodType | null;
  readonly query: ZodType | null;
  handle(call: Call<unknown, unknown>): Promise<Answer>;
}

interface RouteDefinition<Body, Query> {
  readonly summary: string;
  /** Null: no body is read. */
  readonly body?: ZodType<Body>;
  /** Left out: no query parameter is known. */
  readonly query?: ZodType<Query>;
  handle(call: Call<Body, Query>): Promise<Answer>;
}

/** Ties the types of the schemas to the handler. */
export function route<Body = undefined, Query = undefined>(
  method: Method,
  path: string,
  definition: RouteDefinition<Body, Query>,
): Route {
  const { summary, body = null, query = null, handle } = definition;
  return { method, path, summary, body, query, handle: (call) => handle(call as Call<Body, Query>) };
}
