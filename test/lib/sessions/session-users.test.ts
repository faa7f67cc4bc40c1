import type { IssuedKey } from '../../../lib/keys/key-view.js';
import { Principal } from '../../../lib/principal.js';
import type { BegunSession } from '../../../lib/sessions/sessions.js';
import { until } from '../../conformance/store-suite.js';
import { SESSION_STORES, type SessionDatabase } from '../../support/session-stores.js';
import { PASSWORD, TestDirectory } from '../../support/test-directory.js';
import { Clock } from '../clock.js';
import { refusalOf } from '../refusals.js';
import { openProcess, type SessionProcess } from '../session-process.js';

const BY = { by: 'test' };

/** The two processes share the database and the directory; on the embedded store they share the store as well. */
describe.each(SESSION_STORES)('the users behind sessions and keys, on $name', ({ start }) => {
  let database: SessionDatabase;
  let clock: Clock;
  let directory: TestDirectory;
  let app: SessionProcess;
  let other: SessionProcess;

  beforeEach(async () => {
    clock = new Clock();
    directory = new TestDirectory();
    database = await start(clock);
    const open = async () => {
      const lockout = { addressLimit: 1_000, secretLimit: 1_000 };
      const options = { store: await database.open(), users: directory, usersTimeoutMs: 50, now: clock.now, lockout };
      return openProcess(options, {});
    };
    [app, other] = [await open(), await open()];
  });

  afterEach(async () => {
    for (const { core } of [app, other]) await core.close();
    await database.stop();
  });

  async function entersWithKey(process: SessionProcess, { key, secret }: IssuedKey): Promise<boolean> {
    const verdict = await process.core.verifier.verify({ scheme: 'api-key', id: key.id, secret }, null);
    return verdict instanceof Principal;
  }

  /** All that `userId` can come in with, and a look at whether it still can: cookie, token, key, in either process. */
  async function credentialsOf(userId: string): Promise<() => Promise<boolean[]>> {
    const sessions: BegunSession[] = [await app.login(userId), await app.login(userId, { kind: 'token' })];
    const key = await app.core.apiKeys.create({ name: 'ci', ownerId: userId }, BY);
    return async () => {
      const entered: boolean[] = [];
      for (const process of [app, other]) {
        for (const session of sessions) entered.push((await process.enter(session)) !== null);
        entered.push(await entersWithKey(process, key));
      }
      return entered;
    };
  }

  const ALL_IN = Array.from({ length: 6 }, () => true);
  const ALL_OUT = Array.from({ length: 6 }, () => false);

  it.each(['disable', 'remove'] as const)('stop at once in every process, told by userChanged: %s', async (change) => {
    const enters = await credentialsOf('ada');
    const bobEnters = await credentialsOf('bob');
    expect(await enters()).toEqual(ALL_IN);
    directory[change]('ada');
    expect(await enters()).toEqual(ALL_IN); // cached: nobody has told
    await app.core.userChanged('ada');
    const [ours, theirs] = [(await enters()).slice(0, 3), (await enters()).slice(3)];
    expect(ours).toEqual([false, false, false]);
    expect(theirs.slice(0, 2)).toEqual([false, false]); // their sessions are gone
    await until('the other process has heard', async () => (await enters()).every((isIn) => !isIn));
    expect(await app.sessions.list('ada')).toEqual([]);
    expect(await bobEnters()).toEqual(ALL_IN);
  });

  it('have ended for good: only the keys come back when the user is enabled again', async () => {
    const enters = await credentialsOf('ada');
    directory.disable('ada');
    await app.core.userChanged('ada');
    await until('both processes have heard', async () => (await enters()).every((isIn) => !isIn));
    directory.enable('ada');
    await app.core.userChanged('ada');
    const keysOnly = [false, false, true, false, false, true];
    await until('the keys are back', async () => String(await enters()) === String(keysOnly));
  });

  it('stop within a minute without userChanged, and go on while the user is enabled', async () => {
    const enters = await credentialsOf('ada');
    expect(await enters()).toEqual(ALL_IN);
    clock.advance(59_999);
    expect(await enters()).toEqual(ALL_IN);
    directory.disable('ada');
    clock.advance(1);
    expect(await enters()).toEqual(ALL_OUT);
  });

  it('stay as they are when a user who is still enabled was changed', async () => {
    const enters = await credentialsOf('ada');
    await app.core.userChanged('ada');
    expect(await enters()).toEqual(ALL_IN);
  });

  describe.each(['fails', 'hangs'] as const)('when the directory %s', (mode) => {
    const unavailable = { code: 'store_unavailable', status: 503, headers: { 'Retry-After': '1' } };

    it('requests are answered 503, not 401, and go on when it is back', async () => {
      const session = await app.login('ada');
      const token = await app.login('ada', { kind: 'token' });
      const key = await app.core.apiKeys.create({ name: 'ci', ownerId: 'ada' }, BY);
      directory.mode = mode;
      for (const attempt of [() => app.enter(session), () => app.enter(token), () => entersWithKey(app, key)]) {
        expect(await refusalOf(attempt)).toMatchObject(unavailable);
      }
      directory.mode = 'answers';
      expect(await app.enter(session)).not.toBeNull();
      expect(await app.enter(token)).not.toBeNull();
      expect(await entersWithKey(app, key)).toBe(true);
    });

    it('logins are answered 503, whether the password is right or wrong', async () => {
      const login = (password: string) => app.logins.authenticate({ userName: 'ada', password, address: null });
      const token = await app.logins.issueToken(await login(PASSWORD));
      directory.mode = mode;
      expect(await refusalOf(login(PASSWORD))).toMatchObject(unavailable);
      expect(await refusalOf(login('wrong'))).toMatchObject(unavailable);
      expect(await refusalOf(app.logins.exchange(token.token))).toMatchObject(unavailable);
      directory.mode = 'answers';
      expect((await login(PASSWORD)).user.id).toBe('ada');
    });

    it('those who are known go on for their minute, then get 503', async () => {
      const session = await app.login('ada');
      expect(await app.enter(session)).not.toBeNull();
      directory.mode = mode;
      clock.advance(59_999);
      expect(await app.enter(session)).not.toBeNull();
      clock.advance(1);
      expect(await refusalOf(app.enter(session))).toMatchObject(unavailable);
    });

    it('userChanged rejects, after it has told every process not to trust what it knew', async () => {
      const session = await app.login('ada');
      await app.enter(session);
      directory.mode = mode;
      expect(await refusalOf(app.core.userChanged('ada'))).toMatchObject(unavailable);
      expect(await refusalOf(app.enter(session))).toMatchObject(unavailable);
      directory.mode = 'answers';
      expect(await app.enter(session)).not.toBeNull();
    });
  });
});
