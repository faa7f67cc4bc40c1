import { randomInt } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { DialectServices, KeyPair } from '../../lib/index.js';

/** A longer text is not read, in characters. */
const MAX_CREDENTIAL = 1_024;
/** Passwords may be longer than keys. */
const MAX_BASIC = 2_048;
/** The ids of Latchkey's own tokens. */
const NATIVE_ID = /^[0-9A-Za-z]{22}$/;

/**
 * The pair in any text that carries a whole credential, whichever product it was made for: Latchkey's own token, `id:secret`
 * (Illumio's `api_` before the id is left away), SystemLink's 42 characters, Plexus' 32, and base64 of `id:secret`. Null for
 * anything else. An id of digits only is a number: see `resolvePair`.
 */
export function readSecret(prefix: string, text: string): KeyPair | null {
  if (text.length > MAX_CREDENTIAL) return null;
  const colon = text.indexOf(':');
  if (colon >= 0) return readPair(text.slice(0, colon), text.slice(colon + 1));
  // Before Latchkey's own, which are longer: SystemLink's may begin with whatever the prefix is.
  if (/^[0-9A-Za-z_-]{42}$/.test(text)) return { id: uuidOf(text.slice(0, 22)), secret: text };
  if (/^[0-9A-Za-z]{32}$/.test(text)) return { id: text.slice(0, 11), secret: text };
  if (text.startsWith(`${prefix}_`)) {
    const [id = '', secret = '', ...rest] = text.slice(prefix.length + 1).split('_');
    return rest.length === 0 && NATIVE_ID.test(id) ? { id, secret } : null;
  }
  const bytes = Buffer.from(text, 'base64');
  if (text === '' || bytes.toString('base64') !== text) return null;
  const pair = bytes.toString('utf8');
  const at = pair.indexOf(':');
  return at < 0 ? null : readPair(pair.slice(0, at), pair.slice(at + 1));
}

/** The pair of an id and a secret that came apart, as in Basic. */
export function readPair(id: string, secret: string): KeyPair | null {
  const bare = id.startsWith('api_') ? id.slice('api_'.length) : id;
  return bare === '' || secret === '' ? null : { id: bare, secret };
}

/** What no key has. To be verified as any other, so that it is told of and counted. */
export const NO_KEY: KeyPair = Object.freeze({ id: '', secret: '' });

/** Puts the record's id in place of a number. `NO_KEY` for null, and where no key has the number. */
export async function resolvePair(
  { numbers }: Pick<DialectServices, 'numbers'>,
  pair: KeyPair | null,
): Promise<KeyPair> {
  if (pair === null || !/^[1-9][0-9]{0,14}$/.test(pair.id)) return pair ?? NO_KEY;
  const found = await numbers.find('api-key', Number(pair.id));
  return found === null ? NO_KEY : { id: found, secret: pair.secret };
}

/** The one `Authorization` header; empty where there is none, or two: whoever guesses which one counts guesses wrong. */
export function authorizationIn({ headersDistinct }: Pick<IncomingMessage, 'headersDistinct'>): string {
  const [only = '', ...others] = headersDistinct.authorization ?? [];
  return others.length === 0 ? only : '';
}

/** User name and password of Basic (RFC 7617); null for any other credential. */
export function basicIn(req: Pick<IncomingMessage, 'headersDistinct'>): BasicCredential | null {
  const authorization = authorizationIn(req);
  if (authorization.length > MAX_BASIC) return null;
  const [, base64] = /^basic +([0-9a-z+/]+={0,2})$/i.exec(authorization) ?? [];
  if (base64 === undefined) return null;
  const pair = Buffer.from(base64, 'base64').toString('utf8');
  const colon = pair.indexOf(':');
  return colon < 0 ? null : { userName: pair.slice(0, colon), password: pair.slice(colon + 1) };
}

export interface BasicCredential {
  readonly userName: string;
  readonly password: string;
}

/** The 16 bytes of a UUID as 22 characters of base64url. */
export function packUuid(uuid: string): string {
  return Buffer.from(uuid.replaceAll('-', ''), 'hex').toString('base64url');
}

function uuidOf(packed: string): string {
  const hex = Buffer.from(packed, 'base64url').toString('hex');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}

const LETTERS = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';

/** Letters and digits, drawn evenly from a secure source. */
export function randomText(length: number): string {
  return Array.from({ length }, () => LETTERS.charAt(randomInt(LETTERS.length))).join('');
}
