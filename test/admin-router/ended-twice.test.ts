import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Express } from 'express';
import { Redis } from 'ioredis';
import { illumio } from '../../admin-router/dialects/illumio.js';
import { trend } from '../../admin-router/dialects/trend.js';
import { adminRouter } from '../../admin-router/index.js';
import { type DialectSessions, type Latchkey, Refusal } from '../../lib/index.js';
import { RedisStore } from '../../lib/stores/redis/redis-store.js';
import { until } from '../conformance/store-suite.js';
import { type DialectApp, startDialectApp } from '../support/dialect-app.js';
import { PATIENT } from '../support/patience.js';
import { PASSWORD } from '../support/people.js';
import { type RedisServer, startRedis } from '../support/redis-server.js';
import { newLatchkey, SECRET, type SessionApp, send, startSessionApp } from '../support/session-app.js';
import { logIn } from './dialects/illumio-driver.js';
import { type Stage, startStage } from './dialects/stage.js';

/** So long that what is remembered in it would show. */
const REMEMBER_MS = 500;
/** After the one has deleted the session, long before it answers. */
const SOON_MS = 60;

/** Two processes of an app, of which the one ends a session, and the other is asked to while the one still waits. */
describe('a session that somebody else has just ended is over, too, when the answer is sent', () => {
  let server: RedisServer;
  let closing: (() => unknown)[];

  beforeEach(async () => {
    server = await startRedis();
    closing = [];
  });

  afterEach(async () => {
    for (const close of closing.toReversed()) await close();
    await server.stop();
  });

  async function openStore(): Promise<RedisStore> {
    const client = new Redis(server.url);
    closing.push(() => client.disconnect());
    const store = new RedisStore(client, PATIENT);
    await until('the change feed is live', () => store.changes.isLive);
    return store;
  }

  async function open(): Promise<Latchkey> {
    const latchkey = newLatchkey({ store: await openStore(), session: { rememberMs: REMEMBER_MS } });
    closing.push(() => latchkey.close());
    return latchkey;
  }

  async function openApp(): Promise<SessionApp> {
    const add = (app: Express, latchkey: Latchkey) => {
      app.use('/auth', adminRouter(latchkey));
      app.post('/destroy', latchkey.session(), async (req, res) => {
        await sleep(2 * SOON_MS); // it was read before anybody ended it
        await new Promise<void>((resolve) => req.session.destroy(() => resolve()));
        res.status(204).end();
      });
    };
    const app = await startSessionApp(await open(), { add });
    closing.push(() => app.close());
    return app;
  }

  async function openStage(): Promise<Stage> {
    const mount: Parameters<typeof startStage>[0] = (app, latchkey) => {
      app.use('/trend', trend(latchkey, { legacySignIn: true, sessions: { secureCookie: false } }));
      app.use('/', illumio(latchkey));
    };
    const session = { secret: SECRET, cookie: { secure: false }, rememberMs: REMEMBER_MS };
    const stage = await startStage(mount, { store: await openStore(), session });
    closing.push(() => stage.close());
    return stage;
  }

  it.each<[string, number, (app: SessionApp, headers: LoggedInHeaders, id: string) => Promise<{ status: number }>]>([
    ['DELETE /sessions/current', 204, ({ port }, headers) => send(port, 'DELETE', '/auth/sessions/current', headers)],
    ['DELETE /sessions/:id', 404, ({ port }, headers, id) => send(port, 'DELETE', `/auth/sessions/${id}`, headers)],
    ['DELETE /sessions', 200, ({ port }, headers) => send(port, 'DELETE', '/auth/sessions', headers)],
  ])('%s', async (_, status, end) => {
    const [one, other] = [await openApp(), await openApp()];
    const { headers, session } = await one.login('ada');
    expect((await other.call('GET', '/me', headers)).status).toBe(200);
    const first = one.call('DELETE', '/login', headers);
    await sleep(SOON_MS);
    const second = await end(other, headers, session.id);
    expect([second.status, (await other.call('GET', '/me', headers)).status]).toEqual([status, 401]);
    await first;
  });

  it('req.session.destroy()', async () => {
    const [one, other] = [await openApp(), await openApp()];
    const { headers } = await one.login('ada');
    expect((await other.call('GET', '/me', headers)).status).toBe(200);
    const second = other.call('POST', '/destroy', headers);
    await sleep(SOON_MS);
    const first = one.call('DELETE', '/login', headers);
    expect((await second).status).toBe(204);
    expect((await other.call('GET', '/me', headers)).status).toBe(401);
    await first;
  });

  it('a login in its place, sent twice at once', async () => {
    const [one, other] = [await openApp(), await openApp()];
    const before = await one.login('ada');
    expect((await other.call('GET', '/me', before.headers)).status).toBe(200);
    const again = async () => {
      await one.login('ada', { headers: before.headers });
      return (await other.call('GET', '/me', before.headers)).status;
    };
    expect(await Promise.all([again(), again()])).toEqual([401, 401]);
  });

  it('one of a dialect', async () => {
    const [one, other] = [await open(), await open()];
    const apps: DialectApp[] = [await startDialectApp(one), await startDialectApp(other)];
    closing.push(...apps.map((app) => () => app.close()));
    const within = <Answer>(at: 0 | 1, work: Parameters<DialectApp['within']>[0]) => apps[at]?.within(work) as Answer;
    const [here, there] = [one, other].map(({ dialects }) => dialects.sessions) as [DialectSessions, DialectSessions];
    const user = await one.dialects.findUser('ada');
    if (user === null) throw new Error('there is no ada');
    const options = { sessionId: draw(), requestId: draw(), idleMs: 600_000, absoluteMs: 3_600_000 };
    await within(0, (req) => here.open(req, { user, failed: { count: 0, lastAt: null } }, options));
    const isIn = async () =>
      !((await within(1, (req) => there.verify(req, options.sessionId, options))) instanceof Refusal);
    expect(await isIn()).toBe(true);
    const first = within<Promise<boolean>>(0, (req) => here.end(req, options.sessionId, 'ada'));
    await sleep(SOON_MS);
    expect(await isIn()).toBe(true); // remembered
    expect(await within(1, (req) => there.end(req, options.sessionId, 'ada'))).toBe(false);
    expect(await isIn()).toBe(false);
    expect(await first).toBe(true);
  });

  it('that of an Illumio client', async () => {
    const [one, other] = [await openStage(), await openStage()];
    const { headers, login } = await logIn(one, 'ada');
    const use = async () => (await other.send('GET', `/api/v2${login.href}/api_keys`, headers)).status;
    expect(await use()).toBe(200);
    const logOut = (stage: Stage) => stage.send('PUT', `/api/v2${login.href}/logout`, headers, {});
    const first = logOut(one);
    await sleep(SOON_MS);
    expect([(await logOut(other)).status, await use()]).toEqual([204, 401]);
    expect((await first).status).toBe(204);
  });

  it('that of an older Trend client', async () => {
    const [one, other] = [await openStage(), await openStage()];
    const body = { dsCredentials: { userName: 'ada', password: PASSWORD } };
    const { text: sID } = await one.send('POST', '/trend/rest/authentication/login/primary', {}, body);
    const use = async () => (await other.send('GET', '/trend/api/apikeys', { cookie: `sID=${sID}` })).status;
    expect(await use()).toBe(200);
    const logOut = (stage: Stage) => stage.send('DELETE', `/trend/rest/authentication/logout?sID=${sID}`, {}, {});
    const first = logOut(one);
    await sleep(SOON_MS);
    expect([(await logOut(other)).status, await use()]).toEqual([200, 401]);
    expect((await first).status).toBe(200);
  });
});

type LoggedInHeaders = Readonly<Record<string, string>>;

const draw = () => randomBytes(16).toString('hex').toUpperCase();
