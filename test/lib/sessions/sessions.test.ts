import type { CoreOptions } from '../../../lib/core.js';
import type { LoginRecord, Session } from '../../../lib/sessions/login-record.js';
import { parseSessionId } from '../../../lib/sessions/session-id.js';
import type { BegunSession, SessionTimeOptions } from '../../../lib/sessions/sessions.js';
import { SESSION_STORES } from '../../support/session-stores.js';
import { START_AT } from '../clock.js';
import { refusalOf } from '../refusals.js';
import { type SessionProcess, SessionProcesses } from '../session-process.js';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;

describe.each(SESSION_STORES)('sessions on $name', ({ start }) => {
  const processes = new SessionProcesses(start);
  const open = (times?: SessionTimeOptions, options?: Partial<CoreOptions>) => processes.open(times, options);

  const idsOf = (sessions: readonly Session[]) => sessions.map(({ id }) => id);
  const livesOf = ({ idleMs, expiresAt }: LoginRecord) => ({ idleMs, absoluteMs: expiresAt - processes.clock.nowAt });

  describe('their times', () => {
    it('are 30 minutes without use, 10 for tokens, and 12 hours in all', async () => {
      const app = await open();
      expect(livesOf((await app.login('ada')).login)).toEqual({ idleMs: 30 * MINUTE_MS, absoluteMs: 12 * HOUR_MS });
      const { login } = await app.login('ada', { kind: 'token' });
      expect(livesOf(login)).toEqual({ idleMs: 10 * MINUTE_MS, absoluteMs: 12 * HOUR_MS });
    });

    it('can be shorter for a login, never longer', async () => {
      const app = await open({ idleMs: 5_000, tokenIdleMs: 3_000, absoluteMs: 9_000 });
      const { login } = await app.login('ada', { idleMs: 2_000, absoluteMs: 4_000 });
      expect(livesOf(login)).toEqual({ idleMs: 2_000, absoluteMs: 4_000 });
      for (const fields of [
        { idleMs: 5_001 },
        { idleMs: 3_001, kind: 'token' as const },
        { absoluteMs: 9_001 },
        { idleMs: 999 },
        { idleMs: 1_000.5 },
        { idleMs: Number.NaN },
        { absoluteMs: 0 },
        { absoluteMs: Number.POSITIVE_INFINITY },
      ]) {
        const refusal = await refusalOf(app.login('ada', fields));
        const [path] = Object.keys(fields);
        expect(refusal).toMatchObject({ code: 'invalid_request', status: 400, errors: [{ path }] });
      }
      expect(await app.sessions.list('ada')).toHaveLength(1);
    });

    it('are in the secret id too, so that one command can slide it', async () => {
      const app = await open();
      const { sessionId, login } = await app.login('ada', { idleMs: 90_000 });
      expect(parseSessionId(sessionId)).toEqual({ idleMs: 90_000, expiresAt: login.expiresAt });
    });

    it('end the session at the absolute end, however often it is used', async () => {
      const app = await open({ absoluteMs: HOUR_MS });
      for (const kind of ['cookie', 'token'] as const) {
        const begun = await app.login('ada', { kind });
        for (let n = 0; n < 12; n++) {
          expect(await app.enter(begun)).toMatchObject({ id: 'ada', credential: { kind: 'session' } });
          processes.clock.advance(5 * MINUTE_MS);
        }
        expect(await app.enter(begun)).toBeNull();
        expect(await app.sessions.find(begun.id)).toBeNull();
        expect(await app.sessions.list('ada')).toEqual([]);
      }
    });

    it('end the session that is not used', async () => {
      const app = await open();
      const begun = await app.login('ada');
      await processes.database.idleOut(begun.id);
      expect(await app.enter(begun)).toBeNull();
      expect(await app.sessions.list('ada')).toEqual([]);
    });

    it.each<[SessionTimeOptions, string]>([
      [{ idleMs: 999 }, 'session.idleMs must be a whole number of ms from 1,000 to a year'],
      [{ tokenIdleMs: 1_000.5 }, 'session.tokenIdleMs must be a whole number of ms from 1,000 to a year'],
      [{ absoluteMs: 367 * 24 * HOUR_MS }, 'session.absoluteMs must be a whole number of ms from 1,000 to a year'],
      [{ maxPerUser: 0 }, 'session.maxPerUser must be at least 1'],
      [{ maxPerUser: Number.NaN }, 'session.maxPerUser must be at least 1'],
      [{ rememberMs: -1 }, 'session.rememberMs must be a whole number of ms from 0 to 1000'],
      [{ rememberMs: 1_001 }, 'session.rememberMs must be a whole number of ms from 0 to 1000'],
      [{ rememberMs: Number.NaN }, 'session.rememberMs must be a whole number of ms from 0 to 1000'],
      [{ whenFull: 'other' as 'refuse' }, 'session.whenFull must be "refuse" or "end-oldest"'],
    ])('cannot be %p', async (times, message) => {
      await expect(open(times)).rejects.toThrow(new TypeError(message));
    });
  });

  describe('the list', () => {
    it('shows a user’s own, newest first, with when and from where, and nothing secret', async () => {
      const app = await open();
      const first = await app.login('ada', { address: '192.0.2.7', userAgent: `curl ${'x'.repeat(300)}` });
      processes.clock.advance(MINUTE_MS);
      const second = await app.login('ada', { kind: 'token', failed: { count: 2, lastAt: START_AT } });
      await app.login('bob');
      const [newest, oldest] = (await app.sessions.list('ada')) as [Session, Session];
      expect(newest).toMatchObject({
        id: second.id,
        kind: 'token',
        createdAt: processes.clock.nowAt,
        idleMs: 10 * MINUTE_MS,
      });
      expect(newest).toMatchObject({ unsuccessfulSignInAttempts: 2, lastFailedSignInAt: START_AT });
      expect(oldest).toMatchObject({ id: first.id, kind: 'cookie', createdAt: START_AT, address: '192.0.2.7' });
      expect(oldest.userAgent).toHaveLength(200);
      const shown = JSON.stringify(await app.sessions.list('ada'));
      for (const { sessionId, requestId, login } of [first, second]) {
        for (const secret of [sessionId, requestId, login.requestIdHash]) expect(shown).not.toContain(secret);
      }
      const { idleExpiresAt: _idle, lastActivityAt: _last, ...found } = oldest; // these two as of now
      expect(await app.sessions.find(first.id)).toMatchObject(found);
      expect(await app.sessions.find(first.sessionId)).toBeNull();
    });

    it('tells the last activity, and when the session ends without another one', async () => {
      const app = await open();
      const begun = await app.login('ada');
      const [before] = (await app.sessions.list('ada')) as [Session];
      expect(Math.abs(before.lastActivityAt - START_AT)).toBeLessThan(5_000);
      await app.enter(begun);
      const [after] = (await app.sessions.list('ada')) as [Session];
      expect(after.lastActivityAt).toBeGreaterThanOrEqual(after.createdAt);
      expect(Math.abs(after.idleExpiresAt - (processes.clock.nowAt + 30 * MINUTE_MS))).toBeLessThan(5_000);
    });
  });

  describe('ended', () => {
    it('one, all, all but one; in every process at once', async () => {
      const [app, other] = [await open(), await open()];
      const begun = [await app.login('ada'), await app.login('ada'), await other.login('ada', { kind: 'token' })];
      const [one, two, three] = begun as [BegunSession & { id: string }, (typeof begun)[0], (typeof begun)[0]];
      const bobs = await app.login('bob');
      const alive = async () =>
        await Promise.all([one, two, three, bobs].map(async (each) => !!(await other.enter(each))));

      expect(await app.sessions.end(one.id, 'ada')).toBe(true);
      expect(await alive()).toEqual([false, true, true, true]);
      expect(await app.sessions.end(one.id, 'ada')).toBe(false);
      expect(await app.sessions.endAll('ada', two.id)).toBe(1);
      expect(await alive()).toEqual([false, true, false, true]);
      expect(await app.sessions.endAll('ada')).toBe(1);
      expect(await alive()).toEqual([false, false, false, true]);
      expect(await app.sessions.endAll('ada')).toBe(0);
      expect(idsOf(await other.sessions.list('bob'))).toEqual([bobs.id]);
    });
  });

  describe('with a limit per user', () => {
    it('the oldest ends', async () => {
      const app = await open({ maxPerUser: 2 });
      const ids: string[] = [];
      for (let n = 0; n < 4; n++) {
        ids.push((await app.login('ada')).id);
        processes.clock.advance(1_000);
      }
      await app.login('bob');
      expect(idsOf(await app.sessions.list('ada'))).toEqual([ids[3], ids[2]]);
    });

    it('a further one is refused, until one has ended', async () => {
      const app = await open({ maxPerUser: 2, whenFull: 'refuse' });
      const first = await app.login('ada');
      processes.clock.advance(1_000);
      const second = await app.login('ada');
      processes.clock.advance(1_000);
      expect(await refusalOf(app.login('ada'))).toMatchObject({
        code: 'conflict',
        status: 409,
        message: 'The user has as many sessions as are allowed. End one of them.',
      });
      expect(idsOf(await app.sessions.list('ada'))).toEqual([second.id, first.id]);
      await app.login('bob');
      await app.sessions.end(first.id, 'ada');
      const third = await app.login('ada');
      expect(idsOf(await app.sessions.list('ada'))).toEqual([third.id, second.id]);
    });

    it('a further one is refused although the clock of its process is behind', async () => {
      const app = await open({ maxPerUser: 1, whenFull: 'refuse' });
      const behind = await open({ maxPerUser: 1, whenFull: 'refuse' }, { now: () => processes.clock.nowAt - 5_000 });
      const { id } = await app.login('ada');
      expect((await refusalOf(behind.login('ada'))).code).toBe('conflict');
      expect(idsOf(await app.sessions.list('ada'))).toEqual([id]);
    });

    it.each(['refuse', 'end-oldest'] as const)(
      'of several logins at once no more than allowed stay: %s',
      async (whenFull) => {
        const apps = [await open({ maxPerUser: 2, whenFull }), await open({ maxPerUser: 2, whenFull })];
        for (let round = 0; round < 20; round++) {
          const userId = `user${round}`;
          const logins = await Promise.allSettled(
            [0, 1, 0, 1, 0].map((n) => (apps[n] as SessionProcess).login(userId)),
          );
          const accepted = logins.flatMap((each) => (each.status === 'fulfilled' ? [each.value.id] : []));
          const alive = idsOf(await (apps[0] as SessionProcess).sessions.list(userId));
          expect(alive).toHaveLength(2);
          for (const id of alive) expect(accepted).toContain(id);
          expect(accepted).toHaveLength(whenFull === 'refuse' ? 2 : 5);
        }
      },
    );
  });
});
