import { FULL_ACCESS, type Latchkey } from '../../lib/index.js';

const DAY_MS = 86_400_000;
const by = 'setup';

export interface KnownKey {
  readonly id: string;
  readonly token: string;
}

/** Makes a key in `acme`. */
export async function makeKey(
  { apiKeys }: Latchkey,
  ownerId: string,
  name: string,
  fields: { readonly days?: number; readonly actions?: string[]; readonly policyIds?: string[] } = {},
): Promise<KnownKey> {
  const { days = 100, actions = ['orders:read'], policyIds } = fields;
  const statements = [{ ...FULL_ACCESS, actions }];
  const input = {
    name,
    ownerId,
    orgId: 'acme',
    lifetimeMs: days * DAY_MS,
    statements,
    ...(policyIds && { policyIds }),
  };
  const { key, token } = await apiKeys.create(input, { by });
  return { id: key.id, token };
}

/** Makes a key in every state, and of every kind, that a list can show; `alice` has most, `bob` has one. */
export async function makeKeysOfAllStates(latchkey: Latchkey): Promise<Readonly<Record<string, KnownKey>>> {
  const { apiKeys, policies } = latchkey;
  const role = await policies.create(
    { name: 'Readers', orgId: 'acme', statements: [{ actions: ['orders:read'] }] },
    { by },
  );
  const made: Record<string, KnownKey> = {
    billing: await makeKey(latchkey, 'alice', 'Billing worker', { actions: ['orders:read', 'orders:write'] }),
    ending: await makeKey(latchkey, 'alice', 'CI pipeline', { days: 13 }),
    off: await makeKey(latchkey, 'alice', 'Nightly export', { policyIds: [role.id] }),
    gone: await makeKey(latchkey, 'alice', 'Mobile backend'),
    bobs: await makeKey(latchkey, 'bob', 'Grafana 100%', { actions: ['*'] }),
  };
  await apiKeys.disable(made.off?.id ?? '', { by });
  await apiKeys.revoke(made.gone?.id ?? '', { by, reason: 'the phone was lost' });
  const later = { name: 'Winter sale', ownerId: 'alice', orgId: 'acme', notBefore: Date.now() + DAY_MS };
  await apiKeys.create({ ...later, statements: [FULL_ACCESS] }, { by });
  const old = { sha256: 'ab'.repeat(32), name: 'Old billing', ownerId: 'alice', orgId: 'acme' };
  await apiKeys.import({ ...old, statements: [{ actions: ['orders:read'] }] }, { by });
  return made;
}
