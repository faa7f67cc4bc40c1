import { setTimeout as sleep } from 'node:timers/promises';
import { notDurable } from '../../../lib/errors.js';
import { MemoryStore } from '../../../lib/index.js';
import { Principal } from '../../../lib/principal.js';
import type { BegunSession, SessionTimeOptions } from '../../../lib/sessions/sessions.js';
import { SESSION_STORES } from '../../support/session-stores.js';
import { TestDirectory } from '../../support/test-directory.js';
import { openProcess, type SessionProcess, SessionProcesses } from '../session-process.js';

const IDLE_MS = 60_000;
/** So long that what is remembered in it would show. */
const REMEMBER_MS = 400;

type Login = BegunSession & { readonly id: string };

describe.each(SESSION_STORES)('sessions that a process remembers, on $name', ({ name, start }) => {
  const processes = new SessionProcesses(start);
  const open = (times: SessionTimeOptions = {}) => processes.open({ rememberMs: REMEMBER_MS, ...times });

  const isIn = async (app: SessionProcess, login: Login) => (await app.enter(login)) !== null;

  /** How often `app` lets it in from now until `over` has resolved, and afterwards. */
  async function entriesAround(app: SessionProcess, login: Login, over: Promise<unknown>) {
    let isOver = false;
    const ended = over.then(() => {
      isOver = true;
    });
    const counted = { before: 0, after: 0 };
    for (let left = 50; left > 0; left -= isOver ? 1 : 0) {
      const when = isOver ? 'after' : 'before';
      if (await isIn(app, login)) counted[when]++;
      await new Promise(setImmediate);
    }
    await ended;
    return counted;
  }

  describe.each(['cookie', 'token'] as const)('by %s', (kind) => {
    it.each<[string, (app: SessionProcess, login: Login) => Promise<unknown>]>([
      ['end', (app, { id }) => app.sessions.end(id, 'ada')],
      ['endAnybodys', (app, { id }) => app.sessions.endAnybodys(id)],
      ['endAll', (app) => app.sessions.endAll('ada')],
      ['a login beyond the limit', (app) => app.login('ada', { kind })],
    ])('are over in every process when it resolves: %s', async (_, end) => {
      const [here, there] = [await open({ maxPerUser: 1 }), await open({ maxPerUser: 1 })];
      for (let n = 0; n < 3; n++) {
        processes.clock.advance(1); // the oldest gives way
        const login = await here.login('ada', { kind });
        expect([await isIn(here, login), await isIn(there, login)]).toEqual([true, true]);
        processes.clock.advance(1);
        const over = end(here, login);
        const counted = await Promise.all([entriesAround(here, login, over), entriesAround(there, login, over)]);
        expect(counted.map(({ after }) => after)).toEqual([0, 0]);
      }
    });

    it('are over although two end them at once, and for who finds them gone', async () => {
      const [here, there] = [await open(), await open()];
      const login = await here.login('ada', { kind });
      expect(await isIn(there, login)).toBe(true);
      const first = here.sessions.end(login.id, 'ada');
      await sleep(20);
      const late = here.sessions.end(login.id, 'ada');
      expect((await entriesAround(there, login, late)).after).toBe(0);
      expect([await first, await late]).toEqual([true, false]);
    });

    it('are over, too, for whoever finds them gone and does not know whose they were', async () => {
      const [here, there] = [await open(), await open()];
      const login = await here.login('ada', { kind });
      expect(await isIn(there, login)).toBe(true);
      const first = here.sessions.endAnybodys(login.id);
      await sleep(20);
      expect((await entriesAround(there, login, there.sessions.endAnybodys(login.id))).after).toBe(0);
      await first;
    });

    it('are told of as ended once they are', async () => {
      const [here, there] = [await open(), await open()];
      const login = await here.login('ada', { kind });
      expect([await isIn(here, login), await isIn(there, login)]).toEqual([true, true]);
      const seen: Promise<boolean>[] = [];
      here.core.events.on('session.ended', () => void seen.push(isIn(here, login), isIn(there, login)));
      await here.sessions.end(login.id, 'ada');
      expect(await Promise.all(seen)).toEqual([false, false]);
    });

    it('end without use, and at their absolute end, remembered or not', async () => {
      const app = await open({ idleMs: IDLE_MS, tokenIdleMs: IDLE_MS, absoluteMs: IDLE_MS });
      const login = await app.login('ada', { kind });
      processes.clock.advance(IDLE_MS - 50);
      expect(await isIn(app, login)).toBe(true); // remembered until its end, which is near
      processes.clock.advance(49);
      expect(await isIn(app, login)).toBe(true);
      processes.clock.advance(1);
      expect(await isIn(app, login)).toBe(false);
    });

    it('stop with their user, and with the rights that the user has', async () => {
      const app = await open();
      const login = await app.login('ada', { kind });
      expect(await isIn(app, login)).toBe(true);
      processes.directory.disable('ada');
      await app.core.userChanged('ada');
      expect(await isIn(app, login)).toBe(false);
    });
  });

  it('go on while they are used, however short their idle time', async () => {
    const app = await open({ rememberMs: 1_000, idleMs: 1_000 });
    const login = await app.login('ada');
    for (const startedAt = performance.now(); performance.now() - startedAt < 2_000; ) {
      expect(await isIn(app, login)).toBe(true);
      processes.clock.advance(50);
      await sleep(50);
    }
  });

  it('end together where a login ends many', async () => {
    const many = await open();
    for (let n = 0; n < 20; n++) await many.login('ada');
    const app = await open({ maxPerUser: 1 });
    const startedAt = performance.now();
    processes.clock.advance(1);
    await app.login('ada');
    expect(performance.now() - startedAt).toBeLessThan(10 * REMEMBER_MS); // one by one: twice as long
    expect(await app.sessions.list('ada')).toHaveLength(1);
  });

  it('are what a lone process, or one that is told to remember none, asks for every time', async () => {
    const app = await open(name === 'MemoryStore' ? {} : { rememberMs: 0 });
    const login = await app.login('ada');
    expect(await isIn(app, login)).toBe(true);
    const verdict = app.sessionVerifier.verifyCookie(login.sessionId, null, login.requestId);
    expect(verdict).toBeInstanceOf(Promise);
    await verdict;
  });

  it('are decided at once, and only where the request id is right', async () => {
    if (name === 'MemoryStore') return;
    const app = await open();
    const login = await app.login('ada');
    expect(await isIn(app, login)).toBe(true);
    const ask = (requestId: string | undefined) => app.sessionVerifier.verifyCookie(login.sessionId, null, requestId);
    expect(ask(login.requestId)).toBeInstanceOf(Principal);
    expect(ask(undefined)).toMatchObject({ reason: 'request_id_missing' });
    expect(ask('0'.repeat(32))).toMatchObject({ reason: 'request_id_wrong' });
    expect(app.sessionVerifier.verifyToken(login.sessionId, login.sessionId)).toMatchObject({
      reason: 'session_ended',
    });
  });
});

