import { Redis } from 'ioredis';
import type { ApiKeyRecord } from '../../lib/records.js';
import { RedisStore } from '../../lib/stores/redis/redis-store.js';
import { changed, Draw } from '../conformance/store-samples.js';
import { PATIENT } from '../support/patience.js';
import { type RedisServer, startRedis } from '../support/redis-server.js';

type Command = (...args: unknown[]) => Promise<unknown>;

/** What takes several commands, with another process or the end of this one in between. */
describe('writes to Redis that are interrupted', () => {
  const draw = new Draw(13);
  let server: RedisServer;
  let closing: (() => unknown)[] = [];

  beforeAll(async () => {
    server = await startRedis();
  });

  afterEach(async () => {
    for (const close of closing.reverse()) await close();
    closing = [];
  });

  afterAll(() => server.stop());

  /** A process of its own; `interrupt` has something happen right before the next `command` that it sends. */
  function open() {
    const client = new Redis(server.url);
    const store = new RedisStore(client, { ...PATIENT, heartbeatMs: 60_000 });
    closing.push(async () => {
      await store.close();
      client.disconnect();
    });
    const { apiKeys, policies } = store.records;
    const interrupt = (command: string, action: () => Promise<unknown>): void => {
      const commands = client as unknown as Record<string, Command>;
      const send = (commands[command] as Command).bind(client);
      commands[command] = async (...args) => {
        commands[command] = send;
        await action();
        return await send(...args);
      };
    };
    return {
      apiKeys,
      policies,
      interrupt,
      usersOf: (policyId: string) => apiKeys.usersOfPolicy(policyId, undefined, 9),
    };
  }

  const cutOff = () => Promise.reject(new Error('cut off'));

  describe('the users of a policy', () => {
    it('name a key before its record refers to the policy, and until after', async () => {
      const { apiKeys, interrupt, usersOf } = open();
      const [first, second] = [draw.id(), draw.id()];
      const record = draw.record({ policyIds: [first] });
      interrupt('latchkeyWrite', cutOff);
      await expect(apiKeys.insert(record)).rejects.toThrow();
      expect(await usersOf(first)).toEqual([record.id]);

      await apiKeys.insert(record);
      const next = changed(record, { policyIds: [second] });
      interrupt('latchkeyWrite', cutOff);
      await expect(apiKeys.update(record, next)).rejects.toThrow();
      for (const policyId of [first, second]) expect(await usersOf(policyId)).toEqual([record.id]);
      interrupt('zrem', cutOff);
      await expect(apiKeys.update(record, next)).rejects.toThrow();
      expect(await apiKeys.get(record.id)).toEqual(next);
      for (const policyId of [first, second]) expect(await usersOf(policyId)).toEqual([record.id]);
    });

    it.each([
      ['after', 'zrem'],
      ['before', 'latchkeyWrite'],
    ])('name a key that takes up a policy %s another process takes out the entry', async (_when, command) => {
      const [dropping, taking] = [open(), open()];
      const policy = draw.id();
      const record = draw.record({ policyIds: [policy] });
      await dropping.apiKeys.insert(record);
      const without = changed(record, { policyIds: [] });
      const again = changed(without, { policyIds: [policy] });
      const [drop, take] = [
        () => dropping.apiKeys.update(record, without),
        () => taking.apiKeys.update(without, again),
      ];
      if (command === 'zrem') {
        dropping.interrupt('zrem', take);
        expect(await drop()).toBe(true);
      } else {
        taking.interrupt('latchkeyWrite', drop);
        expect(await take()).toBe(true);
      }
      expect(await taking.apiKeys.get(record.id)).toEqual(again);
      expect(await taking.usersOf(policy)).toEqual([record.id]);
    });

    it('name a key whose removal was put off in the last moment, and every list does', async () => {
      const [removing, changing] = [open(), open()];
      const policy = draw.id();
      const record = draw.record({ policyIds: [policy], orgId: policy, expungeAt: 1 });
      const kept = changed(record, { expungeAt: null });
      await removing.apiKeys.insert(record);
      removing.interrupt('latchkeyRemove', () => changing.apiKeys.update(record, kept));
      expect(await removing.apiKeys.expunge(1, 10)).toBe(0);
      expect(await changing.usersOf(policy)).toEqual([record.id]);
      for (const order of ['id', 'name'] as const) {
        const { entries } = await changing.apiKeys.page({ orgId: policy, order, descending: false, limit: 5 });
        expect(entries.map((entry) => entry.record)).toEqual([kept]);
      }
    });

    it('and what is watched end with a key whose removal was cut off', async () => {
      const { apiKeys, interrupt, usersOf } = open();
      const policy = draw.id();
      const record = draw.record({ policyIds: [policy], expungeAt: 1 });
      await apiKeys.insert(record);
      await apiKeys.watch(record.id, 1);
      interrupt('latchkeyRemove', cutOff);
      await expect(apiKeys.expunge(1, 10)).rejects.toThrow();
      expect(await apiKeys.expunge(1, 10)).toBe(1);
      expect([await usersOf(policy), await apiKeys.watched(1, 10)]).toEqual([[], []]);
    });
  });

  it('leave no key in a wrong place by its expiry, once somebody has listed by expiry', async () => {
    const { apiKeys, interrupt } = open();
    const orgId = draw.id();
    const [early, late] = [10, 20].map((expiresAt) => draw.record({ orgId, expiresAt })) as [
      ApiKeyRecord,
      ApiKeyRecord,
    ];
    for (const record of [early, late]) await apiKeys.insert(record);
    const last = changed(early, { expiresAt: 30 });
    interrupt('zadd', cutOff);
    await expect(apiKeys.update(early, last)).rejects.toThrow();
    const listed = async () => {
      const { entries } = await apiKeys.page({ orgId, order: 'expiresAt', descending: false, limit: 5 });
      return entries.map(({ record }) => record);
    };
    expect(await listed()).toEqual([last, late]);
    expect(await listed()).toEqual([late, last]);
  });

  describe('a policy', () => {
    const listed = async ({ policies }: ReturnType<typeof open>, orgId: string | null) =>
      (await policies.page({ orgId, limit: 10 })).records;

    it('is entered in its list before it is there, and taken out after it is gone', async () => {
      const one = open();
      const policy = draw.policy({ orgId: 'in order' });
      one.interrupt('zadd', cutOff);
      await expect(one.policies.insert(policy)).rejects.toThrow();
      expect(await one.policies.get(policy.id)).toBeNull();
      await one.policies.insert(policy);
      one.interrupt('latchkeyRemove', cutOff);
      await expect(one.policies.remove(policy)).rejects.toThrow();
      expect(await listed(one, 'in order')).toEqual([policy]);
      one.interrupt('zrem', cutOff);
      await expect(one.policies.remove(policy)).rejects.toThrow();
      expect(await listed(one, 'in order')).toEqual([]);
    });

    it.each([
      ['before the entry is taken out', 'zrem'],
      ['that was entered while the one before was there', 'latchkeyWrite'],
    ])('made anew %s is listed', async (_when, command) => {
      const [removing, making] = [open(), open()];
      const policy = draw.policy({ orgId: command });
      const anew = { ...policy, name: 'made anew' };
      await removing.policies.insert(policy);
      if (command === 'zrem') {
        removing.interrupt('zrem', () => making.policies.insert(anew));
        expect(await removing.policies.remove(policy)).toBe(true);
      } else {
        making.interrupt('latchkeyWrite', () => removing.policies.remove(policy));
        expect(await making.policies.insert(anew)).toBe(true);
      }
      expect(await listed(making, command)).toEqual([anew]);
    });
  });
});
