import { sign } from 'cookie-signature';
import type { IssuedKey } from '../../lib/index.js';
import { generateSecret } from '../../lib/verification/secret.js';
import type { Clock } from '../lib/clock.js';
import type { SessionApp } from '../support/session-app.js';
import { basic, SECRET } from '../support/session-app.js';
import type { SessionDatabase } from '../support/session-stores.js';
import type { TestDirectory } from '../support/test-directory.js';

/**
 * What a route answers: in, by session cookie, by session token or by key; 401 for nothing sent, for a bad cookie, a bad
 * request id, or for anything bad in a header.
 */
export type Outcome = 'cookie' | 'token' | 'key' | 'nothing' | 'bad cookie' | 'bad request id' | 'bad header';

export interface Setting {
  readonly app: SessionApp;
  readonly database: SessionDatabase;
  readonly directory: TestDirectory;
  readonly clock: Clock;
  readonly key: IssuedKey;
}

export interface Sent {
  readonly method?: string;
  readonly headers: Readonly<Record<string, string>>;
}

export interface SessionCase {
  readonly name: string;
  /** By what the route accepts: session cookies alone, or every form. */
  readonly expected: { readonly cookies: Outcome; readonly all: Outcome };
  send(setting: Setting): Promise<Sent>;
}

const both = (outcome: Outcome) => ({ cookies: outcome, all: outcome });
const NOTHING = both('nothing');
const IN = both('cookie');
const BAD_COOKIE = both('bad cookie');
const BAD_ID = both('bad request id');
const BAD_HEADER = both('bad header');

function sessionCase(
  name: string,
  expected: SessionCase['expected'],
  headers: (setting: Setting) => Promise<Record<string, string>>,
  method = 'GET',
): SessionCase {
  return { name, expected, send: async (setting) => ({ headers: await headers(setting), method }) };
}

const cookieOf = (value: string) => `sID=${encodeURIComponent(value)}`;
const signed = (id: string, secret = SECRET) => cookieOf(`s:${sign(id, secret)}`);
const pairOf = ({ key, secret }: IssuedKey) => Buffer.from(`${key.id}:${secret}`).toString('base64');

