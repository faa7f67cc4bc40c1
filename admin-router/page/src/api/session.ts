import { createStore } from '../store.ts';
import { configureClient, get, post, remove } from './client.ts';
import { type ApiProblem, problemOf } from './problem.ts';
import { askRights, type Rights } from './rights.ts';
import { followOtherTabs, storeActivity, storedRequestId, storeRequestId } from './stored-login.ts';
import type { CurrentSession, NewSession, Principal, Settings } from './types.ts';

/** Why nobody is logged in, where somebody was. */
export type Ending = 'logged_out' | 'other_tab' | 'idle' | 'absolute' | 'ended';

export type Login =
  | { readonly status: 'checking' }
  /** The API does not answer as it should. */
  | { readonly status: 'failed'; readonly problem: ApiProblem }
  | { readonly status: 'out'; readonly ending: Ending | null }
  | {
      readonly status: 'in';
      readonly session: CurrentSession;
      readonly principal: Principal;
      readonly rights: Rights;
    };

export interface Credentials {
  readonly userName: string;
  readonly password: string;
  readonly tenant?: string;
  readonly mfaCode?: string;
}

/** When the session ends, by the clock of this computer, in epoch ms. */
export interface SessionEnd {
  readonly idleAt: number;
  readonly absoluteAt: number;
  readonly idleMs: number;
}

export const login = createStore<Login>({ status: 'checking' });
export const sessionEnd = createStore<SessionEnd | null>(null);

/** Looks whether somebody is logged in, and follows the other tabs from now on. */
export async function startSession(settings: Settings): Promise<void> {
  configureClient(settings.session?.requestIdHeader ?? '', { used: noteUse, ended: () => leave(endingNow()) });
  followOtherTabs(
    (requestId) => (requestId === null ? leave('other_tab') : void openSession()),
    (at) => slide(at),
  );
  if (storedRequestId() === null) login.set({ status: 'out', ending: null });
  else await openSession();
}

/** @throws ApiProblem, of code `mfa_required` when the password was right and a code is wanted. */
export async function logIn(credentials: Credentials): Promise<void> {
  const { requestId } = await post<NewSession>('sessions', credentials, { isPublic: true });
  storeRequestId(requestId ?? null);
  await openSession();
}

/** @throws ApiProblem when the session may still be alive. */
export async function logOut(): Promise<void> {
  try {
    await remove('sessions/current');
  } catch (error) {
    if (problemOf(error).status !== 401) throw error;
  }
  leave('logged_out');
}

/** The session that this page uses has just been ended on purpose. */
export function leaveSession(): void {
  leave('logged_out');
}

/** Its time is up: nobody is to go on with it, even where the server's clock is behind. */
export async function expireSession(): Promise<void> {
  const ending = endingNow();
  await remove('sessions/current').catch(() => {}); // it has ended by itself; else it does soon
  leave(ending);
}

/** Puts off the end by idleness, as every request does; learns when the end is. */
export async function keepSession(): Promise<void> {
  learnEnd(await get<CurrentSession>('sessions/current'));
}

/** Reads who is logged in; what the API says decides. */
export async function openSession(): Promise<void> {
  try {
    const [session, principal, rights] = await Promise.all([
      get<CurrentSession>('sessions/current'),
      get<Principal>('whoami'),
      askRights(),
    ]);
    learnEnd(session);
    login.set({ status: 'in', session, principal, rights });
  } catch (error) {
    const problem = problemOf(error);
    if (problem.status !== 401) login.set({ status: 'failed', problem });
  }
}

/** The clocks of server and computer need not agree: what counts is how long the session has left. */
function learnEnd({ idleSeconds, lastActivityAt, expiresAt }: CurrentSession): void {
  const idleMs = idleSeconds * 1_000;
  const absoluteAt = Date.now() + (Date.parse(expiresAt) - Date.parse(lastActivityAt));
  sessionEnd.set({ idleMs, idleAt: Date.now() + idleMs, absoluteAt });
}

function noteUse(): void {
  const nowAt = Date.now();
  slide(nowAt);
  storeActivity(nowAt);
}

function slide(usedAt: number): void {
  const end = sessionEnd.get();
  if (end !== null) sessionEnd.set({ ...end, idleAt: usedAt + end.idleMs });
}

/** By the time at which it ended; a session that ended before its time was ended by somebody. */
function endingNow(): Ending {
  const end = sessionEnd.get();
  if (end === null) return 'ended';
  if (Date.now() >= end.absoluteAt) return 'absolute';
  return Date.now() >= end.idleAt ? 'idle' : 'ended';
}

function leave(ending: Ending): void {
  if (login.get().status === 'out') return;
  storeRequestId(null);
  sessionEnd.set(null);
  login.set({ status: 'out', ending });
}
