import { randomBytes } from 'node:crypto';
import express, { type RequestHandler } from 'express';
import { Redis } from 'ioredis';
import type { Latchkey, UserDirectory } from 'latchkey';
import { createLatchkey } from 'latchkey';
import { adminRouter } from 'latchkey/admin-router';
import { RedisStore } from 'latchkey/redis';
import type { Contestant, Guarded, Headers } from '../contestant.js';
import { cookieOf, forged, SESSIONS, send, whileListening } from './log-in.js';

const ADA = { id: 'u1', orgId: 'acme', userName: 'ada', isEnabled: true };
const PASSWORD = 'the engine weaves';

const USERS: UserDirectory = {
  findById: async (id) => (id === ADA.id ? ADA : null),
  findByUserName: async (userName) => (userName === ADA.userName ? ADA : null),
  verifyPassword: async (user, password) => user !== null && password === PASSWORD,
  statements: async () => [{ actions: ['orders:*'] }],
};

/** What an answer to a login holds. */
interface LoginAnswer {
  readonly requestId: string;
  readonly authUsername: string;
  readonly sessionToken: string;
}

interface Login {
  readonly headers: Headers;
  /** Ends the session over HTTP, as users do. */
  logOut(): Promise<unknown>;
}

interface Variation {
  /** By session token, in place of the cookie. */
  readonly token: boolean;
  readonly enableAutoPipelining?: boolean;
  /** 0: every request asks the store. Default: as Latchkey has it. */
  readonly rememberMs?: 0;
  readonly isExtra?: boolean;
}

function onRedis(
  name: string,
  title: string,
  guards: (latchkey: Latchkey) => readonly RequestHandler[],
  { token, enableAutoPipelining = false, rememberMs, isExtra = false }: Variation,
): Contestant {
  return {
    name,
    title,
    usesRedis: true,
    isExtra,
    async prepare(redisUrl) {
      const latchkey = createLatchkey({
        store: new RedisStore(new Redis(redisUrl, { enableAutoPipelining })),
        users: USERS,
        session: {
          secret: randomBytes(32).toString('base64'),
          cookie: { secure: false },
          ...(rememberMs !== undefined && { rememberMs }),
        },
        production: { accept: ['no-persistence', 'plain-http'] },
      });
      const app = express().use('/auth', adminRouter(latchkey));
      return await whileListening(app, async (url) => {
        const logins: Login[] = [];
        while (logins.length <= SESSIONS) logins.push(await logIn(url, token));
        const [ended, ...alive] = logins.map(({ headers }) => headers);
        await logins[0]?.logOut();
        return {
          guards: guards(latchkey),
          onError: latchkey.errorHandler(),
          accepted: alive,
          refusals: [
            ...(token ? refusedTokens(alive) : refusedCookies(alive)),
            { what: 'a session that has ended', headers: ended ?? {}, status: 401 },
            { what: 'no credential', headers: {}, status: 401 },
          ],
        };
      });
    },
  };
}

async function logIn(url: string, token: boolean): Promise<Login> {
  const response = await send(`${url}/auth/sessions`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ userName: ADA.userName, password: PASSWORD, token }),
  });
  const { requestId, authUsername, sessionToken } = (await response.json()) as LoginAnswer;
  const headers: Headers = token ? basic(authUsername, sessionToken) : { Cookie: cookieOf(response), rID: requestId };
  return { headers, logOut: () => send(`${url}/auth/sessions/current`, { method: 'DELETE', headers }) };
}

function basic(userName: string, password: string): Headers {
  return { Authorization: `Basic ${Buffer.from(`${userName}:${password}`).toString('base64')}` };
}

function refusedCookies([first = {}, second = {}]: readonly Headers[]): Guarded['refusals'] {
  const { Cookie = '', rID = '' } = first;
  return [
    { what: 'a cookie with a wrong signature', headers: { Cookie: forged(Cookie), rID }, status: 401 },
    { what: 'a cookie without its request id', headers: { Cookie }, status: 401 },
    {
      what: 'a cookie with the request id of another session',
      headers: { ...first, rID: second.rID ?? '' },
      status: 401,
    },
    { what: 'a request id without its cookie', headers: { rID }, status: 401 },
  ];
}

function refusedTokens([first = {}, second = {}]: readonly Headers[]): Guarded['refusals'] {
  const [userName = ''] = pairOf(first);
  const [, token = ''] = pairOf(second);
  return [
    { what: 'the session token of another session', headers: basic(userName, token), status: 401 },
    {
      what: 'a session token that does not exist',
      headers: basic(userName, token.replace(/^.{4}/, 'AAAA')),
      status: 401,
    },
  ];
}

function pairOf({ Authorization = '' }: Headers): string[] {
  return Buffer.from(Authorization.replace('Basic ', ''), 'base64').toString().split(':');
}

const AUTO = 'the same with `enableAutoPipelining`';
const ASKED = 'the same with `rememberMs: 0`: Redis is asked by every request';
const byCookie = (latchkey: Latchkey) => [latchkey.authenticate('session-cookie')];
const byCookieMounted = (latchkey: Latchkey) => [latchkey.session(), latchkey.authenticate('session-cookie')];
const byToken = (latchkey: Latchkey) => [latchkey.authenticate('basic')];

export const latchkeySessionContestants: readonly Contestant[] = [
  onRedis('latchkey-session-cookie', 'Latchkey: session cookie and request id', byCookie, { token: false }),
  onRedis('latchkey-session-cookie-asked', ASKED, byCookie, { token: false, rememberMs: 0 }),
  onRedis('latchkey-session-mounted', 'Latchkey: the same with `latchkey.session()`', byCookieMounted, {
    token: false,
    isExtra: true,
  }),
  onRedis('latchkey-session-mounted-auto', AUTO, byCookieMounted, {
    token: false,
    enableAutoPipelining: true,
    isExtra: true,
  }),
  onRedis('latchkey-session-token', 'Latchkey: session token by Basic', byToken, { token: true }),
  onRedis('latchkey-session-token-asked', ASKED, byToken, { token: true, rememberMs: 0 }),
];
