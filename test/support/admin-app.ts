import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import express, { type Express } from 'express';
import { adminRouter } from '../../admin-router/index.js';
import type { OpenApiDocument } from '../../admin-router/openapi.js';
import {
  createLatchkey,
  FULL_ACCESS,
  type IssuedKey,
  type Latchkey,
  type LatchkeyOptions,
  type NewKey,
} from '../../lib/index.js';
import { DocumentedAnswers } from './documented-answers.js';

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  /** The parsed body; null when there is none. */
  readonly body: Record<string, unknown> & {
    id: string;
    token: string;
    secret: string;
    items: Record<string, unknown>[];
    nextCursor: string | null;
    errors: { path: string; message: string }[];
  };
}

/** An app with the admin router at `/auth`, listening on a free loopback port. */
export interface AdminApp {
  readonly latchkey: Latchkey;
  /** Of the admin router. */
  readonly url: string;
  /** A key made by the host, with the given rights. */
  key(input?: Partial<NewKey> & { actions?: string[] }): Promise<IssuedKey>;
  /** `as` is the token to authenticate with. @throws Error when the OpenAPI document does not say what is answered. */
  call(
    method: string,
    path: string,
    as: string | null,
    body?: unknown,
    headers?: Record<string, string>,
  ): Promise<Answer>;
  /** The same for the routes of the app itself. */
  callHost: AdminApp['call'];
  close(): Promise<void>;
}

/** @param add settings and routes of the app itself, added before the admin router. */
export async function startAdminApp(
  options: LatchkeyOptions = {},
  add?: (app: Express, latchkey: Latchkey) => void,
): Promise<AdminApp> {
  const latchkey = createLatchkey(options);
  const app = express();
  add?.(app, latchkey);
  app.use('/auth', adminRouter(latchkey));
  const server = app.listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const host = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const url = `${host}/auth`;
  let documented: Promise<DocumentedAnswers> | undefined;
  return {
    latchkey,
    url,
    key: ({ actions, ...input } = {}) =>
      latchkey.apiKeys.create(
        { name: 'test', ownerId: 'alice', ...(actions && { statements: [{ ...FULL_ACCESS, actions }] }), ...input },
        { by: 'test' },
      ),
    async call(method, path, as, body, headers) {
      const answer = await call(url + path, method, as, body, headers);
      documented ??= call(`${url}/openapi.json`, 'GET', null).then(readDocument);
      const faults = (await documented).faultsOf(method, path, answer);
      if (faults.length > 0) throw new Error(`not documented: ${faults.join('; ')}`);
      return answer;
    },
    callHost: (method, path, as, body, headers) => call(host + path, method, as, body, headers),
    close: async () => {
      await closeServer(server);
      await latchkey.close();
    },
  };
}

async function call(
  url: string,
  method: string,
  as: string | null,
  body?: unknown,
  headers: Record<string, string> = {},
): Promise<Answer> {
  const response = await fetch(url, {
    method,
    headers: {
      ...(as === null ? {} : { 'x-api-key': as }),
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      ...headers,
    },
    ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
  });
  const text = await response.text();
  const isJson = text !== '' && /json/.test(response.headers.get('content-type') ?? '');
  return { status: response.status, headers: response.headers, text, body: isJson ? JSON.parse(text) : null };
}

function readDocument({ body }: Answer): DocumentedAnswers {
  return new DocumentedAnswers(body as unknown as OpenApiDocument);
}

/** The app's own route `GET /can/:action?resource=&workspace=`: 200 for who may, 403 for who may not. */
export function addRights(app: Express, latchkey: Latchkey): void {
  app.get('/can/:action', latchkey.authenticate(), (req, res, next) => {
    const { resource = 'orders/1', workspace = 'w1' } = req.query;
    latchkey.requirePermission(req.params.action, String(resource), { workspace: String(workspace) })(req, res, next);
  });
  app.get('/can/:action', (req, res) => void res.json(req.user));
}

function closeServer(server: Server): Promise<void> {
  server.closeAllConnections();
  return new Promise((resolve) => server.close(() => resolve()));
}
