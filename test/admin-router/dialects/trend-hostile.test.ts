import type express from 'express';
import type { Express } from 'express';
import express4 from 'express4';
import fc from 'fast-check';
import { Redis } from 'ioredis';
import { LEFT_OUT, type TrendOptions, trend } from '../../../admin-router/dialects/trend.js';
import { adminRouter } from '../../../admin-router/index.js';
import type { Latchkey, LatchkeyEvent } from '../../../lib/index.js';
import { RedisStore } from '../../../lib/stores/redis/redis-store.js';
import { PASSWORD } from '../../support/people.js';
import { type RedisServer, startRedis } from '../../support/redis-server.js';
import { type Headers, type Stage, startStage } from './stage.js';
import { wrongSecret } from './story.js';
import {
  makeKey,
  message,
  recordIdOf,
  signIn,
  TREND_OPTIONS,
  type TrendKey,
  VERSION,
  withKey,
} from './trend-driver.js';

const FAILED = message(401, 'Authentication failed.');
const FREE: TrendOptions = { ...TREND_OPTIONS, maxRequestsPerMinute: null };

let stage: Stage;
let ada: Headers;

async function start(mount: (app: Express, latchkey: Latchkey) => void = mountTrend): Promise<void> {
  stage = await startStage(mount);
  ada = await signIn(stage, 'ada');
}
function mountTrend(app: Express, latchkey: Latchkey): void {
  app.use('/', trend(latchkey, FREE));
}
const post = (path: string, as: Headers, body?: unknown) => stage.send('POST', path, as, body);
const get = (path: string, as: Headers) => stage.send('GET', path, as);

