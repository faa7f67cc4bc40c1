import type { Core } from '../../../lib/core.js';
import { newCore } from '../new-core.js';
import { refusalOf } from '../refusals.js';
import type { Database } from '../store-kinds.js';
import { STORE_KINDS } from '../store-kinds.js';

const by = { by: 'setup' };
const NEW = { name: 'Looking', orgId: 'acme', statements: [{ actions: ['orders:read'] }] };
const UUID = '6f1d2c3b-4a59-4e8f-9a7b-0c1d2e3f4a5b';
const TAKEN = 'There is a policy with this id already.';

describe.each(STORE_KINDS)('a policy with an id that the caller gives, in $name,', ({ open }) => {
  let database: Database;
  let core: Core;

  beforeAll(async () => {
    database = await open();
    core = newCore({
      store: await database.connect(),
      policies: [{ id: 'ours', name: 'Ours', statements: NEW.statements }],
    });
  });
  afterAll(async () => {
    await core.close();
    await database.stop();
  });

  it('has that id, and only the first one has it', async () => {
    const policy = await core.policies.create(NEW, { ...by, id: UUID });
    expect(policy).toMatchObject({ id: UUID, version: 1, name: 'Looking' });
    expect(await core.policies.get(UUID, 'acme')).toEqual(policy);
    const again = await refusalOf(core.policies.create({ ...NEW, orgId: 'other' }, { ...by, id: UUID }));
    expect([again.code, again.message]).toEqual(['conflict', TAKEN]);
    expect(await core.policies.get(UUID, 'acme')).toEqual(policy);
    const { key } = await core.apiKeys.create({ name: 'k', ownerId: 'ada', orgId: 'acme', policyIds: [UUID] }, by);
    expect(key.policyIds).toEqual([UUID]);
  });

  it('does not take the place of one that is built in', async () => {
    for (const id of ['full-access', 'auditor', 'ours']) {
      const refusal = await refusalOf(core.policies.create(NEW, { ...by, id }));
      expect([refusal.code, refusal.message]).toEqual(['conflict', TAKEN]);
    }
  });

  it.each(['', '..', 'a/b', 'a b', 'ä', 'x'.repeat(129), 7 as unknown as string])('is not made as %j', async (id) => {
    const { code, errors } = await refusalOf(core.policies.create(NEW, { ...by, id }));
    expect([code, errors.map(({ path }) => path)]).toEqual(['invalid_request', ['id']]);
  });

  it('has one of our own without', async () => {
    expect((await core.policies.create(NEW, { ...by, id: undefined })).id).toMatch(/^[0-9A-Za-z]{22}$/);
  });
});
