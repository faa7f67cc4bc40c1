import type { Request, Response } from 'express';
import { AuthError, type Latchkey, type Principal, Refusal } from '../../../lib/index.js';
import { NO_KEY, readSecret, resolvePair } from '../credential.js';
import { LEGACY_PATH } from './answers.js';
import type { KeyLockout } from './lockout.js';
import type { TrendSettings } from './options.js';

const KEY_HEADER = 'api-secret-key';
const REQUEST_ID_HEADER = 'rid';
const WINDOW_MS = 60_000;
/** 128 bits, as sID and RID have them. */
export const HEX = /^[0-9A-F]{32}$/;

const HEADERS = {
  'X-Frame-Options': 'SAMEORIGIN',
  'X-XSS-Protection': '1;mode=block',
  'Cache-Control': 'no-cache,no-store',
  Pragma: 'no-cache',
} as const;

/** Lets requests in: by API key, or by session cookie and request id. */
export class Entry {
  readonly #dialects: Latchkey['dialects'];
  readonly #state: ReturnType<Latchkey['dialects']['state']>;
  readonly #lockout: KeyLockout;
  readonly #settings: TrendSettings;

  constructor({ dialects }: Latchkey, lockout: KeyLockout, settings: TrendSettings) {
    this.#dialects = dialects;
    this.#state = dialects.state('trend');
    this.#lockout = lockout;
    this.#settings = settings;
  }

  /** What every request and every answer carries. @throws AuthError `invalid_request` for another version. */
  before(req: Request, res: Response): void {
    for (const [name, value] of Object.entries(HEADERS)) res.setHeader(name, value);
    if (req.headers['api-version'] === 'v1' || this.#isLegacy(req)) return;
    throw new AuthError('invalid_request', { message: 'The api-version header is missing or not supported.' });
  }

  /** A key that was sent counts, whatever cookie came with it. @throws AuthError. */
  async authenticate(req: Request): Promise<Principal> {
    const key = req.headers[KEY_HEADER];
    const isKey = key !== undefined;
    const principal = isKey ? await this.#byKey(req, String(key)) : await this.#bySession(req);
    const { id } = principal.credential;
    await Promise.all([this.#count(id), isKey ? this.#lockout.clear(id) : undefined]);
    return principal;
  }

  async #byKey(req: Request, text: string): Promise<Principal> {
    const read = readSecret(this.#dialects.prefix, text);
    const pair = await resolvePair(this.#dialects, read);
    if (await this.#lockout.isLocked(pair.id)) throw refused();
    const verdict = await this.#dialects.verifyKey(req, pair);
    if (!(verdict instanceof Refusal)) return verdict;
    const { reason } = verdict;
    const isNumbered = pair !== NO_KEY && pair.id !== read?.id;
    const isKnown = reason !== 'unknown_id' && reason !== 'revoked' && (reason !== 'malformed' || isNumbered);
    if (isKnown) await this.#lockout.failed(pair.id);
    throw refused();
  }

  async #bySession(req: Request): Promise<Principal> {
    const { sessions } = this.#dialects;
    const sessionId = sessionIdIn(req);
    const requestId = req.headers[REQUEST_ID_HEADER];
    if (sessionId === null || sessions === null) throw refused();
    if (requestId === undefined && !this.#settings.legacySignIn) throw refused();
    if (requestId === undefined && isForeignForm(req)) throw new AuthError('unsupported_media_type');
    const { idleMs } = this.#settings.sessions;
    const options = { idleMs, requestId: requestId === undefined ? undefined : String(requestId) };
    const verdict = await sessions.verify(req, sessionId, options);
    if (verdict instanceof Refusal) throw refused();
    return verdict;
  }

  async #count(credentialId: string): Promise<void> {
    const { maxRequestsPerMinute: limit } = this.#settings;
    if (limit === null) return;
    const { count, resetMs } = await this.#state.hit(`rate-${credentialId}`, WINDOW_MS);
    if (count <= limit) return;
    throw new AuthError('rate_limited', {
      headers: { 'Retry-After': String(Math.max(1, Math.ceil(resetMs / 1_000))) },
    });
  }

  /** A request of the older clients, which know no version: the sign-in itself, or a cookie alone. */
  #isLegacy({ headers, path }: Request): boolean {
    if (!this.#settings.legacySignIn || headers['api-version'] !== undefined) return false;
    if (LEGACY_PATH.test(path)) return true;
    return (
      headers[KEY_HEADER] === undefined && headers[REQUEST_ID_HEADER] === undefined && hasSessionId(headers.cookie)
    );
  }
}

/** The session id in the cookie; null without one, and where there are two. */
export function sessionIdIn({ headers }: Pick<Request, 'headers'>): string | null {
  const found = cookiesNamed('sID', headers.cookie);
  const [only] = found;
  return found.length === 1 && only !== undefined && HEX.test(only) ? only : null;
}

function hasSessionId(cookie: string | undefined): boolean {
  return cookiesNamed('sID', cookie).length > 0;
}

function cookiesNamed(name: string, header = ''): string[] {
  const pairs = header.split(';').map((pair) => pair.trim());
  return pairs.filter((pair) => pair.startsWith(`${name}=`)).map((pair) => pair.slice(name.length + 1));
}

/** What a page of another site can have a browser send with a cookie: a cookie alone is not enough for that. */
function isForeignForm({ method, headers }: Request): boolean {
  return method === 'POST' && !/^application\/json\s*(?:;|$)/i.test(headers['content-type'] ?? '');
}

export function refused(): AuthError {
  return new AuthError('unauthenticated');
}
