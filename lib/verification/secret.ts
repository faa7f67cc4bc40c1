import { createHmac, hash, randomBytes, timingSafeEqual } from 'node:crypto';
import { crc32 } from 'node:zlib';
import { storeUnavailable } from '../errors.js';
import type { ApiKeyRecord } from '../records.js';

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
  /**
   * What was sent is an existing key, as it is: `secret` is its SHA-256, and `id` is empty, being derived from that. Only who has
   * hashed what was sent may say so: whoever knows but the hash must not get in with it.
   */
  readonly isImported?: true;
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
  const checksumStart = secret.length - CHECKSUM_LENGTH;
  let rest = crc32(`${prefix}_${id}_${secret.slice(0, checksumStart)}`);
  for (let at = secret.length - 1; at >= checksumStart; at--) {
    if (secret.charCodeAt(at) !== ALPHABET.charCodeAt(rest % ALPHABET.length)) return false;
    rest = Math.floor(rest / ALPHABET.length);
  }
  return true;
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

/** Whether `stored` is the hash of an existing key that was imported. */
export function isImportedHash(stored: string): boolean {
  return stored.startsWith(IMPORTED);
}

/** Before what is stored of an existing key: a kind of hash of its own, so that nothing but such a key is compared with it. */
const IMPORTED = 'imported-';

/** A stored hash, decoded once for many comparisons. `pepperId` is '' for plain SHA-256. */
export interface CompiledHash {
  readonly pepperId: string;
  /** Of an existing key: no secret of a pair matches it. */
  readonly isImported: boolean;
  /** 64 hexadecimal characters; a text takes half the memory of a Buffer. */
  readonly hex: string;
}

/** What is kept of a key's secrets. */
export interface KeptHashes {
  readonly hash: CompiledHash;
  /** Of the secret before a rotation, which counts until its grace is over. */
  readonly previousHash: CompiledHash | null;
  readonly record: Pick<ApiKeyRecord, 'previousSecretExpiresAt'>;
}

/**
 * Hashes and compares secrets. At rest a secret is `sha256:<hex>` or, with a pepper, `hmac-sha256:<pepperId>:<hex>`;
 * `pepperId` is derived from the pepper and tells which one was used. High-entropy secrets need no slow hash. Of an existing key,
 * `imported-` comes before it, and what is hashed is the SHA-256 of the key.
 */
export class SecretHasher {
  readonly #peppers = new Map<string, string | Uint8Array>();
  readonly #currentPepper: string = '';
  readonly #sent = Buffer.alloc(64);
  readonly #kept = Buffer.alloc(64);

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

  /** What to keep of an existing key. `sha256`: its hash, lower-case hexadecimal. */
  hashImported(sha256: string): string {
    return IMPORTED + this.hash(labelled(sha256));
  }

  /**
   * The ids that an existing key can have, in Latchkey's own form: made from its hash, so that the record is its own index. The
   * first is that of the current pepper; then those of the previous one, and of the time before there was any.
   */
  *importedIds(sha256: string): Generator<string, void, undefined> {
    const text = `latchkey imported key id ${sha256}`;
    for (const pepper of this.#peppers.values()) yield toId(createHmac('sha512', pepper).update(text).digest('binary'));
    yield toId(hash('sha512', text, 'binary'));
  }

  /** @throws Error when `stored` is not a hash that this version writes. */
  compile(stored: string): CompiledHash {
    const match = /^(?:imported-)?(?:sha256|hmac-sha256:([0-9a-f]{8})):([0-9a-f]{64})$/.exec(stored);
    if (match === null) throw new Error('a record holds a secret hash of an unknown form');
    return { pepperId: match[1] ?? '', isImported: isImportedHash(stored), hex: match[2] ?? '' };
  }

  /**
   * Which of a key's secrets was sent, at `nowAt`: null for neither of those that count.
   * @throws AuthError as `matches`.
   */
  which(
    { secret, isImported }: Pick<Credential, 'secret' | 'isImported'>,
    { hash, previousHash, record }: KeptHashes,
    nowAt: number,
  ): 'current' | 'previous' | null {
    if (this.matches(secret, hash, isImported)) return 'current';
    const isInGrace = previousHash !== null && nowAt < (record.previousSecretExpiresAt ?? 0);
    return isInGrace && this.matches(secret, previousHash, isImported) ? 'previous' : null;
  }

  /**
   * Compares in constant time. `isImported`: as in a `Credential`; else nothing matches the hash of an existing key.
   * @throws AuthError `store_unavailable` when the pepper of `compiled` was not given: the secret can then be neither accepted
   * nor called wrong.
   */
  matches(secret: string, compiled: CompiledHash, isImported = false): boolean {
    this.#sent.write(this.#digest(isImported ? labelled(secret) : secret, compiled.pepperId), 'latin1');
    this.#kept.write(compiled.hex, 'latin1');
    return timingSafeEqual(this.#sent, this.#kept) && compiled.isImported === isImported;
  }

  /** A hash that no secret matches: an unknown id costs the same comparison against it. */
  dummy(): CompiledHash {
    return { pepperId: this.#currentPepper, isImported: false, hex: randomBytes(32).toString('hex') };
  }

  #digest(secret: string, pepperId: string): string {
    if (pepperId === '') return hash('sha256', secret, 'hex');
    const pepper = this.#peppers.get(pepperId);
    if (pepper === undefined) throw storeUnavailable(`the pepper ${pepperId} is not configured`);
    return hmac(pepper, secret);
  }
}

/** A text that is hashed for nothing else. */
function labelled(sha256: string): string {
  return `latchkey imported key ${sha256}`;
}

/** An id from 44 of 64 bytes: two for each character, so that none is likelier than others by more than 1 in 1,000. */
function toId(bytes: string): string {
  let id = '';
  for (let at = 0; at < 2 * ID_LENGTH; at += 2) {
    id += ALPHABET.charAt((bytes.charCodeAt(at) * 256 + bytes.charCodeAt(at + 1)) % ALPHABET.length);
  }
  return id;
}

function hmac(pepper: string | Uint8Array, text: string): string {
  return createHmac('sha256', pepper).update(text).digest('hex');
}
