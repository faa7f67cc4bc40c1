import { once } from 'node:events';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import express, { type Express } from 'express';
import { Redis } from 'ioredis';
import { type Browser, chromium } from 'playwright-core';
import { type AdminRouterOptions, adminRouter } from '../../admin-router/index.js';
import {
  createLatchkey,
  FULL_ACCESS,
  type Latchkey,
  type LatchkeyOptions,
  MemoryStore,
  type SessionOptions,
  type Store,
} from '../../lib/index.js';
import { RedisStore } from '../../lib/stores/redis/redis-store.js';
import { until } from '../conformance/store-suite.js';
import { PATIENT } from '../support/patience.js';
import { People } from '../support/people.js';
import { type RedisServer, startRedis } from '../support/redis-server.js';
import { Visitor, type VisitorOptions } from './visitor.js';

const FLAGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

export interface StageOptions {
  /** Default `memory`. */
  readonly store?: 'memory' | 'redis';
  /** How long the Redis store waits for an answer, in ms. Default `PATIENT`'s. */
  readonly timeoutMs?: number;
  /** Where the admin router is mounted. Default `/auth`. */
  readonly mount?: string;
  readonly page?: AdminRouterOptions['page'];
  readonly session?: Partial<SessionOptions>;
  readonly options?: Omit<LatchkeyOptions, 'store' | 'users' | 'session'>;
  /** Routes of the app's own, before the admin router. */
  readonly add?: (app: Express, latchkey: Latchkey) => void;
}

/**
 * An app with the admin router over real HTTP, and a real Chromium to visit it with. In its directory are `alice` (who manages
 * her own keys), `root` (who may do everything), `bob` (the same as alice) and `mia` (who needs an MFA code), all of `acme`.
 */
export interface Stage {
  /** Of the page, with the slash at its end. */
  readonly url: string;
  readonly people: People;
  readonly latchkey: Latchkey;
  readonly store: Store;
  /** The server below a Redis store, to be frozen or killed; null for the memory store. */
  readonly redis: RedisServer | null;
  /** A browser of somebody's own: with no cookie and nothing stored. */
  visit(options?: VisitorOptions): Promise<Visitor>;
  /** For `afterEach`. @throws Error when a page has complained, or has asked another host for something. */
  leave(): Promise<void>;
  close(): Promise<void>;
}

export async function startStage({
  store: kind = 'memory',
  timeoutMs = PATIENT.timeoutMs,
  mount = '/auth',
  page,
  session,
  options,
  add,
}: StageOptions = {}): Promise<Stage> {
  const people = newPeople();
  const database =
    kind === 'redis'
      ? await startDatabase(timeoutMs)
      : { store: new MemoryStore(), server: null, stop: async () => {} };
  const latchkey = createLatchkey({
    ...options,
    store: database.store,
    users: people,
    session: { secret: 'a secret of at least 32 characters', cookie: { secure: false }, ...session },
  });
  const app = express();
  add?.(app, latchkey);
  app.use(mount, adminRouter(latchkey, page === undefined ? {} : { page }));
  const server: Server = app.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const browser = await launch();
  const host = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const url = `${host}${mount}`.replace(/\/*$/, '/');
  let visitors: Visitor[] = [];

  async function leave(): Promise<void> {
    const gone = visitors;
    visitors = [];
    const faults = (await Promise.all(gone.map((visitor) => visitor.leave()))).flat();
    if (faults.length > 0) throw new Error(`the page complained:\n${faults.join('\n')}`);
  }

  return {
    url,
    people,
    latchkey,
    store: database.store,
    redis: database.server,
    leave,
    async visit(settings = {}) {
      const visitor = await Visitor.open(browser, url, settings);
      visitors.push(visitor);
      return visitor;
    },
    async close() {
      await leave().finally(() => browser.close());
      server.closeAllConnections();
      server.close();
      await latchkey.close();
      await database.stop();
    },
  };
}

/** What a manager of keys has, in `acme`. */
function newPeople(): People {
  const own = [{ ...FULL_ACCESS, actions: ['keys:manage-own', 'orders:*'] }];
  return new People()
    .set('alice', { userName: 'Alice', statements: own })
    .set('bob', { userName: 'Bob', statements: own })
    .set('mia', { userName: 'Mia', statements: own, requiresMfa: true })
    .set('root', { userName: 'Root', statements: [FULL_ACCESS] });
}

async function startDatabase(
  timeoutMs: number,
): Promise<{ store: RedisStore; server: RedisServer; stop(): Promise<void> }> {
  const server = await startRedis();
  const client = new Redis(server.url);
  const store = new RedisStore(client, { timeoutMs });
  await until('the change feed is live', () => store.changes.isLive);
  return {
    store,
    server,
    async stop() {
      client.disconnect();
      await server.stop();
    },
  };
}

function launch(): Promise<Browser> {
  return chromium.launch({ executablePath: process.env.CHROMIUM || '/usr/bin/chromium', headless: true, args: FLAGS });
}