describe('hostile input', () => {
  beforeEach(() => start());
  afterEach(() => stage.close());

  it('in the key header is 401, never an error', async () => {
    const { ID, secretKey } = await makeKey(stage, ada, {});
    const secret = secretKey.split(':')[1] ?? '';
    const tries = [
      ...['', ' ', ':', `${ID}:`, `:${secret}`, secret, `0${ID}:${secret}`, `+${ID}:${secret}`, `${ID}.0:${secret}`],
      ...[`${ID} :${secret}`, `${ID}: ${secret}`, `${secretKey}, ${secretKey}`, `${secretKey}:`, `-${ID}:${secret}`],
      ...[`${ID}:${'A'.repeat(900)}`, 'x'.repeat(8_000), `${'1'.repeat(300)}:${secret}`, `__proto__:${secret}`],
      ...['lk_', `lk_${'A'.repeat(22)}_${'A'.repeat(49)}`, 'A'.repeat(32), 'A'.repeat(42), '\u00e4\u00f6\u00fc:\u00df'],
    ];
    for (const value of tries) {
      expect([value, (await get('/api/apikeys', withKey(value))).status]).toEqual([value, 401]);
    }
    const printable = fc.string({
      unit: fc.integer({ min: 0x20, max: 0x7e }).map((code) => String.fromCharCode(code)),
    });
    await fc.assert(
      fc.asyncProperty(printable, async (value) => {
        expect((await get('/api/apikeys', withKey(value.trim()))).status).toBe(401);
      }),
      { numRuns: 100 },
    );
  });

  it('in a body is refused by name, or does nothing, never an error', async () => {
    const { ID } = await makeKey(stage, ada, {});
    const paths = ['/api/apikeys', '/api/apikeys/search', `/api/apikeys/${ID}`, '/api/roles', '/api/roles/search'];
    const member = fc.constantFrom(
      ...['keyName', 'description', 'roleID', 'locale', 'timeZone', 'active', 'expiryDate', 'name', 'rights'],
      ...['allowWebService', 'computerIDs', 'maxItems', 'searchCriteria', 'fieldName', 'stringValue', 'dialects'],
    );
    const body = fc.dictionary(member, fc.jsonValue({ noUnicodeString: false }), { maxKeys: 5 });
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...paths), body, async (path, asked) => {
        const reply = await post(path, ada, asked);
        expect([200, 400]).toContain(reply.status);
        if (reply.status === 400) expect(Object.keys(reply.body as object)).toEqual(['message']);
      }),
      { numRuns: 300 },
    );
  });

  it('too large, too deep or of odd names is refused', async () => {
    const large = await post('/api/apikeys', ada, { keyName: 'k', roleID: 1, description: 'x'.repeat(70_000) });
    expect([large.status, Object.keys(large.body as object)]).toEqual([413, ['message']]);
    const deep = await post('/api/apikeys', ada, `{"keyName":"k","roleID":${'['.repeat(20_000)}${']'.repeat(20_000)}}`);
    expect(deep).toMatchObject(message(400, 'Invalid value for roleID.'));
    const odd = await post('/api/apikeys', ada, '{"keyName":"k","roleID":1,"__proto__":{"active":false}}');
    expect(odd.status).toBe(400);
    const half = await post('/api/apikeys', ada, '{"keyName":"k","roleID":1,"description":"\\ud800"}');
    expect(half).toMatchObject(message(400, 'Invalid value for description.'));
    const names = await post('/api/apikeys', ada, '{"keyName":"k","roleID":1,"constructor":1,"toString":2}');
    expect(names.status).toBe(200);
  });

  it('in place of a key is told of, as a key that is refused', async () => {
    const told: LatchkeyEvent[] = [];
    stage.latchkey.on('request.refused', (event) => void told.push(event));
    for (const value of ['nonsense', `999:${'A'.repeat(43)}=`]) {
      expect(await get('/api/apikeys', withKey(value))).toMatchObject(FAILED);
    }
    expect(told).toMatchObject([
      { reason: 'malformed', credentialId: null },
      { reason: 'malformed', credentialId: null },
    ]);
  });

  it('from strangers is not even read', async () => {
    expect(await post('/api/apikeys', VERSION, '{')).toMatchObject(FAILED);
  });

  it('of a name that is its own secret is told nowhere', async () => {
    const told: LatchkeyEvent[] = [];
    stage.latchkey.on('*', (event) => void told.push(event));
    const reply = await post('/api/sessions', VERSION, { userName: 'ada', password: PASSWORD });
    const made = await makeKey(stage, ada, {});
    const renewed = (await post(`/api/apikeys/${made.ID}/secretkey`, ada)).body as TrendKey;
    await get('/api/apikeys', withKey(made.secretKey));
    await get(`/api/apikeys/${encodeURIComponent(renewed.secretKey)}`, VERSION);
    await get('/api/apikeys', withKey(wrongSecret(renewed.secretKey)));
    await post('/api/roles/99', withKey(renewed.secretKey), {});
    await post('/api/sessions', VERSION, { userName: 'ada', password: `${PASSWORD}!` });
    await stage.latchkey.audit.list({ orgId: 'acme' });
    expect(told.map(({ type }) => type)).toEqual(
      expect.arrayContaining(['key.created', 'key.rotated', 'request.refused', 'session.started', 'login.failed']),
    );
    const trail = JSON.stringify([told, await stage.latchkey.audit.list({ orgId: 'acme' })]);
    const sID = /sID=(\w+)/.exec(String(reply.headers['set-cookie']))?.[1] ?? '';
    const secrets = [made.secretKey, renewed.secretKey].map((secretKey) => secretKey.split(':')[1] ?? '');
    for (const secret of [...secrets, sID, (reply.body as { RID: string }).RID, PASSWORD]) {
      expect(secret.length).toBeGreaterThan(20);
      expect(trail).not.toContain(secret);
    }
  });
});

