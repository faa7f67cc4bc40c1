import { LIMITS } from '../limits.js';
import { checkLimit, decodeCursor, encodeCursor, scan } from '../search/scan.js';
import type { SessionStates, UserSessions } from '../stores/state.js';
import type { LoginRecord } from './login-record.js';
import { toSession } from './login-record.js';

export interface SessionUsersQuery {
  readonly orgId: string | null;
  /** 1 to 200; default 50. */
  readonly limit?: number | undefined;
  /** `nextCursor` of the page before. */
  readonly cursor?: string | undefined;
}

/** A user who is logged in. */
export interface SessionUser {
  readonly userId: string;
  /** As of the latest login. */
  readonly userName: string;
  /** How many. */
  readonly sessions: number;
  /** Of all of them; see `Session`. */
  readonly lastActivityAt: number;
}

export interface SessionUserPage {
  readonly items: readonly SessionUser[];
  /** Null at the end. A page may be short, even empty, before it. */
  readonly nextCursor: string | null;
}

const LIST = 'session-users';

/** A page of an organisation's users who have sessions. @throws AuthError `invalid_request`. */
export async function listUsers(
  states: SessionStates,
  { orgId, limit = 50, cursor }: SessionUsersQuery,
  now: () => number,
): Promise<SessionUserPage> {
  checkLimit(limit);
  const { items, next } = await scan<UserSessions, SessionUser>({
    async read(after, most) {
      const { users, next } = await states.users(orgId, after, most, now());
      return { entries: users, next };
    },
    positionOf: ({ userId }) => userId,
    select: async (users) => users.map((user) => toSessionUser(user, orgId, now())),
    limit,
    after: cursor === undefined ? undefined : decodeCursor(cursor, readPosition),
    isAll: true,
  });
  return { items, nextCursor: next === null ? null : encodeCursor([LIST, next]) };
}

/** Null for one whose sessions are another organisation's, or another user's: see `ListedSession`. */
function toSessionUser({ userId, sessions }: UserSessions, orgId: string | null, nowAt: number): SessionUser | null {
  const alive = sessions
    .map(({ id, login, ttlMs }) => toSession(id, JSON.parse(login) as LoginRecord, ttlMs, nowAt))
    .filter((session) => session.userId === userId && session.orgId === orgId && session.expiresAt > nowAt);
  const [first] = alive;
  if (first === undefined) return null;
  const latest = alive.reduce((a, b) => (b.createdAt > a.createdAt ? b : a), first);
  const lastActivityAt = Math.max(...alive.map((session) => session.lastActivityAt));
  return { userId, userName: latest.userName, sessions: alive.length, lastActivityAt };
}

function readPosition([list, userId]: unknown[]): string | undefined {
  const isId = typeof userId === 'string' && userId !== '' && userId.length <= LIMITS.identifier;
  return list === LIST && isId ? userId : undefined;
}
