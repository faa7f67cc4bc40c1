import { Redis } from 'ioredis';
import type { IllumioOptions } from '../../../admin-router/dialects/illumio.js';
import { MemoryStore } from '../../../lib/index.js';
import { RedisStore } from '../../../lib/stores/redis/redis-store.js';
import { startRedis } from '../../support/redis-server.js';
import {
  type Caller,
  exact,
  FORBIDDEN,
  fault,
  illumioDriver,
  logIn,
  NOT_FOUND,
  openIllumio as open,
  UNAUTHENTICATED,
} from './illumio-driver.js';
import { basic, type Headers, type Stage } from './stage.js';

const invalid = (details: string) =>
  fault(406, 'input_validation_error', `Input validation failed. Details: {${details}}`);

describe('login and session', () => {
  let stage: Stage;
  let nowAt = Date.now();

  beforeAll(async () => {
    const now = () => nowAt;
    stage = await open({ idleMs: 600_000 }, { now, store: new MemoryStore({ now }) });
  });

  afterAll(() => stage.close());

  const authenticate = (headers: Headers, query = '?pce_fqdn=pce.example.com') =>
    stage.send('POST', `/api/v2/login_users/authenticate${query}`, { ...headers, 'content-length': '0' });
  const login = (token: string) => stage.send('GET', '/api/v2/users/login', { authorization: `Token token=${token}` });

  it('goes in two steps, each answered to the letter', async () => {
    const first = await authenticate(basic('ada'));
    expect([first.status, first.headers['content-type']]).toEqual([200, 'application/json']);
    expect(first.text).toMatch(/^{"auth_token":"[0-9A-Za-z]{20,}"}$/);
    const { auth_token } = first.body as { auth_token: string };
    const second = await login(auth_token);
    expect([second.status, second.headers['content-type']]).toEqual([200, 'application/json']);
    expect(second.headers).toMatchObject({
      'x-request-id': expect.stringMatching(/^[0-9a-f-]{36}$/),
      'cache-control': 'no-store',
      pragma: 'no-cache',
    });
    const at = new Date(nowAt).toISOString();
    const body = second.body as { href: string; session_token: string };
    const [, , number = ''] = body.href.split('/');
    expect(second.text).toBe(
      JSON.stringify({
        full_name: 'ada',
        local: true,
        type: 'local',
        href: `/users/${number}`,
        auth_username: `user_${number}`,
        inactivity_expiration_minutes: 10,
        start: `${at.slice(0, 10)} ${at.slice(11, 19)} UTC`,
        time_zone: 'UTC',
        last_login_ip_address: '127.0.0.1',
        last_login_on: at,
        certificate: { expiration: null, generated: false },
        login_url: 'https://localhost/login',
        orgs: [
          {
            org_id: 1,
            org_href: '/orgs/1',
            display_name: 'acme',
            role_scopes: [
              {
                role: { href: '/orgs/1/roles/owner' },
                scope: [],
                href: `/orgs/1/users/${number}/role_scopes/${number}`,
              },
            ],
          },
        ],
        session_token: body.session_token,
        version_tag: 'v2',
        version_date: 'Mon Jan 12 00:00:00 2026 +0000',
        product_version: { version: '25.2.10', build: '1', long_display: '25.2.10-1', short_display: '25.2.10' },
      }),
    );
    expect(body.session_token).toMatch(/^[0-9a-f]{40}$/);
    expect(exact(await login(auth_token))).toEqual(UNAUTHENTICATED);
  });

  it('takes a token once, quoted or not, within 30 seconds', async () => {
    const token = async () => ((await authenticate(basic('ada'))).body as { auth_token: string }).auth_token;
    const quoted = { authorization: `Token token="${await token()}"` };
    expect((await stage.send('GET', '/api/v2/users/login', quoted)).status).toBe(200);
    const late = await token();
    nowAt += 31_000;
    expect(exact(await login(late))).toEqual(UNAUTHENTICATED);
    const contested = await token();
    const statuses = (await Promise.all([login(contested), login(contested), login(contested)])).map(
      ({ status }) => status,
    );
    expect(statuses.sort()).toEqual([200, 401, 401]);
  });

  it('refuses what is wrong, with one text and a challenge', async () => {
    for (const headers of [
      basic('ada', 'wrong'),
      basic('nobody'),
      {},
      { authorization: 'Bearer x' },
      { authorization: 'Basic !' },
    ]) {
      const reply = await authenticate(headers);
      expect(exact(reply)).toEqual(UNAUTHENTICATED);
      expect(reply.headers).toMatchObject({
        'www-authenticate': 'Basic realm="PCE"',
        'content-type': 'application/json',
      });
    }
    expect(await authenticate(basic('ada'), '')).toMatchObject({
      status: 406,
      body: [{ token: 'input_validation_error', message: expect.stringContaining('pce_fqdn') }],
    });
    expect(exact(await stage.send('GET', '/api/v2/users/login', basic('ada')))).toEqual(UNAUTHENTICATED);
    expect(exact(await login('unknown'))).toEqual(UNAUTHENTICATED);
  });

  it('describes an API key where a key logs in, without session credentials', async () => {
    const ada = await illumioDriver.login(stage, 'ada');
    const { credential, id } = await illumioDriver.make(stage, ada, { name: 'n' });
    const [userName = '', secret] = credential.split(':');
    const { status, body } = await stage.send('GET', '/api/v2/users/login', basic(userName, secret));
    expect([status, body]).toMatchObject([200, { auth_username: `api_${id}`, full_name: 'ada' }]);
    expect(body).not.toHaveProperty('session_token');
    expect(body).not.toHaveProperty('inactivity_expiration_minutes');
    expect(
      exact(await stage.send('PUT', `/api/v2${(body as { href: string }).href}/logout`, basic(userName, secret), {})),
    ).toEqual(FORBIDDEN);
  });

  it('keeps several sessions of one user, ends one, and ends what is not used', async () => {
    const [one, two] = [await logIn(stage, 'ada'), await logIn(stage, 'ada')];
    expect(one.login.auth_username).toBe(two.login.auth_username);
    const use = async ({ headers }: Caller) => (await stage.send('GET', '/api/v2/health', headers)).status;
    expect([await use(one), await use(two)]).toEqual([200, 200]);
    const out = await stage.send('PUT', `/api/v2${one.login.href}/logout`, one.headers, {});
    expect([out.status, out.text]).toEqual([204, '']);
    expect([await use(one), await use(two)]).toEqual([401, 200]);
    expect(exact(await stage.send('PUT', '/api/v2/users/77/logout', two.headers, {}))).toEqual(FORBIDDEN);
    nowAt += 599_000;
    expect(await use(two)).toBe(200);
    nowAt += 599_000;
    expect(await use(two)).toBe(200);
    nowAt += 601_000;
    expect(await use(two)).toBe(401);
  });

  it('finds a session by user and token together', async () => {
    const [ada, bob] = [await logIn(stage, 'ada'), await logIn(stage, 'bob')];
    const mixed = basic(bob.login.auth_username, ada.login.session_token);
    expect(exact(await stage.send('GET', '/api/v2/health', mixed))).toEqual(UNAUTHENTICATED);
    expect((await stage.latchkey.sessions?.list('ada'))?.length).toBeGreaterThan(0);
    await stage.latchkey.sessions?.endAll('ada');
    expect(exact(await stage.send('GET', '/api/v2/health', ada.headers))).toEqual(UNAUTHENTICATED);
  });

  it('guards the host’s own routes, whose paths may have a slash too many', async () => {
    const { headers } = await logIn(stage, 'ada');
    expect(await stage.send('GET', '/api/v2//orgs/1/labels', headers)).toMatchObject({
      status: 200,
      body: [{ by: { id: 'ada' } }],
    });
    expect(exact(await stage.send('GET', '/api/v2/orgs/1/labels'))).toEqual(UNAUTHENTICATED);
  });

  it('answers 405, and 404 where it has all of the path', async () => {
    const { headers } = await logIn(stage, 'ada');
    expect(exact(await stage.send('PATCH', '/api/v2/orgs/1/settings', headers))).toEqual(
      fault(405, 'method_not_allowed_error', 'Method not allowed'),
    );
    const whole = await open({ answersUnknownPaths: true });
    expect(exact(await whole.send('GET', '/api/v2/nothing'))).toEqual(fault(404, 'invalid_uri', 'Invalid URI'));
    await whole.close();
  });
});

