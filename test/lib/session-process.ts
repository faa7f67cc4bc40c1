import { type Core, type CoreOptions, createCore, type UserServices } from '../../lib/core.js';
import { Principal } from '../../lib/principal.js';
import { authUserName, publicSessionId } from '../../lib/sessions/session-id.js';
import type { BegunSession, NewLogin, SessionTimeOptions } from '../../lib/sessions/sessions.js';
import type { SESSION_STORES, SessionDatabase } from '../support/session-stores.js';
import { TestDirectory } from '../support/test-directory.js';
import { Clock } from './clock.js';

/** One process of an app with logins, without Express. */
export interface SessionProcess extends UserServices {
  readonly core: Core;
  /** `id` is the public one. */
  login(userId: string, fields?: Partial<NewLogin>): Promise<BegunSession & { readonly id: string }>;
  /** As a request with this session: null when it is refused. */
  enter(begun: BegunSession): Promise<Principal | null>;
}

/** `options.users` must be there. */
export function openProcess(options: CoreOptions, times: SessionTimeOptions): SessionProcess {
  const core = createCore(options, times);
  if (core.users === null) throw new Error('a process with logins needs users');
  const { sessions, sessionVerifier } = core.users;
  return {
    ...core.users,
    core,
    async login(userId, fields = {}) {
      const user = { id: userId, orgId: null, userName: userId, isEnabled: true };
      const failed = { count: 0, lastAt: null };
      const begun = sessions.begin({ user, kind: 'cookie', address: '::1', userAgent: null, failed, ...fields });
      await sessions.save(begun);
      await sessions.enforceLimit(begun);
      return { ...begun, id: publicSessionId(begun.sessionId) };
    },
    async enter({ sessionId, requestId, login }) {
      const verdict = await (login.kind === 'token'
        ? sessionVerifier.verifyToken(authUserName(publicSessionId(sessionId)), sessionId)
        : sessionVerifier.verifyCookie(sessionId, null, requestId));
      return verdict instanceof Principal ? verdict : null;
    },
  };
}

/** Processes of an app on one database, for each test anew; to be made within `describe`. */
export class SessionProcesses {
  database!: SessionDatabase;
  clock = new Clock();
  directory = new TestDirectory();
  #opened: SessionProcess[] = [];

  constructor(start: (typeof SESSION_STORES)[number]['start']) {
    beforeEach(async () => {
      this.clock = new Clock();
      this.directory = new TestDirectory();
      this.#opened = [];
      this.database = await start(this.clock);
    });
    afterEach(async () => {
      for (const { core } of this.#opened) await core.close();
      await this.database.stop();
    });
  }

  async open(times: SessionTimeOptions = {}, options: Partial<CoreOptions> = {}): Promise<SessionProcess> {
    const store = await this.database.open();
    const opened = openProcess({ store, users: this.directory, now: this.clock.now, ...options }, times);
    this.#opened.push(opened);
    return opened;
  }
}
