import { notDurable } from '../../lib/errors.js';
import { type Latchkey, MemoryStore } from '../../lib/index.js';
import { newLatchkey, type SessionApp, startSessionApp } from '../support/session-app.js';

describe.each([
  [false, true],
  [true, true],
  [false, false],
  [true, false],
])(
  'the end of a session that no replica confirms, session() mounted: %s, store embedded: %s',
  (isMounted, isEmbedded) => {
    let store: MemoryStore;
    let latchkey: Latchkey;
    let app: SessionApp;

    beforeEach(async () => {
      store = Object.assign(new MemoryStore(), { isEmbedded });
      const { sessions } = store.state;
      const end = sessions.end.bind(sessions);
      jest.spyOn(sessions, 'end').mockImplementation(async (id, userId) => {
        const isEnded = await end(id, userId);
        if (userId !== null) throw notDurable('0 of 1 replicas have confirmed');
        return isEnded;
      });
      latchkey = newLatchkey({ store, session: { maxPerUser: 2 } });
      app = await startSessionApp(latchkey, { isMounted });
    });

    afterEach(async () => {
      await app.close();
      await latchkey.close();
    });

    it('is 503 for who logs out, whose session is over all the same', async () => {
      const ada = await app.login('ada');
      const reply = await app.call('DELETE', '/login', ada.headers);
      expect([reply.status, reply.headers['retry-after']]).toEqual([503, '1']);
      expect(JSON.parse(reply.body)).toMatchObject({
        code: 'not_durable',
        detail: 'The change is not yet safe against a failure. It may still take effect. Retrying is safe.',
      });
      expect((await app.call('GET', '/me', ada.headers)).status).toBe(401);
    });

    it('keeps nobody from logging in again, be it in the place of the session before', async () => {
      const before = await app.login('ada');
      const after = await app.login('ada', { headers: before.headers });
      expect((await app.call('GET', '/me', before.headers)).status).toBe(401);
      expect((await app.call('GET', '/me', after.headers)).status).toBe(200);
    });

    it('keeps nobody from logging in who has as many sessions as are allowed: the oldest ends', async () => {
      const [oldest, older] = [await app.login('ada'), await app.login('ada')];
      const newest = await app.login('ada');
      const statuses = [oldest, older, newest].map(
        async ({ headers }) => (await app.call('GET', '/me', headers)).status,
      );
      expect(await Promise.all(statuses)).toEqual([401, 200, 200]);
    });
  },
);

describe('a login that no replica confirms', () => {
  it('is 503, and leaves no session behind', async () => {
    const store = new MemoryStore();
    const { sessions } = store.state;
    const insert = sessions.insert.bind(sessions);
    let isConfirmed = false;
    jest.spyOn(sessions, 'insert').mockImplementation(async (...args) => {
      const isNew = await insert(...args);
      if (!isConfirmed) throw notDurable('0 of 1 replicas have confirmed');
      return isNew;
    });
    const latchkey = newLatchkey({ store, session: { maxPerUser: 1, whenFull: 'refuse' } });
    const app = await startSessionApp(latchkey);
    await expect(app.login('ada')).rejects.toThrow();
    expect(await latchkey.sessions?.list('ada')).toEqual([]);
    isConfirmed = true;
    const ada = await app.login('ada');
    expect((await app.call('GET', '/me', ada.headers)).status).toBe(200);
    await app.close();
    await latchkey.close();
  });
});
