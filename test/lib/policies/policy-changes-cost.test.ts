import type { Core } from '../../../lib/core.js';
import type { IssuedKey } from '../../../lib/index.js';
import { PolicyReader } from '../../../lib/policies/policy-reader.js';
import { Principal } from '../../../lib/principal.js';
import { Clock } from '../clock.js';
import { CountingStore } from '../counting-store.js';
import { newCore } from '../new-core.js';

const by = { by: 'setup' };
const ORDERS = [{ actions: ['orders:read'] }];
const INVOICES = [{ actions: ['invoices:read'] }];

describe('policies that keys have', () => {
  const clock = new Clock();
  let store: CountingStore;
  let core: Core;

  beforeEach(() => {
    store = new CountingStore();
    core = newCore({ store, now: clock.now, usage: { flushIntervalMs: 3_600_000 } });
  });
  afterEach(() => core.close());

  const policy = async (fields: object = { statements: ORDERS }) =>
    (await core.policies.create({ name: 'p', orgId: 'acme', ...fields }, by)).id;
  const create = (...policyIds: string[]) =>
    core.apiKeys.create({ name: 'ci', ownerId: 'ada', orgId: 'acme', statements: [], policyIds }, by);

  async function can({ key, secret }: IssuedKey, action: string): Promise<boolean> {
    const verdict = await core.verifier.verify({ scheme: 'api-key', id: key.id, secret }, null);
    if (!(verdict instanceof Principal)) throw new Error(`not let in: ${verdict.reason}`);
    return verdict.can(action);
  }

  /** Which of the keys are read from the store when all are used. */
  async function readOf(keys: Readonly<Record<string, IssuedKey>>): Promise<string[]> {
    const read: string[] = [];
    for (const [name, issued] of Object.entries(keys)) {
      store.drain();
      await can(issued, 'orders:read');
      if (store.drain().includes('get')) read.push(name);
    }
    return read;
  }

  describe('when one of them is changed', () => {
    it('only the keys that have it are read again', async () => {
      const [changed, other] = [await policy(), await policy()];
      const keys = {
        first: await create(changed),
        both: await create(other, changed),
        other: await create(other),
        builtIn: await create('auditor'),
        none: await create(),
      };
      expect(await readOf(keys)).toEqual(Object.keys(keys));
      expect(await readOf(keys)).toEqual([]);
      await core.policies.update(changed, { statements: INVOICES }, by);
      expect(await readOf(keys)).toEqual(['first', 'both']);
      expect(await readOf(keys)).toEqual([]);
      expect([await can(keys.first, 'orders:read'), await can(keys.first, 'invoices:read')]).toEqual([false, true]);
      expect([await can(keys.both, 'orders:read'), await can(keys.other, 'orders:read')]).toEqual([true, true]);
    });

    it('of a template, only the keys whose policy follows it', async () => {
      const templates = [
        await policy({ type: 'template', statements: ORDERS }),
        await policy({ type: 'template', statements: ORDERS }),
      ];
      const [changed, other] = templates as [string, string];
      const keys = {
        here: await create(await policy({ templateId: changed, workspace: 'w1' })),
        there: await create(await policy({ templateId: changed, workspace: 'w2' })),
        other: await create(await policy({ templateId: other, workspace: 'w1' })),
        own: await create(await policy()),
      };
      await readOf(keys);
      await core.policies.update(changed, { statements: INVOICES }, by);
      expect(await readOf(keys)).toEqual(['here', 'there']);
      expect(await readOf(keys)).toEqual([]);
    });

    it('also one that was not there when the key was read', async () => {
      const id = await policy();
      const issued = await create(id);
      const record = await store.records.policies.get(id);
      if (record === null) throw new Error('there is no such policy');
      await store.records.policies.remove(record);
      expect(await can(issued, 'orders:read')).toBe(false);
      await store.records.policies.insert(record);
      expect(await can(issued, 'orders:read')).toBe(true);
    });
  });

  describe('that several keys share', () => {
    /** Patterns with such an action that are compiled while `action` runs. */
    async function compiledDuring(tag: string, action: () => Promise<unknown>): Promise<number> {
      const split = jest.spyOn(String.prototype, 'split');
      try {
        await action();
        return split.mock.contexts.filter((text) => String(text).startsWith(`${tag}:`)).length;
      } finally {
        split.mockRestore();
      }
    }

    it('are the same object for all of them until one is changed', async () => {
      const reader = new PolicyReader(store.records.policies, [], store.changes, clock.now);
      const template = await policy({ type: 'template', statements: ORDERS });
      const ids = [await policy(), await policy({ templateId: template, workspace: 'w1' })];
      const [own, following] = await reader.resolve(ids, 'acme');
      const [ownAgain, followingAgain] = await reader.resolve(ids, 'acme');
      expect([ownAgain === own, followingAgain === following]).toEqual([true, true]);
      await core.policies.update(ids[0] as string, { statements: INVOICES }, by);
      const [ownChanged, followingStill] = await reader.resolve(ids, 'acme');
      expect([ownChanged === own, followingStill === following]).toEqual([false, true]);
      expect(ownChanged?.statements[0]?.actions).toEqual(['invoices:read']);
      await core.policies.update(template, { statements: INVOICES }, by);
      const [ownStill, followingChanged] = await reader.resolve(ids, 'acme');
      expect([ownStill === ownChanged, followingChanged === following]).toEqual([true, false]);
      expect(followingChanged?.statements).toMatchObject([{ actions: ['invoices:read'], workspace: 'w1' }]);
      reader.close();
    });

    it('cannot be changed through one of them', async () => {
      const reader = new PolicyReader(store.records.policies, [], store.changes, clock.now);
      const [resolved] = await reader.resolve([await policy()], 'acme');
      const actions = resolved?.statements[0]?.actions as string[];
      expect(() => actions.push('*')).toThrow(TypeError);
      reader.close();
    });

    it('are compiled once for all of them, and once more after a change', async () => {
      const zebras = (count: number) => [{ actions: Array.from({ length: count }, (_, i) => `zebra:${i}*`) }];
      const id = await policy({ statements: zebras(20) });
      const keys = [await create(id), await create(id), await create(id)] as const;
      const use = async (index: 0 | 1 | 2) => expect(await can(keys[index], 'zebra:7')).toBe(true);
      const compiled = [];
      for (const index of [0, 1, 2] as const) compiled.push(await compiledDuring('zebra', () => use(index)));
      expect(compiled.slice(1)).toEqual([0, 0]);
      await core.policies.update(id, { statements: zebras(30) }, by);
      const counts = [];
      for (const index of [0, 1, 2] as const) counts.push(await compiledDuring('zebra', () => use(index)));
      expect(counts).toEqual([30, 0, 0]);
    });
  });
});
