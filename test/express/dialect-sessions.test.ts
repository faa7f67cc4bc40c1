import { randomBytes } from 'node:crypto';
import { sign } from 'cookie-signature';
import { Redis } from 'ioredis';
import {
  type Authenticated,
  createLatchkey,
  type DialectSessions,
  LAST_INSTANT,
  type Latchkey,
  type LatchkeyEvent,
  type OpenSessionOptions,
  type Principal,
  Refusal,
  type Session,
  type SessionOptions,
} from '../../lib/index.js';
import { generateSessionId, publicSessionId } from '../../lib/sessions/session-id.js';
import { RedisStore } from '../../lib/stores/redis/redis-store.js';
import { until } from '../conformance/store-suite.js';
import { Clock, START_AT } from '../lib/clock.js';
import { refusalOf } from '../lib/refusals.js';
import { type DialectApp, startDialectApp } from '../support/dialect-app.js';
import { PATIENT } from '../support/patience.js';
import { People } from '../support/people.js';
import { startRedis } from '../support/redis-server.js';
import { basic, idInCookie, SECRET } from '../support/session-app.js';
import { SESSION_STORES, type SessionDatabase } from '../support/session-stores.js';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
/** The longest that a session of `SESSION_STORES` can be made to idle out of. */
const IDLE_MS = 30 * MINUTE_MS;

/** Secrets as Trend's clients have them. */
const draw = () => randomBytes(16).toString('hex').toUpperCase();

