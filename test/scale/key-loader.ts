import { buildKey } from '../../lib/keys/key-builder.js';
import { KeyLifetimes } from '../../lib/keys/key-lifetimes.js';
import { KeyNotices } from '../../lib/keys/key-notices.js';
import { KeyRules } from '../../lib/keys/key-rules.js';
import { toStatements } from '../../lib/permissions/statement.js';
import type { ApiKeyRecord } from '../../lib/records.js';
import type { ApiKeyStore } from '../../lib/stores/store.js';
import { DEFAULT_PREFIX, generateSecret, SecretHasher } from '../../lib/verification/secret.js';
import { askedKey, madeAt, ORG, ownerOf, USERS } from './people.js';

/** Who made the keys. */
export const BY = 'scale';

/** A key whose secret is known, to be verified. */
export interface LoadedKey {
  readonly id: string;
  readonly secret: string;
  readonly orgId: string | null;
  readonly ownerId: string;
}

const lifetimes = new KeyLifetimes();
const notices = new KeyNotices();
const making = {
  prefix: DEFAULT_PREFIX,
  hasher: new SecretHasher(),
  lifetimes,
  rules: new KeyRules(),
  notices,
  findOwner: async () => undefined,
  now: Date.now,
};

/** Of every key that is loaded. */
export const LIFETIME_MS = lifetimes.defaultExpiry(0);

/** The key of that index as the services make it. */
export async function makeKey(
  index: number,
  createdAt: number,
): Promise<{ readonly record: ApiKeyRecord; readonly secret: string }> {
  const user = { id: ownerOf(index), orgId: ORG, userName: ownerOf(index), isEnabled: true };
  const ofOwner = toStatements(await USERS.statements(user));
  const secret = generateSecret(making.prefix);
  const expiresAt = lifetimes.defaultExpiry(createdAt);
  const made = { kind: 'api-key' as const, by: BY, secret, expiresAt, expungeAt: lifetimes.expungeAt(expiresAt, null) };
  return { record: buildKey({ input: askedKey(index), ofOwner }, made, making, createdAt), secret: secret.secret };
}

/** As `KeyWriter.insert`, but for the audit trail. */
export async function insertKey(store: ApiKeyStore, record: ApiKeyRecord): Promise<void> {
  const dueAt = notices.nextAt(lifetimes.aged(record), null, record.createdAt);
  if (dueAt !== null) await store.watch(record.id, dueAt);
  if (!(await store.insert(record))) throw new Error('a random id was there already');
}

export interface LoadKeysOptions {
  readonly store: ApiKeyStore;
  readonly keys: number;
  readonly loadedAt: number;
  /** Inserts under way. */
  readonly concurrency: number;
  /** So many are remembered, evenly over all. */
  readonly remembered: number;
}

/** Resolves to those that are remembered. */
export async function loadKeys(options: LoadKeysOptions): Promise<LoadedKey[]> {
  const { store, keys, loadedAt, concurrency, remembered } = options;
  const loaded: LoadedKey[] = [];
  const every = Math.max(1, Math.floor(keys / remembered));
  let next = 0;
  const work = async () => {
    while (next < keys) {
      const index = next++;
      const { record, secret } = await makeKey(index, madeAt(index, keys, loadedAt));
      await insertKey(store, record);
      if (index % every === 0) loaded.push({ id: record.id, secret, orgId: record.orgId, ownerId: record.ownerId });
    }
  };
  await Promise.all(Array.from({ length: concurrency }, work));
  return loaded;
}
