import { isUtf8 } from 'node:buffer';
import type { IncomingMessage } from 'node:http';
import { isSessionUserName } from '../sessions/session-id.js';
import { readToken } from '../verification/foreign-pair.js';
import type { ImportedKeyForm } from '../verification/imported-key.js';
import { hashExistingKey, MIN_EXISTING_KEY } from '../verification/imported-key.js';
import type { Credential, CredentialScheme } from '../verification/secret.js';
import { hasPairShape } from '../verification/secret.js';

/** A longer credential is refused without being read, in characters. Ours have about 75, in base64 about 100. */
const MAX_CREDENTIAL = 1_024;
const AUTHORIZATION = 'authorization';

/** Nothing was sent. */
export const ABSENT = Symbol('absent');
/** A credential was sent, in a form that is not accepted here. */
export const FOREIGN = Symbol('foreign');
/** Something was sent that is no credential of ours. */
export const MALFORMED = Symbol('malformed');
/** One header twice, or two different credentials: whoever guesses which one counts guesses wrong. */
export const AMBIGUOUS = Symbol('ambiguous');

export type Reading = Credential | typeof ABSENT | typeof FOREIGN | typeof MALFORMED | typeof AMBIGUOUS;

/**
 * Reads credentials from headers: a raw token, `Authorization: ApiKey base64(id:secret)` (scheme without regard to case)
 * and Basic (RFC 7617). A raw token is ours, or `id:secret` of a pair that was drawn, or an existing key where the host has told
 * how they look; which may also come in a scheme of `Authorization` of their own. Never from the query string.
 */
export class HeaderReader {
  /** As the host wrote them, for challenges. */
  readonly headers: readonly string[];
  readonly #names: readonly string[];
  readonly #prefix: string;
  readonly #imported: ImportedKeyForm | null;

