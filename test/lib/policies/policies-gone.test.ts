import type { Core } from '../../../lib/core.js';
import type { IssuedKey } from '../../../lib/index.js';
import { Principal } from '../../../lib/principal.js';
import { MemoryStore } from '../../../lib/stores/memory/memory-store.js';
import type { PolicyStore, Store } from '../../../lib/stores/store.js';
import { newCore } from '../new-core.js';
import { refusalOf } from '../refusals.js';

const by = { by: 'setup' };
const NEW = { name: 'ci', ownerId: 'ada', orgId: 'acme' };
const ALL = [{ actions: ['*'] }];
const ORDERS = [{ actions: ['orders:read'] }];

/** A `MemoryStore` that does something just before it removes a policy. */
function storeThat(before: () => Promise<unknown>): Store {
  const inner = new MemoryStore();
  const { policies } = inner.records;
  const slow: PolicyStore = {
    insert: (record) => policies.insert(record),
    get: (id) => policies.get(id),
    update: (previous, next) => policies.update(previous, next),
    remove: async (record) => {
      await before();
      return await policies.remove(record);
    },
    page: (request) => policies.page(request),
  };
  return {
    records: { ...inner.records, policies: slow },
    state: inner.state,
    changes: inner.changes,
    health: () => inner.health(),
    close: () => inner.close(),
  };
}

describe('of a policy that is no more', () => {
  let core: Core;
  /** What happens between the count of those that have a policy and its removal. */
  let meanwhile: () => Promise<unknown>;

  beforeEach(() => {
    meanwhile = async () => {};
    core = newCore({ store: storeThat(() => meanwhile()) });
  });
  afterEach(() => core.close());

  const policy = async (fields: object = { statements: ORDERS }) =>
    (await core.policies.create({ name: 'p', orgId: 'acme', ...fields }, by)).id;
  const adopt = (policyIds: string[]): Promise<IssuedKey> =>
    core.apiKeys.create({ ...NEW, statements: [], policyIds }, by);

  async function administrator(): Promise<Principal> {
    const { key, secret } = await core.apiKeys.create({ ...NEW, statements: ALL }, by);
    const verdict = await core.verifier.verify({ scheme: 'api-key', id: key.id, secret }, null);
    if (!(verdict instanceof Principal)) throw new Error(`not let in: ${verdict.reason}`);
    return verdict;
  }

  describe('a key that has its id still', () => {
    let gone: string;
    let kept: string;
    let issued: IssuedKey;

    beforeEach(async () => {
      [gone, kept] = [await policy(), await policy()];
      issued = await adopt([gone, kept]);
      const record = await core.store.records.policies.get(gone);
      if (record === null) throw new Error('there is no such policy');
      await core.store.records.policies.remove(record);
    });

    it.each(['the host', 'an administrator'])('is given other statements by %s', async (who) => {
      const asker = { by: who === 'the host' ? 'setup' : await administrator() };
      const changed = await core.apiKeys.update(issued.key.id, { statements: ORDERS, name: 'new' }, asker);
      expect(changed).toMatchObject({
        name: 'new',
        policyIds: [gone, kept],
        statements: [{ actions: ['orders:read'] }],
      });
    });

    it('is given further policies, or fewer', async () => {
      const { id } = issued.key;
      expect((await core.apiKeys.update(id, { policyIds: [gone, kept, 'auditor'] }, by)).policyIds).toHaveLength(3);
      expect((await core.apiKeys.update(id, { policyIds: [gone] }, by)).policyIds).toEqual([gone]);
      expect((await core.apiKeys.update(id, { policyIds: [] }, by)).policyIds).toEqual([]);
    });

    it('is not given what it did not have, nor is another one given it', async () => {
      const asked = core.apiKeys.update(issued.key.id, { policyIds: [gone, 'nothing', kept] }, by);
      expect((await refusalOf(asked)).errors).toEqual([{ path: 'policyIds.1', message: 'names no policy' }]);
      expect((await refusalOf(adopt([kept, gone]))).errors).toEqual([
        { path: 'policyIds.1', message: 'names no policy' },
      ]);
    });
  });

  describe('no id is left behind', () => {
    it.each([false, true])('by a key that is given it while it is removed, detach being %s', async (detach) => {
      const [removed, other] = [await policy(), await policy()];
      const had = detach ? [await adopt([removed])] : [];
      const adopting: IssuedKey[] = [];
      meanwhile = async () => adopting.push(await adopt([other, removed]));
      expect(await core.policies.remove(removed, { ...by, detach })).toBe(had.length + 1);
      for (const { key } of adopting) expect((await core.apiKeys.get(key.id))?.policyIds).toEqual([other]);
      for (const { key } of had) expect((await core.apiKeys.get(key.id))?.policyIds).toEqual([]);
      expect(adopting).toHaveLength(1);
    });

    it('by a policy that comes to follow it while it is removed', async () => {
      const template = await policy({ type: 'template', statements: ORDERS });
      let follower = '';
      meanwhile = async () => {
        follower = await policy({ templateId: template, workspace: 'w1' });
      };
      await core.policies.remove(template, by);
      expect(await core.policies.get(follower, 'acme')).toMatchObject({ templateId: null, workspace: null });
    });
  });
});
