import express4 from 'express4';
import { Redis } from 'ioredis';
import { type SystemLinkOptions, systemlink } from '../../../admin-router/dialects/systemlink.js';
import { adminRouter } from '../../../admin-router/index.js';
import { FULL_ACCESS, type LatchkeyEvent } from '../../../lib/index.js';
import { RedisStore } from '../../../lib/stores/redis/redis-store.js';
import { PASSWORD } from '../../support/people.js';
import { startRedis } from '../../support/redis-server.js';
import { basic, type Headers, type Reply, type Stage, startStage } from './stage.js';
import {
  BASE,
  fault,
  INTERNAL,
  mountBoth,
  NOT_ALLOWED,
  type SkylineKey,
  SUPER_USER,
  UNAUTHORIZED,
  WHITELIST,
  WHITELISTED_KEY,
  withKey,
} from './systemlink-driver.js';

const AUTH = `${BASE}/auth`;
const CHALLENGE = 'Basic realm="SystemLink"';
const by = { by: 'test' };
const ada = basic('ada');

async function open(options: SystemLinkOptions = {}): Promise<Stage> {
  return await startStage((app, latchkey) => {
    app.use('/native', adminRouter(latchkey));
    const router = systemlink(latchkey, options);
    app.get('/tags', router.authenticate, latchkey.requirePermission('tag:Read'), (req, res) => {
      res.json({ user: (req.user as { id: string }).id });
    });
    app.use(express4().use('/four', systemlink(latchkey, options)));
    mountBoth(app, latchkey, options);
    app.use('/', (_req, res) => void res.status(418).end());
  });
}

const exact = ({ status, body }: Reply) => ({ status, body });

