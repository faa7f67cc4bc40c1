import { type TrendOptions, trend } from '../../../admin-router/dialects/trend.js';
import type { LatchkeyOptions } from '../../../lib/index.js';
import { MFA_CODE, PASSWORD } from '../../support/people.js';
import { type Headers, type Reply, type Stage, startStage } from './stage.js';
import { makeKey, message, signIn, TREND_OPTIONS, VERSION, withKey } from './trend-driver.js';

const MINUTE_MS = 60_000;
const FAILED = message(401, 'Authentication failed.');

let stage: Stage;
let nowAt: number;

async function start(options: TrendOptions = {}, others: LatchkeyOptions = {}): Promise<void> {
  nowAt = Date.now();
  const sessions = { ...TREND_OPTIONS.sessions, ...options.sessions };
  stage = await startStage(
    (app, latchkey) => void app.use('/', trend(latchkey, { ...TREND_OPTIONS, ...options, sessions })),
    { now: () => nowAt, ...others },
  );
}
afterEach(() => stage.close());

const ask = (body: object) => stage.send('POST', '/api/sessions', VERSION, body);
const use = (as: Headers) => stage.send('GET', '/api/apikeys', as);
const cookieOf = (reply: Reply) => String(reply.headers['set-cookie']).split(';')[0] ?? '';

describe('signing in', () => {
  it('sets a Secure cookie unless it is told otherwise', async () => {
    await start({ sessions: { secureCookie: true } });
    const reply = await ask({ userName: 'ada', password: PASSWORD });
    expect(reply.headers['set-cookie']).toEqual([
      expect.stringMatching(/^sID=[0-9A-F]{32}; Path=\/; Secure; HttpOnly$/),
    ]);
    const other = await ask({ userName: 'eve', password: PASSWORD });
    expect([cookieOf(other) === cookieOf(reply), (other.body as { administratorID: number }).administratorID]).toEqual([
      false,
      2,
    ]);
  });

  it('refuses a wrong password, an unknown user, a disabled one and another tenant alike', async () => {
    await start();
    stage.people.set('off', { isEnabled: false });
    for (const body of [
      { userName: 'ada', password: 'wrong' },
      { userName: 'nobody', password: PASSWORD },
      { userName: 'off', password: PASSWORD },
      { userName: 'ada', password: PASSWORD, tenantName: 'umbrella' },
    ]) {
      const reply = await ask(body);
      expect([reply.status, reply.text, reply.headers['set-cookie']]).toEqual([
        401,
        '{"message":"Authentication failed."}',
        undefined,
      ]);
    }
    expect((await ask({ userName: 'ada', password: PASSWORD, tenantName: 'acme' })).status).toBe(200);
  });

  it('asks for the code of the second factor', async () => {
    await start();
    stage.people.set('ada', { requiresMfa: true });
    const login = { userName: 'ada', password: PASSWORD };
    expect(await ask(login)).toMatchObject(FAILED);
    expect(await ask({ ...login, mfaCode: '000000' })).toMatchObject(FAILED);
    expect((await ask({ ...login, mfaCode: MFA_CODE })).status).toBe(200);
  });

  it.each([
    ['userName', { password: PASSWORD }],
    ['userName', { userName: ['ada'], password: PASSWORD }],
    ['userName', { userName: 'x'.repeat(257), password: PASSWORD }],
    ['password', { userName: 'ada' }],
    ['password', { userName: 'ada', password: '' }],
    ['password', { userName: 'ada', password: { $ne: '' } }],
    ['tenantName', { userName: 'ada', password: PASSWORD, tenantName: 1 }],
    ['mfaCode', { userName: 'ada', password: PASSWORD, mfaCode: 1 }],
  ])('names %s of %j', async (member, body) => {
    await start();
    expect(await ask(body)).toMatchObject(message(400, `Invalid value for ${member}.`));
  });

  it('locks a name after five failures, for ten minutes, and starts anew after a success', async () => {
    await start();
    const login = (password: string, userName = 'ada') => ask({ userName, password });
    for (let failure = 1; failure <= 4; failure++) expect((await login('wrong')).status).toBe(401);
    expect((await login(PASSWORD)).status).toBe(200);
    for (let failure = 1; failure <= 5; failure++) {
      expect((await login('wrong', failure % 2 ? ' ADA' : 'ada')).status).toBe(401);
    }
    stage.people.drainGuesses();
    expect(await login(PASSWORD)).toMatchObject(FAILED);
    expect(stage.people.drainGuesses()).toBe(0);
    expect((await login(PASSWORD, 'eve')).status).toBe(200);
    nowAt += 10 * MINUTE_MS + 1;
    expect((await login(PASSWORD)).status).toBe(200);
  });

  it('refuses an eleventh session with 403, of several at once too', async () => {
    await start();
    const login = { userName: 'ada', password: PASSWORD };
    const replies = await Promise.all(Array.from({ length: 14 }, () => ask(login)));
    expect(replies.filter(({ status }) => status === 200)).toHaveLength(10);
    expect(replies.filter(({ status }) => status !== 200)[0]).toMatchObject(
      message(403, 'Too many sessions. End one of them.'),
    );
    expect(await stage.latchkey.sessions?.list('ada')).toHaveLength(10);
    const [first] = replies.filter(({ status }) => status === 200) as [Reply];
    const as = { ...VERSION, cookie: cookieOf(first), rID: (first.body as { RID: string }).RID };
    expect((await stage.send('DELETE', '/api/sessions/current', as)).status).toBe(204);
    expect((await ask(login)).status).toBe(200);
  });

  it('answers as the host limits sessions', async () => {
    const session = { secret: 'a secret of more than thirty-two characters', cookie: { secure: false } };
    await start({}, { session: { ...session, maxPerUser: 1, whenFull: 'refuse' } });
    const login = { userName: 'ada', password: PASSWORD };
    expect((await ask(login)).status).toBe(200);
    expect((await ask(login)).status).toBe(403);
  });
});

