import { randomBytes } from 'node:crypto';
import type { LatchkeyOptions, LoginSessions, Session, SessionUser, UserDirectory } from '../index.js';
import { LIMITS } from '../index.js';
import {
  argumentsOf,
  type Command,
  type CommandGroup,
  EXIT,
  EXIT_HELP,
  optionsOf,
  type Surroundings,
  UsageError,
} from './command.js';
import { demandOrg } from './demand-org.js';
import { type Opened, STORE_HELP, STORE_OPTIONS, type StoreValues, withLatchkey } from './open-latchkey.js';
import { minute, Output } from './output.js';
import { PAGE_HELP, PAGE_OPTIONS, pagingOf, showPages } from './paging.js';
import type { Column } from './table.js';

const USER_OPTIONS = { ...STORE_OPTIONS, user: { type: 'string' } } as const;

export const sessions: CommandGroup = {
  summary: 'login sessions',
  commands: {
    list: { summary: 'the users that have sessions, or the sessions of one', load: async () => list },
    end: { summary: 'end one session', load: async () => end },
    'end-all': { summary: 'end all sessions of a user', load: async () => endAll },
  },
};

const list: Command = {
  help: `latchkey sessions list --user ID: the sessions of a user that are alive, the newest first. Without --user: the users
of the organisation (without --org: of none) that have sessions; pages are of those.

  --user ID             whose
${PAGE_HELP}

${STORE_HELP}

${EXIT_HELP}`,

  async run(args, surroundings) {
    const values = optionsOf(args, { ...USER_OPTIONS, ...PAGE_OPTIONS });
    const { user } = values;
    const paging = pagingOf(values, LIMITS.page);
    const output = new Output(surroundings, values.json);
    return await withSessions(values, surroundings, async (all, { orgId }) => {
      if (user === undefined) {
        const read = (limit: number, cursor: string | undefined) => all.users({ orgId, limit, cursor });
        await showPages(read, paging, output, USER_COLUMNS, surroundings.signal);
        return EXIT.ok;
      }
      const found = (await all.list(user)).filter((session) => orgId === null || session.orgId === orgId);
      if (paging.limit === null) output.stream(COLUMNS)(found);
      else output.page(found, null, COLUMNS);
      return EXIT.ok;
    });
  },
};

const end: Command = {
  help: `latchkey sessions end ID: ends a session. When the command is done, it is over in every process of the app: it
waits a second, for as long as any of them may remember it. ID is the public id, as listed.

${STORE_HELP}

${EXIT_HELP}`,

  async run(args, surroundings) {
    const { values, rest } = argumentsOf(args, STORE_OPTIONS, 'the ID of a session');
    const [id] = rest;
    const output = new Output(surroundings, values.json);
    return await withSessions(values, surroundings, async (all, { by, orgId }) => {
      const found = await all.find(id);
      if (found === null) await all.end(id, ''); // so that it is over where somebody else has just ended it
      const session = demandOrg(found, orgId, 'session');
      const isEnded = await all.end(id, session.userId, { by });
      if (!isEnded) demandOrg<Session>(null, null, 'session'); // it ended meanwhile
      if (output.isJson) output.document({ id, userId: session.userId, ended: 1 });
      else output.say('The session is over.');
      return EXIT.ok;
    });
  },
};

const endAll: Command = {
  help: `latchkey sessions end-all --user ID: ends all sessions of a user, as latchkey sessions end does.
API keys go on: see latchkey keys list --owner ID.

  --user ID             whose
  --except ID           but for this session

With --json { userId, ended }: how many.

${STORE_HELP}

${EXIT_HELP}`,

  async run(args, surroundings) {
    const values = optionsOf(args, { ...USER_OPTIONS, except: { type: 'string' } });
    const { user: userId, except } = values;
    if (userId === undefined) throw new UsageError('--user is missing: the id of the user whose sessions are to end');
    const output = new Output(surroundings, values.json);
    return await withSessions(values, surroundings, async (all, { by, orgId }) => {
      const where = (session: Session) => orgId === null || session.orgId === orgId;
      const ended = await all.endAll(userId, except, { by, where });
      if (output.isJson) output.document({ userId, ended });
      else output.say(`${ended} ${ended === 1 ? 'session is' : 'sessions are'} over.`);
      return EXIT.ok;
    });
  },
};

/** Sessions are those of a directory's users. Whose these are is in their records: none is looked up here. */
const NO_USERS: UserDirectory = {
  findByUserName: async () => null,
  findById: async () => null,
  verifyPassword: async () => false,
  statements: async () => [],
};

async function withSessions(
  values: StoreValues,
  surroundings: Surroundings,
  work: (sessions: LoginSessions, opened: Opened) => Promise<number>,
): Promise<number> {
  // Nobody logs in here: the secret signs nothing. However long the app remembers sessions, an end is waited for.
  const session = { secret: randomBytes(32).toString('base64'), rememberMs: LIMITS.rememberMs };
  const settings: LatchkeyOptions = { users: NO_USERS, session };
  return await withLatchkey(
    values,
    surroundings,
    (opened) => work(opened.latchkey.sessions as LoginSessions, opened),
    settings,
  );
}

const COLUMNS: readonly Column<Session>[] = [
  { title: 'ID', of: ({ id }) => id },
  { title: 'USER', of: ({ userName }) => userName, least: 6 },
  { title: 'KIND', of: ({ kind }) => kind, isExtra: true },
  { title: 'BEGAN', of: ({ createdAt }) => minute(createdAt), least: 11, isExtra: true },
  { title: 'LAST ACTIVE', of: ({ lastActivityAt }) => minute(lastActivityAt), least: 11 },
  { title: 'ENDS', of: ({ expiresAt }) => minute(expiresAt), least: 11, isExtra: true },
  { title: 'ADDRESS', of: ({ address }) => address ?? '', least: 7, isExtra: true },
  { title: 'DEVICE', of: ({ userAgent }) => userAgent ?? '', least: 6, isExtra: true },
];

const USER_COLUMNS: readonly Column<SessionUser>[] = [
  { title: 'ID', of: ({ userId }) => userId },
  { title: 'USER', of: ({ userName }) => userName, least: 6 },
  { title: 'SESSIONS', of: ({ sessions }) => String(sessions) },
  { title: 'LAST ACTIVE', of: ({ lastActivityAt }) => minute(lastActivityAt), least: 11 },
];
