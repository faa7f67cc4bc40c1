import { request } from 'node:http';
import type { AddressInfo } from 'node:net';
import express, { type Express } from 'express';
import { createLatchkey, FULL_ACCESS, type Latchkey, type LatchkeyOptions } from '../../../lib/index.js';
import { PASSWORD, People } from '../../support/people.js';

export interface Reply {
  readonly status: number;
  /** As sent: names in lower case, `set-cookie` as a list. */
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly text: string;
  /** The parsed body; undefined where it is no JSON. */
  readonly body: unknown;
}

export type Headers = Readonly<Record<string, string>>;

/** An app with dialects mounted, in which these people exist: */
export interface Stage {
  readonly url: string;
  readonly latchkey: Latchkey;
  /** `ada` may do everything in the organisation acme, `bob` nothing there; `eve` everything in umbrella. */
  readonly people: People;
  /** Sends the request to the letter: method, path, headers and body as given. A body that is no string goes as JSON. */
  send(method: string, path: string, headers?: Headers, body?: unknown): Promise<Reply>;
  close(): Promise<void>;
}

/** The secret of the session cookie. */
const SECRET = 'a secret of more than thirty-two characters';

/** @param makeApp which Express. */
export async function startStage(
  mount: (app: Express, latchkey: Latchkey) => void,
  options: LatchkeyOptions = {},
  makeApp: () => Express = express,
): Promise<Stage> {
  const people = new People()
    .set('ada', { statements: [FULL_ACCESS] })
    .set('bob')
    .set('eve', { orgId: 'umbrella', statements: [FULL_ACCESS] });
  const session = { secret: SECRET, cookie: { secure: false } };
  const keys = { allowNever: true, maxLifetimeMs: null }; // as these products have it
  const latchkey = createLatchkey({ users: people, session, keys, ...options });
  const app = makeApp();
  mount(app, latchkey);
  const server = app.listen(0, '127.0.0.1');
  server.keepAliveTimeout = 0; // on a slow machine a connection would be closed just as it is used again
  await new Promise((resolve) => server.once('listening', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    latchkey,
    people,
    send: (method, path, headers = {}, body = undefined) => send(port, method, path, headers, body),
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      await latchkey.close();
    },
  };
}

/** `fetch` refuses a body on GET and tidies paths up. */
function send(port: number, method: string, path: string, headers: Headers, body: unknown): Promise<Reply> {
  const isText = typeof body === 'string' || Buffer.isBuffer(body);
  const bytes = body === undefined ? undefined : Buffer.from(isText ? (body as string) : JSON.stringify(body));
  const sent = {
    ...(bytes !== undefined && { 'content-length': String(bytes.length) }),
    ...(bytes !== undefined && !isText && { 'content-type': 'application/json' }),
    ...headers,
  };
  return new Promise((resolve, reject) => {
    const asking = request({ host: '127.0.0.1', port, method, path, headers: sent, timeout: 20_000 }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('end', () => {
        const text = Buffer.concat(chunks).toString('utf8');
        resolve({ status: response.statusCode ?? 0, headers: response.headers, text, body: parsed(text) });
      });
    });
    asking.on('error', reject);
    asking.end(bytes);
  });
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Authorization of a user name and the password of everybody. */
export function basic(userName: string, password = PASSWORD): Headers {
  return { authorization: `Basic ${Buffer.from(`${userName}:${password}`).toString('base64')}` };
}