  /** @throws TypeError for a name that is no header of its own. */
  constructor(prefix: string, headers: readonly string[] = ['X-API-Key'], imported: ImportedKeyForm | null = null) {
    for (const header of headers) {
      if (!/^[A-Za-z0-9!#$%&'*+.^_`|~-]+$/.test(header) || header.toLowerCase() === AUTHORIZATION) {
        throw new TypeError('http.headers must be names of headers that carry nothing else, e.g. ["X-API-Key"]');
      }
    }
    this.#prefix = prefix;
    this.#imported = imported;
    this.headers = [...headers];
    this.#names = headers.map((header) => header.toLowerCase());
  }

  /** The scheme of `Authorization` that existing keys come in, as the host wrote it; null: none. */
  get importedScheme(): string | null {
    return this.#imported?.schemeName ?? null;
  }

  /** Whether the host has told how the keys look that the app had before. */
  get readsExistingKeys(): boolean {
    return this.#imported !== null;
  }

  /** Whether `word` looks like a key that the app had before, and not like any word. */
  isExistingKey(word: string): boolean {
    return word.length >= MIN_EXISTING_KEY && this.#imported !== null && this.#imported.matches(word);
  }

  /** The header that carries a raw token, in lower case; undefined when there is none. */
  presentHeader(req: IncomingMessage): string | undefined {
    return this.#names.find((name) => Boolean(req.headers[name]));
  }

  /** The one credential in the forms that `accepts` names. All forms are looked at: two that differ are ambiguous. */
  read({ headers, rawHeaders }: IncomingMessage, accepts: ReadonlySet<CredentialScheme>): Reading {
    let any: Reading = ABSENT;
    let accepted: Reading = ABSENT;
    for (const name of this.#names) {
      const value = headers[name];
      if (!value) continue;
      const reading = this.readToken(String(value));
      if (contradicts(any, reading)) return AMBIGUOUS;
      any = reading;
      if (accepts.has('api-key-header')) accepted = reading;
    }
    const { authorization = '' } = headers;
    const named = schemeOf(authorization);
    const reading = named === null ? this.#readImported(authorization) : readPair(named, authorization);
    if (reading !== ABSENT) {
      const scheme = named ?? 'api-key';
      // Basic may be somebody else's (a proxy's): beside another credential it counts only when it looks like ours.
      if (scheme === 'api-key' || looksLikeOurs(reading) || !contradicts(any, reading)) {
        if (contradicts(any, reading)) return AMBIGUOUS;
        any = reading;
        if (accepted === ABSENT && accepts.has(scheme)) accepted = reading;
      }
    }
    if (any === ABSENT) return ABSENT;
    if (this.#isSentTwice(rawHeaders)) return AMBIGUOUS;
    return accepted === ABSENT ? FOREIGN : accepted;
  }

  /** What a raw header carries. What has the form of a token of ours is never taken for an existing key. */
  readToken(value: string, scheme: CredentialScheme = 'api-key-header'): Reading {
    if (value.length > MAX_CREDENTIAL) return MALFORMED;
    const pair = readToken(this.#prefix, value);
    if (pair !== null) return { scheme, id: pair.id, secret: pair.secret };
    const text = this.#imported === null ? null : textOf(value);
    if (text === null || !this.#imported?.matches(text)) return MALFORMED;
    return { scheme, id: '', secret: hashExistingKey(text), isImported: true };
  }

  /** What is none of ours there may be another's. */
  #readImported(authorization: string): Reading {
    const scheme = this.#imported?.authorizationScheme ?? null;
    if (scheme === null || authorization.charAt(scheme.length) !== ' ') return ABSENT;
    if (authorization.slice(0, scheme.length).toLowerCase() !== scheme) return ABSENT;
    const reading = this.readToken(authorization.slice(scheme.length).trim(), 'api-key');
    return reading === MALFORMED ? ABSENT : reading;
  }

  /** Node joins or drops repeated headers before anybody can see them; only the raw list tells. */
  #isSentTwice(rawHeaders: readonly string[]): boolean {
    let isAuthorizationSeen = false;
    let seen = 0;
    for (let i = 0; i < rawHeaders.length; i += 2) {
      const name = rawHeaders[i] as string;
      if (name.length === AUTHORIZATION.length && name.toLowerCase() === AUTHORIZATION) {
        if (isAuthorizationSeen) return true;
        isAuthorizationSeen = true;
      }
      for (let at = 0; at < this.#names.length; at++) {
        const ours = this.#names[at] as string;
        if (name.length !== ours.length || name.toLowerCase() !== ours) continue;
        if (seen & (1 << at)) return true;
        seen |= 1 << at;
      }
    }
    return false;
  }
}

export function isCredential(reading: Reading): reading is Credential {
  return typeof reading === 'object';
}

function contradicts(a: Reading, b: Reading): boolean {
  if (a === ABSENT) return false;
  return !(isCredential(a) && isCredential(b) && a.id === b.id && a.secret === b.secret);
}

/** Node tells the bytes of a header one by one; null when they are no UTF-8. */
function textOf(value: string): string | null {
  if (!/[\u0080-\uffff]/.test(value)) return value;
  const bytes = Buffer.from(value, 'latin1');
  return isUtf8(bytes) ? bytes.toString('utf8') : null;
}

/** A drawn pair may look like anything, also like what a proxy sends: it does not. */
function looksLikeOurs(reading: Reading): boolean {
  if (!isCredential(reading)) return false;
  return hasPairShape(reading.id, reading.secret) || isSessionUserName(reading.id);
}

/** Which of our schemes an Authorization header names; null for any other. */
function schemeOf(authorization: string): 'api-key' | 'basic' | null {
  const space = authorization.indexOf(' ');
  if (space === 6 && authorization.slice(0, 6).toLowerCase() === 'apikey') return 'api-key';
  if (space === 5 && authorization.slice(0, 5).toLowerCase() === 'basic') return 'basic';
  return null;
}

/** The pair in `<scheme> base64(id:secret)`; the base64 must be what an encoder writes, padding included. */
function readPair(scheme: CredentialScheme, authorization: string): Reading {
  if (authorization.length > MAX_CREDENTIAL) return MALFORMED;
  const base64 = authorization.slice(authorization.indexOf(' ')).trim();
  const bytes = Buffer.from(base64, 'base64');
  if (bytes.toString('base64') !== base64) return MALFORMED;
  const pair = bytes.toString('utf8');
  const colon = pair.indexOf(':');
  return colon < 0 ? MALFORMED : { scheme, id: pair.slice(0, colon), secret: pair.slice(colon + 1) };
}
