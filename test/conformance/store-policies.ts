import assert from 'node:assert/strict';
import type { PolicyRecord, PolicyStore } from '../../lib/index.js';
import { changed, copyOf, Draw } from './store-samples.js';
import type { Suite } from './store-suite.js';

/** Policies: insert, get, update, remove, page. */
export function testPolicies(suite: Suite): void {
  const { it, describe } = suite.api;
  const draw = new Draw(11);
  const policies = (): PolicyStore => suite.subject.store.records.policies;

  async function inserted(fields: Partial<PolicyRecord> = {}): Promise<PolicyRecord> {
    const policy = draw.policy(fields);
    assert.equal(await policies().insert(policy), true);
    return policy;
  }

  async function list(orgId: string | null, limit = 100): Promise<PolicyRecord[]> {
    const records: PolicyRecord[] = [];
    for (let after: string | undefined; ; ) {
      const page = await policies().page({ orgId, after, limit });
      assert.ok(page.records.length <= limit);
      records.push(...page.records);
      if (page.next === null) return records;
      assert.notEqual(page.next, after);
      after = page.next;
    }
  }

  describe('policies', () => {
    it('come back with every field', async () => {
      const statement = { actions: ['a:*'], resources: [], workspace: 'w', description: '"ü"\n' };
      for (const policy of [
        draw.policy({ orgId: null, properties: { 'a key': '', '😀': '"' }, statements: [statement] }),
        draw.policy({ type: 'role', templateId: draw.id(), workspace: 'w', statements: [], properties: {} }),
        draw.policy({ id: 'a}b{c:%41 ü', description: '' }),
        ...draw.policies(20),
      ]) {
        assert.equal(await policies().insert(policy), true);
        assert.deepEqual(await policies().get(policy.id), policy);
      }
      assert.equal(await policies().get(draw.id()), null);
    });

    it('are not inserted over one that is there, which stays as it was, in its own organisation', async () => {
      const first = await inserted();
      assert.equal(await policies().insert(draw.policy({ id: first.id, orgId: 'other' })), false);
      assert.equal(await policies().insert(draw.policy({ id: first.id })), false);
      assert.deepEqual(await policies().get(first.id), first);
      assert.deepEqual(await list('org'), [first]);
      assert.deepEqual(await list('other'), []);
    });

    it('are inserted by exactly one of twenty at once', async () => {
      const contenders = draw.policies(20, { id: draw.id() });
      const won = await Promise.all(contenders.map((policy) => policies().insert(policy)));
      assert.equal(won.filter(Boolean).length, 1);
      assert.deepEqual(await list('org'), [contenders[won.indexOf(true)]]);
    });

    it('are kept as copies, and come as copies', async () => {
      const given = draw.policy({ properties: { a: 'b' } });
      const original = copyOf(given);
      await policies().insert(given);
      spoil(given);
      const read = await policies().get(original.id);
      assert.deepEqual(read, original);
      spoil(read);
      const [listed] = await list('org');
      assert.deepEqual(listed, original);
      spoil(listed ?? null);
      const next = changed(original, { name: 'next' });
      await policies().update(copyOf(original), next);
      const written = copyOf(next);
      spoil(next);
      assert.deepEqual(await policies().get(original.id), written);
    });

    it('are replaced when the stored version is the one that was read, else not', async () => {
      const first = await inserted();
      const second = changed(first, { name: 'second', statements: [] });
      const third = changed(second, { name: 'third' });
      assert.equal(await policies().update(second, third), false);
      assert.deepEqual(await policies().get(first.id), first);
      assert.equal(await policies().update(first, second), true);
      assert.equal(await policies().update(first, changed(first, { name: 'late' })), false);
      assert.deepEqual(await list('org'), [second]);
      const absent = draw.policy();
      assert.equal(await policies().update(absent, changed(absent, {})), false);
      assert.equal(await policies().get(absent.id), null);
    });

    it('lose none of 20 concurrent read, change, write loops', async () => {
      const { id } = await inserted({ properties: {} });
      const loops = Array.from({ length: 20 }, async (_, n) => {
        for (;;) {
          const policy = await policies().get(id);
          assert.ok(policy);
          const next = changed(policy, { properties: { ...policy.properties, [`by${n}`]: 'done' } });
          if (await policies().update(policy, next)) return;
        }
      });
      await Promise.all(loops);
      const last = await policies().get(id);
      assert.equal(last?.version, 21);
      assert.equal(Object.keys(last.properties).length, 20);
    });

    it('are removed when the stored version is the one that was read, else not', async () => {
      const [first, other] = [await inserted(), await inserted()];
      const second = changed(first, { name: 'second' });
      assert.equal(await policies().remove(second), false);
      await policies().update(first, second);
      assert.equal(await policies().remove(first), false);
      assert.deepEqual(await policies().get(first.id), second);
      assert.equal(await policies().remove(second), true);
      assert.equal(await policies().get(first.id), null);
      assert.equal(await policies().remove(second), false);
      assert.equal(await policies().update(second, changed(second, {})), false);
      assert.deepEqual(await list('org'), [other]);
    });

    it('are removed or changed, never both, by twenty at once', async () => {
      for (let round = 0; round < 10; round++) {
        const policy = await inserted({ orgId: `org ${round}` });
        const writes = Array.from({ length: 20 }, (_, n) =>
          n % 2 ? policies().remove(policy) : policies().update(policy, changed(policy, { name: `by ${n}` })),
        );
        const won = await Promise.all(writes);
        assert.equal(won.filter(Boolean).length, 1);
        const listed = (await list(policy.orgId)).map(({ version }) => version);
        assert.deepEqual(listed, won.indexOf(true) % 2 ? [] : [2]);
      }
    });

    it('can be listed when they are made anew while the one before is removed', async () => {
      for (let round = 0; round < 20; round++) {
        const policy = await inserted({ id: 'the same', orgId: `org ${round}` });
        const anew = { ...policy, name: 'made anew' };
        const insert = async () => {
          while (!(await policies().insert(anew)));
        };
        await Promise.all([policies().remove(policy), insert()]);
        assert.deepEqual(await list(policy.orgId), [anew], `round ${round}`);
        assert.equal(await policies().remove(anew), true);
      }
    });
  });

  describe('a list of policies', () => {
    it('goes by id, in pages of any size', async () => {
      const made = draw.policies(45);
      for (const policy of made) await policies().insert(policy);
      const expected = [...made].sort((a, b) => (a.id < b.id ? -1 : 1));
      for (const limit of [1, 7, 45, 46]) assert.deepEqual(await list('org', limit), expected, `limit ${limit}`);
      const { records } = await policies().page({ orgId: 'org', after: expected[20]?.id, limit: 3 });
      assert.deepEqual(records, expected.slice(21, 24));
    });

    it('goes on where it was when the policy at its cursor has been removed', async () => {
      const made = draw.policies(10).sort((a, b) => (a.id < b.id ? -1 : 1));
      for (const policy of made) await policies().insert(policy);
      const { next } = await policies().page({ orgId: 'org', limit: 3 });
      await policies().remove(made[2] as PolicyRecord);
      const { records } = await policies().page({ orgId: 'org', after: next ?? '', limit: 100 });
      assert.deepEqual(records, made.slice(3));
    });

    it('is of one organisation, whatever their ids look like', async () => {
      const orgs = [null, '', '-', 'o', 'null', ':', '{a}', '%', '%25', 'ä', ' ', '[null]', 'x'.repeat(128)];
      const made = draw.policies(orgs.length).map((policy, n) => ({ ...policy, orgId: orgs[n] ?? null }));
      for (const policy of made) await policies().insert(policy);
      for (const [n, orgId] of orgs.entries()) assert.deepEqual(await list(orgId), [made[n]], `organisation ${orgId}`);
      assert.deepEqual(await policies().page({ orgId: 'nobody', limit: 5 }), { records: [], next: null });
    });
  });
}

/** Overwrites what the types call readonly, as careless host code might. */
function spoil(policy: PolicyRecord | null): void {
  const open = policy as { -readonly [Field in keyof PolicyRecord]: PolicyRecord[Field] } | null;
  if (open === null || Object.isFrozen(open)) return;
  open.name = 'spoilt';
  open.version = 99;
  (open.properties as Record<string, string>).spoilt = 'yes';
  (open.statements as unknown[]).length = 0;
}
