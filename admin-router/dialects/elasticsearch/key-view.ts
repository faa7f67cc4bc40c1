import type { ApiKey, IssuedKey } from '../../../lib/index.js';
import { type KeyDocument, leavesOf } from './document.js';
import { descriptorsOf, limitedBy, metadataOf } from './key-entry.js';
import type { SortValue } from './sort.js';

export interface Shown {
  readonly username: string;
  readonly realm: { readonly name: string; readonly type: string };
  readonly withLimitedBy: boolean;
  readonly sort?: readonly SortValue[] | undefined;
}

/** A key as the product tells of it, its members in that order. */
export function keyToWire(key: ApiKey, { username, realm, withLimitedBy, sort }: Shown): object {
  return {
    id: key.id,
    name: key.name,
    type: 'rest',
    creation: key.createdAt,
    ...(key.expiresAt !== null && { expiration: key.expiresAt }),
    invalidated: key.revokedAt !== null,
    ...(key.revokedAt !== null && { invalidation: key.revokedAt }),
    username,
    realm: realm.name,
    realm_type: realm.type,
    metadata: metadataOf(key),
    role_descriptors: descriptorsOf(key),
    ...(withLimitedBy && { limited_by: [limitedBy(key)] }),
    ...(sort !== undefined && { _sort: sort }),
  };
}

/** The one answer with the secret. */
export function issuedToWire({ key, secret }: IssuedKey): object {
  return {
    id: key.id,
    name: key.name,
    ...(key.expiresAt !== null && { expiration: key.expiresAt }),
    api_key: secret,
    encoded: Buffer.from(`${key.id}:${secret}`).toString('base64'),
  };
}

/** A key as queries see it. */
export function keyToDocument(key: ApiKey, username: string, realmName: string): KeyDocument {
  return {
    id: key.id,
    username,
    realm_name: realmName,
    name: key.name,
    type: 'rest',
    creation: key.createdAt,
    expiration: key.expiresAt,
    invalidated: key.revokedAt !== null,
    invalidation: key.revokedAt,
    metadata: leavesOf(metadataOf(key)),
  };
}
