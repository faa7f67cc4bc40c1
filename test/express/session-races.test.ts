import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { RedisStore as ConnectRedisStore } from 'connect-redis';
import express, { type Express, type Request } from 'express';
import session from 'express-session';
import { Redis } from 'ioredis';
import { until } from '../conformance/store-suite.js';
import { Clock } from '../lib/clock.js';
import { type RedisServer, startRedis } from '../support/redis-server.js';
import { newLatchkey, SECRET, send, startSessionApp } from '../support/session-app.js';
import { SESSION_STORES } from '../support/session-stores.js';

const ROUNDS = 50;

/** An app in which requests can be held while others go on. */
interface Contestant {
  readonly name: string;
  start(): Promise<RunningContestant>;
}

interface RunningContestant {
  readonly port: number;
  /** Headers of a new session. */
  login(): Promise<Record<string, string>>;
  logout(headers: Record<string, string>): Promise<void>;
  stop(): Promise<void>;
}

/** Holds requests until as many as are expected have come in, or until they are let go. */
class Gate {
  #waiting: (() => void)[] = [];

  get count(): number {
    return this.#waiting.length;
  }

  wait(): Promise<void> {
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  open(): void {
    for (const go of this.#waiting.splice(0)) go();
  }
}

const gate = new Gate();

function dataOf(req: Request): Record<string, unknown> {
  return (req as unknown as { session: Record<string, unknown> }).session;
}

function addRoutes(app: Express): void {
  app.post('/held/:field', async (req, res) => {
    await gate.wait();
    dataOf(req)[req.params.field] = 'written';
    res.end();
  });
  app.get('/data', (req, res) => {
    const { cookie: _, ...data } = dataOf(req);
    res.json(data);
  });
}

const OURS: Contestant[] = SESSION_STORES.map(({ name, start }) => ({
  name: `ours on ${name}`,
  async start() {
    const clock = new Clock();
    const database = await start(clock);
    const latchkey = newLatchkey({ store: await database.open(), now: clock.now });
    const app = await startSessionApp(latchkey, { isMounted: true, add: addRoutes });
    return {
      port: app.port,
      login: async () => ({ ...(await app.login('ada')).headers }),
      async logout(headers) {
        expect((await app.call('DELETE', '/login', headers)).status).toBe(204);
      },
      async stop() {
        await app.close();
        await latchkey.close();
        await database.stop();
      },
    };
  },
}));

const PLAIN: Contestant = {
  name: 'plain express-session and connect-redis',
  async start() {
    const redis: RedisServer = await startRedis();
    const client = new Redis(redis.url);
    const app = express();
    const store = new ConnectRedisStore({ client });
    app.use(session({ secret: SECRET, store, resave: false, saveUninitialized: false }));
    addRoutes(app);
    app.post('/login', (req, res) => {
      dataOf(req).userId = 'ada';
      res.status(201).end();
    });
    app.delete('/login', (req, res) => req.session.destroy(() => void res.status(204).end()));
    const server = app.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    return {
      port,
      async login() {
        const { cookies } = await send(port, 'POST', '/login', {});
        return { cookie: cookies[0]?.split(';')[0] ?? '' };
      },
      async logout(headers) {
        expect((await send(port, 'DELETE', '/login', headers)).status).toBe(204);
      },
      async stop() {
        server.close();
        server.closeAllConnections();
        await once(server, 'close');
        client.disconnect();
        await redis.stop();
      },
    };
  },
};

describe('requests of one session at once', () => {
  const lost: Record<string, number> = {};
  const returned: Record<string, number> = {};

  describe.each([...OURS, PLAIN])('$name', ({ name, start }) => {
    let app: RunningContestant;
    const isOurs = name !== PLAIN.name;

    beforeAll(async () => {
      app = await start();
    });

    afterAll(() => app.stop());

    async function dataFor(headers: Record<string, string>): Promise<Record<string, unknown>> {
      return JSON.parse((await send(app.port, 'GET', '/data', headers)).body);
    }

    /** Sends requests that write one field each, all of which have read the session before any writes. */
    async function writeAtOnce(headers: Record<string, string>, fields: readonly string[]): Promise<void> {
      const replies = fields.map((field) => send(app.port, 'POST', `/held/${field}`, headers));
      await until('all have read the session', () => gate.count === fields.length);
      gate.open();
      for (const { status } of await Promise.all(replies)) expect(status).toBe(200);
    }

    it('counts, over 50 rounds, what is lost of two that write different fields', async () => {
      let count = 0;
      for (let round = 0; round < ROUNDS; round++) {
        const headers = await app.login();
        await writeAtOnce(headers, ['a', 'b']);
        const { a, b } = await dataFor(headers);
        if (a !== 'written' || b !== 'written') count++;
      }
      lost[name] = count;
      expect(count).toBe(isOurs ? 0 : ROUNDS);
    });

    it('counts, over 50 rounds, the sessions that a slow request brings back after logout', async () => {
      let count = 0;
      for (let round = 0; round < ROUNDS; round++) {
        const headers = await app.login();
        const slow = send(app.port, 'POST', '/held/late', headers);
        await until('it has read the session', () => gate.count === 1);
        await app.logout(headers);
        gate.open();
        await slow;
        const data = await dataFor(headers);
        const isIn = isOurs ? (await send(app.port, 'GET', '/me', headers)).status === 200 : data.userId === 'ada';
        if (isIn || data.late !== undefined) count++;
      }
      returned[name] = count;
      expect(count).toBe(isOurs ? 0 : ROUNDS);
    });

    if (!isOurs) return;

    it('keeps the fields of thirty', async () => {
      const headers = await app.login();
      const fields = Array.from({ length: 30 }, (_, n) => `field${n}`);
      await writeAtOnce(headers, fields);
      expect(Object.keys(await dataFor(headers)).sort()).toEqual([...fields].sort());
    });

    it('keeps the last of two that write the same field', async () => {
      const headers = await app.login();
      await writeAtOnce(headers, ['same', 'same']);
      expect(await dataFor(headers)).toEqual({ same: 'written' });
    });
  });

  afterAll(() => {
    const row = (counts: Record<string, number>) =>
      Object.entries(counts)
        .map(([name, count]) => `${name} ${count} of ${ROUNDS}`)
        .join(', ');
    process.stdout.write(`lost: ${row(lost)}\nbrought back after logout: ${row(returned)}\n`);
  });
});