describe('the credential', () => {
  let stage: Stage;
  let key: SkylineKey;
  let bobs: string;

  beforeAll(async () => {
    stage = await open();
    key = (await stage.send('POST', `${BASE}/keys`, ada, { name: 'k', policyIds: [SUPER_USER] })).body as SkylineKey;
    bobs = (await stage.latchkey.apiKeys.create({ name: 'b', ownerId: 'bob', statements: [] }, by)).token;
  });

  afterAll(() => stage.close());

  const who = async (headers: Headers, path = AUTH) => {
    const { body } = await stage.send('GET', path, headers);
    return (body as { user?: { id: string } }).user?.id;
  };

  it('is a key of whatever form, or user name and password', async () => {
    const native = await stage.latchkey.apiKeys.create({ name: 'n', ownerId: 'ada', statements: [FULL_ACCESS] }, by);
    const { key: made, secret, token } = native;
    const pair = `${made.id}:${secret}`;
    for (const text of [key.secret, token, pair, Buffer.from(pair).toString('base64'), `${key.id}:${key.secret}`]) {
      expect(await who(withKey(text))).toBe('ada');
    }
    expect(await who(ada)).toBe('ada');
  });

  it('is the key where both are there, however empty or wrong the other is', async () => {
    expect(await who({ ...withKey(bobs), ...ada })).toBe('bob');
    for (const authorization of ['', 'Basic', 'Basic Og==', 'Basic !', 'Bearer x', 'nonsense']) {
      expect(await who({ ...withKey(bobs), authorization })).toBe('bob');
    }
    const { status, body, headers } = await stage.send('GET', AUTH, { ...withKey('wrong'), ...ada });
    expect({ status, body }).toEqual(UNAUTHORIZED);
    expect(headers['www-authenticate']).toBeUndefined();
  });

  it.each([
    ['none', {}],
    ['an empty one', { 'x-ni-api-key': '' }],
    ['a wrong one', withKey('wrong')],
    ['two in one', withKey('a, b')],
    ['a long one', withKey('x'.repeat(10_000))],
    ['one of another scheme', { authorization: 'Bearer x' }],
  ] as [string, Headers][])('%s is refused without a challenge', async (_what, headers) => {
    const reply = await stage.send('GET', AUTH, headers, '{}');
    expect(exact(reply)).toEqual(UNAUTHORIZED);
    expect(reply.headers['www-authenticate']).toBeUndefined();
    expect(reply.text).toBe(
      '{"error":{"name":"SkylineWebServices.Unauthorized","code":-252229,"message":"User is not authorized.","args":[],"innerErrors":[]}}',
    );
  });

  it.each([
    ['a wrong password', basic('ada', 'wrong')],
    ['an unknown user', basic('nobody')],
    ['nothing', basic('', '')],
    ['no pair', { authorization: 'Basic eA==' }],
    ['what is no base64', { authorization: 'Basic !' }],
    ['too much', { authorization: `Basic ${'eDp4'.repeat(1_000)}` }],
  ] as [string, Headers][])('Basic with %s is refused with a challenge', async (_what, headers) => {
    const reply = await stage.send('GET', AUTH, headers);
    expect(exact(reply)).toEqual(UNAUTHORIZED);
    expect(reply.headers['www-authenticate']).toBe(CHALLENGE);
  });

  it('is asked for again where a right is missing, by password only', async () => {
    const challenge = async (method: string, path: string, headers: Headers) => {
      const reply = await stage.send(method, BASE + path, headers, method === 'POST' ? { name: 'x' } : undefined);
      expect(exact(reply)).toEqual(NOT_ALLOWED);
      return reply.headers['www-authenticate'];
    };
    stage.people.set('kim', { statements: [{ actions: ['niauth:*'] }] });
    expect(await challenge('GET', '/policies', basic('bob'))).toBe(CHALLENGE);
    expect(await challenge('PUT', `/policies/${SUPER_USER}`, ada)).toBe(CHALLENGE);
    expect(await challenge('POST', '/session-keys', basic('bob'))).toBeUndefined(); // switched off, whoever asks
    expect(await challenge('GET', '/policies', withKey(bobs))).toBeUndefined();
    const beyond = { name: 'p', statements: [{ actions: ['*'], workspace: '*' }] };
    const reply = await stage.send('POST', `${BASE}/policies`, basic('kim'), beyond);
    expect([exact(reply), reply.headers['www-authenticate']]).toEqual([NOT_ALLOWED, CHALLENGE]);
  });

  it('comes in the query of GET only where the host asks for it, after the header', async () => {
    const query = `?x-ni-api-key=${encodeURIComponent(key.secret)}`;
    expect(exact(await stage.send('GET', AUTH + query))).toEqual(UNAUTHORIZED);
    const open_ = await open({ keyInQuery: true });
    const { token } = await open_.latchkey.apiKeys.create({ name: 'q', ownerId: 'ada', statements: [FULL_ACCESS] }, by);
    const own = `?x-ni-api-key=${encodeURIComponent(token)}`;
    const events: LatchkeyEvent[] = [];
    open_.latchkey.on('*', (event) => void events.push(event));
    expect((await open_.send('GET', AUTH + own)).status).toBe(200);
    expect((await open_.send('GET', AUTH + own, basic('bob'))).body).toMatchObject({ user: { id: 'ada' } });
    expect(exact(await open_.send('GET', AUTH + own, withKey('wrong')))).toEqual(UNAUTHORIZED);
    expect(exact(await open_.send('GET', `${AUTH}${own}&x-ni-api-key=x`))).toEqual(UNAUTHORIZED);
    expect(exact(await open_.send('POST', `${BASE}/keys${own}`, {}, { name: 'k' }))).toEqual(UNAUTHORIZED);
    expect(exact(await open_.send('DELETE', `${BASE}/keys/x${own}`))).toEqual(UNAUTHORIZED);
    expect(JSON.stringify(events)).not.toContain(token);
    await open_.close();
  });

  it('is taken by the host’s own routes', async () => {
    expect(exact(await stage.send('GET', '/tags', withKey(key.secret)))).toEqual({
      status: 200,
      body: { user: 'ada' },
    });
    expect(exact(await stage.send('GET', '/tags', withKey('wrong')))).toEqual(UNAUTHORIZED);
    expect(exact(await stage.send('GET', '/tags', withKey(WHITELISTED_KEY)))).toEqual(UNAUTHORIZED);
    const natively = await stage.send('GET', `/native/api-keys/${key.id}`, { 'x-api-key': `${key.id}:${key.secret}` });
    expect([natively.status, natively.body]).toMatchObject([200, { id: key.id, policyIds: ['full-access'] }]);
    expect(natively.text).not.toContain('systemlink');
  });

  it('works on Express 4 as well', async () => {
    expect(exact(await stage.send('GET', `/four${AUTH}`, withKey('wrong')))).toEqual(UNAUTHORIZED);
    const made = await stage.send('POST', `/four${BASE}/keys`, withKey(key.secret), { name: 'four' });
    expect(made.status).toBe(200);
    const { id } = made.body as SkylineKey;
    expect((await stage.send('DELETE', `/four${BASE}/keys/${id}`, withKey(key.secret))).status).toBe(204);
  });
});

