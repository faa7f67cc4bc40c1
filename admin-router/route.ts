import type { Request, Response } from 'express';
import type { ZodType } from 'zod';
import type { AuthErrorCode, Principal } from '../lib/index.js';
import type { AnswerName } from './wire-schemas.js';

export type Method = 'GET' | 'POST' | 'PATCH' | 'DELETE';

/** What a handler answers. `body` goes out as JSON; a text is JSON already. */
export interface Answer {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** Null: 204. */
  readonly body: object | string | null;
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

/** What the OpenAPI document tells of a route beyond its schemas. Tests hold every answer of theirs against it. */
export interface Described {
  /** Unique: what generated clients call it. */
  readonly operationId: string;
  readonly summary: string;
  /** What it answers when all went well: the status, and a schema of wire-schemas.ts; 204 has none. */
  readonly answer: readonly [status: 200 | 201, schema: AnswerName] | readonly [status: 204];
  /** The headers of that answer, besides those that every answer has. */
  readonly headers?: readonly AnswerHeader[];
  /** The refusals that are its own, besides those that every route has (see openapi-errors.ts). */
  readonly errors?: readonly AuthErrorCode[];
  /** Whether it heeds `If-Match`. */
  readonly ifMatch?: boolean;
  /** Whether user name and password may come as Basic. */
  readonly takesPassword?: boolean;
  /** Whether the body may be a form, too: texts only. */
  readonly takesForm?: boolean;
}

export type AnswerHeader = 'ETag' | 'Location' | 'Clear-Site-Data' | 'Set-Cookie';

/** One line of the route table, from which the router and the OpenAPI document are made. */
export interface Route extends Described {
  readonly method: Method;
  /** In Express's form; the only parameter is `:id`. */
  readonly path: string;
  /** Whether it is for those who are not let in yet. */
  readonly isPublic: boolean;
  readonly body: ZodType | null;
  readonly query: ZodType | null;
  handle(call: Call<unknown, unknown>): Promise<Answer>;
}

interface RouteDefinition<Body, Query, Given> extends Described {
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
  const { body = null, query = null, handle, ...described } = definition;
  const shape = { ...described, method, path, body, query };
  return { ...shape, isPublic: false, handle: (call) => handle(call as Call<Body, Query>) };
}

/** A route that nobody has to be authenticated for: its handler gets no principal. */
export function publicRoute<Body = undefined, Query = undefined>(
  method: Method,
  path: string,
  definition: RouteDefinition<Body, Query, PublicCall<Body, Query>>,
): Route {
  return { ...route(method, path, definition), isPublic: true };
}
