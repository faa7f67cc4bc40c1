import { AuditTrail } from '../../../lib/audit/audit.js';
import type { LatchkeyEvent } from '../../../lib/events.js';
import { until } from '../../conformance/store-suite.js';
import { DAY_MS, START_AT } from '../clock.js';
import { refusalOf } from '../refusals.js';
import type { Database } from '../store-kinds.js';
import { STORE_KINDS } from '../store-kinds.js';
import { TestTrail } from '../trail.js';

describe.each(STORE_KINDS)('the audit trail on $name', ({ open }) => {
  let database: Database;
  let test: TestTrail;
  let told: LatchkeyEvent[];
  let orgId = '';
  let orgs = 0;

  beforeAll(async () => {
    database = await open();
  });
  afterAll(() => database.stop());

  beforeEach(async () => {
    test = new TestTrail(await database.connect());
    orgId = `org-${orgs++}`; // every test has its own: the database is one
    told = [];
    test.events.on('*', (event) => void told.push(event));
  });
  afterEach(() => test.trail.close());

  const typesOf = (entries: readonly { readonly type: string }[]) => entries.map(({ type }) => type);

  describe('of changes', () => {
    it('is written before the change, and told after it', async () => {
      const order: unknown[] = [];
      test.events.on('key.changed', () => void order.push('told'));
      const isMade = await test.trail.write(test.change({ orgId }), async () => {
        order.push(typesOf(await test.all({ orgId })), told.length);
        return true;
      });
      expect(isMade).toBe(true);
      expect(order).toEqual([['key.changed'], 0, 'told']);
      const event = test.change({ orgId });
      expect(told).toEqual([event]);
      const inTrail = { id: expect.any(String), outcome: 'success', count: 1, lastAt: START_AT };
      expect(await test.all({ orgId })).toEqual([{ ...event, ...inTrail }]);
    });

    it('lets no change be made that it cannot take', async () => {
      test.store.failing.add('append');
      const change = jest.fn(async () => true);
      expect(await refusalOf(test.trail.write(test.change({ orgId }), change))).toMatchObject({
        code: 'store_unavailable',
        status: 503,
      });
      expect(change).not.toHaveBeenCalled();
      expect(told).toEqual([]);
    });

    it('is as before when somebody else was faster', async () => {
      await test.made({ orgId, type: 'key.created' });
      told.length = 0;
      expect(await test.trail.write(test.change({ orgId }), async () => false)).toBe(false);
      expect(typesOf(await test.all({ orgId }))).toEqual(['key.created']);
      expect(told).toEqual([]);
    });

    it('says false, too, when the entry cannot be withdrawn', async () => {
      test.store.failing.add('withdraw');
      expect(await test.trail.write(test.change({ orgId }), async () => false)).toBe(false);
      expect(told).toEqual([]);
    });

    it('keeps the entry of a change of which nobody knows whether it was made', async () => {
      const failure = new Error('timed out');
      await expect(test.trail.write(test.change({ orgId }), () => Promise.reject(failure))).rejects.toBe(failure);
      expect(typesOf(await test.all({ orgId }))).toEqual(['key.changed']);
      expect(told).toEqual([]);
    });

    it('tells of a long field by its beginning', async () => {
      const statements = Array.from({ length: 100 }, () => ({ actions: ['a'.repeat(100)] }));
      await test.made({ orgId, after: { name: 'short', description: 'd'.repeat(60_000), statements, count: 1 } });
      const [entry] = await test.all({ orgId });
      expect(entry).toMatchObject({
        before: { name: 'old' },
        after: {
          name: 'short',
          description: `${'d'.repeat(500)}…`,
          statements: `${JSON.stringify(statements).slice(0, 500)}…`,
          count: 1,
        },
      });
    });
  });

  describe('of what else happens', () => {
    it('has equal events once, with a count', async () => {
      for (const path of ['/a', '/a', '/b', '/a']) {
        test.events.emit(test.refusal({ orgId, path }));
        test.clock.advance(10);
      }
      await test.trail.flush();
      const outcome = 'refused';
      expect(await test.all({ orgId })).toMatchObject([
        { path: '/b', outcome, count: 1, at: START_AT + 20, lastAt: START_AT + 20 },
        { path: '/a', outcome, count: 3, at: START_AT, lastAt: START_AT + 30 },
      ]);
    });

    it('is kept apart by organisation', async () => {
      const other = `${orgId}-b`;
      test.events.emit(test.login({ orgId }));
      test.events.emit(test.login({ orgId: other, userId: 'bob' }));
      await test.trail.flush();
      expect(await test.all({ orgId })).toMatchObject([{ orgId, userId: 'ada' }]);
      expect(await test.all({ orgId: other })).toMatchObject([{ orgId: other, userId: 'bob' }]);
    });

    it('has no changes that were only told', async () => {
      test.events.emit(test.change({ orgId }));
      await test.trail.flush();
      expect(test.store.calls).toEqual([]);
    });

    it('is not filled by a flood, which is counted and leaves room for those who were let in', async () => {
      const flood = 100_000;
      for (let i = 0; i < flood; i++) test.events.emit(test.refusal({ orgId, path: `/${i}` }));
      test.events.emit(test.login({ orgId }));
      await test.trail.flush();
      const found = await test.all({ orgId });
      expect(typesOf(found)).toEqual(['login.succeeded', ...Array(400).fill('request.refused')]);
      const dropped = { type: 'activity.dropped', orgId: null, address: null, count: flood - 400 };
      expect(await test.all({ orgId: null, limit: 1 })).toMatchObject([dropped]);
      expect(told.at(-1)).toMatchObject(dropped);

      await test.trail.flush();
      expect(await test.all({ orgId })).toHaveLength(401);
    });

    it('makes nothing of an event once it is full', () => {
      for (let i = 0; i < 400; i++) test.events.emit(test.refusal({ orgId, path: `/${i}` }));
      const event = test.refusal({ orgId, path: '/more' });
      const stringify = jest.spyOn(JSON, 'stringify');
      for (let i = 0; i < 1_000; i++) test.events.emit(event);
      expect(stringify).not.toHaveBeenCalled();
      stringify.mockRestore();
    });

    it('cuts what strangers send', async () => {
      await test.told(test.refusal({ orgId, address: 'x'.repeat(20_000) }));
      expect(await test.all({ orgId })).toMatchObject([{ address: `${'x'.repeat(200)}…`, path: '/' }]);
    });

    it('waits for a store that is down, as far as it fits', async () => {
      test.store.failing.add('append');
      test.events.emit(test.refusal({ orgId, path: '/first' }));
      await expect(test.trail.flush()).rejects.toMatchObject({ code: 'store_unavailable' });
      test.clock.advance(1_000);
      for (let i = 0; i < 600; i++) test.events.emit(test.refusal({ orgId, path: `/${i}` }));
      test.events.emit(test.refusal({ orgId, path: '/first' }));
      await expect(test.trail.flush()).rejects.toMatchObject({ code: 'store_unavailable' });
      test.events.emit(test.login({ orgId }));
      await expect(test.trail.flush()).rejects.toMatchObject({ code: 'store_unavailable' });

      test.store.failing.clear();
      await test.trail.flush();
      const found = await test.all({ orgId });
      expect(found).toHaveLength(401);
      expect(found.at(-1)).toMatchObject({ path: '/first', count: 1, at: START_AT });
      expect(found[0]).toMatchObject({ type: 'login.succeeded' });
      const [dropped] = await test.all({ orgId: null, limit: 1 });
      const counted = found.reduce((sum, { count }) => sum + count, 0);
      expect(dropped).toMatchObject({ type: 'activity.dropped', count: 603 - counted });
    });

    it('has one entry for what comes again after a flush that failed', async () => {
      test.store.failing.add('append');
      test.events.emit(test.refusal({ orgId }));
      const flushed = test.trail.flush();
      test.clock.advance(1_000);
      test.events.emit(test.refusal({ orgId })); // while it is under way
      await expect(flushed).rejects.toMatchObject({ code: 'store_unavailable' });
      test.store.failing.clear();
      await test.trail.flush();
      expect(await test.all({ orgId })).toMatchObject([{ count: 2, at: START_AT, lastAt: START_AT + 1_000 }]);
    });
  });

  it('is written by itself, and goes on after a failure', async () => {
    const own = new TestTrail(await database.connect(), { flushIntervalMs: 10 });
    own.store.failing.add('append');
    own.events.emit(own.login({ orgId }));
    await until('it has tried twice', () => own.store.calls.length >= 2);
    own.store.failing.clear();
    await until('it has succeeded', async () => (await own.all({ orgId })).length === 1);
    await own.trail.close();
  });

  it('is complete when it is closed, and collects no more', async () => {
    test.events.emit(test.login({ orgId }));
    await test.trail.close();
    test.events.emit(test.login({ orgId, userId: 'late' }));
    await test.trail.flush();
    expect(await test.all({ orgId })).toMatchObject([{ userId: 'ada' }]);
  });

  it('is tried again when it is closed while a flush fails', async () => {
    test.store.failing.add('append');
    test.events.emit(test.login({ orgId }));
    const flushed = test.trail.flush().catch(() => 'failed');
    test.store.failing.clear();
    await test.trail.close();
    expect(await flushed).toBe('failed');
    expect(await test.all({ orgId })).toMatchObject([{ userId: 'ada' }]);
  });

  it('says how much is lost when it is closed while the store is down', async () => {
    const warn = jest.spyOn(process, 'emitWarning').mockImplementation(() => {});
    for (let i = 0; i < 3; i++) test.events.emit(test.login({ orgId }));
    test.store.failing.add('append');
    await test.trail.close();
    expect(warn.mock.calls).toEqual([
      [
        '3 events of the last seconds are not in the audit trail: the store of this test is down',
        { code: 'LATCHKEY_AUDIT' },
      ],
    ]);
    warn.mockRestore();
    test.store.failing.clear();
  });
});

it.each([
  [{ maxAgeMs: 3_599_999 }, 'audit.maxAgeMs must be a whole number from 3600000 to 316224000000'],
  [{ maxAgeMs: 3_661 * DAY_MS }, 'audit.maxAgeMs must be a whole number from 3600000 to 316224000000'],
  [{ maxEntries: 99 }, 'audit.maxEntries must be a whole number from 100 to 10000000'],
  [{ maxEntries: 1_000.5 }, 'audit.maxEntries must be a whole number from 100 to 10000000'],
  [{ flushIntervalMs: 9 }, 'audit.flushIntervalMs must be a whole number from 10 to 60000'],
  [{ flushIntervalMs: Number.NaN }, 'audit.flushIntervalMs must be a whole number from 10 to 60000'],
])('refuses the options %j', (options, message) => {
  const { store, events, clock } = new TestTrail({ records: {} } as never);
  expect(() => new AuditTrail(store, events, clock.now, options)).toThrow(new TypeError(message));
});
