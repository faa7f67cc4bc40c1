import { createHash, randomBytes } from 'node:crypto';
import type { Request } from 'express';
import { AuthError, type Latchkey, type Session } from '../../../lib/index.js';
import type { DialectAnswer, DialectRoute, PublicDialectCall } from '../dialect.js';
import { call, publicCall } from '../dialect.js';
import { refused, sessionIdIn } from './entry.js';
import type { Members } from './fields.js';
import { membersIn, membersOf, needed, textIn } from './fields.js';
import type { TrendSettings } from './options.js';

/** Characters. */
const MAX_USER_NAME = 256;
const MAX_PASSWORD = 1_024;
const MAX_TENANT = 128;
const MAX_MFA_CODE = 64;

/** Sign-in by user name and password, and the older one where the host offers it. */
export function sessionRoutes(latchkey: Latchkey, settings: TrendSettings): DialectRoute[] {
  const { dialects, logins } = latchkey;
  const state = dialects.state('trend');
  const { idleMs, absoluteMs, maxPerUser, signInLimit: limit, signInLockMs, secureCookie } = settings.sessions;
  const lock = { limit, windowMs: signInLockMs, waitMs: signInLockMs, maxWaitMs: signInLockMs };

  /** @throws AuthError `unauthenticated`, also for a name that is locked. */
  async function authenticate(req: Request, body: Members) {
    dialects.demandTls(req);
    if (logins === null) throw new AuthError('not_found', { message: 'There is no sign-in here.' });
    const userName = needed(textIn(body, 'userName', MAX_USER_NAME) || undefined, 'userName');
    const password = needed(textIn(body, 'password', MAX_PASSWORD) || undefined, 'password');
    const tenant = textIn(body, 'tenantName', MAX_TENANT) || null;
    const mfaCode = textIn(body, 'mfaCode', MAX_MFA_CODE) || undefined;
    const subject = subjectOf(userName, tenant);
    if ((await state.attempts(subject)).waitMs > 0) throw refused();
    try {
      const who = await logins.authenticate({ userName, password, tenant, mfaCode, address: dialects.addressOf(req) });
      await state.clearAttempts(subject);
      return who;
    } catch (error) {
      if (error instanceof AuthError && error.status === 401) await state.attempt(subject, lock);
      throw error;
    }
  }

  /** @throws AuthError `forbidden` when the user has as many sessions as are allowed. */
  async function open(req: Request, body: Members, requestId: string | null) {
    const { sessions } = dialects;
    if (sessions === null) throw new AuthError('not_found', { message: 'There is no sign-in here.' });
    const who = await authenticate(req, body);
    const sessionId = randomHex();
    const times = { idleMs, absoluteMs: absoluteMs ?? Number.POSITIVE_INFINITY };
    const options = { sessionId, requestId, maxPerUser, ...times };
    const session = await sessions.open(req, who, options).catch(refuseConflict);
    return { session, sessionId };
  }

  /** `withRequestId`: only at its beginning. */
  async function toWire({ userId, createdAt, lastActivityAt }: Session, requestId?: string): Promise<object> {
    const [administratorID] = await dialects.numbers.of('user', [userId]);
    const times = { created: createdAt, lastActivity: lastActivityAt };
    return { administratorID, ...times, accessType: 'webService', RID: requestId };
  }

  /** The session of the request; a key has none. */
  async function current(req: Request): Promise<{ session: Session; sessionId: string }> {
    const sessionId = req.headers['api-secret-key'] === undefined ? sessionIdIn(req) : null;
    const session = sessionId === null ? null : ((await dialects.sessions?.find(sessionId)) ?? null);
    if (sessionId === null || session === null) throw refused();
    return { session, sessionId };
  }

  const cookie = (value: string, besides = '') =>
    `sID=${value}; Path=/${secureCookie ? '; Secure' : ''}; HttpOnly${besides}`;

  async function signIn({ req, body }: PublicDialectCall): Promise<DialectAnswer> {
    const requestId = randomHex();
    const { session, sessionId } = await open(req, membersOf(body), requestId);
    const begun = { ...session, lastActivityAt: session.createdAt };
    return { headers: { 'Set-Cookie': cookie(sessionId) }, body: await toWire(begun, requestId) };
  }

  const routes = [
    publicCall('POST', '/api/sessions', 'sign in', signIn),
    call('GET', '/api/sessions/current', 'the session', '', async ({ req }) => {
      const { session } = await current(req);
      return { body: await toWire(session) };
    }),
    call('DELETE', '/api/sessions/current', 'sign out', '', async ({ req }) => {
      const { session, sessionId } = await current(req);
      await dialects.sessions?.end(req, sessionId, session.userId);
      return { status: 204, headers: { 'Set-Cookie': cookie('', '; Expires=Thu, 01 Jan 1970 00:00:00 GMT') } };
    }),
  ];
  if (!settings.legacySignIn) return routes;
  return [
    ...routes,
    publicCall('POST', '/rest/authentication/login/primary', 'sign in as older clients do', async ({ req, body }) => {
      const credentials = needed(membersIn(membersOf(body), 'dsCredentials'), 'dsCredentials');
      const { sessionId } = await open(req, credentials, null);
      return { text: { type: 'text/plain', value: sessionId } };
    }),
    publicCall('DELETE', '/rest/authentication/logout', 'sign out as older clients do', async ({ req, query }) => {
      const sessionId = sessionIdIn({ headers: { cookie: `sID=${query.get('sID') ?? ''}` } });
      const session = sessionId === null ? null : await dialects.sessions?.find(sessionId);
      if (sessionId !== null) await dialects.sessions?.end(req, sessionId, session?.userId ?? '');
      return { status: 200 };
    }),
  ];
}

function randomHex(): string {
  return randomBytes(16).toString('hex').toUpperCase();
}

/** Names that differ only in case or in white space around them are one. */
function subjectOf(userName: string, tenant: string | null): string {
  const name = JSON.stringify([tenant, userName.trim().normalize('NFKC').toLowerCase()]);
  return `sign-in-${createHash('sha256').update(name).digest('base64url')}`;
}

function refuseConflict(error: unknown): never {
  if (!(error instanceof AuthError) || error.code !== 'conflict') throw error;
  throw new AuthError('forbidden', { message: 'Too many sessions. End one of them.' });
}
