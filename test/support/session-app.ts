import { once } from 'node:events';
import { type IncomingMessage, request, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import express, { type Express, type RequestHandler } from 'express';
import type { Latchkey, LatchkeyOptions, Session, SessionOptions, StartedSession } from '../../lib/index.js';
import { createLatchkey } from '../../lib/index.js';
import { PASSWORD, TestDirectory } from './test-directory.js';

export const SECRET = 'the secret of these tests, long enough';

export interface Reply {
  readonly status: number;
  /** One entry for each header line. */
  readonly challenges: readonly string[];
  readonly cookies: readonly string[];
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}

/** A session of a client that has just logged in. */
export interface LoggedIn {
  readonly session: Session;
  /** The secret id; of a token, the token. */
  readonly sessionId: string;
  /** `name=value`; empty for a token. */
  readonly cookie: string;
  /** Empty for a token. */
  readonly requestId: string;
  /** What a client sends: cookie and request id, or Basic. */
  readonly headers: Readonly<Record<string, string>>;
  readonly reply: Reply;
}

export interface SessionApp {
  readonly port: number;
  readonly latchkey: Latchkey;
  call(method: string, path: string, headers?: Readonly<Record<string, string>>): Promise<Reply>;
  /** @throws Error unless it is accepted. */
  login(userName: string, options?: { token?: boolean; headers?: Readonly<Record<string, string>> }): Promise<LoggedIn>;
  close(): Promise<void>;
}

export interface SessionAppOptions {
  /** Whether `latchkey.session()` is mounted. Default false. */
  readonly isMounted?: boolean;
  readonly express?: typeof express;
  /** Routes and middleware besides, added before those of the login. */
  readonly add?: (app: Express, latchkey: Latchkey) => void;
}

/** Sessions over plain HTTP, and limits of guessing that are out of the way. */
export function newLatchkey(
  options: Omit<LatchkeyOptions, 'session'> & { readonly session?: Partial<SessionOptions> } = {},
): Latchkey {
  return createLatchkey({
    users: new TestDirectory(),
    lockout: { addressLimit: 1_000_000, secretLimit: 1_000_000 },
    ...options,
    session: { secret: SECRET, cookie: { secure: false }, ...options.session },
  });
}

/** An app with `POST /login`, `DELETE /login` and `/me`, listening on a free loopback port. */
export async function startSessionApp(
  latchkey: Latchkey,
  { isMounted = false, express: makeApp = express, add }: SessionAppOptions = {},
): Promise<SessionApp> {
  const app = makeApp();
  if (isMounted) app.use(latchkey.session());
  add?.(app, latchkey);
  app.post('/login', login(latchkey));
  app.delete('/login', latchkey.authenticate(), logout(latchkey));
  app.all('/me', latchkey.authenticate(), (req, res) => void res.json(req.user));
  app.use(latchkey.errorHandler());
  const server: Server = app.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const call: SessionApp['call'] = (method, path, headers = {}) => send(port, method, path, headers);
  return {
    port,
    latchkey,
    call,
    async login(userName, { token = false, headers = {} } = {}) {
      const reply = await call('POST', `/login?token=${token}`, { ...headers, 'x-user': userName });
      if (reply.status !== 201) throw new Error(`the login was answered ${reply.status}: ${reply.body}`);
      return loggedIn(reply);
    },
    async close() {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
}

/** Sends one request on a connection of its own. */
export async function send(
  port: number,
  method: string,
  path: string,
  headers: Readonly<Record<string, string>>,
): Promise<Reply> {
  const req = request({ host: '127.0.0.1', port, method, path, headers, agent: false });
  req.end();
  const [res] = (await once(req, 'response')) as [IncomingMessage];
  let body = '';
  res.setEncoding('utf8');
  for await (const chunk of res) body += chunk;
  return {
    status: res.statusCode ?? 0,
    challenges: res.rawHeaders.filter((_, i, all) => all[i - 1]?.toLowerCase() === 'www-authenticate'),
    cookies: res.headers['set-cookie'] ?? [],
    headers: res.headers,
    body,
  };
}

export function basic(userName: string, password: string): string {
  return `Basic ${Buffer.from(`${userName}:${password}`).toString('base64')}`;
}

/** The session id in a cookie, which is signed but no secret to its owner. */
export function idInCookie(cookie: string): string {
  const value = decodeURIComponent(cookie.slice(cookie.indexOf('=') + 1));
  return value.slice(2, value.lastIndexOf('.'));
}

function loggedIn(reply: Reply): LoggedIn {
  const { session, requestId, authUsername, sessionToken } = JSON.parse(reply.body) as StartedSession;
  if (sessionToken !== null) {
    const headers = { authorization: basic(authUsername ?? '', sessionToken) };
    return { session, sessionId: sessionToken, cookie: '', requestId: '', headers, reply };
  }
  const cookie = reply.cookies.find((each) => each.includes('sID='))?.split(';')[0] ?? '';
  const headers = { cookie, rid: requestId ?? '' };
  return { session, sessionId: idInCookie(cookie), cookie, requestId: requestId ?? '', headers, reply };
}

function login({ logins, sessions }: Latchkey): RequestHandler {
  return (req, res, next) => {
    const begin = async () => {
      const userName = String(req.headers['x-user']);
      const who = await logins?.authenticate({ userName, password: PASSWORD, address: req.ip ?? null });
      if (who === undefined || sessions === null) throw new Error('this app has no logins');
      res.status(201).json(await sessions.start(req, res, who, { token: req.query.token === 'true' }));
    };
    begin().catch(next);
  };
}

function logout({ sessions }: Latchkey): RequestHandler {
  return (req, res, next) => {
    if (sessions === null || req.user === undefined) throw new Error('nobody is logged in');
    sessions.endCurrent(req, res, req.user).then(() => void res.status(204).end(), next);
  };
}
