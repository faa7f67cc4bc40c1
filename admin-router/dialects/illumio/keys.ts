import { randomBytes } from 'node:crypto';
import { type ApiKey, KEY_STATES, type KeyFilter } from '../../../lib/index.js';

const KEY_ID_LENGTH = 17;
const SECRET_BYTES = 32;
/** `expires_in_seconds` of what never ends, and the largest that there is. */
export const NEVER = -1;
export const MAX_SECONDS = 2_147_483_647;

/** Keys that are listed: those that were deleted are not. */
export const LIVING = {
  kind: 'api-key',
  states: KEY_STATES.filter((state) => state !== 'revoked'),
} as const satisfies KeyFilter;

export const NAME = { type: 'string', maxLength: 255 } as const;
/** The product sets no limit; the record that is read on every request has one. */
export const DESCRIPTION = { type: 'string', maxLength: 16_384 } as const;
export const SECONDS = { type: 'integer', minimum: NEVER, maximum: MAX_SECONDS } as const;

/** Names that the core would not take: empty ones, and with any characters. */
export interface IllumioFields {
  readonly name: string;
  readonly description: string;
}

/** A pair in the product's own form. An id of digits only would be a number. */
export function drawPair(id?: string): { id: string; secret: string } {
  let keyId = id ?? '';
  while (/^[0-9]*$/.test(keyId)) keyId = randomBytes(KEY_ID_LENGTH).toString('hex').slice(0, KEY_ID_LENGTH);
  return { id: keyId, secret: randomBytes(SECRET_BYTES).toString('hex') };
}

/** The names of a key, wherever it was made. */
export function fieldsOf(key: ApiKey): IllumioFields {
  const { name = key.name, description = key.description } = (key.dialects.illumio ?? {}) as Partial<IllumioFields>;
  return { name, description };
}

/** What the core keeps beside the product's own names: printable, and not too long; no character is cut in half. */
export function coreNames({ name, description }: IllumioFields): { name: string; description: string } {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what it takes away
  const printable = name.replace(/[\u0000-\u001f\u007f]/g, ' ').trim();
  return { name: printable === '' ? 'PCE key' : printable, description: description.slice(0, 1_000).toWellFormed() };
}

/** The end of a key in seconds from now, for the core. */
export function lifetimeOf(seconds: number): { expiresAt: null } | { lifetimeMs: number } {
  return seconds === NEVER ? { expiresAt: null } : { lifetimeMs: Math.max(1, seconds * 1_000) };
}

/** A key of a user, in the order of the contract. */
export function toUserKey(key: ApiKey, user: number): object {
  const { name, description } = fieldsOf(key);
  return {
    href: `/users/${user}/api_keys/${key.id}`,
    key_id: key.id,
    auth_username: `api_${key.id}`,
    created_at: toTime(key.createdAt),
    name,
    description,
  };
}

export function toTime(instant: number): string {
  return new Date(instant).toISOString();
}

/** Whether a living key is listed: an expired one only until the retention time is over. */
export function isListed(key: ApiKey, nowAt: number, retentionSeconds: number): boolean {
  return key.state !== 'expired' || (key.expiresAt ?? 0) + retentionSeconds * 1_000 > nowAt;
}
