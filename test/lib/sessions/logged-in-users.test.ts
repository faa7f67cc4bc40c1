import { AuthError } from '../../../lib/errors.js';
import { listUsers } from '../../../lib/sessions/session-users.js';
import { MemoryStore } from '../../../lib/stores/memory/memory-store.js';
import type { SessionStates } from '../../../lib/stores/state.js';
import { Clock } from '../clock.js';

const IDLE_MS = 1_800_000;

describe('the users who are logged in', () => {
  let clock: Clock;
  let states: SessionStates;
  let count = 0;

  beforeEach(() => {
    clock = new Clock();
    states = new MemoryStore({ now: clock.now }).state.sessions;
  });

  /** As `Sessions` stores it. */
  async function begin(userId: string, userName: string, orgId: string | null = 'acme', entered = orgId) {
    const createdAt = clock.nowAt;
    const times = { idleMs: IDLE_MS, createdAt, expiresAt: createdAt + 2 * IDLE_MS };
    const login = JSON.stringify({ ...times, userId, userName, orgId });
    const id = `s${count++}`;
    await states.insert(
      id,
      { login, data: '{}', userId, orgId: entered, createdAt, expiresAt: times.expiresAt },
      IDLE_MS,
    );
    return id;
  }

  const list = (query: object = {}) => listUsers(states, { orgId: 'acme', ...query }, clock.now);

  it('have the name of their latest login, and the latest activity of all their sessions', async () => {
    const first = await begin('u1', 'ada');
    clock.advance(1_000);
    await begin('u1', 'Ada Lovelace');
    await begin('u2', 'bob');
    clock.advance(5_000);
    await states.read(first, IDLE_MS);
    clock.advance(10_000);
    const ada = { userId: 'u1', userName: 'Ada Lovelace', sessions: 2, lastActivityAt: clock.nowAt - 10_000 };
    const bob = { userId: 'u2', userName: 'bob', sessions: 1, lastActivityAt: clock.nowAt - 15_000 };
    expect(await list()).toEqual({ items: [ada, bob], nextCursor: null });
  });

  it('are not those whose sessions are of another organisation by now', async () => {
    await begin('u1', 'ada', 'other', 'acme');
    await begin('u2', 'bob');
    expect((await list()).items.map(({ userId }) => userId)).toEqual(['u2']);
  });

  it('fill a page across many who are no longer logged in, up to a bound', async () => {
    for (let n = 1_000; n < 1_030; n++) await states.end(await begin(`gone-${n}`, 'x'), `gone-${n}`);
    await begin('here', 'x');
    const users = jest.spyOn(states, 'users');
    const page = await list({ limit: 2 });
    expect(users).toHaveBeenCalledTimes(10);
    expect(page.items).toEqual([]);
    const rest = await list({ limit: 200, cursor: page.nextCursor ?? undefined });
    expect(rest).toEqual({ items: [expect.objectContaining({ userId: 'here' })], nextCursor: null });
  });

  it('are refused a limit and a cursor that are none', async () => {
    for (const query of [{ limit: 0 }, { limit: 201 }, { limit: 1.5 }, { cursor: '' }, { cursor: 'WzFd' }]) {
      await expect(list(query)).rejects.toThrow(AuthError);
    }
  });
});
