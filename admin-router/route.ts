import type { Request, Response } from 'express';
import type { ZodType } from 'zod';
import type { Principal } from '../lib/index.js';

export type Method = 'GET' | 'POST' | 'PATCH' | 'DELETE';

/** What a handler answers. `body` goes out as JSON. */
export interface Answer {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** Null: 204. */
  readonly body: object | null;
}

/** What a handler gets: everything validated. */
export interface PublicCall<Body, Query> {
  readonly id: string;
  readonly body: Body;
  readonly query: Query;
  /** The client's; null where it is not known. */
  readonly address: string | null;
  readonly req: Request;
  /** For cookies; the answer itself is returned. */
  readonly res: Response;
}

export interface Call<Body, Query> extends PublicCall<Body, Query> {
  readonly principal: Principal;
}

/** One line of the route table, from which the router and the OpenAPI document are made. */
export interface Route {
  readonly method: Method;
  /** In Express's form; the only parameter is `:id`. */
  readonly path: string;
  readonly summary: string;
  /** Whether it is for those who are not let in yet. */
  readonly isPublic: boolean;
  readonly body: ZodType | null;
  readonly query: ZodType | null;
  handle(call: Call<unknown, unknown>): Promise<Answer>;
}

interface RouteDefinition<Body, Query, Given> {
  readonly summary: string;
  /** Left out: no body is read. */
  readonly body?: ZodType<Body>;
  /** Left out: no query parameter is known. */
  readonly query?: ZodType<Query>;
  handle(call: Given): Promise<Answer>;
}

/** Ties the types of the schemas to the handler. */
export function route<Body = undefined, Query = undefined>(
  method: Method,
  path: string,
  definition: RouteDefinition<Body, Query, Call<Body, Query>>,
): Route {
  const { summary, body = null, query = null, handle } = definition;
  return { method, path, summary, isPublic: false, body, query, handle: (call) => handle(call as Call<Body, Query>) };
}

/** A route that nobody has to be authenticated for: its handler gets no principal. */
export function publicRoute<Body = undefined, Query = undefined>(
  method: Method,
  path: string,
  definition: RouteDefinition<Body, Query, PublicCall<Body, Query>>,
): Route {
  return { ...route(method, path, definition), isPublic: true };
}
