import type { Core } from '../../../lib/core.js';
import type { AuthError } from '../../../lib/errors.js';
import type { ApiKeys, NewKey } from '../../../lib/index.js';
import { Principal } from '../../../lib/principal.js';
import { newCore } from '../new-core.js';
import { refusalOf } from '../refusals.js';
import type { Database } from '../store-kinds.js';
import { STORE_KINDS } from '../store-kinds.js';

const NEW = { name: 'ci', ownerId: 'ada', orgId: 'acme' };
const setup = { by: 'setup' };

function expectForbidden(error: AuthError, ...paths: string[]): void {
  expect(error).toMatchObject({ code: 'forbidden', status: 403 });
  expect(error.message).toBe('The key would have more rights than the credential.');
  expect(error.errors).toEqual(
    paths.map((path) => ({ path, message: 'goes beyond the rights of the credential that asks for it' })),
  );
}

describe.each(STORE_KINDS)('with keys in $name, nobody gives more than they have:', ({ open }) => {
  let database: Database;
  let core: Core;
  let keys: ApiKeys;

  beforeAll(async () => {
    database = await open();
    core = newCore({ store: await database.connect() });
    keys = core.apiKeys;
  });

  afterAll(async () => {
    await core.close();
    await database.stop();
  });

  async function principalWith(fields: Omit<NewKey, keyof typeof NEW>): Promise<Principal> {
    const { key, secret } = await keys.create({ ...NEW, ...fields }, setup);
    const verdict = await core.verifier.verify({ scheme: 'api-key', id: key.id, secret }, null);
    if (!(verdict instanceof Principal)) throw new Error('not let in');
    return verdict;
  }

  const orders = [{ actions: ['orders:*'], resources: ['orders/*'], workspace: 'w1' }];
  const everything = [{ actions: ['*'] }];

  it('a key made without statements gets those of its maker, tied to the same resources', async () => {
    const by = await principalWith({ statements: orders, resources: ['orders/1*'] });
    const { key } = await keys.create(NEW, { by });
    expect(key.statements).toEqual(by.statements);
    expect(key.resources).toEqual(['orders/1*']);
    expect(key.createdBy).toBe('ada');
  });

  it('a key made with less is made', async () => {
    const by = await principalWith({ statements: orders, resources: ['orders/1*'] });
    const less = [{ actions: ['orders:read'], resources: ['orders/12'], workspace: 'w1' }];
    const { key } = await keys.create({ ...NEW, statements: less, resources: ['orders/12', 'orders/13*'] }, { by });
    expect(key.resources).toEqual(['orders/12', 'orders/13*']);
    expect((await keys.create({ ...NEW, statements: [] }, { by })).key.statements).toEqual([]);
  });

  it.each([
    ['another action', [{ actions: ['users:read'], resources: ['orders/1'], workspace: 'w1' }]],
    ['any action', [{ actions: ['*'], resources: ['orders/1'], workspace: 'w1' }]],
    ['another resource', [{ actions: ['orders:read'], resources: ['users/1'], workspace: 'w1' }]],
    ['all resources, by leaving them out', [{ actions: ['orders:read'], workspace: 'w1' }]],
    ['another workspace', [{ actions: ['orders:read'], resources: ['orders/1'], workspace: 'w2' }]],
    ['all workspaces, by leaving it out', [{ actions: ['orders:read'], resources: ['orders/1'] }]],
  ])('not %s', async (_, statements) => {
    const by = await principalWith({ statements: orders });
    expectForbidden(
      await refusalOf(keys.create({ ...NEW, statements: [...orders, ...statements] }, { by })),
      'statements.1',
    );
  });

  it('two statements are not taken together for a third', async () => {
    const by = await principalWith({
      statements: [
        { actions: ['a'], resources: ['r1'] },
        { actions: ['b'], resources: ['r2'] },
      ],
    });
    const error = await refusalOf(keys.create({ ...NEW, statements: [{ actions: ['a'], resources: ['r2'] }] }, { by }));
    expectForbidden(error, 'statements.0');
  });

  it('not loose from the resources that it is tied to itself', async () => {
    const by = await principalWith({ statements: everything, resources: ['orders/*'] });
    for (const resources of [['users/1'], ['*'], ['orders/1', 'users/*'], ['orders*']]) {
      expectForbidden(await refusalOf(keys.create({ ...NEW, resources }, { by })), 'resources');
    }
    // Null asks for what the maker has, as leaving it out does.
    expect((await keys.create({ ...NEW, resources: null }, { by })).key.resources).toEqual(['orders/*']);
  });

  it('a principal without rights gives none', async () => {
    const by = await principalWith({});
    expect((await keys.create(NEW, { by })).key.statements).toEqual([]);
    expectForbidden(await refusalOf(keys.create({ ...NEW, statements: orders }, { by })), 'statements.0');
  });

  it('an update cannot raise a key, its own included, above the one who asks', async () => {
    const by = await principalWith({ statements: orders, resources: ['orders/1*'] });
    const { key } = await keys.create(NEW, { by });
    for (const id of [key.id, by.credential.id]) {
      expectForbidden(await refusalOf(keys.update(id, { statements: everything }, { by })), 'statements.0');
      expectForbidden(await refusalOf(keys.update(id, { resources: null }, { by })), 'resources');
      expectForbidden(await refusalOf(keys.update(id, { resources: ['*'] }, { by })), 'resources');
      expect((await keys.get(id))?.version).toBe(1);
    }
    expect(await keys.update(key.id, { name: 'mine', resources: ['orders/10'] }, { by })).toMatchObject({
      name: 'mine',
      resources: ['orders/10'],
    });
  });

  it.each(['update', 'lower', 'rotate', 'enable'] as const)('%s of a stronger key is forbidden', async (change) => {
    const by = await principalWith({ statements: orders });
    const strong = await keys.create({ ...NEW, statements: everything }, setup);
    const { id } = strong.key;
    await keys.disable(id, setup);
    const changes = {
      update: () => keys.update(id, { name: 'taken' }, { by }),
      lower: () => keys.update(id, { statements: orders }, { by }),
      rotate: () => keys.rotate(id, { by, graceMs: 1_000 }),
      enable: () => keys.enable(id, { by }),
    };
    expectForbidden(await refusalOf(changes[change]), 'statements.0');
    expect(await keys.get(id)).toMatchObject({ version: 2, name: 'ci', enabled: false });
  });

  it('a stronger key can be ended, for now or for good: that gives nobody anything', async () => {
    const by = await principalWith({ statements: orders });
    const { key } = await keys.create({ ...NEW, statements: everything }, setup);
    expect(await keys.disable(key.id, { by })).toMatchObject({ enabled: false });
    expect(await keys.revoke(key.id, { by })).toMatchObject({ revokedBy: 'ada' });
  });

  it('the host itself is not limited', async () => {
    const { key } = await keys.create({ ...NEW, statements: everything }, setup);
    expect(await keys.update(key.id, { statements: orders }, setup)).toMatchObject({ version: 2 });
    expect((await keys.rotate(key.id, setup)).key.version).toBe(3);
  });
});
