import assert from 'node:assert/strict';
import type { NewSession, SessionStates } from '../../lib/index.js';
import { Draw } from './store-samples.js';
import type { Suite } from './store-suite.js';
import { until } from './store-suite.js';

const LIFE_MS = 600_000;
/** What may pass, on a busy machine, between a write and the look at how long it lives. */
const SLACK_MS = 20_000;
const LOGIN = JSON.stringify({ userId: 'ada', note: 'line\nbreak, "quotes", \u2028, ünï, 😀' });
const DATA = JSON.stringify({ cookie: {}, cart: ['a\nb', '%d'] });

/** Sessions: read, slide, saved by version, ended for good, listed by user. */
export function testSessionStates(suite: Suite): void {
  const { it, describe } = suite.api;
  const draw = new Draw(7);

  const newSession = (fields: Partial<NewSession> = {}): NewSession => {
    const createdAt = Date.now();
    return {
      login: LOGIN,
      data: DATA,
      userId: 'ada',
      orgId: 'org',
      createdAt,
      expiresAt: createdAt + 2 * LIFE_MS,
      ...fields,
    };
  };
  const insert = async (ttlMs = LIFE_MS, fields: Partial<NewSession> = {}): Promise<string> => {
    const id = draw.id();
    assert.equal(await sessions().insert(id, newSession(fields), ttlMs), true);
    return id;
  };
  const sessions = (): SessionStates => suite.subject.store.state.sessions;

  describe('sessions', () => {
    it('come back as they went in, at version 1', async () => {
      const id = await insert();
      assert.deepEqual(await sessions().read(id, LIFE_MS), { version: 1, login: LOGIN, data: DATA });
      const anonymous = await insert(LIFE_MS, { login: null, userId: null });
      assert.deepEqual(await sessions().read(anonymous, LIFE_MS), { version: 1, login: null, data: DATA });
      assert.equal(await sessions().read(draw.id(), LIFE_MS), null);
      assert.equal(await sessions().find(draw.id()), null);
    });

    it('are not inserted over one that is there, which stays as it was', async () => {
      const id = await insert();
      assert.equal(await sessions().insert(id, newSession({ data: '{}' }), LIFE_MS), false);
      assert.equal((await sessions().read(id, LIFE_MS))?.data, DATA);
    });

    it('are inserted once by twenty at once', async () => {
      const id = draw.id();
      const inserted = await Promise.all(
        Array.from({ length: 20 }, () => sessions().insert(id, newSession(), LIFE_MS)),
      );
      assert.equal(inserted.filter(Boolean).length, 1);
    });

    it('live longer by being read, also where nobody is logged in, and shorter when told so', async () => {
      const id = await insert(60_000);
      await sessions().read(id, LIFE_MS);
      await assertLives(id, LIFE_MS);
      await sessions().read(id, 50_000);
      await assertLives(id, 50_000);
    });

    it('are answered as they are now to whoever tells what was read before, and live longer', async () => {
      const ids = [await insert(60_000), await insert(60_000), await insert(60_000)];
      const [kept = '', saved = '', ended = ''] = ids;
      const before = await Promise.all(ids.map((id) => sessions().read(id, 50_000)));
      await sessions().save(saved, 1, '{"a":1}', 50_000);
      await sessions().end(ended, 'ada');
      const readAgain = () => Promise.all(ids.map((id, at) => sessions().read(id, LIFE_MS, before[at] ?? undefined)));
      const now = [{ version: 1, login: LOGIN, data: DATA }, { version: 2, login: LOGIN, data: '{"a":1}' }, null];
      assert.deepEqual(await readAgain(), now);
      await assertLives(kept, LIFE_MS);
      assert.deepEqual(await sessions().read(kept, LIFE_MS, before[0] ?? undefined), now[0]);
    });

    it('do not live longer by being found or listed', async () => {
      const id = await insert(60_000);
      await sessions().find(id);
      await sessions().list('ada');
      await assertLives(id, 60_000);
    });

    it('end by themselves', async () => {
      const id = await insert(LIFE_MS);
      await sessions().read(id, 1);
      const readAt = performance.now();
      await until('its life is over', () => performance.now() - readAt > 20);
      assert.equal(await sessions().find(id), null);
      assert.equal(await sessions().read(id, LIFE_MS), null);
      assert.deepEqual(await sessions().list('ada'), []);
    });

    it('are not found, but can be read, where nobody is logged in', async () => {
      const id = await insert(LIFE_MS, { login: null, userId: null });
      assert.equal(await sessions().find(id), null);
      assert.notEqual(await sessions().read(id, LIFE_MS), null);
    });

    it('are saved when the version is the one that was read, which also has them live longer', async () => {
      const id = await insert(60_000);
      assert.equal(await sessions().save(id, 1, '{"a":1}', LIFE_MS), null);
      await assertLives(id, LIFE_MS);
      assert.deepEqual(await sessions().read(id, LIFE_MS), { version: 2, login: LOGIN, data: '{"a":1}' });
      assert.equal(await sessions().save(id, 2, DATA, LIFE_MS), null);
      assert.deepEqual(await sessions().read(id, LIFE_MS), { version: 3, login: LOGIN, data: DATA });
    });

    it('are not saved over a version that was not read: what is stored comes back', async () => {
      const id = await insert();
      await sessions().save(id, 1, '{"first":1}', LIFE_MS);
      const stored = { version: 2, login: LOGIN, data: '{"first":1}' };
      assert.deepEqual(await sessions().save(id, 1, '{"second":1}', LIFE_MS), stored);
      assert.deepEqual(await sessions().save(id, 7, '{"second":1}', LIFE_MS), stored);
      assert.deepEqual(await sessions().read(id, LIFE_MS), stored);
    });

    it('are saved by one of twenty at once', async () => {
      const id = await insert();
      const saved = await Promise.all(
        Array.from({ length: 20 }, (_, n) => sessions().save(id, 1, `{"n":${n}}`, LIFE_MS)),
      );
      assert.equal(saved.filter((answer) => answer === null).length, 1);
      const winner = saved.indexOf(null);
      assert.equal((await sessions().read(id, LIFE_MS))?.data, `{"n":${winner}}`);
    });

    it('never come back once ended: a save finds them gone, and writes nothing', async () => {
      const id = await insert();
      assert.equal(await sessions().end(id, 'ada'), true);
      assert.equal(await sessions().save(id, 1, '{"late":1}', LIFE_MS), 'gone');
      assert.equal(await sessions().read(id, LIFE_MS), null);
      assert.equal(await sessions().find(id), null);
      assert.equal(await sessions().end(id, 'ada'), false);
      assert.deepEqual(await sessions().list('ada'), []);
    });

    it('never come back, in whatever order fifty saves and the end arrive', async () => {
      const id = await insert();
      const saves = Array.from({ length: 50 }, (_, n) => () => sessions().save(id, 1, `{"n":${n}}`, LIFE_MS));
      const actions = [...saves.slice(0, 25), () => sessions().end(id, 'ada'), ...saves.slice(25)];
      await Promise.all(actions.map((action) => action()));
      assert.equal(await sessions().read(id, LIFE_MS), null);
    });

    it('end without their user being named, and are then listed no more', async () => {
      const id = await insert();
      assert.equal(await sessions().end(id, null), true);
      assert.deepEqual(await sessions().list('ada'), []);
    });

    it('are listed for their user and no other, with how long they live', async () => {
      const mine = [await insert(), await insert(60_000)];
      const odd = await insert(LIFE_MS, { userId: 'ada}{:%/ü' });
      await insert(LIFE_MS, { login: null, userId: null });
      const listed = await sessions().list('ada');
      assert.deepEqual(listed.map(({ id }) => id).sort(), [...mine].sort());
      for (const { id, login, ttlMs } of listed) {
        assert.equal(login, LOGIN);
        assert.ok(ttlMs > 0 && ttlMs <= (id === mine[0] ? LIFE_MS : 60_000), String(ttlMs));
      }
      assert.deepEqual(
        (await sessions().list('ada}{:%/ü')).map(({ id }) => id),
        [odd],
      );
      assert.deepEqual(await sessions().list('nobody'), []);
    });

    it('are read, saved and ended from another instance', async () => {
      const second = await suite.subject.openSecond?.();
      if (second === undefined) return;
      try {
        const id = await insert();
        const theirs = second.state.sessions;
        assert.equal(await theirs.save(id, 1, '{"by":2}', LIFE_MS), null);
        assert.equal((await sessions().read(id, LIFE_MS))?.data, '{"by":2}');
        assert.equal((await theirs.list('ada')).length, 1);
        assert.equal(await theirs.end(id, 'ada'), true);
        assert.equal(await sessions().read(id, LIFE_MS), null);
      } finally {
        await second.close();
      }
    });

    it('are refused a life of 0 or less, which would be for ever', async () => {
      for (const ttlMs of [0, -1, Number.NaN]) {
        const id = await insert();
        for (const known of [id, draw.id()]) {
          await assert.rejects(sessions().insert(known, newSession({ userId: 'eve' }), ttlMs), TypeError);
          await assert.rejects(sessions().read(known, ttlMs), TypeError);
          await assert.rejects(sessions().save(known, 1, '{}', ttlMs), TypeError);
        }
        assert.deepEqual(await sessions().list('eve'), []);
        assert.equal((await sessions().read(id, LIFE_MS))?.version, 1);
      }
    });
  });

  async function assertLives(id: string, expectedMs: number): Promise<void> {
    const ttlMs = (await sessions().find(id))?.ttlMs ?? 0;
    assert.ok(ttlMs <= expectedMs && ttlMs > expectedMs - SLACK_MS, `it lives ${ttlMs} ms, not ${expectedMs}`);
  }
}