describe('who am I', () => {
  it('tells of user, organisation, workspaces, policies and the properties of the key', async () => {
    const at = Date.UTC(2026, 0, 2, 10);
    const stage = await open({
      profileOf: async ({ userName }) => ({
        firstName: userName.toUpperCase(),
        lastName: 'L',
        email: `${userName}@example.org`,
        niuaId: 'ni',
        acceptedToS: true,
        keywords: ['k'],
        properties: { p: 'q' },
        policies: [SUPER_USER],
        createdAt: at,
        updatedAt: at,
      }),
      orgOf: async () => ({ name: 'Acme', ownerId: 'ada' }),
      workspacesOf: async () => [
        { id: 'lab', name: 'Lab', isDefault: true },
        { id: 'hall', name: 'Hall', enabled: false },
      ],
    });
    const time = '2026-01-02T10:00:00.000Z';
    const user = (id: string) =>
      `"user":{"acceptedToS":true,"created":"${time}","email":"${id}@example.org","firstName":"${id.toUpperCase()}","id":"${id}",` +
      `"keywords":["k"],"lastName":"L","niuaId":"ni","orgId":"acme","policies":["${SUPER_USER}"],"properties":{"p":"q"},` +
      `"status":"active","updated":"${time}"}`;
    const org = '"org":{"id":"acme","name":"Acme","ownerId":"ada"}';
    const lab = '{"default":true,"enabled":true,"id":"lab","name":"Lab"}';
    const hall = '{"default":false,"enabled":false,"id":"hall","name":"Hall"}';
    expect((await stage.send('GET', AUTH, ada, '{}')).text).toBe(
      `{${org},"policies":[{"statements":[{"actions":["*"],"resource":["*"],"workspace":"*"}]}],"properties":{},${user('ada')},` +
        `"workspaces":[${lab},${hall}]}`,
    );
    expect((await stage.send('GET', `${BASE}/user`, ada)).text).toBe(
      `{${org},"policies":[{"id":"${SUPER_USER}","name":"Super User"}],"policyTemplates":[],${user('ada')},"workspaces":[${lab},${hall}]}`,
    );
    stage.people.set('bob', { statements: [{ actions: ['tag:*'], workspace: 'hall' }] });
    const key = await stage.latchkey.apiKeys.create(
      { name: 'k', ownerId: 'bob', policyIds: ['full-access'], properties: { temp: 'yes' }, defaultWorkspace: 'hall' },
      by,
    );
    const { body } = await stage.send('GET', AUTH, withKey(key.token));
    // a key has what its user may do, too
    expect(body).toMatchObject({ properties: { temp: 'yes' }, workspaces: [{ id: 'hall', default: true }] });
    expect((body as { workspaces: unknown[] }).workspaces).toHaveLength(1);
    await stage.close();
  });

  it('leaves out what nobody has told', async () => {
    const stage = await open();
    expect((await stage.send('GET', AUTH, basic('bob'))).text).toBe(
      '{"org":{"id":"acme","name":"acme"},"policies":[{"statements":[]}],"properties":{},' +
        '"user":{"id":"bob","keywords":[],"orgId":"acme","policies":[],"properties":{},"status":"active"},"workspaces":[]}',
    );
    await stage.close();
  });
});

