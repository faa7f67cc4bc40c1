import type { IssuedKey, Latchkey, NewKey } from 'latchkey';
import { ORGANISATION } from './users.js';

export interface FirstKeys {
  readonly admin: IssuedKey;
  readonly reader: IssuedKey;
  /** Mints session keys, and is accepted on the internal port only. */
  readonly issuer: IssuedKey;
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
    issuer: await issue(latchkey, {
      name: 'Session key issuer',
      ownerId: 'admin',
      internalOnly: true,
      // What it mints may do no more than it may itself.
      statements: [{ actions: ['session-keys:issue', 'keys:grant', '*:read'] }],
    }),
  };
}

/**
 * The key of that name with a new secret, or a new key when there is none that works. So a restart on Redis does not pile
 * up administrator keys, and a secret from an old terminal is worth nothing. (An app in production would make its first
 * key once, by hand, and not at every start.)
 */
async function issue({ apiKeys }: Latchkey, key: NewKey): Promise<IssuedKey> {
  const owned = { orgId: ORGANISATION, ownerId: key.ownerId };
  const { items } = await apiKeys.list(owned, { name: key.name, states: ['active'] });
  const existing = items[0];
  return existing === undefined
    ? await apiKeys.create({ ...key, ...owned }, { by: MAKER })
    : await apiKeys.rotate(existing.id, { by: MAKER });
}