describe('keys of a user', () => {
  let stage: Stage;
  let ada: Caller;

  beforeAll(async () => {
    stage = await open();
    ada = await logIn(stage, 'ada');
  });

  afterAll(() => stage.close());

  const keys = () => `/api/v2${ada.login.href}/api_keys`;

  it('are answered to the letter', async () => {
    const made = await stage.send('POST', keys().replace('v2/', 'v2//'), ada.headers, {
      name: 'my_api_key',
      description: 'my_scripting_key',
    });
    const { key_id, secret } = made.body as Record<string, string>;
    expect(made.status).toBe(201);
    expect(made.text).toBe(
      `{"key_id":"${key_id}","auth_username":"api_${key_id}","secret":"${secret}","href":"${ada.login.href}/api_keys/${key_id}"}`,
    );
    expect([key_id, secret]).toEqual([
      expect.stringMatching(/^[0-9a-f]{17}$/),
      expect.stringMatching(/^[0-9a-f]{64}$/),
    ]);
    const one = await stage.send('GET', `${keys()}/${key_id}`, ada.headers);
    const { created_at } = one.body as Record<string, string>;
    expect(one.text).toBe(
      `{"href":"${ada.login.href}/api_keys/${key_id}","key_id":"${key_id}","auth_username":"api_${key_id}","created_at":"${created_at}","name":"my_api_key","description":"my_scripting_key"}`,
    );
    const list = await stage.send('GET', keys(), ada.headers);
    expect(list.body).toContainEqual(one.body);
    expect(list.headers).toMatchObject({ 'x-total-count': '1', 'x-matched-count': '1' });
    const none = await stage.send('GET', `${keys()}?max_results=0`, ada.headers);
    expect([none.text, none.headers['x-total-count']]).toEqual(['[]', '1']);
    const put = await stage.send('PUT', `${keys()}/${key_id}`, ada.headers, { description: 'new' });
    expect([put.status, put.text]).toEqual([204, '']);
    expect((await stage.send('GET', `${keys()}/${key_id}`, ada.headers)).body).toMatchObject({
      name: 'my_api_key',
      description: 'new',
    });
    expect((await stage.send('DELETE', `${keys()}/${key_id}`, ada.headers)).status).toBe(204);
    expect(exact(await stage.send('GET', `${keys()}/${key_id}`, ada.headers))).toEqual(NOT_FOUND);
  });

  it('may have no name, a long description, and no other one', async () => {
    const empty = await stage.send('POST', keys(), {
      ...ada.headers,
      'content-length': '0',
      'content-type': 'application/json',
    });
    const { href } = empty.body as { href: string };
    expect((await stage.send('GET', `/api/v2${href}`, ada.headers)).body).toMatchObject({ name: '', description: '' });
    const long = await stage.send('POST', keys(), ada.headers, {
      name: 'x'.repeat(255),
      description: 'd'.repeat(5_000),
      other: 1,
    });
    expect(long.status).toBe(201);
    const odd = { name: 'two\nlines', description: `${'a'.repeat(999)}😀` };
    const { href: oddHref } = (await stage.send('POST', keys(), ada.headers, odd)).body as { href: string };
    expect((await stage.send('GET', `/api/v2${oddHref}`, ada.headers)).body).toMatchObject(odd);
    const rules: [body: unknown, details: string][] = [
      [
        { name: 'x'.repeat(256) },
        "The property '#/name' was not of a maximum string length of 255 in schema api_keys_post.schema.json",
      ],
      [
        { name: 7 },
        "The property '#/name' of type Integer did not match the following type: string in schema api_keys_post.schema.json",
      ],
      [
        [],
        "The property '#/' of type Array did not match the following type: object in schema api_keys_post.schema.json",
      ],
      [
        '"text"',
        "The property '#/' of type String did not match the following type: object in schema api_keys_post.schema.json",
      ],
    ];
    for (const [body, details] of rules) {
      expect(exact(await stage.send('POST', keys(), ada.headers, body))).toEqual(invalid(details));
    }
    const noPayload = await stage.send('PUT', `/api/v2${href}`, { ...ada.headers, 'content-length': '0' });
    expect(exact(noPayload)).toEqual(fault(406, 'input_validation_error', 'No payload provided for PUT request'));
  });

  it('are nobody else’s, and make further keys', async () => {
    const dora = await logIn(stage, 'dora');
    for (const [method, path] of [
      ['GET', keys()],
      ['POST', keys()],
      ['GET', `${keys()}/x`],
    ] as const) {
      expect(exact(await stage.send(method, path, dora.headers, method === 'POST' ? {} : undefined))).toEqual(
        FORBIDDEN,
      );
    }
    const made = (await stage.send('POST', keys(), ada.headers, { name: 'parent' })).body as Record<string, string>;
    const byKey = await stage.send('POST', keys(), basic(made.auth_username ?? '', made.secret), { name: 'child' });
    expect(byKey.status).toBe(201);
  });

  it('are one for who may only read, and none for external users', async () => {
    const carl = await logIn(stage, 'carl');
    const own = `/api/v2${carl.login.href}/api_keys`;
    const made = await stage.send('POST', own, carl.headers, { name: 'one' });
    expect(made.status).toBe(201);
    expect(exact(await stage.send('POST', own, carl.headers, { name: 'two' }))).toEqual(FORBIDDEN);
    const { key_id } = made.body as { key_id: string };
    expect(exact(await stage.send('PUT', `${own}/${key_id}`, carl.headers, { name: 'x' }))).toEqual(FORBIDDEN);
    const outside = await open({
      profileOf: async () => ({ isExternal: true, fullName: 'Ada L.', timeZone: 'Europe/Berlin' }),
    });
    const caller = await logIn(outside, 'ada');
    expect(caller.login).toMatchObject({
      local: false,
      type: 'external',
      full_name: 'Ada L.',
      time_zone: 'Europe/Berlin',
    });
    expect(exact(await outside.send('POST', `/api/v2${caller.login.href}/api_keys`, caller.headers, {}))).toEqual(
      FORBIDDEN,
    );
    await outside.close();
  });
});