export const DEFAULT_CASES: readonly SessionCase[] = [
  sessionCase('no cookie', NOTHING, async () => ({})),
  sessionCase('a cookie of somebody else', NOTHING, async () => ({ cookie: 'theme=dark; sid=1' })),
  sessionCase('a request id without a cookie', NOTHING, async () => ({ rid: 'A'.repeat(32) })),
  sessionCase('a cookie without request id', BAD_ID, async ({ app }) => ({ cookie: (await app.login('ada')).cookie })),
  sessionCase('a cookie and an empty request id', BAD_ID, async ({ app }) => {
    return { cookie: (await app.login('ada')).cookie, rid: '' };
  }),
  sessionCase('a cookie and a wrong request id', BAD_ID, async ({ app }) => {
    return { cookie: (await app.login('ada')).cookie, rid: 'A'.repeat(32) };
  }),
  sessionCase('a cookie and the request id of another session', BAD_ID, async ({ app }) => {
    return { cookie: (await app.login('ada')).cookie, rid: (await app.login('ada')).requestId };
  }),
  sessionCase('the request id in lower case', BAD_ID, async ({ app }) => {
    const { cookie, requestId } = await app.login('ada');
    return { cookie, rid: requestId.toLowerCase() };
  }),
  sessionCase('the right ones', IN, async ({ app }) => ({ ...(await app.login('ada')).headers })),
  sessionCase('the right ones, POST', IN, async ({ app }) => ({ ...(await app.login('ada')).headers }), 'POST'),
  sessionCase('the right ones among other cookies', IN, async ({ app }) => {
    const { cookie, requestId } = await app.login('ada');
    return { cookie: `theme=dark; ${cookie}; sID2=x`, rid: requestId };
  }),
  sessionCase('the right ones beside Bearer', IN, async ({ app }) => {
    return { ...(await app.login('ada')).headers, authorization: 'Bearer x' };
  }),

  sessionCase('a cookie and a good key', { cookies: 'bad header', all: 'key' }, async ({ app, key }) => {
    return { ...(await app.login('ada')).headers, 'x-api-key': key.token };
  }),
  sessionCase('a cookie without request id and a good key', { cookies: 'bad header', all: 'key' }, async (setting) => {
    return { cookie: (await setting.app.login('ada')).cookie, authorization: `ApiKey ${pairOf(setting.key)}` };
  }),
  sessionCase('a bad cookie and a good key', { cookies: 'bad header', all: 'key' }, async ({ key }) => {
    return { cookie: signed('x'), 'x-api-key': key.token };
  }),
  sessionCase('a cookie and a bad key', BAD_HEADER, async ({ app }) => {
    return { ...(await app.login('ada')).headers, 'x-api-key': generateSecret('lk').token };
  }),
  sessionCase('a cookie and nonsense for a key', BAD_HEADER, async ({ app }) => {
    return { ...(await app.login('ada')).headers, authorization: 'ApiKey nonsense' };
  }),

  sessionCase('a session token as Basic', { cookies: 'bad header', all: 'token' }, async ({ app }) => {
    return { ...(await app.login('ada', { token: true })).headers };
  }),
  sessionCase('a session token beside a cookie', { cookies: 'bad header', all: 'token' }, async ({ app }) => {
    return { ...(await app.login('bob')).headers, ...(await app.login('ada', { token: true })).headers };
  }),
  sessionCase('a session token signed in the cookie', BAD_COOKIE, async ({ app }) => {
    return { cookie: signed((await app.login('ada', { token: true })).sessionId), rid: 'A'.repeat(32) };
  }),
  sessionCase('a session token in the cookie', NOTHING, async ({ app }) => {
    return { cookie: cookieOf((await app.login('ada', { token: true })).sessionId) };
  }),
  sessionCase('a session token in the header of keys', BAD_HEADER, async ({ app }) => {
    return { 'x-api-key': (await app.login('ada', { token: true })).sessionId };
  }),
  sessionCase('the id in a cookie as a session token', BAD_HEADER, async ({ app }) => {
    const { session, sessionId } = await app.login('ada');
    return { authorization: basic(`session_${session.id.slice(0, 16)}`, sessionId) };
  }),
  sessionCase('a session token under the user name of another', BAD_HEADER, async ({ app }) => {
    const [one, other] = [await app.login('ada', { token: true }), await app.login('ada', { token: true })];
    return { authorization: basic(`session_${one.session.id.slice(0, 16)}`, other.sessionId) };
  }),
  sessionCase('a session token that never was', BAD_HEADER, async () => {
    return { authorization: basic('session_AAAAAAAAAAAAAAAA', `${'A'.repeat(43)}.tlckw0.dwo`) };
  }),
  sessionCase('a session user name and nonsense', BAD_HEADER, async () => {
    return { authorization: basic('session_', '') };
  }),

  sessionCase('an ended session', BAD_COOKIE, async ({ app }) => {
    const { headers } = await app.login('ada');
    await app.call('DELETE', '/login', headers);
    return { ...headers };
  }),
  sessionCase('an ended session token', BAD_HEADER, async ({ app }) => {
    const { headers } = await app.login('ada', { token: true });
    await app.call('DELETE', '/login', headers);
    return { ...headers };
  }),
  sessionCase('a session unused for its idle time', BAD_COOKIE, async ({ app, database }) => {
    const { headers, session } = await app.login('ada');
    await database.idleOut(session.id);
    return { ...headers };
  }),
  sessionCase('a session token unused for its idle time', BAD_HEADER, async ({ app, database }) => {
    const { headers, session } = await app.login('ada', { token: true });
    await database.idleOut(session.id);
    return { ...headers };
  }),
  sessionCase('a session past its absolute end', BAD_COOKIE, async ({ app, clock }) => {
    const { headers, session } = await app.login('ada');
    clock.advance(session.expiresAt - clock.nowAt);
    return { ...headers };
  }),
  sessionCase('a session token past its absolute end', BAD_HEADER, async ({ app, clock }) => {
    const { headers, session } = await app.login('ada', { token: true });
    clock.advance(session.expiresAt - clock.nowAt);
    return { ...headers };
  }),
  sessionCase('a session whose end was moved', NOTHING, async ({ app }) => {
    const { cookie, requestId } = await app.login('ada');
    return { cookie: cookie.replace(/\.[0-9a-z]+\./, '.zzzzzzz.'), rid: requestId };
  }),
  sessionCase('a session of a user disabled with userChanged', BAD_COOKIE, async ({ app, directory }) => {
    const { headers } = await app.login('told');
    directory.disable('told');
    await app.latchkey.userChanged('told');
    directory.enable('told');
    return { ...headers };
  }),
  sessionCase('a session of a user disabled a minute ago', BAD_COOKIE, async ({ app, directory, clock }) => {
    const { headers } = await app.login('untold');
    directory.disable('untold');
    clock.advance(60_000);
    return { ...headers };
  }),
  sessionCase('a session token of a user deleted a minute ago', BAD_HEADER, async ({ app, directory, clock }) => {
    const { headers } = await app.login('deleted', { token: true });
    directory.remove('deleted');
    clock.advance(60_000);
    return { ...headers };
  }),

  sessionCase('a cookie signed with another secret', NOTHING, async ({ app }) => {
    const { sessionId, requestId } = await app.login('ada');
    return { cookie: signed(sessionId, 'another secret, of the same length..'), rid: requestId };
  }),
  sessionCase('a truncated cookie', NOTHING, async ({ app }) => {
    const { cookie, requestId } = await app.login('ada');
    return { cookie: cookie.slice(0, -4), rid: requestId };
  }),
  sessionCase('an unsigned cookie', NOTHING, async ({ app }) => {
    const { sessionId, requestId } = await app.login('ada');
    return { cookie: cookieOf(sessionId), rid: requestId };
  }),
  sessionCase('a cookie with an empty signature', NOTHING, async ({ app }) => {
    const { sessionId, requestId } = await app.login('ada');
    return { cookie: cookieOf(`s:${sessionId}.`), rid: requestId };
  }),
  sessionCase('an empty cookie', NOTHING, async () => ({ cookie: 'sID=', rid: '' })),
  sessionCase('a cookie of 8 KiB', NOTHING, async () => ({ cookie: cookieOf(`s:${'a'.repeat(8_000)}`) })),
  sessionCase('a signed id that is none of ours', BAD_COOKIE, async () => ({ cookie: signed('an-old-session-id') })),
];

