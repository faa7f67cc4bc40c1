import type { Core } from '../../../lib/core.js';
import { notDurable, storeUnavailable } from '../../../lib/errors.js';
import { MemoryStore } from '../../../lib/stores/memory/memory-store.js';
import { Clock } from '../clock.js';
import { newCore } from '../new-core.js';
import { refusalOf } from '../refusals.js';

const by = { by: 'setup' };
const STATEMENTS = [{ actions: ['orders:read'] }];
const HOUR_MS = 3_600_000;

describe('the removal of a policy that was made, but not acknowledged', () => {
  const clock = new Clock();
  let store: MemoryStore;
  let core: Core;
  /** What the removal rejects with, although it is made; null: it is acknowledged. */
  let failure: Error | null;
  /** What happens just before it. */
  let meanwhile: () => Promise<unknown>;

  beforeEach(() => {
    store = new MemoryStore({ now: clock.now });
    failure = notDurable('0 of 1 replicas have confirmed');
    meanwhile = async () => {};
    const { policies } = store.records;
    const remove = policies.remove.bind(policies);
    jest.spyOn(policies, 'remove').mockImplementation(async (record) => {
      await meanwhile();
      const isRemoved = await remove(record);
      if (failure !== null) throw failure;
      return isRemoved;
    });
    core = newCore({ store, now: clock.now });
  });
  afterEach(() => core.close());

  const make = async (fields: object = { statements: STATEMENTS }) =>
    (await core.policies.create({ name: 'p', orgId: 'acme', ...fields }, by)).id;
  const adopt = async (id: string) =>
    (await core.apiKeys.create({ name: 'k', ownerId: 'ada', orgId: 'acme', policyIds: [id] }, by)).key.id;
  const policiesOf = async (keyId: string) => (await core.apiKeys.get(keyId))?.policyIds;
  const remove = (id: string, options: object = {}) => core.policies.remove(id, { ...by, ...options });

  it.each([
    ['not_durable', notDurable('0 of 1 replicas have confirmed')],
    ['store_unavailable', storeUnavailable('Redis did not answer in time')],
  ])('is answered as it would have been when it is asked for again: %s', async (code, error) => {
    failure = error;
    const id = await make();
    const had = await adopt(id);
    let late = '';
    meanwhile = async () => {
      late = await adopt(id);
    };
    expect(await refusalOf(remove(id, { detach: true }))).toMatchObject({ code });
    expect(await policiesOf(had)).toEqual([]);
    expect(await policiesOf(late)).toEqual([id]);
    expect(await remove(id, { detach: true })).toBe(2);
    expect(await policiesOf(late)).toEqual([]);
    expect(await refusalOf(remove(id))).toMatchObject({ code: 'not_found' });
  });

  it('has what came to follow a template keep its statements', async () => {
    const template = await make({ type: 'template', statements: STATEMENTS });
    let follower = '';
    meanwhile = async () => {
      follower = await make({ templateId: template, workspace: 'w1' });
    };
    await refusalOf(remove(template));
    expect(await remove(template)).toBe(1);
    const statements = [expect.objectContaining({ actions: ['orders:read'], workspace: 'w1' })];
    expect(await core.policies.get(follower, 'acme')).toMatchObject({ templateId: null, statements });
  });

  it('can be asked for again as often as the rest of it fails', async () => {
    const id = await make();
    await refusalOf(remove(id));
    const down = jest.spyOn(store.records.apiKeys, 'usersOfPolicy').mockRejectedValue(storeUnavailable('down'));
    expect(await refusalOf(remove(id))).toMatchObject({ code: 'store_unavailable' });
    down.mockRestore();
    expect(await remove(id)).toBe(0);
  });

  it('is forgotten after an hour', async () => {
    const id = await make();
    await refusalOf(remove(id));
    clock.advance(HOUR_MS);
    expect(await refusalOf(remove(id))).toMatchObject({ code: 'not_found' });
  });

  it('is made again where the database went back behind it', async () => {
    const id = await make();
    const record = await store.records.policies.get(id);
    await refusalOf(remove(id));
    if (record !== null) await store.records.policies.insert(record);
    failure = null;
    expect(await remove(id)).toBe(0);
    expect(await core.policies.get(id, 'acme')).toBeNull();
    expect(await refusalOf(remove(id))).toMatchObject({ code: 'not_found' });
  });

  it('is not begun where that cannot be noted', async () => {
    const id = await make();
    jest.spyOn(store.state, 'keep').mockRejectedValue(storeUnavailable('down'));
    expect(await refusalOf(remove(id))).toMatchObject({ code: 'store_unavailable' });
    expect(await core.policies.get(id, 'acme')).not.toBeNull();
  });
});
