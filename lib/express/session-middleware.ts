import type { Request, RequestHandler } from 'express';
import { passNotDurable } from '../errors.js';
import { publicSessionId } from '../sessions/session-id.js';
import type { Sessions } from '../sessions/sessions.js';
import type { SessionStates } from '../stores/state.js';
import { addressOf } from './address.js';
import { inDictionaryMode } from './dictionary-mode.js';
import type { SessionCookie } from './session-cookie.js';
import type { LoadedLogin } from './session-gate.js';
import type { HostSession } from './session-login.js';
import { createSessionStore, loadExpressSession, loginOf } from './session-store.js';

/** What express-session puts on a request. */
interface WithSession {
  session?: object | null;
  sessionID?: string;
  sessionStore?: object;
}

/** express-session on Latchkey's store, and what the rest of Latchkey needs to know of it. */
export interface SessionMiddleware extends HostSession {
  readonly loaded: LoadedLogin;
  /** The middleware; one and the same at every call. */
  middleware(): RequestHandler;
}

/** @param keepsData whether a login takes over the host's own session data. */
export function createSessionMiddleware(
  sessions: Sessions,
  states: SessionStates,
  cookie: SessionCookie,
  now: () => number,
  keepsData: boolean,
): SessionMiddleware {
  let store: object | undefined;
  let middleware: RequestHandler | undefined;

  /** The session on `req` if it is ours; a host may have express-session for itself as well. */
  const ours = (req: Request): WithSession | undefined => {
    const withSession = req as unknown as WithSession;
    return store !== undefined && withSession.sessionStore === store ? withSession : undefined;
  };

  const end = (sessionId: string): Promise<void> => sessions.endAnybodys(publicSessionId(sessionId));

  const create = (): RequestHandler => {
    const sessionStore = createSessionStore(states, now, cookie.attributes, end);
    store = sessionStore;
    const handle = loadExpressSession()({
      name: cookie.name,
      secret: [...cookie.secrets],
      cookie: { ...cookie.attributes },
      store: sessionStore,
      genid: () => sessions.anonymousId(),
      resave: false,
      saveUninitialized: false,
    });
    return inDictionaryMode(handle);
  };

  return {
    middleware: () => {
      middleware ??= create();
      return middleware;
    },
    loaded(req) {
      const { session, sessionID } = ours(req) ?? {};
      if (sessionID === undefined) return undefined;
      return { sessionId: sessionID, login: loginOf(session ?? undefined) };
    },
    async before(req) {
      const mounted = ours(req);
      const sessionId = mounted === undefined ? (cookie.read(req)?.sessionId ?? null) : (mounted.sessionID ?? null);
      if (sessionId === null) return null;
      const login =
        mounted === undefined ? await sessions.find(publicSessionId(sessionId)) : loginOf(mounted.session ?? undefined);
      return { sessionId, userId: login?.userId ?? null };
    },
    dataOf(req, userId) {
      const session = ours(req)?.session;
      const before = loginOf(session ?? undefined)?.userId ?? userId;
      return keepsData && session && before === userId ? JSON.stringify(session) : undefined;
    },
    async release(req, sessionId, userId) {
      const ending = sessions.endAnybodys(publicSessionId(sessionId), { by: userId, address: addressOf(req) });
      await ending.catch(passNotDurable); // a login does not depend on replicas
      this.forget(req);
    },
    forget(req) {
      const mounted = ours(req);
      if (mounted !== undefined) mounted.session = null;
    },
  };
}
