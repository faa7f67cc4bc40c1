import { randomBytes } from 'node:crypto';
import { IncomingMessage, ServerResponse } from 'node:http';
import { Socket } from 'node:net';
import express, { type RequestHandler } from 'express';
import { createLatchkey, type Latchkey, MemoryStore, type ProductionOptions, type UserDirectory } from 'latchkey';
import { Passport } from 'passport';
import { HeaderReader } from '../../lib/express/header-reader.js';
import { isKeyPair } from '../../lib/verification/foreign-pair.js';
import { generateSecret, SecretHasher } from '../../lib/verification/secret.js';
import { VerificationCache } from '../../lib/verification/verification-cache.js';
import { quantile } from './statistics.js';

/**
 * What each step of a verified request costs, in one process and without sockets: so microseconds can be told apart on a
 * machine that is busy with other things. Sessions are remembered, as those of a store that is shared; one in many requests
 * asks the store, which is in memory here.
 */

const BATCH = 100;
const BATCHES = 300;
/** Before anything counts: the compiler settles. */
const WARM_UP = 100;
/** Of the batches, the one that few are faster than: nothing else was running then. */
const UNDISTURBED = 0.05;

type Headers = Readonly<Record<string, string>>;

interface Step {
  readonly title: string;
  /** Does it so many times. */
  readonly run: (times: number) => unknown;
  /** What it comes on top of, which is subtracted. */
  readonly above?: Step;
}

/** A table in Markdown, in ns for one request. */
export async function ladderTable(): Promise<string> {
  const steps = [...(await insideSteps()), ...(await expressSteps())];
  const times = new Map<Step, number[]>(steps.map((step) => [step, []]));
  for (let batch = -WARM_UP; batch < BATCHES; batch++) {
    for (const step of steps) {
      const startedAt = performance.now();
      await step.run(BATCH);
      if (batch >= 0) times.get(step)?.push(((performance.now() - startedAt) * 1e6) / BATCH);
    }
  }
  const cost = (step: Step) =>
    quantile(
      (times.get(step) ?? []).sort((a, b) => a - b),
      UNDISTURBED,
    );
  const rows = steps.map((step) => {
    const ns = cost(step) - (step.above === undefined ? 0 : cost(step.above));
    return `| ${step.title} | ${Math.round(ns).toLocaleString('en')} |`;
  });
  return ['| step | ns |', '| --- | --: |', ...rows].join('\n');
}

/** The parts of a verification that take the most, by themselves. */
async function insideSteps(): Promise<Step[]> {
  const { id, secret, token } = generateSecret('lk');
  const hasher = new SecretHasher();
  const compiled = hasher.compile(hasher.hash(secret));
  const reader = new HeaderReader('lk');
  const raw = requestWith({ 'X-API-Key': token });
  const base64 = requestWith({ Authorization: `ApiKey ${Buffer.from(`${id}:${secret}`).toString('base64')}` });
  const all = new Set(['api-key-header', 'api-key', 'basic'] as const);
  const feed = { isLive: true, subscribe: () => () => {} };
  const cache = new VerificationCache('apiKeys', async () => ({ id }), feed, Date.now);
  await cache.fetch(id);
  return [
    step('reading the headers: `X-API-Key`', () => reader.read(raw, all)),
    step('reading the headers: `Authorization: ApiKey`, base64', () => reader.read(base64, all)),
    step('the checksum (only of a key that is not cached)', () => isKeyPair('lk', id, secret)),
    step('the look-up in the cache, with the clock', () => cache.peek(token.slice(3, 25), Date.now())),
    step('SHA-256, and the comparison in constant time', () => hasher.matches(secret, compiled)),
  ];
}

function step(title: string, once: () => unknown): Step {
  return {
    title,
    run: (times) => {
      for (let i = 0; i < times; i++) once();
    },
  };
}

const ADA = { id: 'u1', orgId: null, userName: 'ada', isEnabled: true };
const USERS: UserDirectory = {
  findById: async () => ADA,
  findByUserName: async () => ADA,
  verifyPassword: async () => true,
  statements: async () => [{ actions: ['orders:*'] }],
};

