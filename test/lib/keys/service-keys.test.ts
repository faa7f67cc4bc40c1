import type { Core } from '../../../lib/core.js';
import type { IssuedKey, NewKey, OwnerKind } from '../../../lib/index.js';
import { Principal } from '../../../lib/principal.js';
import { People } from '../../support/people.js';
import { newCore } from '../new-core.js';
import { refusalOf } from '../refusals.js';
import type { Database } from '../store-kinds.js';
import { STORE_KINDS } from '../store-kinds.js';

const by = { by: 'setup' };
const READS = [{ actions: ['orders:read'] }];
const SERVICE: NewKey = { name: 'ci', ownerId: 'build-robot', ownerKind: 'service', orgId: 'acme', statements: READS };

describe.each(STORE_KINDS)('a key of a service, in $name,', ({ open }) => {
  let database: Database;
  let people: People;
  let core: Core;

  beforeAll(async () => {
    database = await open();
  });
  beforeEach(async () => {
    people = new People().set('ada', { statements: [{ actions: ['orders:*', 'session-keys:issue'] }] });
    core = newCore({ store: await database.connect(), users: people, keyRules: { maxPerUser: 2 } });
  });
  afterEach(async () => {
    for (const { id } of (await core.apiKeys.list({ orgId: 'acme' })).items) await core.apiKeys.revoke(id, by);
    await core.close();
  });
  afterAll(() => database.stop());

  const create = (fields: Partial<NewKey> = {}, maker: Principal | string = 'setup') =>
    core.apiKeys.create({ ...SERVICE, ...fields }, { by: maker });

  async function principalOf({ key, secret }: Pick<IssuedKey, 'key' | 'secret'>): Promise<Principal> {
    const verdict = await core.verifier.verify({ scheme: 'api-key', id: key.id, secret }, null);
    if (!(verdict instanceof Principal)) throw new Error(verdict.reason);
    return verdict;
  }

  it('lets in with its own rights, and the directory is not asked', async () => {
    const issued = await create();
    expect(issued.key).toMatchObject({ ownerId: 'build-robot', ownerKind: 'service', orgId: 'acme', ceiling: [] });
    people.calls.length = 0;
    people.faults.findById = () => Promise.reject(new Error('the directory is down'));
    const principal = await principalOf(issued);
    expect(principal).toMatchObject({ id: 'build-robot', ownerKind: 'service', orgId: 'acme' });
    expect([principal.can('orders:read'), principal.can('orders:write')]).toEqual([true, false]);
    expect(people.calls).toEqual([]);
  });

  it('is not made for the id of a user, nor does it become the key of a user who comes to have it', async () => {
    const { errors } = await refusalOf(create({ ownerId: 'ada' }));
    expect(errors).toEqual([{ path: 'ownerId', message: 'is the id of a user: that of a service must be another' }]);
    const issued = await create();
    people.set('build-robot', { statements: [{ actions: ['*'] }], isEnabled: false });
    expect((await principalOf(issued)).can('orders:write')).toBe(false);
    await core.userChanged('build-robot');
    expect(await principalOf(issued)).toMatchObject({ ownerKind: 'service' });
  });

  it('has no more rights than its maker, also later', async () => {
    const maker = await principalOf(await core.apiKeys.create({ name: 'ada', ownerId: 'ada' }, by));
    const issued = await create({ statements: undefined }, maker);
    expect(issued.key).toMatchObject({ orgId: 'acme', parentIds: [maker.credential.id] });
    expect(issued.key.ceiling).not.toEqual([]);
    const principal = await principalOf(issued);
    expect([principal.can('orders:write'), principal.can('keys:grant')]).toEqual([true, false]);
    expect((await refusalOf(create({ statements: [{ actions: ['keys:grant'] }] }, maker))).code).toBe('forbidden');
    expect((await refusalOf(create({ orgId: 'other' }, maker))).code).toBe('forbidden');
    expect((await refusalOf(create({ orgId: null }, maker))).code).toBe('forbidden');
    const refreshed = await core.apiKeys.update(issued.key.id, { refreshCeiling: true }, { by: maker });
    expect(refreshed.ceiling).toEqual(issued.key.ceiling);
  });

  it('is counted apart from those of a user of the same id', async () => {
    await create();
    await create();
    expect((await refusalOf(create())).code).toBe('conflict');
    people.set('build-robot');
    const ofUser = await core.apiKeys.create({ name: 'mine', ownerId: 'build-robot' }, by);
    expect(ofUser.key.ownerKind).toBe('user');
    const listed = async (ownerKind?: OwnerKind) =>
      (await core.apiKeys.list({ orgId: 'acme', ownerId: 'build-robot' }, { ownerKind, states: ['active'] })).items
        .length;
    expect([await listed(), await listed('user'), await listed('service')]).toEqual([3, 1, 2]);
  });

  it('mints session keys for its service, and for nobody of the same id', async () => {
    const statements = [{ actions: ['orders:read', 'session-keys:issue'] }];
    const service = await principalOf(await create({ statements }));
    const minted = await core.sessionKeys.mint({ userId: 'build-robot', statements: READS }, { by: service });
    expect(minted.key).toMatchObject({ ownerKind: 'service', ownerId: 'build-robot', orgId: 'acme' });
    expect(await principalOf(minted)).toMatchObject({ ownerKind: 'service' });
    const { errors } = await refusalOf(core.sessionKeys.mint({ userId: 'build-robot' }, by));
    expect(errors).toEqual([{ path: 'userId', message: 'is no enabled user' }]);
  });

  it('is of a kind that there is', async () => {
    const { errors } = await refusalOf(create({ ownerId: 'ada', ownerKind: 'robot' as OwnerKind }));
    expect(errors).toEqual([{ path: 'ownerKind', message: 'must be user or service' }]);
  });

  it('does not change hands', async () => {
    const { key } = await create();
    const change = { ownerKind: 'user' } as Partial<NewKey>;
    expect((await refusalOf(core.apiKeys.update(key.id, change, by))).errors).toEqual([
      { path: 'ownerKind', message: 'cannot be changed' },
    ]);
  });
});
