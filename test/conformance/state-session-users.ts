import assert from 'node:assert/strict';
import type { NewSession, SessionStates } from '../../lib/index.js';
import { Draw } from './store-samples.js';
import type { Suite } from './store-suite.js';
import { until } from './store-suite.js';

const LIFE_MS = 600_000;

/** The users of an organisation who have sessions. */
export function testSessionUsers(suite: Suite): void {
  const { it, describe } = suite.api;
  const draw = new Draw(12);
  const sessions = (): SessionStates => suite.subject.store.state.sessions;

  async function begin(userId: string, orgId: string | null = 'org', fields: Partial<NewSession> = {}) {
    const id = draw.id();
    const createdAt = Date.now();
    const login = JSON.stringify({ userId, orgId });
    const session = { login, data: '{}', userId, orgId, createdAt, expiresAt: createdAt + LIFE_MS, ...fields };
    assert.equal(await sessions().insert(id, session, LIFE_MS), true);
    return id;
  }

  const users = (orgId: string | null, after?: string, limit = 100) =>
    sessions().users(orgId, after, limit, Date.now());
  const namesOf = async (orgId: string | null) => (await users(orgId)).users.map(({ userId }) => userId);

  /** Page by page; `between` runs after each. */
  async function walk(orgId: string | null, limit: number, between?: () => Promise<void>): Promise<string[]> {
    const found: string[] = [];
    for (let after: string | undefined; ; ) {
      const page = await users(orgId, after, limit);
      assert.ok(page.users.length <= limit);
      found.push(...page.users.map(({ userId }) => userId));
      if (page.next === null) return found;
      assert.notEqual(page.next, after);
      after = page.next;
      await between?.();
    }
  }

  describe('the users who have sessions', () => {
    it('are none where nobody is logged in', async () => {
      assert.deepEqual(await users('org'), { users: [], next: null });
      const anonymous = { login: null, data: '{}', userId: null, orgId: null };
      const createdAt = Date.now();
      await sessions().insert(draw.id(), { ...anonymous, createdAt, expiresAt: createdAt + LIFE_MS }, LIFE_MS);
      assert.deepEqual(await users(null), { users: [], next: null });
    });

    it('come with their sessions, each once', async () => {
      const [first, second] = [await begin('ada'), await begin('ada')];
      await begin('bob');
      const page = await users('org');
      assert.deepEqual(
        page.users.map(({ userId, sessions: some }) => [userId, some.length]),
        [
          ['ada', 2],
          ['bob', 1],
        ],
      );
      assert.equal(page.next, null);
      assert.deepEqual(page.users[0]?.sessions.map(({ id }) => id).sort(), [first, second].sort());
      for (const session of page.users[0]?.sessions ?? []) {
        assert.deepEqual(
          session,
          await sessions()
            .find(session.id)
            .then((found) => ({ ...found, ttlMs: session.ttlMs })),
        );
        assert.ok(session.ttlMs > 0 && session.ttlMs <= LIFE_MS);
      }
    });

    it('are of one organisation, or of none, whatever it is called', async () => {
      const orgs = ['org', 'org:', 'other', '', '-', 'o', 'a}{b', 'ü/%', null];
      for (const [n, orgId] of orgs.entries()) await begin(`user ${n}`, orgId);
      for (const [n, orgId] of orgs.entries()) assert.deepEqual(await namesOf(orgId), [`user ${n}`], String(orgId));
      assert.deepEqual(await namesOf('unknown'), []);
    });

    it('come by the bytes of their ids', async () => {
      const ids = ['b', 'B', 'a', '😀', '\uffee', 'ä', 'a:b', 'a\0b', '(a', '[a', '+', '-', 'z'.repeat(128)];
      for (const userId of ids) await begin(userId);
      const sorted = ids.toSorted((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
      assert.deepEqual(await namesOf('org'), sorted);
      assert.deepEqual(await walk('org', 1), sorted);
    });

    it('are paged without one repeated or skipped, whoever logs in and out meanwhile', async () => {
      const ids = Array.from({ length: 250 }, (_, n) => `user-${String(n).padStart(3, '0')}`);
      for (let start = 0; start < ids.length; start += 50) {
        await Promise.all(ids.slice(start, start + 50).map((userId) => begin(userId)));
      }
      await begin('user-100', 'elsewhere');
      assert.deepEqual(await walk('org', 1_000), ids);
      assert.deepEqual(await walk('org', 250), ids);
      let round = 0;
      const seen = await walk('org', 17, async () => {
        for (const userId of ids.slice(0, 250).filter((_, n) => n % 31 === round % 31)) await begin(userId);
        const guest = await begin(`user-${String(round * 20).padStart(3, '0')}x`);
        if (round % 2 === 0) await sessions().end(guest, `user-${String(round * 20).padStart(3, '0')}x`);
        round++;
      });
      assert.deepEqual(
        seen.filter((userId) => !userId.endsWith('x')),
        ids,
      );
      assert.equal(new Set(seen).size, seen.length);
    });

    it('are there no more once their last session has ended, until they log in again', async () => {
      const [first, second] = [await begin('ada'), await begin('ada')];
      await begin('bob');
      await sessions().end(first, 'ada');
      assert.deepEqual(await namesOf('org'), ['ada', 'bob']);
      await sessions().end(second, 'ada');
      for (let n = 0; n < 2; n++) assert.deepEqual(await namesOf('org'), ['bob']);
      await begin('ada', 'org', { expiresAt: Date.now() + LIFE_MS / 2 }); // ends before the one before would have
      for (let n = 0; n < 2; n++) assert.deepEqual(await namesOf('org'), ['ada', 'bob']);
    });

    it('are there no more once their sessions have ended by themselves', async () => {
      const id = await begin('ada');
      await begin('bob');
      await sessions().read(id, 1);
      const readAt = performance.now();
      await until('its life is over', () => performance.now() - readAt > 20);
      for (let n = 0; n < 2; n++) assert.deepEqual(await namesOf('org'), ['bob']);
    });

    it('go on where a page has nobody who is still logged in', async () => {
      const ids = ['a', 'b', 'c', 'd', 'e'];
      const begun = [];
      for (const userId of ids) begun.push(await begin(userId));
      for (const n of [0, 1, 2, 3]) await sessions().end(begun[n] ?? '', ids[n] ?? '');
      const first = await users('org', undefined, 2);
      assert.deepEqual(first, { users: [], next: 'b' });
      assert.deepEqual(await walk('org', 2), ['e']);
    });

    it('are dropped by the logins of others once the absolute end of their sessions has come', async () => {
      for (const userId of ['old', 'older']) await begin(userId, 'org', { expiresAt: Date.now() + 20 });
      const begunAt = performance.now();
      await until('their time has come', () => performance.now() - begunAt > 50);
      await begin('new');
      assert.deepEqual(await namesOf('org'), ['new']); // whatever their idle time
    });

    it('are seen by every instance, and always while twenty log in at once and others read', async () => {
      const second = await suite.subject.openSecond?.();
      try {
        const states = [sessions(), second?.state.sessions ?? sessions()];
        for (let round = 0; round < 20; round++) {
          const ids = Array.from({ length: 20 }, (_, n) => `${round}-${n}`);
          const read = (n: number) => states[n % 2]?.users('org', `${round}-`, 100, Date.now());
          await Promise.all(ids.flatMap((userId, n) => [read(n), begin(userId), read(n + 1)]));
          const seen = new Set(await namesOf('org'));
          assert.deepEqual(
            ids.filter((userId) => !seen.has(userId)),
            [],
          );
          for (const { userId, sessions: some } of (await users('org')).users) {
            for (const { id } of some) await sessions().end(id, userId);
          }
        }
      } finally {
        await second?.close();
      }
    });
  });
}