describe('sessions of a store that others share', () => {
  const shared = () => Object.assign(new MemoryStore(), { isEmbedded: false });

  it('are remembered from when they were asked for, be the answer ever so late', async () => {
    const store = shared();
    const app = openProcess({ store, users: new TestDirectory() }, { rememberMs: 50 });
    const login = await app.login('ada');
    const { sessions } = store.state;
    const read = sessions.read.bind(sessions);
    const spy = jest.spyOn(sessions, 'read').mockImplementation(async (...args) => {
      const answer = await read(...args);
      await sleep(80);
      return answer;
    });
    const late = app.enter(login);
    await sleep(10);
    await app.sessions.end(login.id, 'ada'); // over everywhere before that answer is there
    expect(await late).not.toBeNull(); // it was under way
    spy.mockRestore();
    expect(await app.enter(login)).toBeNull();
    await app.core.close();
  });

  it('are not all over while one is still being ended, whatever became of the others', async () => {
    const store = shared();
    const app = openProcess({ store, users: new TestDirectory() }, { rememberMs: 20 });
    const [first, second] = [await app.login('ada'), await app.login('ada')];
    const { sessions } = store.state;
    const end = sessions.end.bind(sessions);
    jest.spyOn(sessions, 'end').mockImplementation(async (id, userId) => {
      if (id === second.id) await sleep(200);
      const isEnded = await end(id, userId);
      if (id === first.id) throw notDurable('the replica is away');
      return isEnded;
    });
    await expect(app.sessions.endAll('ada')).rejects.toMatchObject({ code: 'not_durable' });
    expect([await app.enter(first), await app.enter(second)]).toEqual([null, null]);
    await app.core.close();
  });
});