describe('what is not as it should be', () => {
  let stage: Stage;
  beforeAll(async () => {
    stage = await open();
  });
  afterAll(() => stage.close());

  const json = { ...ada, 'content-type': 'application/json' };

  it('a path that is none, only below the product’s own', async () => {
    const unknown = fault(404, 'SkylineWebServices.NotFound', -252217, 'The requested URI was not found.');
    for (const path of [BASE, `${BASE}/`, `${BASE}/nothing`, `${BASE}/keys/a/b`, `${BASE}/session-keys/x`]) {
      expect([path, exact(await stage.send('GET', path, ada))]).toEqual([path, unknown]);
    }
    for (const path of ['/', '/niauth/v10/keys', '/niauth', '/niuser/v1/users']) {
      expect([path, (await stage.send('GET', path, ada)).status]).toEqual([path, 418]);
    }
  });

  it('a method that is none', async () => {
    for (const [method, path, allow] of [
      ['PATCH', '/keys', 'GET, POST'],
      ['POST', '/auth', 'GET'],
      ['GET', '/session-keys/self', 'DELETE'],
    ] as const) {
      const reply = await stage.send(method, BASE + path, ada);
      const message = `Method '${method}' not allowed.`;
      expect(exact(reply)).toEqual(fault(405, 'SkylineWebServices.MethodNotAllowed', -252200, message, [method]));
      expect(reply.headers.allow).toBe(allow);
    }
  });

  it('a body that is none, or no object', async () => {
    const empty = fault(400, 'SkylineWebServices.EmptyRequestBody', -252212, 'Empty request body.');
    const malformed = fault(
      400,
      'SkylineWebServices.MalformedJsonRequestBody',
      -252204,
      'Malformed JSON request body.',
    );
    const post = async (body?: string | Buffer, headers: Headers = json) =>
      exact(await stage.send('POST', `${BASE}/keys`, headers, body));
    expect(await post()).toEqual(empty);
    expect(await post('')).toEqual(empty);
    for (const body of ['{', '[]', '"text"', '5', ' ', '{"name":"x"', Buffer.from([0xff, 0xfe])]) {
      expect([body, await post(body)]).toEqual([body, malformed]);
    }
    expect(await post('{"name":"x"}', { ...ada, 'content-type': 'text/plain' })).toEqual({ ...malformed, status: 415 });
    expect(await post(JSON.stringify({ name: 'x'.repeat(70_000) }))).toEqual({ ...malformed, status: 413 });
  });

  it('a body where none belongs: it is not looked at', async () => {
    expect((await stage.send('GET', AUTH, json, '{}')).status).toBe(200);
    expect((await stage.send('GET', AUTH, json, '{')).status).toBe(200);
    const { id } = (await stage.send('POST', `${BASE}/keys`, ada, { name: 'k' })).body as SkylineKey;
    expect((await stage.send('DELETE', `${BASE}/keys/${id}`, json, '')).status).toBe(204);
  });

  it.each(['..%2f..', '%00', '__proto__', 'constructor', 'x'.repeat(2_000), '%F0%9F%98%80', '*'])(
    'the id %s',
    async (id) => {
      for (const path of ['keys', 'policies', 'policy-templates']) {
        const { status, body } = await stage.send('GET', `${BASE}/${path}/${id}`, ada);
        expect([path, status, body]).toMatchObject([
          path,
          404,
          { error: { code: -251038, resourceId: decodeURIComponent(id) } },
        ]);
      }
    },
  );

  it('a path that cannot be decoded', async () => {
    expect((await stage.send('GET', `${BASE}/keys/%E0%A4%A`, ada)).body).toMatchObject({ error: { code: -252217 } });
  });

  it('a directory that does not answer: 503, and no 401', async () => {
    stage.people.faults = { findByUserName: () => Promise.reject(new Error('down')) };
    expect(exact(await stage.send('GET', AUTH, ada))).toEqual(DOWN);
    stage.people.faults = {};
  });

  it('too many passwords that are wrong: 429 and how long to wait', async () => {
    stage.people.set('max');
    let reply = await stage.send('GET', AUTH, basic('max', 'wrong'));
    for (let n = 0; n < 12 && reply.status === 401; n++) reply = await stage.send('GET', AUTH, basic('max', 'wrong'));
    expect([reply.status, Number(reply.headers['retry-after'])]).toEqual([429, expect.any(Number)]);
    expect(reply.body).toEqual(DOWN.body);
  });
});

