import type { IncomingMessage } from 'node:http';
import { parseCookie } from 'cookie';
import { unsign } from 'cookie-signature';

const MIN_SECRET = 32;
/** A longer cookie value is not one of ours, in characters. */
const MAX_VALUE = 256;

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

  /** The session id in the request; null without one, or when nobody here has signed it. */
  read(req: IncomingMessage): string | null {
    if (!this.isIn(req)) return null;
    const value = parseCookie(req.headers.cookie ?? '')[this.name];
    if (value === undefined || value.length > MAX_VALUE || !value.startsWith('s:')) return null;
    for (const secret of this.secrets) {
      const sessionId = unsign(value.slice(2), secret);
      if (sessionId !== false) return sessionId;
    }
    return null;
  }
}