describe('when the store is down', () => {
  let server: RedisServer;
  let client: Redis;

  it('everything is 503 within a bounded time, and nothing is let through', async () => {
    server = await startRedis();
    client = new Redis(server.url);
    client.on('error', () => {});
    stage = await startStage(mountTrend, { store: new RedisStore(client) });
    ada = await signIn(stage, 'ada');
    const { ID, secretKey } = await makeKey(stage, ada, {});
    const key = withKey(secretKey);
    await server.kill();
    for (const [method, path, headers, body] of [
      ['POST', '/api/sessions', VERSION, { userName: 'ada', password: PASSWORD }],
      ['GET', '/api/apikeys', ada, undefined],
      ['GET', '/api/apikeys', key, undefined],
      ['GET', '/api/apikeys/current', key, undefined],
      ['POST', '/api/apikeys', key, { keyName: 'k', roleID: 1 }],
      ['DELETE', `/api/apikeys/${ID}`, key, undefined],
      ['GET', '/api/apikeys', withKey(wrongSecret(secretKey)), undefined],
      ['GET', '/api/apikeys', withKey(`77:${'A'.repeat(44)}`), undefined],
    ] as const) {
      const startedAt = performance.now();
      const reply = await stage.send(method, path, headers, body);
      expect(performance.now() - startedAt).toBeLessThan(10_000);
      expect([method, path, reply.status, Object.keys(reply.body as object)]).toEqual([method, path, 503, ['message']]);
      expect(reply.headers['retry-after']).toBe('1');
    }
    await stage.close().catch(() => {});
    client.disconnect();
  }, 60_000);
});

describe('in an app', () => {
  afterEach(() => stage.close());

  it('tells an error of its own in the log, and not the client', async () => {
    await start();
    const logged = jest.spyOn(console, 'error').mockImplementation(() => {});
    jest.spyOn(stage.latchkey.apiKeys, 'search').mockRejectedValue(new Error('a bug, with details'));
    const reply = await get('/api/apikeys', ada);
    expect([reply.status, reply.text]).toEqual([500, '{"message":"Internal server error."}']);
    expect(logged).toHaveBeenCalledWith(new Error('a bug, with details'));
    jest.restoreAllMocks();
  });

  it('stands beside the native router, on the same keys', async () => {
    await start((app, latchkey) => {
      app.use('/auth', adminRouter(latchkey));
      mountTrend(app, latchkey);
    });
    const { ID, secretKey } = await makeKey(stage, ada, {});
    const [, secret = ''] = secretKey.split(':');
    const id = await recordIdOf(stage, ID);
    const native = { authorization: `ApiKey ${Buffer.from(`${id}:${secret}`).toString('base64')}` };
    expect((await get('/auth/whoami', native)).status).toBe(200);
    const made = await post('/auth/api-keys', native, { name: 'native', policyIds: ['auditor'] });
    const { token } = made.body as { token: string };
    const current = await get('/api/apikeys/current', withKey(token));
    expect(current.body).toMatchObject({ keyName: 'native', roleID: 2 });
    const { ID: nativeID } = current.body as TrendKey;
    const [, nativeId = '', nativeSecret = ''] = token.split('_');
    for (const text of [`${nativeID}:${nativeSecret}`, `${nativeId}:${nativeSecret}`]) {
      expect((await get('/api/apikeys/current', withKey(text))).status).toBe(200);
    }
    const renewed = (await post(`/api/apikeys/${nativeID}/secretkey`, ada)).body as TrendKey;
    expect((await get('/api/apikeys/current', withKey(renewed.secretKey))).status).toBe(200);
    expect((await get('/api/apikeys/current', withKey(token))).status).toBe(401);
    expect((await stage.send('DELETE', `/auth/api-keys/${id}`, native)).status).toBe(200);
    expect(await get('/api/apikeys/current', withKey(secretKey))).toMatchObject(FAILED);
    expect(await get(`/api/apikeys/${ID}`, ada)).toMatchObject(message(404, 'The API key does not exist.'));
  });

  it('does not list session keys, nor take one for the key that asks', async () => {
    await start();
    const input = { userId: 'ada', statements: [{ actions: ['*'] }], durationMs: 60_000 };
    const { token } = await stage.latchkey.sessionKeys.mint(input as never, { by: 'test' });
    expect((await get('/api/apikeys', withKey(token))).text).toBe('{"apiKeys":[]}');
    expect((await get('/api/apikeys/current', withKey(token))).status).toBe(403);
  });

  it('guards the host’s own routes', async () => {
    await start((app, latchkey) => {
      const router = trend(latchkey, FREE);
      app.use('/', router);
      app.get('/api/computers', router.authenticate, latchkey.requirePermission('computers:read'), (req, res) => {
        res.json({ computers: [], by: (req.user as { id: string }).id });
      });
    });
    const { secretKey } = await makeKey(stage, ada, { roleID: 2 });
    for (const headers of [ada, withKey(secretKey)]) {
      expect(await get('/api/computers', headers)).toMatchObject({ status: 200, body: { computers: [], by: 'ada' } });
    }
    expect(await get('/api/computers', VERSION)).toMatchObject(FAILED);
    expect((await get('/api/computers', { 'api-secret-key': secretKey })).status).toBe(400);
    expect((await get('/api/computers', withKey(wrongSecret(secretKey)))).status).toBe(401);
  });

  it('runs on Express 4, behind the app’s own parser, under a path of its own', async () => {
    await start((app, latchkey) => {
      const inner = express4();
      inner.use(express4.json());
      inner.use('/dsm', trend(latchkey, FREE));
      inner.post('/dsm/other', (_req, res) => void res.json({ other: true }));
      app.use('/', inner as unknown as express.RequestHandler);
      mountTrend(app, latchkey);
    });
    const made = await post('/dsm/api/apikeys', ada, { keyName: 'k', roleID: 1 });
    expect(made.status).toBe(200);
    expect((await get('/dsm/api/apikeys/current', withKey((made.body as TrendKey).secretKey))).status).toBe(200);
    expect((await post('/dsm/api/apikeys/search', { ...ada, 'content-length': '0' })).status).toBe(200);
    expect((await post('/dsm/other', ada, {})).body).toEqual({ other: true });
    expect(await stage.send('GET', '/dsm/api/apikeys/%zz', ada)).toMatchObject({ status: 400 });
  });
});

