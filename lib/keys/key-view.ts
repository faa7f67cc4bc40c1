import type { FieldError } from '../errors.js';
import { LIMITS } from '../limits.js';
import type { ApiKeyKind, ApiKeyRecord, KeyState, KeyUsage, OwnerKind } from '../records.js';
import { KEY_STATES, keyState } from '../records.js';
import type { Criterion, FieldTypes } from '../search/criteria.js';
import { escapeLike } from '../search/criteria.js';
import { isImportedHash } from '../verification/secret.js';

/** A key as people and programs see it: the record without its hashes, what it was used for, and its state. */
export interface ApiKey extends Omit<ApiKeyRecord, 'secretHash' | 'previousSecretHash' | 'expungeAt'>, KeyUsage {
  /** Its secret is an existing key of the app's, until it is rotated. Left out of every other one. */
  readonly imported?: true;
  readonly state: KeyState;
}

export function toApiKey(record: ApiKeyRecord, usage: KeyUsage, nowAt: number): ApiKey {
  const { secretHash: _, previousSecretHash: __, expungeAt: ___, ...shown } = record;
  const imported = isImportedHash(record.secretHash) && ({ imported: true } as const);
  return { ...shown, ...imported, ...usage, state: keyState(record, nowAt) };
}

/** The one answer that holds the secret; it is not kept and cannot be had again. */
export interface IssuedKey {
  readonly key: ApiKey;
  /** For `Authorization: ApiKey base64(id:secret)` and Basic. */
  readonly secret: string;
  /** For a raw header: `<prefix>_<id>_<secret>`, or `<id>:<secret>` of a pair that was drawn. */
  readonly token: string;
}

/** The fields that `search` takes. */
export const SEARCHABLE_FIELDS = Object.freeze({
  id: 'id',
  kind: ['api-key', 'session-key'],
  name: 'string',
  description: 'string',
  ownerId: 'string',
  ownerKind: ['user', 'service'],
  createdBy: 'string',
  lastFour: 'string',
  state: KEY_STATES,
  policyIds: 'list',
  parentIds: 'list',
  internalOnly: 'boolean',
  locale: 'string',
  timeZone: 'string',
  enabled: 'boolean',
  createdAt: 'date',
  updatedAt: 'date',
  notBefore: 'date',
  expiresAt: 'date',
  revokedAt: 'date',
  lastUsedAt: 'date',
  lastFailedAt: 'date',
  useCount: 'number',
  failureCount: 'number',
  version: 'number',
} as const satisfies FieldTypes);

/** The everyday conditions; all that are given must hold. Instants are epoch ms. */
export interface KeyFilter {
  readonly ownerKind?: OwnerKind | undefined;
  readonly kind?: ApiKeyKind | undefined;
  readonly states?: readonly KeyState[] | undefined;
  /** `*` stands for any run of characters; without regard to case. */
  readonly name?: string | undefined;
  /** Inclusive. */
  readonly createdFrom?: number | undefined;
  /** Exclusive. */
  readonly createdBefore?: number | undefined;
  readonly expiresFrom?: number | undefined;
  readonly expiresBefore?: number | undefined;
}

/** The faults of a filter that its criteria would tell by other names. */
export function checkFilter({ name = '' }: KeyFilter): FieldError[] {
  if (escapeLike(name).length <= LIMITS.like) return [];
  return [{ path: 'name', message: `must have at most ${LIMITS.like} characters; %, _ and \\ count twice` }];
}

/** A filter as search criteria: there is one way to select keys. */
export function filterCriteria(filter: KeyFilter): Criterion[] {
  const criteria: Criterion[] = [];
  const { ownerKind, kind, states, name, createdFrom, createdBefore, expiresFrom, expiresBefore } = filter;
  if (ownerKind !== undefined) criteria.push({ field: 'ownerKind', test: 'equal', value: ownerKind });
  if (kind !== undefined) criteria.push({ field: 'kind', test: 'equal', value: kind });
  if (states !== undefined) criteria.push({ field: 'state', test: 'in', value: states });
  if (name !== undefined) {
    criteria.push({ field: 'name', test: 'like', value: escapeLike(name).replaceAll('*', '%') });
  }
  const ranges = [
    ['createdAt', createdFrom, createdBefore],
    ['expiresAt', expiresFrom, expiresBefore],
  ] as const;
  for (const [field, from, before] of ranges) {
    if (from !== undefined) criteria.push({ field, test: 'greater-than-or-equal', value: from });
    if (before !== undefined) criteria.push({ field, test: 'less-than', value: before });
  }
  return criteria;
}
