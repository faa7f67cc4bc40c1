import type { LatchkeyOptions } from '../../lib/index.js';
import type { AdminApp, Answer } from './admin-app.js';
import { PASSWORD, type People } from './people.js';

/** Options of an app with logins over plain HTTP. */
export function loginOptions(users: People): LatchkeyOptions {
  return { users, session: { secret: 'a secret of at least 32 characters', cookie: { secure: false } } };
}

/** `Authorization: Basic ...` */
export function basic(userName: string, password: string): { authorization: string } {
  return { authorization: `Basic ${Buffer.from(`${userName}:${password}`).toString('base64')}` };
}

export interface SignedIn {
  /** The public id. */
  readonly id: string;
  /** Only the cookie; without the request id. */
  readonly cookie: { readonly cookie: string };
  /** Cookie and request id. */
  readonly headers: Record<string, string>;
  readonly answer: Answer;
}

/** Logs in with a cookie. */
export async function signIn(app: AdminApp, userName: string, fields: object = {}): Promise<SignedIn> {
  const answer = await app.call('POST', '/sessions', null, { userName, password: PASSWORD, ...fields });
  if (answer.status !== 201) throw new Error(`no session: ${answer.status} ${answer.text}`);
  const cookie = { cookie: cookieOf(answer) };
  return { id: answer.body.id, cookie, headers: { ...cookie, rid: String(answer.body.requestId) }, answer };
}

/** Logs in with a session token. */
export async function signInForToken(app: AdminApp, userName: string, fields: object = {}): Promise<SignedIn> {
  const answer = await app.call('POST', '/sessions', null, { userName, password: PASSWORD, token: true, ...fields });
  if (answer.status !== 201) throw new Error(`no session: ${answer.status} ${answer.text}`);
  const headers = basic(String(answer.body.authUsername), String(answer.body.sessionToken));
  return { id: answer.body.id, cookie: { cookie: '' }, headers, answer };
}

/** What a browser sends back. */
export function cookieOf({ headers }: Answer): string {
  return headers
    .getSetCookie()
    .map((line) => line.split(';')[0])
    .join('; ');
}