/** What a guard adds to a request that Express routes: all of it, `req.user` included. */
async function expressSteps(): Promise<Step[]> {
  const session = { secret: randomBytes(32).toString('base64'), cookie: { secure: false } };
  const lockout = { secretLimit: 1e9 }; // else refusing goes on as 429
  const production: ProductionOptions = { accept: ['plain-http', 'no-persistence'] };
  const store = Object.assign(new MemoryStore(), { isEmbedded: false });
  const latchkey = createLatchkey({ store, users: USERS, session, lockout, production });
  const statements = [{ actions: ['orders:*'] }];
  const before = await latchkey.apiKeys.create({ name: 'bench', ownerId: ADA.id, statements }, { by: 'bench' });
  const { token } = await latchkey.apiKeys.rotate(before.key.id, { by: 'bench', graceMs: 0 });
  const passport = new Passport();
  latchkey.use(passport);
  const byPassport = passport.authenticate('api-key-header', { session: false }) as RequestHandler;
  const byHeader = latchkey.authenticate('api-key-header');
  const key = { 'X-API-Key': token };
  const { cookie, basic } = await logIn(latchkey);

  const bare = routed('bare Express: routing a request, without a socket', [], key);
  const user: RequestHandler = (req, _res, next) => {
    Object.assign(req, { user: ADA });
    next();
  };
  const added = (title: string, guards: RequestHandler[], headers: Headers): Step => ({
    ...routed(title, guards, headers),
    above: bare,
  });
  return [
    bare,
    added('added by a middleware that sets `req.user`', [user], key),
    added('added by `latchkey.authenticate`, key', [byHeader], key),
    added('the same and `requirePermission`', [byHeader, latchkey.requirePermission('orders:read')], key),
    added('added by `passport.authenticate`, key', [byPassport], key),
    added('added by `latchkey.authenticate`, session cookie', [latchkey.authenticate('session-cookie')], cookie),
    added('added by `latchkey.authenticate`, session token', [latchkey.authenticate('basic')], basic),
    added('a 401: no key', [byHeader], {}),
    added('a 401: a malformed key', [byHeader], { 'X-API-Key': 'x'.repeat(token.length) }),
    added('a 401: the wrong secret of a key', [byHeader], { 'X-API-Key': before.token }),
  ];
}

async function logIn({ logins, sessions }: Latchkey): Promise<Record<'cookie' | 'basic', Headers>> {
  if (logins === null || sessions === null) throw new Error('sessions are on');
  const who = await logins.authenticate({ userName: 'ada', password: 'x', address: null });
  const cookies: Record<string, string> = {};
  const req = requestWith({});
  const res = {
    cookie: (name: string, value: string) => Object.assign(cookies, { [name]: encodeURIComponent(value) }),
  };
  const { requestId } = await sessions.start(req as never, res as never, who);
  const { authUsername, sessionToken } = await sessions.start(req as never, res as never, who, { token: true });
  return {
    cookie: { Cookie: `sID=${cookies.sID}`, rID: requestId ?? '' },
    basic: { Authorization: `Basic ${Buffer.from(`${authUsername}:${sessionToken}`).toString('base64')}` },
  };
}

/** Has Express handle requests, each until its route or its refusal is reached. */
function routed(title: string, guards: readonly RequestHandler[], headers: Headers): Step {
  const app = express();
  const run = async (times: number) => {
    let left = times;
    await new Promise<void>((resolve) => {
      const handled = () => {
        left--;
        if (left === 0) resolve();
      };
      reached = handled;
      for (let i = 0; i < times; i++) {
        const req = requestWith(headers);
        const res = new ServerResponse(req);
        Object.assign(res, { end: handled });
        app(req, res as never);
      }
    });
  };
  let reached = () => {};
  app.get('/orders', ...guards, () => reached());
  return { title, run };
}

/** As Node's parser makes them. */
function requestWith(headers: Headers): IncomingMessage & express.Request {
  const req = new IncomingMessage(SOCKET) as IncomingMessage & express.Request;
  const lines = Object.entries({ Host: 'localhost', Accept: '*/*', Connection: 'keep-alive', ...headers });
  const rawHeaders = lines.flat();
  const byName = Object.fromEntries(lines.map(([name, value]) => [name.toLowerCase(), value]));
  return Object.assign(req, { method: 'GET', url: '/orders', rawHeaders, headers: byName });
}

const SOCKET = Object.defineProperty(new Socket(), 'remoteAddress', { value: '127.0.0.1' });