it.each<[message: string, options: object]>([
  ['sessions.idleMs must be a whole number from 1000 to 31622400000', { sessions: { idleMs: 0 } }],
  ['sessions.maxPerUser must be a whole number from 1 to 1000000', { sessions: { maxPerUser: 1.5 } }],
  ['sessions.secureCookie must be true or false', { sessions: { secureCookie: 'no' } }],
  ['keyLockout.limit must be a whole number from 1 to 1000000', { keyLockout: { limit: 0 } }],
  ['keyLockout.lockMs must be a whole number from 1000 to 31622400000', { keyLockout: { lockMs: 10 } }],
  ['maxRequestsPerMinute must be a whole number from 1 to 1000000000', { maxRequestsPerMinute: 0 }],
  ['timeZone must be an IANA zone, e.g. "Asia/Tokyo"', { timeZone: 'x' }],
  ['region must be 1 to 32 lower-case letters, digits and "-"', { region: 'a:b' }],
  ['legacySignIn must be true or false', { legacySignIn: 1 }],
])('refuses options: %s', async (text, options) => {
  const open = () => startStage((app, latchkey) => void app.use('/', trend(latchkey, options as TrendOptions)));
  await expect(open()).rejects.toThrow(new TypeError(`trend: ${text}`));
});

it('takes options that are undefined for not given', async () => {
  const none = { sessions: { idleMs: undefined }, keyLockout: { limit: undefined }, maxRequestsPerMinute: undefined };
  await start((app, latchkey) => {
    app.use('/other', trend(latchkey, { ...none, region: undefined, timeZone: undefined } as unknown as TrendOptions));
    mountTrend(app, latchkey);
  });
  expect((await get('/other/api/roles/1', ada)).text).toContain('urn:tmds:identity:local:1:');
  await stage.close();
});

it('names its calls and what is left out', async () => {
  await start((app, latchkey) => {
    const { routes } = trend(latchkey, { ...FREE, legacySignIn: true });
    expect(routes.filter(({ path }) => path.startsWith('/api/apikeys'))).toHaveLength(10);
    expect(routes.filter(({ path }) => path.startsWith('/api/roles'))).toHaveLength(6);
    expect(routes).toHaveLength(21);
    expect(LEFT_OUT.every(({ call, why }) => call.length > 5 && why.length > 5)).toBe(true);
    mountTrend(app, latchkey);
  });
  await stage.close();
});
