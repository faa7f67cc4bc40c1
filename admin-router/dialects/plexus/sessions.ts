import { createHash, createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import { parse } from 'cookie';
import type { Request, Response } from 'express';
import type { DialectServices, Principal } from '../../../lib/index.js';
import { Refusal } from '../../../lib/index.js';
import type { PlexusSettings } from './options.js';

export const SESSION_COOKIE = 'PlexusSessionId';
export const TOKEN_COOKIE = 'XSRF-TOKEN';
const TOKEN_HEADERS = ['x-xsrf-token', 'xsrf-token'];
const ID_BYTES = 32;
const WAIT_MS = 60_000;

/** What is kept of a session, under the hash of its id. Null `keyId`: nobody is logged in yet. */
interface KeptSession {
  readonly keyId: string | null;
  /** Of the secret that it was opened with: it ends with that. */
  readonly stamp?: string;
  readonly schemaIds: readonly string[];
  /** Epoch ms. */
  readonly expiresAt: number;
}

/** A key whose secret was right. */
export interface VerifiedKey {
  readonly principal: Principal;
  readonly stamp: string;
}

/** A session that somebody is logged in to. */
export interface KeySession {
  readonly principal: Principal;
  readonly keyId: string;
  readonly schemaIds: readonly string[];
  /** Epoch ms: its own end or the key's, whichever comes first. */
  readonly expiresAt: number;
}

/**
 * The sessions of Plexus Connect: anonymous ones, and those that a key was traded for. The anti-forgery token is derived from
 * the session's id: it stays the same within a session and belongs to no other one, and nothing has to be kept.
 */
export class PlexusSessions {
  readonly #services: DialectServices;
  readonly #state: ReturnType<DialectServices['state']>;
  readonly #settings: PlexusSettings;

  constructor(services: DialectServices, settings: PlexusSettings) {
    this.#services = services;
    this.#state = services.state('plexus');
    this.#settings = settings;
  }

  /** Step 1 and 3: the token of the session that the cookie names; a fresh anonymous session where it names none that lives. */
  async hello(req: Request, res: Response): Promise<void> {
    const sent = idIn(req);
    const isKnown = sent !== null && (await this.#read(sent)) !== null;
    const id = isKnown ? sent : newId();
    if (!isKnown) {
      const { anonymousMs } = this.#settings;
      const kept: KeptSession = { keyId: null, schemaIds: [], expiresAt: this.#services.now() + anonymousMs };
      await this.#state.keep(hashed(id), JSON.stringify(kept), anonymousMs);
      this.#setSession(res, id);
    }
    res.cookie(TOKEN_COOKIE, tokenOf(id), this.#attributes(false));
  }

  /** The id of the living session of a request whose token is right; null for any other. */
  async anonymous(req: Request): Promise<string | null> {
    const id = idIn(req);
    if (id === null || !hasToken(req, id)) return null;
    return (await this.#read(id)) === null ? null : id;
  }

  /** Whether the anonymous session may try another key; counted before it is looked at. Else how long to wait, in ms. */
  async attempt(id: string): Promise<number> {
    const rule = { limit: this.#settings.loginLimit, windowMs: WAIT_MS, waitMs: WAIT_MS, maxWaitMs: WAIT_MS };
    return (await this.#state.attempt(`login-${hashed(id)}`, rule)).waitMs;
  }

  /** A session in place of the one before, which ends at once. */
  async begin(
    res: Response,
    before: string,
    { principal, stamp }: VerifiedKey,
    schemaIds: readonly string[],
  ): Promise<KeySession> {
    const { idleMs, absoluteMs } = this.#settings;
    const { id: keyId, expiresAt: keyEnd } = principal.credential;
    const expiresAt = Math.min(this.#services.now() + absoluteMs, keyEnd ?? Number.POSITIVE_INFINITY);
    const kept: KeptSession = { keyId, stamp, schemaIds, expiresAt };
    const id = newId();
    await this.#state.keep(hashed(id), JSON.stringify(kept), idleMs);
    await this.#state.take(hashed(before));
    this.#setSession(res, id);
    return { principal, keyId, schemaIds, expiresAt };
  }

  /**
   * The session of a request, slid; null where nobody is logged in to it, its key has ended or its token is not right.
   * `wrongToken` tells the last from the others.
   */
  async verify(req: Request): Promise<KeySession | 'wrongToken' | null> {
    const id = idIn(req);
    const kept = id === null ? null : await this.#read(id);
    if (id === null || kept === null || kept.keyId === null) return null;
    const { tokenOnReads } = this.#settings;
    const isFree = !tokenOnReads && (req.method === 'GET' || req.method === 'HEAD');
    if (!isFree && !hasToken(req, id)) return 'wrongToken';
    const principal = await this.#services.principalOfKey(req, kept.keyId, kept.stamp);
    if (principal instanceof Refusal) {
      await this.#state.take(hashed(id));
      return null;
    }
    return { principal, keyId: kept.keyId, schemaIds: kept.schemaIds, expiresAt: kept.expiresAt };
  }

  async end(req: Request, res: Response): Promise<void> {
    const id = idIn(req);
    if (id !== null) await this.#state.take(hashed(id));
    res.clearCookie(SESSION_COOKIE, this.#attributes(true));
    res.clearCookie(TOKEN_COOKIE, this.#attributes(false));
  }

  async #read(id: string): Promise<KeptSession | null> {
    const text = await this.#state.slide(hashed(id), this.#settings.idleMs);
    if (text === null) return null;
    const kept = JSON.parse(text) as KeptSession;
    return kept.expiresAt > this.#services.now() ? kept : null;
  }

  #setSession(res: Response, id: string): void {
    res.cookie(SESSION_COOKIE, id, this.#attributes(true));
  }

  #attributes(httpOnly: boolean) {
    return { path: '/', httpOnly, secure: this.#settings.secureCookies, sameSite: 'lax' as const };
  }
}

function newId(): string {
  return randomBytes(ID_BYTES).toString('base64url');
}

/** What cannot be an id of ours is not looked up. */
function idIn(req: Request): string | null {
  const id = cookieIn(req, SESSION_COOKIE);
  return id !== undefined && /^[\w-]{43}$/.test(id) ? id : null;
}

function cookieIn(req: Request, name: string): string | undefined {
  return parse(req.headers.cookie ?? '')[name];
}

function hashed(id: string): string {
  return `session-${createHash('sha256').update(id).digest('base64url')}`;
}

function tokenOf(id: string): string {
  return createHmac('sha256', id).update('plexus xsrf token').digest('base64url');
}

/** Cookie and header must both be the session's token. */
function hasToken(req: Request, id: string): boolean {
  const wanted = tokenOf(id);
  const header = TOKEN_HEADERS.map((name) => req.headers[name]).find((value) => value !== undefined);
  return isSame(cookieIn(req, TOKEN_COOKIE), wanted) && isSame(header, wanted);
}

/** In constant time. */
function isSame(sent: unknown, wanted: string): boolean {
  const [a, b] = [Buffer.from(typeof sent === 'string' ? sent : ''), Buffer.from(wanted)];
  return a.length === b.length && timingSafeEqual(a, b);
}
