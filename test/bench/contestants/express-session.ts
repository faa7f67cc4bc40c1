import { randomBytes } from 'node:crypto';
import { RedisStore } from 'connect-redis';
import express, { type RequestHandler } from 'express';
import session from 'express-session';
import { Redis } from 'ioredis';
import type { Contestant } from '../contestant.js';
import { cookieOf, forged, SESSIONS, send, whileListening } from './log-in.js';

declare module 'express-session' {
  interface SessionData {
    user: object;
  }
}

/** What a login leaves in the session. */
const ADA = { id: 'u1', orgId: 'acme', userName: 'ada' };

/** The usual way, as the READMEs of connect-redis 8 and express-session have it. */
function onRedis(name: string, title: string, enableAutoPipelining: boolean): Contestant {
  return {
    name,
    title,
    usesRedis: true,
    isExtra: enableAutoPipelining,
    async prepare(redisUrl) {
      const sessions = session({
        store: new RedisStore({ client: new Redis(redisUrl, { enableAutoPipelining }), prefix: 'myapp:' }),
        resave: false,
        saveUninitialized: false,
        secret: randomBytes(32).toString('base64'),
      });
      const app = express().use(sessions).post('/login', logIn).post('/logout', logOut);
      return await whileListening(app, async (url) => {
        const cookies: string[] = [];
        while (cookies.length <= SESSIONS) cookies.push(cookieOf(await send(`${url}/login`, { method: 'POST' })));
        const [ended = '', ...alive] = cookies;
        await send(`${url}/logout`, { method: 'POST', headers: { Cookie: ended } });
        return {
          guards: [sessions, demandUser],
          accepted: alive.map((Cookie) => ({ Cookie })),
          refusals: [
            { what: 'a cookie with a wrong signature', headers: { Cookie: forged(alive[0] ?? '') }, status: 401 },
            { what: 'a session that has ended', headers: { Cookie: ended }, status: 401 },
            { what: 'no cookie', headers: {}, status: 401 },
          ],
        };
      });
    },
  };
}

const logIn: RequestHandler = (req, res, next) => {
  req.session.regenerate((error) => {
    if (error) return next(error);
    req.session.user = ADA;
    res.sendStatus(204);
  });
};

const logOut: RequestHandler = (req, res, next) => {
  req.session.destroy((error) => (error ? next(error) : res.sendStatus(204)));
};

const demandUser: RequestHandler = (req, res, next) => {
  if (req.session.user === undefined) res.sendStatus(401);
  else next();
};

export const expressSessionContestants: readonly Contestant[] = [
  onRedis('express-session', 'express-session, connect-redis 8, ioredis', false),
  onRedis('express-session-pipelining', 'the same with `enableAutoPipelining`', true),
];
