import type { Core } from '../../../lib/core.js';
import { Principal } from '../../../lib/principal.js';
import type { ApiKeyRecord } from '../../../lib/records.js';
import { until } from '../../conformance/store-suite.js';
import { Clock } from '../clock.js';
import { newCore } from '../new-core.js';
import { refusalOf } from '../refusals.js';
import { RollingStore } from '../rolling-store.js';

const by = { by: 'ada' };
const NEW = { name: 'ci', ownerId: 'ada', orgId: 'acme' };

describe('a key that ended, and that a failover brings back', () => {
  const clock = new Clock();
  let store: RollingStore;
  let cores: Core[];
  let one: Core;
  let other: Core;

  beforeEach(() => {
    store = new RollingStore();
    cores = [];
    [one, other] = [open(), open()];
  });

  afterEach(async () => {
    jest.useRealTimers();
    store.updates = 'durable';
    await Promise.all(cores.map((core) => core.close()));
  });

  /** Another process on the same database. */
  function open(): Core {
    const core = newCore({ store, now: clock.now, audit: { flushIntervalMs: 60_000 } });
    cores.push(core);
    return core;
  }

  /** Why a core refuses a key; `ok` when it does not. */
  async function reason(core: Core, { key, secret }: { key: { id: string }; secret: string }): Promise<string> {
    const verdict = await core.verifier.verify({ scheme: 'api-key-header', id: key.id, secret }, null);
    return verdict instanceof Principal ? 'ok' : verdict.reason;
  }

  async function issue() {
    const issued = await one.apiKeys.create(NEW, by);
    return { ...issued, record: await store.stored(issued.key.id) };
  }

  /** The entries of a key in the audit trail, the newest first. */
  const changes = async (keyId: string) => {
    const { items } = await one.audit.list({ orgId: 'acme', limit: 50 });
    return items.filter((entry) => 'keyId' in entry && entry.keyId === keyId);
  };

  describe('after it was revoked', () => {
    it('is refused by the process that revoked it, and revoked again, in a version later than any', async () => {
      const issued = await issue();
      await one.apiKeys.revoke(issued.key.id, { ...by, reason: 'leaked' });
      const revoked = await store.stored(issued.key.id);
      await store.goBack(issued.record);
      expect(await reason(one, issued)).toBe('revoked');
      expect(await store.stored(issued.key.id)).toEqual({ ...revoked, version: 3 });
      expect(await reason(open(), issued)).toBe('revoked');
    });

    it('is refused, too, by a process that merely saw it revoked', async () => {
      const issued = await issue();
      await one.apiKeys.revoke(issued.key.id, by);
      expect(await reason(other, issued)).toBe('revoked');
      await store.goBack(issued.record);
      expect(await reason(other, issued)).toBe('revoked');
      expect((await store.stored(issued.key.id)).revokedBy).toBe('ada');
    });

    it('is let in by a process that knows nothing, until another one has revoked it again', async () => {
      const issued = await issue();
      await one.apiKeys.revoke(issued.key.id, by);
      await store.goBack(issued.record);
      expect(await reason(other, issued)).toBe('ok');
      await one.apiKeys.get(issued.key.id);
      expect(await reason(other, issued)).toBe('revoked');
    });

    it('is revoked again without anybody asking for it, once the change feed is back', async () => {
      const issued = await issue();
      await one.apiKeys.revoke(issued.key.id, by);
      await store.goBack(issued.record);
      store.recover();
      await until('it is revoked again', async () => (await store.stored(issued.key.id)).revokedAt !== null);
      expect(await reason(other, issued)).toBe('revoked');
    });

    it.each([2, 3, 7])(
      'is revoked again when it has meanwhile come to version %d, what was changed staying',
      async (version) => {
        const issued = await issue();
        await one.apiKeys.revoke(issued.key.id, by);
        await store.goBack({ ...issued.record, version, name: 'changed meanwhile' });
        expect(await one.apiKeys.get(issued.key.id)).toMatchObject({ state: 'revoked', name: 'changed meanwhile' });
        expect(await store.stored(issued.key.id)).toMatchObject({
          version: version + 1,
          revokedAt: clock.nowAt,
          name: 'changed meanwhile',
        });
      },
    );

    it('cannot be changed, and a revocation answers with the one that was', async () => {
      const issued = await issue();
      await one.apiKeys.revoke(issued.key.id, { ...by, reason: 'first' });
      await store.goBack(issued.record);
      expect(await refusalOf(one.apiKeys.update(issued.key.id, { name: 'new' }, by))).toMatchObject({
        code: 'conflict',
      });
      const answer = await one.apiKeys.revoke(issued.key.id, { by: 'bob', reason: 'second' });
      expect(answer).toMatchObject({ revokedBy: 'ada', revokedReason: 'first' });
    });

    it('is listed as revoked, among keys that are not', async () => {
      const [gone, stays] = [await issue(), await issue()];
      await one.apiKeys.revoke(gone.key.id, by);
      await store.goBack(gone.record, stays.record);
      const { items } = await one.apiKeys.list({ orgId: 'acme', sort: 'id' });
      const states = new Map(items.map(({ id, state }) => [id, state]));
      expect(states).toEqual(
        new Map(
          [
            [gone.key.id, 'revoked'],
            [stays.key.id, 'active'],
          ].sort() as never,
        ),
      );
    });

    it('is in the audit trail as revoked by latchkey, and listeners are told', async () => {
      const issued = await issue();
      await one.apiKeys.revoke(issued.key.id, { ...by, reason: 'leaked' });
      await store.goBack(issued.record);
      const told: unknown[] = [];
      one.events.on('key.revoked', (event) => void told.push(event));
      await one.apiKeys.get(issued.key.id);
      const [entry] = await changes(issued.key.id);
      const facts = { type: 'key.revoked', actorId: 'latchkey', keyId: issued.key.id, ownerId: 'ada' };
      expect(entry).toMatchObject({ ...facts, before: { revokedReason: null }, after: { revokedReason: 'leaked' } });
      expect(told).toEqual([expect.objectContaining(facts)]);
    });

    it('is revoked again once, however many ask, in however many processes', async () => {
      const issued = await issue();
      await one.apiKeys.revoke(issued.key.id, by);
      await reason(other, issued);
      await store.goBack(issued.record);
      const asked = Array.from({ length: 50 }, (_, n) => reason(n % 2 === 0 ? one : other, issued));
      expect(new Set(await Promise.all(asked))).toEqual(new Set(['revoked']));
      expect((await store.stored(issued.key.id)).version).toBe(3);
      const again = (await changes(issued.key.id)).filter(
        (entry) => 'actorId' in entry && entry.actorId === 'latchkey',
      );
      expect(again).toHaveLength(1);
    });

    it('stays gone when the record is gone', async () => {
      const issued = await issue();
      await one.apiKeys.revoke(issued.key.id, by);
      await store.goBack();
      expect(await one.apiKeys.get(issued.key.id)).toBeNull();
      expect(await reason(one, issued)).toBe('unknown_id');
      expect(await store.stored(issued.key.id)).toBeNull();
    });

    it('is refused also while the database takes no writes, and revoked again when it does', async () => {
      const issued = await issue();
      await one.apiKeys.revoke(issued.key.id, by);
      await store.goBack(issued.record);
      store.updates = 'refused';
      expect(await reason(one, issued)).toBe('revoked');
      expect(await one.apiKeys.get(issued.key.id)).toMatchObject({ state: 'revoked' });
      expect((await store.stored(issued.key.id)).revokedAt).toBeNull();
      store.updates = 'durable';
      expect(await reason(one, issued)).toBe('revoked');
      expect((await store.stored(issued.key.id)).revokedAt).toBe(clock.nowAt);
    });

    it('is confirmed after a failover where it was not before, once', async () => {
      const issued = await issue();
      store.updates = 'not durable';
      expect(await refusalOf(one.apiKeys.revoke(issued.key.id, by))).toMatchObject({ code: 'not_durable' });
      store.updates = 'durable';
      store.confirmed.length = 0;
      const revoked = await store.stored(issued.key.id);
      await store.goBack(revoked);
      store.recover();
      await until('it is confirmed', () => store.confirmed.length > 0);
      expect(store.confirmed).toEqual([issued.key.id]);
      expect(await store.stored(issued.key.id)).toEqual(revoked);
    });

    it('counts as revoked also where the revocation was not confirmed', async () => {
      const issued = await issue();
      store.updates = 'not durable';
      expect(await refusalOf(one.apiKeys.revoke(issued.key.id, by))).toMatchObject({
        code: 'not_durable',
        status: 503,
      });
      await store.goBack(issued.record);
      expect(await reason(one, issued)).toBe('revoked');
      expect((await store.stored(issued.key.id)).revokedAt).toBe(clock.nowAt);
    });
  });

  describe('after it was disabled', () => {
    async function disabled(changes: Partial<ApiKeyRecord>) {
      const issued = await issue();
      await one.apiKeys.disable(issued.key.id, by);
      await store.goBack({ ...issued.record, ...changes });
      return { ...issued, verdict: await reason(one, issued), stored: await store.stored(issued.key.id) };
    }

    it.each([1, 2])('is disabled again where the database has version %d', async (version) => {
      const { verdict, stored } = await disabled({ version });
      expect([verdict, stored.enabled, stored.version]).toEqual(['disabled', false, 3]);
    });

    it('is let in where a later version says that it was enabled since', async () => {
      const { verdict, stored } = await disabled({ version: 3 });
      expect([verdict, stored.enabled, stored.version]).toEqual(['ok', true, 3]);
    });

    it('and enabled again, is let in: that is what is remembered then', async () => {
      const issued = await issue();
      await one.apiKeys.disable(issued.key.id, by);
      await one.apiKeys.enable(issued.key.id, by);
      await store.goBack(issued.record);
      expect(await reason(one, issued)).toBe('ok');
    });
  });

  describe('is looked for', () => {
    /** Timers go when told to; what is not a timer goes by itself. */
    async function pass(ms: number): Promise<void> {
      await jest.advanceTimersByTimeAsync(ms);
    }

    async function revokedOnes(count: number) {
      const all = [];
      for (let n = 0; n < count; n++) all.push(await issue());
      for (const { key } of all) await one.apiKeys.revoke(key.id, by);
      return all.map(({ record }) => record);
    }

    const undone = async (records: readonly ApiKeyRecord[]) =>
      (await Promise.all(records.map(({ id }) => store.stored(id)))).filter(({ revokedAt }) => revokedAt === null);

    beforeEach(() => {
      jest.useFakeTimers({ doNotFake: ['nextTick', 'setImmediate', 'queueMicrotask', 'performance', 'Date'] });
      [one, other] = [open(), open()];
    });

    it('only once the change feed is back', async () => {
      const records = await revokedOnes(3);
      await store.goBack(...records);
      await pass(5_000);
      expect(await undone(records)).toHaveLength(3);
      store.recover();
      await pass(200);
      expect(await undone(records)).toEqual([]);
    });

    it('a second time after ten seconds, for the client of the host may come over later than the feed', async () => {
      const records = await revokedOnes(3);
      await store.goBack();
      store.recover();
      await pass(200);
      await store.goBack(...records);
      store.recover();
      await pass(10_200);
      expect(await undone(records)).toEqual([]);
      store.reads.splice(0);
      await pass(60_000);
      expect(store.reads).toEqual([]);
    });

    it('again, when the database refuses to write', async () => {
      const records = await revokedOnes(3);
      await store.goBack(...records);
      store.updates = 'refused';
      store.recover();
      await pass(1_000);
      expect(await undone(records)).toHaveLength(3);
      store.updates = 'durable';
      await pass(5_000);
      expect(await undone(records)).toEqual([]);
    });

    it('among all keys, when a single one turns out to have come back', async () => {
      const records = await revokedOnes(3);
      await store.goBackSilently(...records);
      await pass(60_000);
      expect(await undone(records)).toHaveLength(3);
      await one.apiKeys.get((records[1] as ApiKeyRecord).id);
      await pass(200);
      expect(await undone(records)).toEqual([]);
    });

    it('as many at once as there are, also where none is confirmed', async () => {
      const records = await revokedOnes(100);
      await store.goBack(...records);
      store.updates = 'not durable';
      store.recover();
      await pass(200);
      expect(await undone(records)).toEqual([]);
    });

    it('no more once it is closed', async () => {
      const records = await revokedOnes(1);
      await one.close();
      await other.close();
      await store.goBack(...records);
      store.recover();
      await pass(60_000);
      expect(await undone(records)).toHaveLength(1);
    });
  });
});