const DOWN = fault(503, 'Skyline.InternalServiceError', -251000, 'Internal Skyline service error.');

it('answers 503 within a bounded time when the store is down', async () => {
  const own = await startRedis();
  const down = new Redis(own.url);
  down.on('error', () => {});
  const stage = await startStage((app, latchkey) => mountBoth(app, latchkey), { store: new RedisStore(down) });
  const { secret } = (await stage.send('POST', `${BASE}/keys`, ada, { name: 'k', policyIds: [SUPER_USER] }))
    .body as SkylineKey;
  await own.kill();
  const asked: [string, string, Headers, object?][] = [
    ['GET', AUTH, withKey(secret)],
    ['GET', AUTH, ada],
    ['GET', `${BASE}/keys`, withKey(secret)],
    ['POST', `${BASE}/keys`, withKey(secret), { name: 'l' }],
    ['POST', `${INTERNAL}${BASE}/session-keys`, withKey(WHITELISTED_KEY), { userId: 'ada', policyIds: [SUPER_USER] }],
  ];
  for (const [method, path, headers, body] of asked) {
    const startedAt = performance.now();
    const reply = await stage.send(method, path, headers, body);
    expect(performance.now() - startedAt).toBeLessThan(5_000);
    expect([path, exact(reply)]).toEqual([path, DOWN]);
    expect(reply.headers['retry-after']).toBe('1');
  }
  down.disconnect();
  await stage.latchkey.close().catch(() => {});
  await stage.close().catch(() => {});
  await own.stop();
});

it('tells of missing rights, although they are 401, and of no secret', async () => {
  const stage = await open();
  const { token } = await stage.latchkey.apiKeys.create({ name: 'b', ownerId: 'bob', statements: [] }, by);
  const events: LatchkeyEvent[] = [];
  stage.latchkey.on('*', (event) => void events.push(event));
  expect(exact(await stage.send('POST', `${BASE}/keys`, withKey(token), { name: 'k' }))).toEqual(NOT_ALLOWED);
  await stage.send('GET', AUTH, basic('bob', 'wrong word'));
  expect(events).toMatchObject([
    { type: 'request.forbidden', actorId: 'bob', path: `${BASE}/keys` },
    { type: 'login.failed', userId: 'bob', reason: 'wrong_password' },
  ]);
  const told = JSON.stringify(events);
  for (const secret of [token.slice(-20), 'wrong word', PASSWORD]) expect(told).not.toContain(secret);
  await stage.close();
});

describe('options', () => {
  it.each<[SystemLinkOptions, string]>([
    [{ basePath: 'niauth' }, 'systemlink: basePath must be a path such as /niauth/v1, without a slash at its end'],
    [{ superUserId: 'a b' }, 'systemlink: superUserId must have 1 to 128 letters, digits, ".", "_" and "-"'],
    [
      { whitelistedApiKeyHashes: 'abc' },
      'systemlink: whitelistedApiKeyHashes must hold SHA-512 values of 128 hex digits, with commas between',
    ],
    [
      { whitelistedRoutes: true },
      'systemlink: whitelistedRoutes needs whitelistedApiKeyHashes: nobody could call them',
    ],
  ])('refuses %j', async (options, message) => {
    await expect(startStage((app, latchkey) => void app.use(systemlink(latchkey, options)))).rejects.toThrow(
      new TypeError(message),
    );
  });

  it('may be elsewhere, and call the built-in policy by another id', async () => {
    const stage = await startStage(
      (app, latchkey) =>
        void app.use(systemlink(latchkey, { basePath: '/x', superUserId: 'su', whitelistedApiKeyHashes: [WHITELIST] })),
    );
    expect((await stage.send('GET', '/x/policies/su', ada)).body).toMatchObject({ id: 'su', name: 'Super User' });
    expect((await stage.send('GET', '/x/auth', withKey(WHITELISTED_KEY))).status).toBe(401);
    await stage.close();
  });
});
