import { AuthError, hidden, type Latchkey, type LoginSessions, type Principal, type Session } from '../lib/index.js';
import { lacks } from './access.js';
import type { Route } from './route.js';
import { route } from './route.js';
import { endSessionsSchema, pageSchema, sessionsOfSchema, signInsSchema } from './schemas.js';
import { sessionToWire, sessionUserToWire, time } from './wire.js';

const MANAGE = 'sessions:manage';
const COLLECTION = 'sessions';

/** The routes of `/sessions`, but for the login. Users manage their own, from a session; a key needs `sessions:manage`. */
export function sessionRoutes({ logins, sessions }: Latchkey): Route[] {
  if (logins === null || sessions === null) return [];
  return [
    route('GET', '/sessions', {
      operationId: 'listSessions',
      summary: 'The sessions of a user that are alive: one’s own, or with sessions:manage another’s.',
      answer: [200, 'Sessions'],
      errors: ['forbidden'],
      query: sessionsOfSchema,
      async handle({ principal, query }) {
        const userId = demandUser(principal, query.userId);
        const found = (await sessions.list(userId)).filter((session) => isVisible(principal, session));
        return { body: { items: found.map((session) => toWire(session, principal)) } };
      },
    }),
    route('DELETE', '/sessions', {
      operationId: 'endSessions',
      summary: 'End all sessions of a user; with except=current all but this one.',
      answer: [200, 'EndedSessions'],
      errors: ['forbidden', 'not_durable'],
      query: endSessionsSchema,
      async handle({ principal, query, address }) {
        const userId = demandUser(principal, query.userId);
        const except = query.except === undefined ? undefined : principal.credential.id;
        const where = (session: Session) => isVisible(principal, session);
        return { body: { ended: await sessions.endAll(userId, except, { by: principal, address, where }) } };
      },
    }),
    route('GET', '/sessions/users', {
      operationId: 'listSessionUsers',
      summary: 'The users of the organisation who are logged in, by id.',
      answer: [200, 'SessionUserPage'],
      errors: ['forbidden'],
      query: pageSchema,
      async handle({ principal, query }) {
        if (!principal.can(MANAGE, COLLECTION)) throw lacks(MANAGE);
        const { items, nextCursor } = await sessions.users({ ...query, orgId: principal.orgId });
        return { body: { items: items.map(sessionUserToWire), nextCursor } };
      },
    }),
    route('GET', '/sessions/current', {
      operationId: 'getCurrentSession',
      summary: 'The session that the request came with.',
      answer: [200, 'CurrentSession'],
      errors: ['not_found'],
      async handle({ principal }) {
        const session = await current(sessions, principal);
        const requestIdFailures = await sessions.requestIdFailures(session.id);
        return { body: { ...toWire(session, principal), requestIdFailures } };
      },
    }),
    route('DELETE', '/sessions/current', {
      operationId: 'logOut',
      summary: 'Log out. Cookie, request id and token are dead when the answer is sent.',
      answer: [204],
      headers: ['Clear-Site-Data', 'Set-Cookie'],
      errors: ['not_found', 'not_durable'],
      async handle({ principal, req, res }) {
        await sessions.endCurrent(req, res, asSession(principal));
        // Not "cookies" and not "storage": what the host's app keeps in browsers under the same origin would go with ours. Our
        // cookie is cleared by name; of what was shown to the user nothing is to be found by going back.
        return { headers: { 'Clear-Site-Data': '"cache"' }, body: null };
      },
    }),
    route('DELETE', '/sessions/:id', {
      operationId: 'endSession',
      summary: 'End a session.',
      answer: [204],
      errors: ['not_found', 'not_durable'],
      async handle({ principal, id, address }) {
        const isId = /^[\w-]{1,64}$/.test(id);
        const session = isId ? await sessions.find(id) : null;
        if (session === null) {
          if (isId) await sessions.end(id, principal.id); // so that it is over where somebody else has just ended it
          throw new AuthError('not_found');
        }
        if (!isVisible(principal, session)) throw hidden();
        await sessions.end(id, session.userId, { by: principal, address });
        return { body: null };
      },
    }),
    route('GET', '/sign-in-attempts', {
      operationId: 'getSignInAttempts',
      summary: 'Failed logins of a user since the last success: one’s own, or with sessions:manage another’s.',
      answer: [200, 'SignInAttempts'],
      errors: ['not_found'],
      query: signInsSchema,
      async handle({ principal, query }) {
        const found = await logins.failures(query.userName, query.tenant ?? null);
        const isOwn = found?.user.id === principal.id && principal.credential.kind === 'session';
        const isManaged = found?.user.orgId === principal.orgId && principal.can(MANAGE, COLLECTION);
        if (found === null) throw new AuthError('not_found');
        if (!isOwn && !isManaged) throw hidden();
        const { count, lastAt } = found.failed;
        return { body: { unsuccessfulSignInAttempts: count, lastFailedSignInAt: time(lastAt) } };
      },
    }),
  ];
}

async function current(sessions: LoginSessions, principal: Principal): Promise<Session> {
  const session = await sessions.find(asSession(principal).credential.id);
  if (session === null) throw new AuthError('unauthenticated');
  return session;
}

function asSession(principal: Principal): Principal {
  if (principal.credential.kind !== 'session') {
    throw new AuthError('not_found', { message: 'The request did not come with a session.' });
  }
  return principal;
}

/** Whose sessions are meant. @throws AuthError `forbidden` for another's, and for a key, without the right. */
function demandUser(principal: Principal, userId: string | undefined): string {
  const isOwn = (userId ?? principal.id) === principal.id && principal.credential.kind === 'session';
  if (!isOwn && !principal.can(MANAGE, COLLECTION)) {
    throw lacks(MANAGE);
  }
  return userId ?? principal.id;
}

function isVisible(principal: Principal, { userId, orgId, id }: Session): boolean {
  if (orgId !== principal.orgId) return false;
  const isOwn = userId === principal.id && principal.credential.kind === 'session';
  return isOwn || principal.can(MANAGE, `${COLLECTION}/${id}`);
}

function toWire(session: Session, principal: Principal): object {
  return { ...sessionToWire(session), isCurrent: session.id === principal.credential.id };
}