describe('a session', () => {
  it('is cookie and request id together, of the same sign-in, for every method', async () => {
    await start();
    const [ada, other] = [await signIn(stage, 'ada'), await signIn(stage, 'ada')];
    const { cookie = '', rID = '' } = ada;
    const { ID } = await makeKey(stage, ada, {});
    const wrong: Headers[] = [
      { cookie },
      { rID },
      {},
      { cookie, rID: other.rID ?? '' },
      { cookie: other.cookie ?? '', rID },
      { cookie, rID: rID.toLowerCase() },
      { cookie, rID: '' },
      { cookie: `${cookie}; ${other.cookie}`, rID },
      { cookie: cookie.toLowerCase(), rID },
      { cookie: `sID=${rID}`, rID },
      { cookie: 'sID=', rID },
    ];
    for (const headers of wrong) {
      for (const [method, path] of [
        ['GET', '/api/apikeys'],
        ['POST', '/api/apikeys/search'],
        ['DELETE', `/api/apikeys/${ID}`],
        ['DELETE', '/api/sessions/current'],
      ] as const) {
        expect(await stage.send(method, path, { ...VERSION, ...headers })).toMatchObject(FAILED);
      }
    }
    expect((await use({ ...VERSION, cookie: `a=b; ${cookie}; c=d`, rID })).status).toBe(200);
  });

  it('can be read and ended', async () => {
    await start();
    const ada = await signIn(stage, 'ada');
    const read = await stage.send('GET', '/api/sessions/current', ada);
    expect(read.text).toMatch(
      /^\{"administratorID":1,"created":\d{13},"lastActivity":\d{13},"accessType":"webService"\}$/,
    );
    const ended = await stage.send('DELETE', '/api/sessions/current', ada);
    expect([ended.status, ended.text, ended.headers['set-cookie']]).toEqual([
      204,
      '',
      ['sID=; Path=/; HttpOnly; Expires=Thu, 01 Jan 1970 00:00:00 GMT'],
    ]);
    expect(await use(ada)).toMatchObject(FAILED);
    expect(await stage.send('GET', '/api/sessions/current', ada)).toMatchObject(FAILED);
  });

  it('is none that a key could read', async () => {
    await start();
    const ada = await signIn(stage, 'ada');
    const { secretKey } = await makeKey(stage, ada, {});
    expect(await stage.send('GET', '/api/sessions/current', withKey(secretKey))).toMatchObject(FAILED);
    expect(await stage.send('GET', '/api/sessions/current', { ...ada, ...withKey(secretKey) })).toMatchObject(FAILED);
  });

  it('ends without use after half an hour, slides with use, and has no other end unless asked for', async () => {
    await start({ sessions: { absoluteMs: 90 * MINUTE_MS } });
    const ada = await signIn(stage, 'ada');
    for (let minutes = 0; minutes < 80; minutes += 20) {
      expect((await use(ada)).status).toBe(200);
      nowAt += 20 * MINUTE_MS;
    }
    nowAt += 10 * MINUTE_MS;
    expect((await use(ada)).status).toBe(401);
    const idle = await signIn(stage, 'ada');
    nowAt += 30 * MINUTE_MS + 1;
    expect((await use(idle)).status).toBe(401);
  });

  it('ends with its user', async () => {
    await start();
    const ada = await signIn(stage, 'ada');
    stage.people.set('ada', { isEnabled: false });
    await stage.latchkey.userChanged('ada');
    expect(await use(ada)).toMatchObject(FAILED);
  });

  it('has the rights of its user at the time of each call', async () => {
    await start();
    const ada = await signIn(stage, 'ada');
    stage.people.set('ada', { statements: [] });
    await stage.latchkey.userChanged('ada');
    expect(await use(ada)).toMatchObject(message(403, 'Not authorized to view API keys.'));
  });

  it('is not there where the host has no users', async () => {
    nowAt = Date.now();
    stage = await startStage((app, latchkey) => void app.use('/', trend(latchkey)), {
      users: undefined as never,
      session: undefined as never,
    });
    expect(await ask({ userName: 'ada', password: PASSWORD })).toMatchObject(message(404, 'There is no sign-in here.'));
    expect((await use({ ...VERSION, cookie: `sID=${'A'.repeat(32)}`, rID: 'A'.repeat(32) })).status).toBe(401);
  });
});

