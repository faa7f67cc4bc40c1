import { createHmac, hash, randomBytes, timingSafeEqual } from 'node:crypto';
import { crc32 } from 'node:zlib';

const ALPHABET = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
const ID_LENGTH = 22; // 131 bits: at least the 128 of a random UUID
const RANDOM_LENGTH = 43; // 256 bits
const CHECKSUM_LENGTH = 6; // 62^6 > 2^32
const SECRET_LENGTH = RANDOM_LENGTH + CHECKSUM_LENGTH;
/** Bytes at or above this are drawn again, so that every character is equally likely. */
const UNBIASED = 256 - (256 % ALPHABET.length);
const UNDERSCORE = 95;
const MIN_PEPPER_BYTES = 32;

/** The default first part of a token; hosts choose their own so that secret scanners can find theirs. */
export const DEFAULT_PREFIX = 'lk';

/** What a request carries, once parsed. `secret` ends with the checksum. */
export interface Credential {
  readonly scheme: CredentialScheme;
  readonly id: string;
  readonly secret: string;
}

/** Where the credential was found. */
export type CredentialScheme = 'api-key-header' | 'api-key' | 'basic' | 'session-cookie';

/** A fresh pair; `token` is `<prefix>_<id>_<secret>`, or `<id>:<secret>` of one that was drawn. Shown once, never kept. */
export interface GeneratedSecret {
  readonly id: string;
  readonly secret: string;
  readonly token: string;
  /** The token's first part; empty for a pair that was drawn. */
  readonly prefix: string;
}

/** @throws TypeError unless `prefix` is 1 to 16 letters and digits. */
export function checkPrefix(prefix: string): string {
  if (typeof prefix !== 'string' || !/^[A-Za-z0-9]{1,16}$/.test(prefix)) {
    throw new TypeError('prefix must be 1 to 16 letters and digits, e.g. "lk"');
  }
  return prefix;
}

/** A new secret, for a new id or, at rotation, for the given one. */
export function generateSecret(prefix: string, id: string = randomBase62(ID_LENGTH)): GeneratedSecret {
  const body = `${prefix}_${id}_${randomBase62(RANDOM_LENGTH)}`;
  const token = body + checksum(body);
  return { id, secret: token.slice(-SECRET_LENGTH), token, prefix };
}

/** The pair in a raw token, by length alone; null when it has another length. `isWellFormed` tells whether it holds. */
export function splitToken(prefix: string, token: string): { id: string; secret: string } | null {
  const secretStart = prefix.length + ID_LENGTH + 2;
  if (token.length !== secretStart + SECRET_LENGTH || token.charCodeAt(secretStart - 1) !== UNDERSCORE) return null;
  if (token.charCodeAt(prefix.length) !== UNDERSCORE || !token.startsWith(prefix)) return null;
  return { id: token.slice(prefix.length + 1, secretStart - 1), secret: token.slice(secretStart) };
}

/** Whether `id` and `secret` have the lengths that this version makes. */
export function hasPairShape(id: string, secret: string): boolean {
  return id.length === ID_LENGTH && secret.length === SECRET_LENGTH;
}

/** Whether `id` has the form that this version makes. */
export function isNativeId(id: string): boolean {
  return id.length === ID_LENGTH && isBase62(id);
}

/** Whether a pair is one that was made with `prefix`, by shape and checksum: no look-up is needed to refuse a typing error. */
export function isWellFormed(prefix: string, id: string, secret: string): boolean {
  return hasPairShape(id, secret) && isBase62(id) && hasChecksum(prefix, id, secret);
}

/** Whether `secret` has the form that this version makes. */
export function isNativeSecret(secret: string): boolean {
  return secret.length === SECRET_LENGTH && isBase62(secret);
}

/** Whether `secret` was made with `prefix` for `id`, of whatever form that is: so says its checksum. */
export function hasChecksum(prefix: string, id: string, secret: string): boolean {
  const token = `${prefix}_${id}_${secret}`;
  const bodyLength = token.length - CHECKSUM_LENGTH;
  return checksum(token.slice(0, bodyLength)) === token.slice(bodyLength);
}

