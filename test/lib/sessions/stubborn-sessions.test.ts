import { notDurable, storeUnavailable } from '../../../lib/errors.js';
import { StubbornSessions } from '../../../lib/sessions/stubborn-sessions.js';
import { ChangeEmitter } from '../../../lib/stores/change-emitter.js';
import { MemoryStore } from '../../../lib/stores/memory/memory-store.js';
import type { SessionStates } from '../../../lib/stores/state.js';
import { until } from '../../conformance/store-suite.js';

const LIFE_MS = 600_000;

describe('a session that ended, and that a failover brings back', () => {
  let stored: SessionStates;
  let feed: ChangeEmitter;
  let sessions: StubbornSessions;
  /** What its end is answered with, once it was made. */
  let refusal: Error | null;

  beforeEach(() => {
    stored = new MemoryStore().state.sessions;
    feed = new ChangeEmitter(true);
    refusal = null;
    const end = stored.end.bind(stored);
    jest.spyOn(stored, 'end').mockImplementation(async (id, userId) => {
      const isEnded = await end(id, userId);
      if (refusal !== null) throw refusal;
      return isEnded;
    });
    sessions = new StubbornSessions(stored, feed);
  });

  afterEach(() => sessions.close());

  /** As a user logs in; or as it is there again. */
  async function begin(id: string, userId: string | null = 'ada'): Promise<void> {
    const nowAt = Date.now();
    const login = userId === null ? null : '{}';
    const session = { login, data: '{"n":1}', userId, orgId: 'org', createdAt: nowAt, expiresAt: nowAt + LIFE_MS };
    expect(await stored.insert(id, session, LIFE_MS)).toBe(true);
  }

  async function endAndBringBack(id: string): Promise<void> {
    await begin(id);
    await sessions.end(id, 'ada').catch(() => {});
    await begin(id);
  }

  it.each<[what: string, look: (id: string) => Promise<unknown>, answer: unknown]>([
    ['read', (id) => sessions.read(id, LIFE_MS), null],
    ['found', (id) => sessions.find(id), null],
    ['saved', (id) => sessions.save(id, 1, '{"n":2}', LIFE_MS), 'gone'],
  ])('is not %s by the process that ended it, and ended again', async (_what, look, answer) => {
    await endAndBringBack('s');
    expect(await look('s')).toBe(answer);
    expect(await stored.find('s')).toBeNull();
  });

  it('is not listed, among those that are alive', async () => {
    await endAndBringBack('s');
    await begin('alive');
    expect((await sessions.list('ada')).map(({ id }) => id)).toEqual(['alive']);
    await until('it is ended again', async () => (await stored.find('s')) === null);
    expect((await stored.list('ada')).map(({ id }) => id)).toEqual(['alive']);
  });

  it('has no user of its organisation be logged in', async () => {
    await endAndBringBack('s');
    await begin('alive', 'bob');
    const { users, next } = await sessions.users('org', undefined, 5, Date.now());
    expect([users.map(({ userId }) => userId), next]).toEqual([['bob'], null]);
    await until('it is ended again', async () => (await stored.find('s')) === null);
  });

  it('is ended again without anybody asking for it, once the change feed is back', async () => {
    for (const id of ['s1', 's2']) await endAndBringBack(id);
    await begin('alive');
    feed.down();
    feed.up();
    await until('they are ended again', async () => (await stored.list('ada')).length === 1);
    expect(await sessions.find('alive')).not.toBeNull();
  });

  it('is refused also where it cannot be ended again now', async () => {
    await endAndBringBack('s');
    refusal = storeUnavailable('Redis is not connected');
    expect(await sessions.read('s', LIFE_MS)).toBeNull();
  });

  it('stays ended, too, where its end was not confirmed', async () => {
    refusal = notDurable('0 of 1 replicas have confirmed');
    await endAndBringBack('s');
    expect(await sessions.read('s', LIFE_MS)).toBeNull();
    expect(await stored.find('s')).toBeNull();
  });

  it('is let in where nobody was told that it is over', async () => {
    refusal = storeUnavailable('Redis is not connected');
    await endAndBringBack('s');
    expect(await sessions.read('s', LIFE_MS)).not.toBeNull();
  });

  it('of nobody is not remembered', async () => {
    await begin('s', null);
    await sessions.end('s', null);
    await begin('s', null);
    expect(await sessions.read('s', LIFE_MS)).not.toBeNull();
  });
});
