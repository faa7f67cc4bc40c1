import type { AuditEntry, AuditFilter } from '../../../lib/audit/trail-entry.js';
import { DAY_MS, START_AT } from '../clock.js';
import { refusalOf } from '../refusals.js';
import type { Database } from '../store-kinds.js';
import { STORE_KINDS } from '../store-kinds.js';
import { TestTrail } from '../trail.js';

const MINUTE_MS = 60_000;

const cursorAt = (position: string) => Buffer.from(JSON.stringify([position])).toString('base64url');
const FOREIGN_POSITIONS = ['1-1', '1:changes', '1-1:other', `${'9'.repeat(16)}-0:changes`];
const FOREIGN_CURSORS = ['', 'x', 'bnVsbA', ...FOREIGN_POSITIONS.map(cursorAt)];

describe.each(STORE_KINDS)('reading the audit trail on $name', ({ open }) => {
  let database: Database;
  let test: TestTrail;
  let orgId = '';
  let orgs = 0;

  beforeAll(async () => {
    database = await open();
  });
  afterAll(() => database.stop());

  beforeEach(async () => {
    test = new TestTrail(await database.connect());
    orgId = `org-${orgs++}`; // every test has its own: the database is one
  });
  afterEach(() => test.trail.close());

  const all = (filter: AuditFilter & { limit?: number } = {}) => test.all({ orgId, ...filter });
  const pathsOf = (entries: readonly AuditEntry[]) => entries.map((entry) => ('path' in entry ? entry.path : null));
  const namesOf = (entries: readonly AuditEntry[]) =>
    entries.map((entry) => ('after' in entry ? entry.after.name : entry.type));

  /** Writes `values` as they are. */
  const write = (part: 'changes' | 'activity', ...values: string[]) =>
    test.store.append(orgId, part, values, { nowAt: test.clock.nowAt, maxAgeMs: DAY_MS, maxEntries: 100_000 });

  describe('page by page', () => {
    it.each([1, 7, 50, 200])('neither repeats nor skips an entry, %i at a time', async (limit) => {
      const names: string[] = [];
      for (let i = 0; i < 1_000; ) {
        const isChange = Math.random() < 0.5;
        const some = Array.from({ length: 1 + Math.floor(Math.random() * 20) }, () => `n${i++}`);
        const events = some.map((name) =>
          isChange ? test.change({ orgId, after: { name } }) : test.refusal({ orgId, after: { name } }),
        );
        await write(isChange ? 'changes' : 'activity', ...events.map((event) => JSON.stringify(event)));
        names.unshift(...some.reverse());
        test.clock.advance(1);
      }
      const found = await all({ limit });
      expect(namesOf(found)).toEqual(names);
      expect(new Set(found.map(({ id }) => id)).size).toBe(names.length);
    });

    it('takes changes first where both parts have the same ids', async () => {
      const [change] = await write(
        'changes',
        ...[1, 2].map((name) => JSON.stringify(test.change({ orgId, after: { name } }))),
      );
      const [activity] = await write(
        'activity',
        ...['/3', '/4'].map((path) => JSON.stringify(test.refusal({ orgId, path }))),
      );
      expect(change).toBe(activity);
      for (const limit of [1, 2, 3, 4]) {
        const found = await all({ limit });
        expect(found.map((entry) => ('after' in entry ? entry.after.name : pathsOf([entry])[0]))).toEqual([
          2,
          '/4',
          1,
          '/3',
        ]);
      }
    });

    it('is not disturbed by what is added meanwhile', async () => {
      for (const name of ['a', 'b', 'c']) await test.made({ orgId, after: { name } });
      const { items, nextCursor } = await test.trail.list({ orgId, limit: 1 });
      expect(namesOf(items)).toEqual(['c']);
      test.clock.advance(1);
      await test.told(test.login({ orgId }));
      await test.made({ orgId, after: { name: 'd' } });
      const rest = await test.trail.list({ orgId, cursor: nextCursor ?? '' });
      expect(namesOf(rest.items)).toEqual(['b', 'a']);
      expect(rest.nextCursor).toBeNull();
    });

    it('is empty, not wrong, where there is nothing', async () => {
      expect(await test.trail.list({ orgId: 'nobody’s' })).toEqual({ items: [], nextCursor: null });
    });

    it('looks at so much and no more in one call', async () => {
      await write('activity', JSON.stringify(test.login({ orgId, userId: 'old' })));
      const others = Array.from({ length: 2_500 }, () => JSON.stringify(test.login({ orgId })));
      await write('activity', ...others);
      const first = await test.trail.list({ orgId, actorId: 'old' });
      expect(first).toEqual({ items: [], nextCursor: expect.any(String) });
      const second = await test.trail.list({ orgId, actorId: 'old', cursor: first.nextCursor ?? '' });
      expect(second).toMatchObject({ items: [{ userId: 'old' }], nextCursor: null });
    });

    it('does not look at one part for what is in the other', async () => {
      await write('activity', ...Array.from({ length: 2_500 }, () => JSON.stringify(test.login({ orgId }))));
      await test.made({ orgId });
      test.store.calls.length = 0;
      expect(await test.trail.list({ orgId, types: ['key.changed'] })).toMatchObject({ items: [{}], nextCursor: null });
      expect(await test.trail.list({ orgId, types: ['key.changed'], outcome: 'refused' })).toMatchObject({ items: [] });
      expect(test.store.calls).toEqual(['page']);
    });
  });

  describe('filtered', () => {
    it('by time, the beginning included and the end not', async () => {
      for (let i = 0; i < 5; i++) {
        await test.made({ orgId, after: { name: i } });
        test.clock.advance(MINUTE_MS);
      }
      const at = (minutes: number) => START_AT + minutes * MINUTE_MS;
      expect(namesOf(await all({ from: at(1), to: at(3) }))).toEqual([2, 1]);
      expect(namesOf(await all({ from: at(3) }))).toEqual([4, 3]);
      expect(namesOf(await all({ to: at(1) }))).toEqual([0]);
      expect(namesOf(await all({ from: at(1), to: at(1) }))).toEqual([]);
      expect(namesOf(await all({ from: at(0) + 1, to: at(1) }))).toEqual([]);
    });

    it('by time, where the clock of another process was ahead', async () => {
      test.clock.advance(5 * MINUTE_MS);
      await test.made({ orgId, after: { name: 'ahead' } });
      test.clock.advance(-5 * MINUTE_MS);
      await test.made({ orgId, after: { name: 'behind' } });
      expect(namesOf(await all({ from: START_AT, to: START_AT + 1 }))).toEqual(['behind']);
      expect(namesOf(await all({ from: START_AT + 1 }))).toEqual(['ahead']);
    });

    it('by time, where one entry stands for a while', async () => {
      test.events.emit(test.refusal({ orgId }));
      test.clock.advance(900);
      await test.told(test.refusal({ orgId }));
      expect(await all({ from: START_AT + 900, to: START_AT + 901 })).toHaveLength(1);
      expect(await all({ from: START_AT, to: START_AT + 1 })).toHaveLength(1);
      expect(await all({ from: START_AT + 901 })).toHaveLength(0);
    });

    it('by who it was, with what, and what it was', async () => {
      const base = { at: test.clock.nowAt, orgId, address: null };
      await test.made({ orgId, actorId: 'ada', credentialId: 'k1', keyId: 'k2', ownerId: 'bob' });
      await test.made({
        orgId,
        type: 'key.revoked',
        actorId: 'setup',
        credentialId: null,
        keyId: 'k1',
        ownerId: 'ada',
      });
      test.events.emit(test.login({ orgId, userId: 'bob' }));
      test.events.emit({ ...base, type: 'login.failed', userId: 'ada', reason: 'wrong_password' });
      test.events.emit({ ...base, type: 'session.started', sessionId: 's1', userId: 'bob', kind: 'cookie' });
      const ended = { ...base, type: 'session.ended', sessionId: 's1', userId: 'bob' } as const;
      test.events.emit({ ...ended, actorId: 'ada', credentialId: 's2' });
      test.events.emit(test.refusal({ orgId, credentialId: 'k1' }));
      const forbidden = { type: 'request.forbidden', detail: 'no', method: 'GET', path: '/' } as const;
      test.events.emit({ ...base, ...forbidden, actorId: 'bob', credentialId: 's1' });
      test.events.emit({ ...base, type: 'key.first-used', keyId: 'k2', ownerId: 'bob' });
      await test.trail.flush();
      const types = async (filter: AuditFilter) => (await all(filter)).map(({ type }) => type).sort();

      expect(await types({ actorId: 'ada' })).toEqual(['key.changed', 'login.failed', 'session.ended']);
      expect(await types({ actorId: 'bob' })).toEqual(['login.succeeded', 'request.forbidden', 'session.started']);
      expect(await types({ actorId: 'setup' })).toEqual(['key.revoked']);
      expect(await types({ credentialId: 'k1' })).toEqual(['key.changed', 'key.revoked', 'request.refused']);
      expect(await types({ credentialId: 's1' })).toEqual(['request.forbidden', 'session.ended', 'session.started']);
      expect(await types({ keyId: 'k1' })).toEqual(['key.revoked', 'request.refused']);
      expect(await types({ keyId: 'k2' })).toEqual(['key.changed', 'key.first-used']);
      expect(await types({ keyId: 'k2', actorId: 'ada' })).toEqual(['key.changed']);
      expect(await types({ keyId: 'k1', outcome: 'refused' })).toEqual(['request.refused']);
      expect(await types({ keyId: 'k3' })).toEqual([]);
      expect(await types({ outcome: 'refused' })).toEqual(['login.failed', 'request.forbidden', 'request.refused']);
      expect(await types({ types: ['key.changed', 'login.failed'] })).toEqual(['key.changed', 'login.failed']);
      expect(await types({ actorId: 'ada', outcome: 'success' })).toEqual(['key.changed', 'session.ended']);
      expect(await types({ types: [] })).toEqual([]);
      expect(await types({ concerning: 'ada' })).toEqual([
        'key.changed',
        'key.revoked',
        'login.failed',
        'session.ended',
      ]);
      expect(await types({ concerning: 'bob' })).toEqual([
        'key.changed',
        'key.first-used',
        'login.succeeded',
        'request.forbidden',
        'session.ended',
        'session.started',
      ]);
    });
  });

  it('skips what is no entry of this organisation', async () => {
    const good = JSON.stringify(test.change({ orgId }));
    await write(
      'changes',
      good,
      'no JSON',
      'null',
      '[]',
      '"text"',
      '{}',
      JSON.stringify({ ...test.change({ orgId }), type: 'key.exploded' }),
      JSON.stringify({ ...test.change({ orgId }), type: 'toString' }),
      JSON.stringify({ ...test.change({ orgId }), at: 'yesterday' }),
      JSON.stringify({ ...test.change({ orgId }), at: 1e300 }),
      JSON.stringify({ ...test.change({ orgId }), after: undefined }),
      JSON.stringify({ ...test.change({ orgId }), orgId: 'another' }),
      JSON.stringify({ ...test.change({ orgId }), orgId: undefined }),
      good,
    );
    expect(await all()).toMatchObject([{ type: 'key.changed' }, { type: 'key.changed' }]);
    expect(await all({ limit: 1 })).toHaveLength(2);
  });

  it('shows nothing that is older than entries live', async () => {
    await test.made({ orgId });
    test.clock.advance(180 * DAY_MS);
    expect(await all()).toHaveLength(1);
    test.clock.advance(1);
    expect(await all()).toHaveLength(0);
  });

  it.each<[query: object, path: string, message: unknown]>([
    [{ limit: 0 }, 'limit', 'must be a whole number from 1 to 200'],
    [{ limit: 201 }, 'limit', 'must be a whole number from 1 to 200'],
    [{ from: -1 }, 'from', 'must be an instant before the year 10000'],
    [{ to: Number.NaN }, 'to', 'must be an instant before the year 10000'],
    [{ to: 253_402_300_800_000 }, 'to', 'must be an instant before the year 10000'],
    [{ actorId: '' }, 'actorId', 'must have 1 to 128 characters'],
    [{ concerning: null }, 'concerning', 'must have 1 to 128 characters'],
    [{ credentialId: 'x'.repeat(129) }, 'credentialId', 'must have 1 to 128 characters'],
    [{ keyId: '' }, 'keyId', 'must have 1 to 128 characters'],
    [{ types: ['key.exploded'] }, 'types', expect.stringContaining('must be a list of: key.created, key.changed')],
    [{ outcome: 'failure' }, 'outcome', 'must be success or refused'],
    [{ orgId: '' }, 'orgId', 'must have 1 to 128 printable characters'],
    ...FOREIGN_CURSORS.map((each): [object, string, string] => [
      { cursor: each },
      'cursor',
      'must be the nextCursor of a page of the same list',
    ]),
  ])('refuses %j', async (query, path, message) => {
    const asked = test.trail.list({ orgId, ...query } as never);
    expect(await refusalOf(asked)).toMatchObject({ code: 'invalid_request', errors: [{ path, message }] });
  });

  it('takes any cursor of the right form, and reads from there', async () => {
    await test.made({ orgId });
    const list = async (position: string) => (await test.trail.list({ orgId, cursor: cursorAt(position) })).items;
    expect(await list('0-0:changes')).toEqual([]);
    expect(await list(`${'9'.repeat(15)}-${'9'.repeat(14)}:changes`)).toHaveLength(1);
  });

  it('is unavailable while the store is', async () => {
    test.store.failing.add('page');
    expect(await refusalOf(test.trail.list({ orgId }))).toMatchObject({ code: 'store_unavailable' });
  });
});