/** With `safeMethodsWithoutRequestId: true`. */
export const SAFE_METHOD_CASES: readonly SessionCase[] = [
  sessionCase('GET without request id', IN, async ({ app }) => ({ cookie: (await app.login('ada')).cookie })),
  sessionCase('GET with a wrong request id', IN, async ({ app }) => {
    return { cookie: (await app.login('ada')).cookie, rid: 'A'.repeat(32) };
  }),
  ...['POST', 'PUT', 'PATCH', 'DELETE'].map((method) =>
    sessionCase(
      `${method} without request id`,
      BAD_ID,
      async ({ app }) => ({ cookie: (await app.login('ada')).cookie }),
      method,
    ),
  ),
  sessionCase('POST with the request id', IN, async ({ app }) => ({ ...(await app.login('ada')).headers }), 'POST'),
];

/** Where the request id comes in another header. */
export function otherHeaderCases(header: string): readonly SessionCase[] {
  return [
    sessionCase(`the request id in ${header}`, IN, async ({ app }) => {
      const { cookie, requestId } = await app.login('ada');
      return { cookie, [header]: requestId };
    }),
    sessionCase('the request id in rID', BAD_ID, async ({ app }) => ({ ...(await app.login('ada')).headers })),
    sessionCase('the request id in a cookie alone', BAD_ID, async ({ app }) => {
      const { cookie, requestId } = await app.login('ada');
      return { cookie: `${cookie}; ${header}=${requestId}; XSRF-TOKEN=${requestId}` };
    }),
  ];
}
