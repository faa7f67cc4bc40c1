import { createRequire } from 'node:module';
import type * as connectRedis from 'connect-redis';
import type * as expressSession from 'express-session';
import type { LoginRecord } from '../sessions/login-record.js';
import { parseSessionId, publicSessionId, remainingMs } from '../sessions/session-id.js';
import type { SessionStates, StoredSession } from '../stores/state.js';
import type { SessionCookie } from './session-cookie.js';

/** Merges tried for one save, each lost only to another save of the same session: so many requests may write at once. */
const MAX_TRIES = 100;

/** Where a session object keeps what it was read from; not enumerable, and not the host's. */
const STORED = Symbol('latchkey.stored');
const LOGIN = Symbol('latchkey.login');

/** Not `Session`: a host may have said that its own data are always there. */
type Session = expressSession.SessionData;
type Fields = Record<string, unknown>;

interface Marked {
  [STORED]?: StoredSession;
  [LOGIN]?: LoginRecord;
}

/** The login in a session that this store has read; null when nobody is logged in, or another store has read it. */
export function loginOf(session: object | undefined): LoginRecord | null {
  return (session as Marked | undefined)?.[LOGIN] ?? null;
}

function mark<Value>(session: object, key: symbol, value: Value): void {
  Object.defineProperty(session, key, { value, configurable: true, writable: true });
}

/** express-session, loaded when sessions are used: it is an optional peer. */
export function loadExpressSession(): typeof expressSession.default {
  return createRequire(import.meta.url)('express-session');
}

/**
 * express-session's store on Latchkey's, extending connect-redis's. It differs from what it extends in that reading slides,
 * the key is a hash, a save never brings an ended session back, and two requests that change different fields at once both
 * keep what they wrote.
 *
 * @param end ends a session by its secret id, whoever is logged in to it.
 */
export function createSessionStore(
  sessions: SessionStates,
  now: () => number,
  attributes: SessionCookie['attributes'],
  end: (sessionId: string) => Promise<void>,
): expressSession.Store {
  const { RedisStore } = createRequire(import.meta.url)('connect-redis') as typeof connectRedis;

  const lifeOf = (sessionId: string): number => {
    const times = parseSessionId(sessionId);
    return times === null ? 0 : remainingMs(times, now());
  };

  /** connect-redis's client, as far as it is used here: ids in place of keys. */
  const client = {
    async get(sessionId: string): Promise<StoredSession | null> {
      const ttlMs = lifeOf(sessionId);
      return ttlMs <= 0 ? null : await sessions.read(publicSessionId(sessionId), ttlMs);
    },
    async del([sessionId = '']: string[]): Promise<void> {
      await end(sessionId);
    },
    scan: () => Promise.reject(new Error('sessions are listed by user: latchkey.sessions.list(userId)')),
  };

  /** Turns what was read into express-session's data, and marks it with what it was read from. */
  const parse = (read: unknown): Fields => {
    const stored = read as StoredSession;
    const data = JSON.parse(stored.data) as Fields;
    mark(data, STORED, stored);
    return data;
  };

  class SessionStore extends RedisStore {
    constructor() {
      super({
        client: client as never,
        prefix: '',
        disableTouch: true, // reading has slid it
        serializer: { parse: parse as never, stringify: JSON.stringify },
      });
    }

    override createSession(
      req: Parameters<expressSession.Store['createSession']>[0],
      data: expressSession.SessionData,
    ) {
      // A login stores no cookie: express-session would make one up, without the attributes that the host has chosen.
      const session = super.createSession(req, { ...data, cookie: { ...data.cookie, ...attributes } } as typeof data);
      const stored = (data as Marked)[STORED];
      if (stored !== undefined) {
        mark(session, STORED, stored);
        if (stored.login !== null) mark(session, LOGIN, JSON.parse(stored.login));
      }
      return session;
    }

    override async set(sessionId: string, session: Session, callback?: (error?: unknown) => void): Promise<void> {
      try {
        await this.#save(sessionId, session);
      } catch (error) {
        callback?.(error);
        return;
      }
      callback?.();
    }

    /** A session that was read is replaced where it still is; any other is new. */
    async #save(sessionId: string, session: Session): Promise<void> {
      const ttlMs = lifeOf(sessionId);
      if (ttlMs <= 0) return;
      const id = publicSessionId(sessionId);
      const base = (session as Marked)[STORED];
      if (base === undefined) await this.#insert(id, sessionId, session, ttlMs);
      else await this.#merge(id, session, base, ttlMs);
    }

    /** Nobody is logged in to a session that express-session makes: logins store theirs themselves. */
    async #insert(id: string, sessionId: string, session: Session, ttlMs: number): Promise<void> {
      const createdAt = now();
      const expiresAt = parseSessionId(sessionId)?.expiresAt ?? createdAt;
      const data = JSON.stringify(session);
      const anonymous = { login: null, data, userId: null, orgId: null, createdAt, expiresAt };
      const isNew = await sessions.insert(id, anonymous, ttlMs);
      if (isNew) mark(session, STORED, { version: 1, login: null, data });
    }

    /** What this request changed goes on top of what is stored now; an ended session stays ended. */
    async #merge(id: string, session: Session, base: StoredSession, ttlMs: number): Promise<void> {
      const mine = JSON.parse(JSON.stringify(session)) as Fields;
      const changes = changedFields(JSON.parse(base.data) as Fields, mine);
      let current = base;
      for (let tries = 0; tries < MAX_TRIES; tries++) {
        const data = JSON.stringify(applyFields(JSON.parse(current.data) as Fields, changes));
        const answer = await sessions.save(id, current.version, data, ttlMs);
        if (answer === null) mark(session, STORED, { ...current, version: current.version + 1, data });
        if (answer === null || answer === 'gone') return;
        current = answer;
      }
      throw new Error('the session is being changed by many requests at once');
    }
  }

  return new SessionStore();
}

/** The fields that differ, each with its new value; undefined for one that was removed. */
function changedFields(before: Fields, after: Fields): Map<string, unknown> {
  const names = new Set([...Object.keys(before), ...Object.keys(after)]);
  const differ = [...names].filter((name) => JSON.stringify(before[name]) !== JSON.stringify(after[name]));
  return new Map(differ.map((name) => [name, after[name]]));
}

function applyFields(fields: Fields, changes: ReadonlyMap<string, unknown>): Fields {
  const merged = { ...fields, ...Object.fromEntries(changes) };
  return Object.fromEntries(Object.entries(merged).filter(([, value]) => value !== undefined));
}
