import assert from 'node:assert/strict';
import type { ApiKeyRecord } from '../../lib/index.js';
import { changed, Draw, insertAll, START_AT } from './store-samples.js';
import type { Suite } from './store-suite.js';

const DAY_MS = 86_400_000;

/** watch and watched; usersOfPolicy. */
export function testWatchAndPolicyUsers(suite: Suite): void {
  const { it, describe } = suite.api;
  const draw = new Draw(10);

  async function inserted(fields: Partial<ApiKeyRecord> = {}): Promise<ApiKeyRecord> {
    const record = draw.record(fields);
    assert.equal(await suite.apiKeys.insert(record), true);
    return record;
  }

  describe('watch', () => {
    const watch = (id: string, at: number | null) => suite.apiKeys.watch(id, at);
    const watched = (nowAt: number, limit = 100) => suite.apiKeys.watched(nowAt, limit);

    it('has a key named from its instant on, the longest due first', async () => {
      const [a, b, c] = [await inserted(), await inserted(), await inserted()];
      await watch(a.id, START_AT + 2);
      await watch(b.id, START_AT + 1);
      await watch(c.id, START_AT + 3);
      assert.deepEqual(await watched(START_AT), []);
      assert.deepEqual(await watched(START_AT + 1), [b.id]);
      assert.deepEqual(await watched(START_AT + 2), [b.id, a.id]);
      assert.deepEqual(await watched(START_AT + DAY_MS), [b.id, a.id, c.id]);
    });

    it('names at most as many as it was asked for, again and again until they are moved', async () => {
      const records = draw.records(25);
      await insertAll(suite.apiKeys, records);
      for (const [n, { id }] of records.entries()) await watch(id, START_AT + n);
      const first = records.slice(0, 10).map(({ id }) => id);
      assert.deepEqual(await watched(START_AT + DAY_MS, 10), first);
      assert.deepEqual(await watched(START_AT + DAY_MS, 10), first);
      for (const id of first) await watch(id, START_AT + 2 * DAY_MS);
      const second = records.slice(10, 20).map(({ id }) => id);
      assert.deepEqual(await watched(START_AT + DAY_MS, 10), second);
    });

    it('moves a key to the new instant, be it earlier or later, and names it no more after null', async () => {
      const { id } = await inserted();
      await watch(id, START_AT + 5);
      await watch(id, START_AT + 9);
      assert.deepEqual(await watched(START_AT + 8), []);
      await watch(id, START_AT + 1);
      assert.deepEqual(await watched(START_AT + 1), [id]);
      await watch(id, null);
      await watch(id, null);
      assert.deepEqual(await watched(START_AT + DAY_MS), []);
    });

    it('changes neither the record nor its version, and a change of the record does not move it', async () => {
      const record = await inserted();
      await watch(record.id, START_AT);
      assert.deepEqual(await suite.apiKeys.get(record.id), record);
      await suite.apiKeys.update(record, changed(record, { enabled: false }));
      assert.deepEqual(await watched(START_AT), [record.id]);
    });

    it('ends with the record', async () => {
      const [gone, kept] = [await inserted({ expungeAt: 1 }), await inserted()];
      await watch(gone.id, START_AT);
      await watch(kept.id, START_AT);
      assert.equal(await suite.apiKeys.expunge(1, 10), 1);
      assert.deepEqual(await watched(START_AT), [kept.id]);
    });
  });

  describe('the users of a policy', () => {
    const usersOf = (policyId: string) => suite.apiKeys.usersOfPolicy(policyId, undefined, 100);

    it('are the keys that refer to it, by id, in pages of any size', async () => {
      const [policy, other] = [draw.id(), draw.id()];
      const users = draw.records(45, (n) => ({ policyIds: n % 2 ? [policy] : [other, policy], orgId: `org ${n % 3}` }));
      const others = draw.records(5, () => ({ policyIds: [other] }));
      await insertAll(suite.apiKeys, [...users, ...others, ...draw.records(5)]);
      const expected = users.map(({ id }) => id).sort();
      for (const limit of [1, 7, 45, 46]) {
        const found: string[] = [];
        for (let after: string | undefined; ; after = found.at(-1)) {
          const page = await suite.apiKeys.usersOfPolicy(policy, after, limit);
          found.push(...page);
          if (page.length < limit) break;
        }
        assert.deepEqual(found, expected, `limit ${limit}`);
      }
      assert.equal((await usersOf(other)).length, 23 + 5);
      assert.deepEqual(await usersOf(draw.id()), []);
    });

    it('are kept apart, whatever the ids of policies look like', async () => {
      const policyIds = ['a', 'a:b', '{a}', '}', '-', '%', '%25', 'ä', '😀', ' '];
      for (const policyId of policyIds) {
        const { id } = await inserted({ policyIds: [policyId] });
        assert.deepEqual(await usersOf(policyId), [id]);
      }
    });

    it('follow an update, and leave those alone that it does not touch', async () => {
      const [stays, goes, comes] = [draw.id(), draw.id(), draw.id()];
      const record = await inserted({ policyIds: [stays, goes] });
      const next = changed(record, { policyIds: [comes, stays] });
      assert.equal(await suite.apiKeys.update(record, next), true);
      assert.deepEqual(await usersOf(stays), [record.id]);
      assert.deepEqual(await usersOf(goes), []);
      assert.deepEqual(await usersOf(comes), [record.id]);
      await suite.apiKeys.update(next, changed(next, { policyIds: [] }));
      for (const policyId of [stays, comes]) assert.deepEqual(await usersOf(policyId), []);
    });

    it('are not lost to an update that came too late', async () => {
      const [policy, late] = [draw.id(), draw.id()];
      const record = await inserted({ policyIds: [] });
      await suite.apiKeys.update(record, changed(record, { policyIds: [policy] }));
      const loser = changed(record, { policyIds: [policy, late] });
      assert.equal(await suite.apiKeys.update(record, loser), false);
      assert.deepEqual(await usersOf(policy), [record.id]);
      assert.deepEqual(await usersOf(late), []);
    });

    it('name a key that refers to a policy, whatever twenty updates at once do', async () => {
      const policies = [draw.id(), draw.id(), draw.id()];
      const second = await suite.subject.openSecond?.();
      try {
        const stores = [suite.apiKeys, second?.records.apiKeys ?? suite.apiKeys];
        const record = await inserted();
        for (let round = 0; round < 15; round++) {
          const updates = Array.from({ length: 20 }, async (_, n) => {
            const store = stores[n % 2] ?? suite.apiKeys;
            const policyIds = policies.filter((_id, bit) => (n + round) & (1 << bit));
            for (;;) {
              const current = await store.get(record.id);
              assert.ok(current);
              if (await store.update(current, changed(current, { policyIds }))) return;
            }
          });
          await Promise.all(updates);
          const last = await suite.apiKeys.get(record.id);
          for (const policyId of last?.policyIds ?? []) assert.deepEqual(await usersOf(policyId), [record.id]);
        }
      } finally {
        await second?.close();
      }
    });

    it('end with their records', async () => {
      const policy = draw.id();
      await inserted({ policyIds: [policy], expungeAt: 1 });
      const kept = await inserted({ policyIds: [policy] });
      assert.equal(await suite.apiKeys.expunge(1, 10), 1);
      assert.deepEqual(await usersOf(policy), [kept.id]);
    });
  });
}
