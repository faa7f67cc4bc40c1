import { hash } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { parseCookie } from 'cookie';
import { unsign } from 'cookie-signature';
import { LRUCache } from 'lru-cache';
import { publicSessionId } from '../sessions/session-id.js';

const MIN_SECRET = 32;
/** So many cookies that were signed by us are remembered, about 300 bytes each: HMAC takes longer than the rest. */
const MAX_REMEMBERED = 10_000;
/** A longer cookie value, as it was sent, is not one of ours, in characters. */
const MAX_VALUE = 256;
/** Decoding takes longer than all the rest, and only a signature that is new has to be. */
const AS_SENT = { decode: (value: string) => value };

export interface CookieOptions {
  /** Default `__Host-sID`, or `sID` where `secure` is false or `path` is not `/`. */
  readonly name?: string;
  /** Default true: browsers then send it over TLS only. False is for development on localhost. */
  readonly secure?: boolean;
  /** Default `lax`. */
  readonly sameSite?: 'lax' | 'strict' | 'none';
  /** Default `/`. */
  readonly path?: string;
}

/** What a cookie carries: the secret session id, and the public one. */
export interface CarriedSession {
  readonly sessionId: string;
  readonly id: string;
}

/** The session cookie: its attributes, and how it is read without express-session. */
export class SessionCookie {
  readonly name: string;
  readonly secrets: readonly string[];
  readonly attributes: {
    readonly httpOnly: true;
    readonly secure: boolean;
    readonly sameSite: 'lax' | 'strict' | 'none';
    readonly path: string;
  };
  /** Public ids by the hash of the whole value: so the time a look-up takes tells nothing of the signature, nor of the session. */
  readonly #signed = new LRUCache<string, string>({ max: MAX_REMEMBERED });

  /** @throws TypeError for a secret that is too short, or attributes that browsers would refuse. */
  constructor(secret: string | readonly string[], options: CookieOptions = {}) {
    const { secure = true, sameSite = 'lax', path = '/' } = options;
    this.secrets = Array.isArray(secret) ? [...secret] : [secret as string];
    if (
      this.secrets.length === 0 ||
      this.secrets.some((each) => typeof each !== 'string' || each.length < MIN_SECRET)
    ) {
      throw new TypeError('session.secret must have at least 32 characters; make one with: openssl rand -base64 32');
    }
    const isHostBound = secure && path === '/';
    this.name = options.name ?? (isHostBound ? '__Host-sID' : 'sID');
    if (!/^[A-Za-z0-9_-]{1,64}$/.test(this.name))
      throw new TypeError('session.cookie.name must be letters, digits, - and _');
    if (!/^\/[\x21-\x3a\x3c-\x7e]*$/.test(path)) throw new TypeError('session.cookie.path must begin with /');
    if (this.name.startsWith('__Host-') && !isHostBound) {
      throw new TypeError('session.cookie.name may begin with __Host- only with secure: true and path: "/"');
    }
    if (sameSite === 'none' && !secure) throw new TypeError('session.cookie.sameSite "none" needs secure: true');
    this.attributes = Object.freeze({ httpOnly: true, secure, sameSite, path });
  }

  /** Whether the request may carry it: a look without reading it. */
  isIn({ headers }: IncomingMessage): boolean {
    return headers.cookie?.includes(this.name) === true;
  }

  /** The session in the request; null without one, or when nobody here has signed it. */
  read(req: IncomingMessage): CarriedSession | null {
    if (!this.isIn(req)) return null;
    const { cookie = '' } = req.headers;
    const value = parseCookie(cookie, AS_SENT)[this.name];
    const start = value === undefined || value.length > MAX_VALUE ? 0 : startOfId(value);
    if (value === undefined || start === 0) return null;
    const dot = value.lastIndexOf('.');
    const sessionId = value.slice(start, Math.max(start, dot)); // nothing in one of ours needs to be encoded
    const sent = hash('sha256', value, 'base64url');
    const known = this.#signed.get(sent);
    if (known !== undefined) return { sessionId, id: known };
    const spelled = value.slice(dot + 1);
    const signature = decoded(spelled);
    if (!this.#isSigned(sessionId, signature)) return null;
    const id = publicSessionId(sessionId);
    // As browsers send it; with every character encoded or not, one cookie would fill the memory.
    if (spelled === signature || spelled === encodeURIComponent(signature)) this.#signed.set(sent, id);
    return { sessionId, id };
  }

  /** In constant time. */
  #isSigned(sessionId: string, signature: string): boolean {
    return this.secrets.some((secret) => unsign(`${sessionId}.${signature}`, secret) === sessionId);
  }
}

/** Where the session id begins in the value of a signed cookie, after `s:` or what a browser made of it; 0: it is none. */
function startOfId(value: string): number {
  if (value.startsWith('s:')) return 2;
  return value.startsWith('s%3A') || value.startsWith('s%3a') ? 4 : 0;
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
