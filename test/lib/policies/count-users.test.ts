import type { Core } from '../../../lib/core.js';
import { newCore } from '../new-core.js';
import { refusalOf } from '../refusals.js';
import { STORE_KINDS } from '../store-kinds.js';

const by = { by: 'setup' };
const ORDERS = [{ actions: ['orders:read'] }];

describe.each(STORE_KINDS)('how many have a policy, in $name,', ({ open }) => {
  let database: Awaited<ReturnType<typeof open>>;
  let core: Core;

  beforeAll(async () => {
    database = await open();
    core = newCore({ store: await database.connect() });
  });
  afterAll(async () => {
    await core.close();
    await database.stop();
  });

  const key = (orgId: string | null, ...policyIds: string[]) =>
    core.apiKeys.create({ name: 'k', ownerId: `of ${orgId}`, orgId, statements: [], policyIds }, by);
  const count = async (id: string, orgId: string | null) => {
    const policy = await core.policies.get(id, orgId);
    return policy === null ? null : await core.policies.countUsers(policy, orgId);
  };

  it('of a built-in one counts the keys of the organisation that asks', async () => {
    for (const orgId of ['acme', 'acme', 'rivals', null]) await key(orgId, 'auditor');
    const { key: revoked } = await key('acme', 'auditor');
    await core.apiKeys.revoke(revoked.id, by);
    await key('acme');
    expect(await count('auditor', 'acme')).toBe(2);
    expect(await count('auditor', 'rivals')).toBe(1);
    expect(await count('auditor', null)).toBe(1);
    expect(await count('auditor', 'nobody')).toBe(0);
  });

  it('of one of its own counts all of them, and one user is one key, or one policy', async () => {
    const { id } = await core.policies.create({ name: 'p', orgId: 'acme', statements: ORDERS }, by);
    await key('acme', id);
    expect(await count(id, 'acme')).toBe(1);
    expect((await refusalOf(() => core.policies.remove(id, by))).message).toBe(
      'The policy is in use by 1 key: detach it from that, or leave it.',
    );
    await key('acme', id);
    expect(await count(id, 'acme')).toBe(2);
    expect((await refusalOf(() => core.policies.remove(id, by))).message).toBe(
      'The policy is in use by 2 keys: detach it from them, or leave it.',
    );
    const type = 'template' as const;
    const template = await core.policies.create({ name: 't', orgId: 'acme', type, statements: ORDERS }, by);
    await core.policies.create({ name: 'f', orgId: 'acme', templateId: template.id, workspace: 'north' }, by);
    expect((await refusalOf(() => core.policies.remove(template.id, by))).message).toBe(
      'The policy is in use by 1 policy: detach it from that, or leave it.',
    );
  });
});
