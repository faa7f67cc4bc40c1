import type { IssuedKey, Latchkey, NewKey } from 'latchkey';

export interface FirstKeys {
  readonly admin: IssuedKey;
  readonly reader: IssuedKey;
}

/** Who is noted as the maker. A name, not a principal: the app's own code may give any right. */
const MAKER = 'example-app';

/** Every installation needs a first key, with which the others can be made through the admin router. */
export async function issueFirstKeys(latchkey: Latchkey): Promise<FirstKeys> {
  return {
    admin: await issue(latchkey, {
      name: 'First administrator key',
      ownerId: 'admin',
      statements: [{ actions: ['*'] }],
    }),
    reader: await issue(latchkey, { name: 'Reader key', ownerId: 'alice', statements: [{ actions: ['orders:read'] }] }),
  };
}

/**
 * The key of that name with a new secret, or a new key when there is none that works. So a restart on Redis does not pile
 * up administrator keys, and a secret from an old terminal is worth nothing. (An app in production would make its first
 * key once, by hand, and not at every start.)
 */
async function issue({ apiKeys }: Latchkey, key: NewKey): Promise<IssuedKey> {
  const owned = { orgId: null, ownerId: key.ownerId };
  const { items } = await apiKeys.list(owned, { name: key.name, states: ['active'] });
  const existing = items[0];
  return existing === undefined
    ? await apiKeys.create(key, { by: MAKER })
    : await apiKeys.rotate(existing.id, { by: MAKER });
}
