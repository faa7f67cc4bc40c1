import { createHash } from 'node:crypto';
import type { ApiKey, Statement } from '../../../lib/index.js';
import type { Members } from './body.js';
import { describe, describeCeiling, SUPERUSER } from './described.js';
import type { RoleDescriptors } from './role-descriptors.js';

/** What of a key only this product knows: kept with the record, and shown again. It decides nothing. */
export interface KeyEntry {
  /** Empty: the key has what its owner may do. Left out: its rights were given otherwise. */
  readonly role_descriptors?: RoleDescriptors;
  /** What the descriptors came to: when the key was given other rights since, they are no longer shown. */
  readonly rights?: string;
  readonly metadata?: Members;
}

/** The name under which entries are kept. */
export const DIALECT = 'elasticsearch';

/** The role under which rights are shown that were not given by descriptors. */
const ROLE = 'latchkey';

export function makeEntry(
  descriptors: RoleDescriptors | null,
  metadata: Members | undefined,
  statements: readonly Statement[],
): KeyEntry {
  const rights = descriptors === null ? {} : { role_descriptors: descriptors, rights: digestOf(statements) };
  return { ...rights, ...(metadata !== undefined && { metadata }) };
}

/** The entry of a key; null for a key that was made otherwise. */
export function entryOf({ dialects }: ApiKey): KeyEntry | null {
  return dialects[DIALECT] ?? null;
}

/** The descriptors that the rights of the key come from; null where they were given otherwise, or others by policies. */
export function givenDescriptors(key: ApiKey): RoleDescriptors | null {
  const { role_descriptors: descriptors, rights } = entryOf(key) ?? {};
  if (descriptors === undefined || key.policyIds.length > 0) return null;
  return rights === digestOf(key.statements) ? descriptors : null;
}

/** The descriptors as given, or the rights of the key as one. */
export function descriptorsOf(key: ApiKey): RoleDescriptors {
  return givenDescriptors(key) ?? { [ROLE]: describe(key.statements) };
}

/** The metadata as given; of a key that was made otherwise its properties. */
export function metadataOf(key: ApiKey): Members {
  return entryOf(key)?.metadata ?? key.properties;
}

/** The snapshot of the owner's rights, as one role. */
export function limitedBy({ ceiling }: ApiKey): RoleDescriptors {
  const role = describeCeiling(ceiling);
  return { [role === SUPERUSER ? 'superuser' : ROLE]: role };
}

function digestOf(statements: readonly Statement[]): string {
  const plain = statements.map(({ actions, resources, workspace }) => [actions, resources, workspace]);
  return createHash('sha256').update(JSON.stringify(plain)).digest('base64url').slice(0, 22);
}