describe('the older sign-in', () => {
  const LOGIN = '/rest/authentication/login/primary';
  const JSON_TYPE = { 'content-type': 'application/json' };
  const login = (password = PASSWORD, headers: Headers = JSON_TYPE) =>
    stage.send('POST', LOGIN, headers, { dsCredentials: { userName: 'ada', password } });

  it('is not there by default', async () => {
    await start();
    expect((await login()).headers['content-type']).toMatch(/html/);
    const { cookie = '' } = await signIn(stage, 'ada');
    expect((await use({ cookie })).status).toBe(400);
  });

  it('answers the bare session id, which alone opens the calls, also with a stray Basic header', async () => {
    await start({ legacySignIn: true });
    const reply = await login(PASSWORD, { ...JSON_TYPE, authorization: 'Basic eDp5' });
    expect([reply.status, reply.text]).toEqual([200, expect.stringMatching(/^[0-9A-F]{32}$/)]);
    const as = { ...JSON_TYPE, cookie: `sID=${reply.text}` };
    expect((await stage.send('POST', '/api/apikeys/search', as, {})).text).toBe('{"apiKeys":[]}');
    const made = await stage.send('POST', '/api/apikeys', as, { keyName: 'k', roleID: '1' });
    expect(made.status).toBe(200);
    const { ID } = made.body as { ID: number };
    expect((await stage.send('GET', `/api/apikeys/${ID}`, as, {})).status).toBe(200);
    expect((await stage.send('DELETE', `/api/apikeys/${ID}`, as, {})).status).toBe(204);
    const out = await stage.send('DELETE', `/rest/authentication/logout?sID=${reply.text}`, {}, {});
    expect([out.status, out.text]).toEqual([200, '']);
    expect(await use(as)).toMatchObject(FAILED);
    expect((await stage.send('DELETE', '/rest/authentication/logout?sID=x')).status).toBe(200);
  });

  it('refuses with 403 in a shape of its own', async () => {
    await start({ legacySignIn: true });
    const reply = await login('wrong');
    expect([reply.status, reply.text]).toEqual([403, '{"error":{"message":"Authentication failed."}}']);
    const bad = await stage.send('POST', LOGIN, JSON_TYPE, '{');
    expect([bad.status, Object.keys(bad.body as object)]).toEqual([400, ['error']]);
    expect((await stage.send('POST', LOGIN, JSON_TYPE, {})).body).toEqual({
      error: { message: 'Invalid value for dsCredentials.' },
    });
    expect(await stage.send('GET', '/rest/authentication/other')).toMatchObject({
      status: 404,
      body: { error: { message: 'Not found.' } },
    });
  });

  it('counts towards the same locks and limits', async () => {
    await start({ legacySignIn: true, sessions: { maxPerUser: 1, signInLimit: 2 } });
    expect((await login()).status).toBe(200);
    expect((await login()).status).toBe(403);
    await login('wrong');
    await login('wrong');
    expect((await ask({ userName: 'ada', password: PASSWORD })).status).toBe(401);
  });

  it('does not open a newer session by its cookie alone', async () => {
    await start({ legacySignIn: true });
    const { cookie = '' } = await signIn(stage, 'ada');
    expect(await use({ ...JSON_TYPE, cookie })).toMatchObject(FAILED);
    expect(await use({ ...VERSION, cookie })).toMatchObject(FAILED);
  });

  it('lets no form of another site ride on the cookie', async () => {
    await start({ legacySignIn: true });
    const { ID } = await makeKey(stage, await signIn(stage, 'ada'), {});
    const cookie = `sID=${(await login()).text}`;
    for (const type of ['text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data; boundary=x', '']) {
      const headers = { cookie, 'content-length': '0', ...(type !== '' && { 'content-type': type }) };
      expect((await stage.send('POST', `/api/apikeys/${ID}/secretkey`, headers)).status).toBe(415);
    }
  });
});
