import type { Core } from '../../../lib/core.js';
import { type IssuedKey, Principal } from '../../../lib/index.js';
import { newCore } from '../new-core.js';

const BY = { by: 'setup' };
let core: Core;

beforeEach(() => {
  core = newCore();
});
afterEach(() => core.close());

async function principalOf({ key: { id }, secret }: Pick<IssuedKey, 'key' | 'secret'>): Promise<Principal> {
  const verdict = await core.verifier.verify({ scheme: 'api-key', id, secret }, null);
  if (!(verdict instanceof Principal)) throw new Error(`refused: ${verdict.reason}`);
  return verdict;
}

/** A key with a policy that reads orders, and a new secret of it for a key with `actions`. The policy then grows. */
async function rotatedThenGrown(actions: string[]): Promise<Principal> {
  const statements = [{ actions: ['orders:read'] }];
  const policy = await core.policies.create({ name: 'reader', statements }, BY);
  const sibling = await core.apiKeys.create({ name: 'sibling', ownerId: 'ada', policyIds: [policy.id] }, BY);
  const holder = await core.apiKeys.create({ name: 'holder', ownerId: 'ada', statements: [{ actions }] }, BY);
  const rotated = await core.apiKeys.rotate(sibling.key.id, { by: await principalOf(holder) });
  await core.policies.update(policy.id, { statements: [{ actions: ['orders:*'] }] }, BY);
  return await principalOf(rotated);
}

describe('a key whose secret another key has renewed', () => {
  it('does not give that one what its policy comes to allow later', async () => {
    const principal = await rotatedThenGrown(['orders:read', 'keys:manage-own']);
    expect([principal.can('orders:read'), principal.can('orders:delete')]).toEqual([true, false]);
  });

  it('goes on growing with its policy where the other may do all of it anyway', async () => {
    const principal = await rotatedThenGrown(['*']);
    expect([principal.can('orders:read'), principal.can('orders:delete')]).toEqual([true, true]);
  });
});
