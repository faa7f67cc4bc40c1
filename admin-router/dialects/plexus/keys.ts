import { createCipheriv, createDecipheriv, createHash, randomBytes } from 'node:crypto';
import type { ApiKey } from '../../../lib/index.js';
import { randomText } from '../credential.js';

/** The right that makes an administrator: to edit and delete anyone's keys. */
export const ADMINISTRATOR = 'keys:manage';
const ID_LENGTH = 11;
const VALUE_LENGTH = 32;
const IV_BYTES = 12;
const TAG_BYTES = 16;

/** What only Plexus knows of a key. */
export interface PlexusFields {
  /** Fixed at creation. */
  readonly schemaIds: readonly string[];
  /** The value, encrypted; only with the option `readableValues`. */
  readonly value?: string;
}

/** A value of 32 letters and digits, of which the first 11 are the key's id. */
export function drawValue(id = randomText(ID_LENGTH)): { id: string; secret: string } {
  return { id, secret: id + randomText(VALUE_LENGTH - ID_LENGTH) };
}

/** The set of a key made here; null for any other. */
export function fieldsOf(key: ApiKey): PlexusFields | null {
  return (key.dialects.plexus as PlexusFields | undefined) ?? null;
}

/** A key in the order of the contract. Ended ones are shown too. */
export function toPlexusKey(key: ApiKey, number: number, userName: string, value: string | null): object {
  const endedAt = key.revokedAt ?? key.expiresAt;
  return {
    id: number,
    ...(value !== null && { value }),
    user: userName,
    schemaIds: fieldsOf(key)?.schemaIds ?? [],
    comment: key.description,
    created: toTime(key.createdAt),
    expires: endedAt === null ? null : toTime(endedAt),
    lastUsed: key.lastUsedAt === null ? null : toTime(key.lastUsedAt),
    state: key.revokedAt !== null ? 'deleted' : key.state === 'active' ? 'active' : 'expired',
  };
}

export function toTime(instant: number): string {
  return new Date(instant).toISOString();
}

/** AES-256-GCM; the id goes into it, so that one key's value cannot pass for another's. */
export function sealValue(secret: string, id: string, value: string): string {
  const iv = randomBytes(IV_BYTES);
  const cipher = createCipheriv('aes-256-gcm', keyFrom(secret), iv).setAAD(Buffer.from(id));
  const sealed = Buffer.concat([cipher.update(value, 'utf8'), cipher.final()]);
  return Buffer.concat([iv, cipher.getAuthTag(), sealed]).toString('base64url');
}

/** Null for what was sealed with another secret. */
export function openValue(secret: string, id: string, sealed: string): string | null {
  const bytes = Buffer.from(sealed, 'base64url');
  const iv = bytes.subarray(0, IV_BYTES);
  const tag = bytes.subarray(IV_BYTES, IV_BYTES + TAG_BYTES);
  try {
    const cipher = createDecipheriv('aes-256-gcm', keyFrom(secret), iv).setAAD(Buffer.from(id)).setAuthTag(tag);
    return cipher.update(bytes.subarray(IV_BYTES + TAG_BYTES), undefined, 'utf8') + cipher.final('utf8');
  } catch {
    return null;
  }
}

/** High-entropy secrets need no slow derivation. */
function keyFrom(secret: string): Buffer {
  return createHash('sha256').update('plexus readable values').update(secret).digest();
}