function checksum(body: string): string {
  let rest = crc32(body);
  let digits = '';
  for (let i = 0; i < CHECKSUM_LENGTH; i++) {
    digits = ALPHABET.charAt(rest % ALPHABET.length) + digits;
    rest = Math.floor(rest / ALPHABET.length);
  }
  return digits;
}

/** True for a string of base62 characters only; anything else never reaches a store's key. */
function isBase62(text: string): boolean {
  for (let i = 0; i < text.length; i++) {
    const c = text.charCodeAt(i);
    const ok = (c >= 48 && c <= 57) || (c >= 65 && c <= 90) || (c >= 97 && c <= 122);
    if (!ok) return false;
  }
  return true;
}

/** Characters drawn evenly from letters and digits. */
export function randomBase62(length: number): string {
  let text = '';
  while (text.length < length) {
    for (const byte of randomBytes(length)) {
      if (byte < UNBIASED && text.length < length) text += ALPHABET.charAt(byte % ALPHABET.length);
    }
  }
  return text;
}

/** A stored hash, decoded once for many comparisons. `pepperId` is '' for plain SHA-256. */
export interface CompiledHash {
  readonly pepperId: string;
  /** 64 hexadecimal characters as bytes. */
  readonly hex: Buffer;
}

/**
 * Hashes and compares secrets. At rest a secret is `sha256:<hex>` or, with a pepper, `hmac-sha256:<pepperId>:<hex>`;
 * `pepperId` is derived from the pepper and tells which one was used. High-entropy secrets need no slow hash.
 */
export class SecretHasher {
  readonly #peppers = new Map<string, string | Uint8Array>();
  readonly #currentPepper: string = '';
  readonly #scratch = Buffer.alloc(64);

  /**
   * @param peppers the first hashes new secrets; a second one still verifies those hashed before a change of pepper.
   * @throws TypeError for more than two peppers, or one shorter than 32 bytes.
   */
  constructor(peppers: readonly (string | Uint8Array)[] = []) {
    if (peppers.length > 2) throw new TypeError('peppers takes at most two: the current one and the previous one');
    for (const pepper of peppers) {
      if (Buffer.byteLength(pepper) < MIN_PEPPER_BYTES) {
        throw new TypeError('peppers must have at least 32 bytes each; make one with: openssl rand -base64 32');
      }
      this.#peppers.set(hmac(pepper, 'latchkey pepper id').slice(0, 8), pepper);
    }
    this.#currentPepper = this.#peppers.keys().next().value ?? '';
  }

  /** What to keep in place of `secret`. */
  hash(secret: string): string {
    const hex = this.#digest(secret, this.#currentPepper);
    return this.#currentPepper === '' ? `sha256:${hex}` : `hmac-sha256:${this.#currentPepper}:${hex}`;
  }

  /** @throws Error when `stored` is not a hash that this version writes. */
  compile(stored: string): CompiledHash {
    const match = /^(?:sha256|hmac-sha256:([0-9a-f]{8})):([0-9a-f]{64})$/.exec(stored);
    if (match === null) throw new Error('a record holds a secret hash of an unknown form');
    return { pepperId: match[1] ?? '', hex: Buffer.from(match[2] ?? '', 'latin1') };
  }

  /** False when the pepper of `compiled` was not given: the secret can then be neither accepted nor called wrong. */
  canVerify(compiled: CompiledHash): boolean {
    return compiled.pepperId === '' || this.#peppers.has(compiled.pepperId);
  }

  /** Compares in constant time. */
  matches(secret: string, compiled: CompiledHash): boolean {
    this.#scratch.write(this.#digest(secret, compiled.pepperId), 'latin1');
    return timingSafeEqual(this.#scratch, compiled.hex);
  }

  /** A hash that no secret matches: an unknown id costs the same comparison against it. */
  dummy(): CompiledHash {
    return { pepperId: this.#currentPepper, hex: Buffer.from(randomBytes(32).toString('hex'), 'latin1') };
  }

  #digest(secret: string, pepperId: string): string {
    const pepper = this.#peppers.get(pepperId);
    return pepper === undefined ? hash('sha256', secret, 'hex') : hmac(pepper, secret);
  }
}

function hmac(pepper: string | Uint8Array, text: string): string {
  return createHmac('sha256', pepper).update(text).digest('hex');
}