describe.each(SESSION_STORES)('sessions of a dialect on $name', ({ start }) => {
  let clock: Clock;
  let database: SessionDatabase;
  let people: People;
  let latchkey: Latchkey;
  let sessions: DialectSessions;
  let app: DialectApp;
  let events: LatchkeyEvent[];

  beforeEach(async () => {
    clock = new Clock();
    people = new People().set('ada', { statements: [{ actions: ['orders:read'] }] }).set('bob');
    database = await start(clock);
    await launch();
  });
  afterEach(async () => {
    await app.close();
    await latchkey.close();
    await database.stop();
  });

  async function launch(session: Partial<SessionOptions> = {}): Promise<void> {
    latchkey = createLatchkey({
      store: await database.open(),
      users: people,
      now: clock.now,
      session: { secret: SECRET, cookie: { secure: false }, ...session },
    });
    sessions = latchkey.dialects.sessions as DialectSessions;
    app = await startDialectApp(latchkey, (host) => host.use('/me', latchkey.session()));
    events = [];
    latchkey.on('*', (event) => void events.push(event));
  }

  async function relaunch(session: Partial<SessionOptions>): Promise<void> {
    await app.close();
    await latchkey.close();
    await database.stop();
    database = await start(clock);
    await launch(session);
  }

  const whoIs = async (id: string): Promise<Authenticated> => {
    const user = await latchkey.dialects.findUser(id);
    if (user === null) throw new Error(`there is no ${id}`);
    return { user, failed: { count: 2, lastAt: START_AT - 1 } };
  };

  async function open(fields: Partial<OpenSessionOptions> = {}, userId = 'ada') {
    const options = { sessionId: draw(), requestId: draw(), idleMs: IDLE_MS, absoluteMs: HOUR_MS, ...fields };
    const who = await whoIs(userId);
    const session = await app.within((req) => sessions.open(req, who, options), { 'user-agent': 'curl/8' });
    return { ...options, session };
  }

  const verify = (sessionId: string, requestId?: string | null, idleMs = IDLE_MS) =>
    app.within((req) => sessions.verify(req, sessionId, { idleMs, requestId }));
  const outcome = (verdict: Principal | Refusal) => (verdict instanceof Refusal ? verdict.reason : verdict.id);
  const idsOf = (found: readonly Session[] | undefined) => found?.map(({ id }) => id).toSorted();

  it('let their user in, with the rights of now, and are listed as all sessions are', async () => {
    const { sessionId, requestId, session } = await open();
    const principal = await verify(sessionId, requestId);
    const credential = { kind: 'session', id: session.id, name: 'ada', scheme: 'session-cookie' };
    expect(principal).toMatchObject({
      id: 'ada',
      orgId: 'acme',
      credential,
      statements: [{ actions: ['orders:read'] }],
    });
    expect(session).toEqual({
      id: publicSessionId(sessionId),
      userId: 'ada',
      orgId: 'acme',
      userName: 'ada',
      kind: 'dialect',
      createdAt: START_AT,
      expiresAt: START_AT + HOUR_MS,
      idleMs: IDLE_MS,
      idleExpiresAt: START_AT + IDLE_MS,
      lastActivityAt: START_AT,
      address: '127.0.0.1',
      userAgent: 'curl/8',
      unsuccessfulSignInAttempts: 2,
      lastFailedSignInAt: START_AT - 1,
    });
    const other = await open({ requestId: null });
    expect(idsOf(await latchkey.sessions?.list('ada'))).toEqual([session.id, other.session.id].toSorted());
    expect(idsOf(await sessions.list('ada'))).toEqual([session.id, other.session.id].toSorted());
    expect(await sessions.find(sessionId)).toMatchObject({ id: session.id, userId: 'ada' });
    expect(await latchkey.sessions?.find(session.id)).toMatchObject({ kind: 'dialect' });
    expect(events.filter(({ type }) => type === 'session.started')).toMatchObject([
      { sessionId: session.id, userId: 'ada', kind: 'dialect', address: '127.0.0.1' },
      { sessionId: other.session.id },
    ]);
  });

  it('need their request id, if they have one, whatever is said to be needed', async () => {
    const { sessionId, requestId, session } = await open();
    const other = await open();
    expect(outcome(await verify(sessionId))).toBe('request_id_missing');
    expect(outcome(await verify(sessionId, null))).toBe('request_id_missing');
    expect(outcome(await verify(sessionId, ''))).toBe('request_id_wrong');
    expect(outcome(await verify(sessionId, other.requestId))).toBe('request_id_wrong');
    expect(outcome(await verify(sessionId, requestId))).toBe('ada');
    await until('they are counted', async () => (await latchkey.sessions?.requestIdFailures(session.id)) === 4);
    const free = await open({ requestId: null });
    const verdicts = [await verify(free.sessionId), await verify(free.sessionId, null)];
    expect(verdicts.map(outcome)).toEqual(['ada', 'ada']);
    expect(verdicts.map((verdict) => (verdict as Principal).credential.scheme)).toEqual(['session-cookie', 'basic']);
    // one that has none is not to be had where sessions have one
    expect(outcome(await verify(free.sessionId, requestId))).toBe('request_id_wrong');
  });

  it('slide by what they are read with, and end unused', async () => {
    const { sessionId, requestId, session } = await open({ idleMs: MINUTE_MS });
    expect((await sessions.find(sessionId))?.idleExpiresAt).toBeLessThanOrEqual(START_AT + MINUTE_MS);
    expect(outcome(await verify(sessionId, requestId, IDLE_MS))).toBe('ada');
    expect((await sessions.find(sessionId))?.idleExpiresAt).toBeGreaterThan(START_AT + IDLE_MS - MINUTE_MS);
    await database.idleOut(session.id);
    expect(outcome(await verify(sessionId, requestId))).toBe('session_ended');
    expect(await sessions.find(sessionId)).toBeNull();
    expect(await sessions.list('ada')).toEqual([]);
  });

  it('end at their absolute end, however often they are used', async () => {
    const { sessionId, requestId } = await open({ absoluteMs: HOUR_MS });
    for (let used = 0; used < 5; used++) {
      clock.advance(10 * MINUTE_MS);
      expect(outcome(await verify(sessionId, requestId))).toBe('ada');
    }
    clock.advance(10 * MINUTE_MS);
    expect(await sessions.find(sessionId)).toBeNull();
    expect(outcome(await verify(sessionId, requestId))).toBe('session_ended');
    clock.nowAt = START_AT; // also where a clock goes wrong: it is gone
    await until('it is gone', async () => (await sessions.find(sessionId)) === null);
  });

  it('have their own times, whatever those of the instance', async () => {
    await relaunch({ idleMs: 2_000, absoluteMs: 3_000 });
    const { session } = await open({ idleMs: HOUR_MS, absoluteMs: Number.POSITIVE_INFINITY });
    expect(session).toMatchObject({ idleMs: HOUR_MS, expiresAt: LAST_INSTANT });
    const long = await open({ idleMs: HOUR_MS, absoluteMs: Number.MAX_SAFE_INTEGER });
    expect(long.session.expiresAt).toBe(LAST_INSTANT);
    expect(await sessions.list('ada')).toHaveLength(2);
  });

  it('are ended one by one, all together, and with their user', async () => {
    const [one, two, three, bobs] = [await open(), await open(), await open(), await open({}, 'bob')];
    const end = (sessionId: string, userId: string) => app.within((req) => sessions.end(req, sessionId, userId));
    expect([await end(one.sessionId, 'bob'), await end(draw(), 'ada')]).toEqual([false, false]);
    expect([await end(one.sessionId, 'ada'), await end(one.sessionId, 'ada')]).toEqual([true, false]);
    expect(outcome(await verify(one.sessionId, one.requestId))).toBe('session_ended');
    expect(events.filter(({ type }) => type === 'session.ended')).toMatchObject([
      { sessionId: one.session.id, userId: 'ada', actorId: 'ada', address: '127.0.0.1' },
    ]);
    expect(await latchkey.sessions?.end(two.session.id, 'ada')).toBe(true);
    expect(outcome(await verify(two.sessionId, two.requestId))).toBe('session_ended');
    expect(outcome(await verify(three.sessionId, three.requestId))).toBe('ada');
    expect(await latchkey.sessions?.endAll('ada')).toBe(1);
    expect(outcome(await verify(three.sessionId, three.requestId))).toBe('session_ended');
    people.set('bob', { isEnabled: false });
    await latchkey.userChanged('bob');
    expect(outcome(await verify(bobs.sessionId, bobs.requestId))).toBe('session_ended');
    people.set('bob', { isEnabled: true });
    await latchkey.userChanged('bob');
    expect(outcome(await verify(bobs.sessionId, bobs.requestId))).toBe('session_ended');
  });

  it('do not let a user in who was disabled without a word', async () => {
    const { sessionId, requestId } = await open();
    people.set('ada', { isEnabled: false });
    clock.advance(MINUTE_MS); // as long as a user is cached
    expect(outcome(await verify(sessionId, requestId))).toBe('owner_disabled');
    expect(outcome(await verify(sessionId, null))).toBe('request_id_missing');
  });

  it.each(['end-oldest', 'refuse'] as const)('count towards the limit of the user: %s', async (whenFull) => {
    await relaunch({ maxPerUser: 2, whenFull });
    const native = await app.within(async (req) => {
      const { res } = req;
      if (res === undefined) throw new Error('there is a response');
      return await latchkey.sessions?.start(req, res, await whoIs('ada'), { token: true });
    });
    clock.advance(1);
    const one = await open();
    clock.advance(1);
    if (whenFull === 'refuse') {
      const sessionId = draw();
      expect(await refusalOf(open({ sessionId, requestId: null }))).toMatchObject({ code: 'conflict', status: 409 });
      expect(outcome(await verify(sessionId))).toBe('session_ended');
      expect(await sessions.list('ada')).toHaveLength(2);
    } else {
      const two = await open();
      expect(idsOf(await sessions.list('ada'))).toEqual([one.session.id, two.session.id].toSorted());
      expect(await latchkey.sessions?.find(native?.session.id ?? '')).toBeNull();
    }
  });

  it('can be fewer than the instance allows: one more is refused', async () => {
    await open({ maxPerUser: 2 });
    await open({ maxPerUser: 2 });
    const sessionId = draw();
    expect(await refusalOf(open({ sessionId, maxPerUser: 2 }))).toMatchObject({ code: 'conflict', status: 409 });
    expect(await sessions.find(sessionId)).toBeNull();
    expect(await sessions.list('ada')).toHaveLength(2);
    expect((await open({ maxPerUser: 2 }, 'bob')).session.userId).toBe('bob');
    await expect(open({ maxPerUser: 0 })).rejects.toThrow('maxPerUser must be at least 1');
  });

  describe('are good in their own way only:', () => {
    it('no session of our own is let in by them, nor slid', async () => {
      const started = async (token: boolean) =>
        await app.within(async (req) => {
          if (req.res === undefined) throw new Error('there is a response');
          const begun = await latchkey.sessions?.start(req, req.res, await whoIs('ada'), { token });
          return { begun, cookie: String(req.res.getHeader('set-cookie') ?? '').split(';')[0] ?? '' };
        });
      const [cookie, token] = [await started(false), await started(true)];
      const secrets = [idInCookie(cookie.cookie), token.begun?.sessionToken ?? ''];
      for (const secret of secrets) {
        const before = await latchkey.sessions?.find(publicSessionId(secret));
        expect(before?.userId).toBe('ada');
        for (const requestId of [undefined, null, cookie.begun?.requestId]) {
          expect(outcome(await verify(secret, requestId, 366 * 24 * HOUR_MS))).toBe('session_ended');
        }
        expect(await sessions.find(secret)).toBeNull();
        expect(await app.within((req) => sessions.end(req, secret, 'ada'))).toBe(false);
        const after = await latchkey.sessions?.find(publicSessionId(secret));
        expect(after?.idleExpiresAt).toBeLessThanOrEqual((before?.idleExpiresAt ?? 0) + MINUTE_MS);
      }
      const headers = { cookie: cookie.cookie, rid: cookie.begun?.requestId ?? '' };
      expect((await app.call('/me', headers)).status).toBe(200);
    });

    it('they are let in neither by cookie nor by token', async () => {
      for (const requestId of [null, draw()]) {
        const { sessionId, session } = await open({ requestId });
        const signed = `sID=${encodeURIComponent(`s:${sign(sessionId, SECRET)}`)}`;
        for (const headers of [
          { cookie: `sID=${sessionId}`, rid: requestId ?? '' },
          { cookie: signed, rid: requestId ?? '' }, // as if the secret of cookies were known
          { cookie: signed },
          { authorization: basic(`session_${session.id.slice(0, 16)}`, sessionId) },
          { authorization: basic('ada', sessionId) },
          { 'x-api-key': sessionId },
        ]) {
          expect((await app.call('/me', headers as Record<string, string>)).status).toBe(401);
        }
        expect(outcome(await verify(sessionId, requestId))).toBe('ada');
      }
    });

    it('nor with secrets that have the form of our own, which are refused when they are drawn', async () => {
      const sessionId = generateSessionId({ idleMs: HOUR_MS, expiresAt: START_AT + HOUR_MS });
      await expect(open({ sessionId })).rejects.toThrow('sessionId must not have the form of Latchkey’s own');
    });
  });

  it('have secrets and times that hold', async () => {
    const wrong: Partial<OpenSessionOptions>[] = [
      { sessionId: 'a'.repeat(21) },
      { sessionId: 'a'.repeat(257) },
      { requestId: '' },
      { idleMs: 999 },
      { idleMs: Number.POSITIVE_INFINITY },
      { absoluteMs: 0 },
      { absoluteMs: Number.NaN },
    ];
    for (const fields of wrong) {
      const fault = await open(fields).catch((error: unknown) => error);
      expect(fault).toBeInstanceOf(TypeError);
      expect((fault as TypeError).message).toMatch(new RegExp(`^${Object.keys(fields)[0]} must be`));
    }
    await expect(verify(draw(), null, 0)).rejects.toThrow('idleMs must be');
    expect(await sessions.list('ada')).toEqual([]);
  });

  it('cannot take over one that has the same id', async () => {
    const { sessionId, requestId } = await open();
    await expect(open({ sessionId }, 'bob')).rejects.toThrow('the session id is taken');
    expect(outcome(await verify(sessionId, requestId))).toBe('ada');
    expect(await sessions.list('bob')).toEqual([]);
  });

  it('that are refused are told of, without a secret', async () => {
    const { sessionId, requestId } = await open();
    await verify(sessionId, draw());
    await verify(draw(), null);
    const about = { path: '/job', address: '127.0.0.1', credentialId: null };
    expect(events.filter(({ type }) => type === 'request.refused')).toMatchObject([
      { ...about, reason: 'request_id_wrong', scheme: 'session-cookie' },
      { ...about, reason: 'session_ended', scheme: 'basic' },
    ]);
    const told = JSON.stringify(events);
    expect(told).not.toContain(sessionId);
    expect(told).not.toContain(requestId);
  });
});

describe('sessions of a dialect without an end', () => {
  it('leave nothing in the list of their user once they are over', async () => {
    const server = await startRedis();
    const client = new Redis(server.url);
    const store = new RedisStore(client, PATIENT);
    const latchkey = createLatchkey({ store, users: new People().set('ada'), session: { secret: SECRET } });
    const app = await startDialectApp(latchkey);
    const user = { id: 'ada', orgId: 'acme', userName: 'ada', isEnabled: true };
    const open = async (absoluteMs: number): Promise<string> => {
      const options = { sessionId: draw(), requestId: null, idleMs: MINUTE_MS, absoluteMs };
      const who = { user, failed: { count: 0, lastAt: null } };
      return (await app.within(async (req) => await latchkey.dialects.sessions?.open(req, who, options)))?.id ?? '';
    };
    const first = await open(Number.POSITIVE_INFINITY);
    await client.del(`latchkey:sess:{${first}}`); // as if it had not been used for long
    const second = await open(Number.POSITIVE_INFINITY);
    expect(await client.zrange('latchkey:user-sess:{ada}', '0', '-1')).toEqual([second]);
    await app.close();
    await latchkey.close();
    client.disconnect();
    await server.stop();
  });
});
