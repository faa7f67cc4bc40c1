import { Events } from '../../lib/events.js';
import { type BegunSession, Sessions } from '../../lib/sessions/sessions.js';
import type { SessionStates } from '../../lib/stores/state.js';
import { ADDRESS, BROWSER, ORG, ownerName } from './people.js';

const NONE_FAILED = { count: 0, lastAt: null };

/** Logs a user in, as a browser. */
export async function beginSession(sessions: Sessions, userId: string): Promise<BegunSession> {
  const user = { id: userId, orgId: ORG, userName: userId, isEnabled: true };
  const from = { address: ADDRESS, userAgent: BROWSER };
  const begun = sessions.begin({ user, kind: 'cookie', ...from, failed: NONE_FAILED });
  await sessions.save(begun);
  return begun;
}

/** Longer than a run takes: while the most keys are loaded, nobody uses the sessions beside fewer. */
const IDLE_MS = 21_600_000;

/** Sessions that tell nobody of what they do. */
export function quietSessions(states: SessionStates): Sessions {
  return new Sessions(states, { idleMs: IDLE_MS }, new Events(), Date.now, false);
}

export interface LoadSessionsOptions {
  readonly states: SessionStates;
  readonly count: number;
  /** Who logs in, in turn. */
  readonly users: number;
  readonly concurrency: number;
  readonly remembered: number;
}

/** Resolves to those that are remembered. */
export async function loadSessions(options: LoadSessionsOptions): Promise<BegunSession[]> {
  const { states, count, users, concurrency, remembered } = options;
  const sessions = quietSessions(states);
  const loaded: BegunSession[] = [];
  const every = Math.max(1, Math.floor(count / remembered));
  let next = 0;
  const work = async () => {
    while (next < count) {
      const index = next++;
      const begun = await beginSession(sessions, ownerName(index % users));
      if (index % every === 0) loaded.push(begun);
    }
  };
  await Promise.all(Array.from({ length: concurrency }, work));
  return loaded;
}