it('answers 404 for a path that cannot be decoded, and 401 for two credentials', async () => {
  const stage = await open();
  const { headers } = await logIn(stage, 'ada');
  for (const path of ['/api/v2/users/%E0%A4%A/api_keys', '/api/v2/orgs/%zz/settings']) {
    expect(exact(await stage.send('GET', path, headers))).toEqual(NOT_FOUND);
  }
  const twice = { authorization: [headers.authorization, basic('x', 'y').authorization] } as unknown as Headers;
  expect(exact(await stage.send('GET', '/api/v2/health', twice))).toEqual(UNAUTHENTICATED);
  await stage.close();
});

it.each<[IllumioOptions, string]>([
  [{ maxResults: -1 }, 'illumio: maxResults must be a whole number from 0 to 10000'],
  [{ idleMs: 999 }, 'illumio: idleMs must be a whole number from 1000 to 31536000000'],
])('refuses %j', async (options, message) => {
  await expect(open(options)).rejects.toThrow(new TypeError(message));
});

it('limits requests by the minute, with Retry-After', async () => {
  const unset = { pceFqdn: undefined, idleMs: undefined } as object; // defaults
  const stage = await open({ ...unset, maxRequestsPerMinute: 3 });
  const { headers } = await logIn(stage, 'ada');
  for (let n = 0; n < 3; n++) expect((await stage.send('GET', '/api/v2/health', headers)).status).toBe(200);
  const reply = await stage.send('GET', '/api/v2/health', headers);
  expect(exact(reply)).toEqual(fault(429, 'rate_limit_error', 'Too many requests'));
  expect(Number(reply.headers['retry-after'])).toBeGreaterThan(0);
  await stage.close();
});

it('answers 503 within a bounded time when the store is down', async () => {
  const own = await startRedis();
  const down = new Redis(own.url);
  down.on('error', () => {});
  const stage = await open({}, { store: new RedisStore(down) });
  await own.kill();
  for (const [path, headers] of [
    ['/api/v2/users/login', { authorization: 'Token token=abc' }],
    ['/api/v2/health', basic('user_1', 'a'.repeat(40))],
    ['/api/v2/health', basic(`api_${'a'.repeat(17)}`, 'b'.repeat(64))],
  ] as const) {
    const startedAt = performance.now();
    const { status, headers: sent } = await stage.send('GET', path, headers);
    expect(performance.now() - startedAt).toBeLessThan(5_000);
    expect([status, sent['retry-after'], sent['content-type']]).toEqual([503, '1', 'application/json']);
  }
  down.disconnect();
  await stage.close().catch(() => {});
  await own.stop();
});
