import { storeUnavailable } from '../../../lib/errors.js';
import { CountingStore } from '../counting-store.js';
import { newCore } from '../new-core.js';
import { refusalOf } from '../refusals.js';

const by = { by: 'ada' };
const NEW = { name: 'ci', ownerId: 'ada' };

describe('while the store is down', () => {
  const store = new CountingStore();
  const core = newCore({ store });
  const keys = core.apiKeys;

  afterEach(() => {
    store.failure = null;
  });

  afterAll(() => core.close());

  it('everything that is asked is store_unavailable, and not "not found"', async () => {
    const { id } = (await keys.create(NEW, by)).key;
    store.failure = storeUnavailable('down');
    const asked = [
      () => keys.create(NEW, by),
      () => keys.get(id),
      () => keys.list({ orgId: null }),
      () => keys.search({ orgId: null }, [{ field: 'name', test: 'like', value: '%' }]),
      () => keys.update(id, { name: 'x' }, by),
      () => keys.rotate(id, by),
      () => keys.disable(id, by),
      () => keys.enable(id, by),
      () => keys.revoke(id, by),
      () => keys.expunge(),
    ];
    for (const ask of asked) {
      expect(await refusalOf(ask)).toMatchObject({
        code: 'store_unavailable',
        status: 503,
        message: 'Credentials cannot be checked at the moment. Retry shortly.',
        headers: { 'Retry-After': '1' },
      });
    }
  });

  it('revokeMany says which ones failed', async () => {
    const { id } = (await keys.create(NEW, by)).key;
    store.failure = storeUnavailable('down');
    expect(await keys.revokeMany([id], by)).toEqual([{ id, outcome: 'failed' }]);
    store.failure = null;
    expect(await keys.revokeMany([id], by)).toEqual([{ id, outcome: 'revoked' }]);
  });

  it('a change that always loses to others is given up as a conflict', async () => {
    const { id } = (await keys.create(NEW, by)).key;
    const update = jest.spyOn(store.records.apiKeys, 'update').mockResolvedValue(false);
    const error = await refusalOf(keys.update(id, { name: 'x' }, by));
    expect(error).toMatchObject({ code: 'conflict', status: 409 });
    expect(error.message).toBe('The record is being changed by many at once. Retry.');
    expect(update.mock.calls.length).toBeGreaterThan(1);
    update.mockRestore();
    expect(await keys.get(id)).toMatchObject({ name: 'ci', version: 1 });
  });
});
