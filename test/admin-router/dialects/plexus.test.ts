import { setTimeout } from 'node:timers/promises';
import express from 'express';
import { Redis } from 'ioredis';
import { type PlexusOptions, plexus } from '../../../admin-router/dialects/plexus.js';
import { type LatchkeyEvent, MemoryStore } from '../../../lib/index.js';
import { RedisStore } from '../../../lib/stores/redis/redis-store.js';
import { startRedis } from '../../support/redis-server.js';
import {
  cookiesOf,
  exact,
  fault,
  logIn,
  OTHER_SCHEMA,
  openPlexus as open,
  plexusDriver,
  SCHEMA,
  withCookies,
} from './plexus-driver.js';
import { type Headers, type Stage, startStage } from './stage.js';
import { wrongSecret } from './story.js';

describe('login by API key', () => {
  let stage: Stage;
  let ada: Headers;
  let key: { id: number; value: string };

  beforeAll(async () => {
    stage = await open({}, { usage: { flushIntervalMs: 10 } });
    ada = await plexusDriver.login(stage, 'ada');
    const made = await stage.send('POST', '/api/apikeys', ada, {
      schemaIds: [SCHEMA, OTHER_SCHEMA],
      comment: 'script',
    });
    key = made.body as typeof key;
  });

  afterAll(() => stage.close());

  const current = (headers: Headers) => stage.send('GET', '/api/login/current', headers);

  it('goes as published: token, login, token again, use, verify, log out', async () => {
    const hello = await stage.send('GET', '/api/xsrf-token');
    expect([hello.status, hello.text]).toEqual([204, '']);
    expect(hello.headers['set-cookie']).toEqual([
      expect.stringMatching(/^PlexusSessionId=[\w-]{43}; Path=\/; HttpOnly; SameSite=Lax$/),
      expect.stringMatching(/^XSRF-TOKEN=[\w-]{43}; Path=\/; SameSite=Lax$/),
    ]);
    const first = cookiesOf(hello);
    const body = { apiKey: key.value, schemaIds: [SCHEMA] };
    const login = await stage.send('POST', '/api/login/apikey', withCookies(first), body);
    expect([login.status, login.headers['content-type']]).toEqual([200, 'application/json']);
    expect(login.text).toMatch(
      new RegExp(
        `^{"user":{"name":"ada","administrator":true},"authenticatedBy":"apiKey","apiKeyId":${key.id},"schemaIds":\\["${SCHEMA}"\\],"expires":"[0-9T:.-]+Z"}$`,
      ),
    );
    expect(login.headers['set-cookie']).toEqual([expect.stringMatching(/^PlexusSessionId=/)]);
    const second = cookiesOf(login, first);
    expect(second.PlexusSessionId).not.toBe(first.PlexusSessionId);
    // the old XSRF cookie may come along; the session's own is given, and the session is not changed
    const token = await stage.send('GET', '/api/xsrf-token', withCookies(second));
    expect(token.headers['set-cookie']).toEqual([expect.stringMatching(/^XSRF-TOKEN=/)]);
    const both = cookiesOf(token, second);
    expect(both['XSRF-TOKEN']).not.toBe(first['XSRF-TOKEN']);
    expect(exact(await current(withCookies(both)))).toEqual({ status: 200, body: login.body });
    expect(exact(await current(withCookies(first)))).toEqual(fault(401, 'Not logged in.'));
    expect(exact(await current(withCookies(second)))).toEqual(fault(403, 'Invalid XSRF token.'));
    const again = cookiesOf(await stage.send('GET', '/api/xsrf-token', withCookies(both)), both);
    expect(again).toEqual(both);
    const out = await stage.send('POST', '/api/logout', { ...withCookies(both), 'content-type': 'application/json' });
    expect([out.status, out.headers['set-cookie']]).toEqual([
      204,
      [expect.stringMatching(/^PlexusSessionId=; .*Expires=Thu, 01 Jan 1970/), expect.stringMatching(/^XSRF-TOKEN=; /)],
    ]);
    expect(exact(await current(withCookies(both)))).toEqual(fault(401, 'Not logged in.'));
  });

  it('takes XSRF-TOKEN as the header too, the fields of a form, and one schema in place of a list', async () => {
    const first = cookiesOf(await stage.send('GET', '/api/xsrf-token'));
    const { cookie = '', 'x-xsrf-token': token = '' } = withCookies(first);
    const form = { cookie, 'XSRF-TOKEN': token, 'content-type': 'application/x-www-form-urlencoded' };
    const body = new URLSearchParams([
      ['apiKey', key.value],
      ['schemaIds', SCHEMA],
      ['schemaIds', OTHER_SCHEMA],
    ]);
    const login = await stage.send('POST', '/api/login/apikey', form, body.toString());
    expect([login.status, login.body]).toMatchObject([200, { schemaIds: [SCHEMA, OTHER_SCHEMA] }]);
    expect((await logIn(stage, key.value, SCHEMA)).reply.body).toMatchObject({ schemaIds: [SCHEMA] });
  });

  it('checks in this order: session and token, body, key, schemas', async () => {
    const cookies = cookiesOf(await stage.send('GET', '/api/xsrf-token'));
    const foreign = cookiesOf(await stage.send('GET', '/api/xsrf-token'));
    const post = (headers: Headers, body: unknown) => stage.send('POST', '/api/login/apikey', headers, body);
    const good = { apiKey: key.value, schemaIds: [SCHEMA] };
    const headers = withCookies(cookies);
    const tokens = [
      {},
      { cookie: headers.cookie ?? '' },
      { ...headers, 'x-xsrf-token': foreign['XSRF-TOKEN'] ?? '' },
      withCookies({ ...cookies, 'XSRF-TOKEN': foreign['XSRF-TOKEN'] ?? '' }),
      withCookies({ ...cookies, PlexusSessionId: 'x'.repeat(43) }),
    ];
    for (const wrong of tokens) expect(exact(await post(wrong, {}))).toEqual(fault(403, 'Invalid XSRF token.'));
    const bodies = [
      {},
      [],
      'text',
      { apiKey: '', schemaIds: [SCHEMA] },
      { apiKey: 5, schemaIds: [SCHEMA] },
      { apiKey: key.value },
      { apiKey: key.value, schemaIds: [] },
      { apiKey: key.value, schemaIds: [7] },
      { apiKey: key.value, schemaIds: { 0: SCHEMA } },
      { apiKey: key.value, schemaIds: Array.from({ length: 101 }, (_, n) => `${n}`) },
    ];
    for (const wrong of bodies) expect(exact(await post(headers, wrong))).toEqual(fault(400, 'Invalid request.'));
    const keys = [wrongSecret(key.value), 'x', '0'.repeat(32), 'lk_nothing_here', `${key.value} `];
    for (const apiKey of keys.slice(0, 2)) {
      expect(exact(await post(headers, { ...good, apiKey }))).toEqual(fault(401, 'Invalid API key.'));
    }
    const schemas = await post(headers, { ...good, schemaIds: [SCHEMA, 'FF'] });
    expect(exact(schemas)).toEqual(fault(401, 'Invalid API key.'));
    for (const apiKey of keys.slice(2, 4)) {
      expect(exact(await post(headers, { ...good, apiKey }))).toEqual(fault(401, 'Invalid API key.'));
    }
    const waiting = await post(headers, good);
    expect([waiting.status, Number(waiting.headers['retry-after'])]).toEqual([429, expect.any(Number)]);
    expect(waiting.body).toEqual(fault(429, 'Too many login attempts.').body);
    // of a new anonymous session nothing has failed yet
    expect((await logIn(stage, key.value)).reply.status).toBe(200);
  });

  it('takes over no session id that it did not issue', async () => {
    const planted = { PlexusSessionId: 'A'.repeat(43) };
    const given = cookiesOf(await stage.send('GET', '/api/xsrf-token', withCookies(planted)));
    expect(given.PlexusSessionId).toMatch(/^[\w-]{43}$/);
    expect(given.PlexusSessionId).not.toBe(planted.PlexusSessionId);
  });

  it('binds a session to the schemas that it named, on the routes of the host', async () => {
    const { headers } = await logIn(stage, key.value, [OTHER_SCHEMA]);
    expect(exact(await stage.send('GET', `/form/${OTHER_SCHEMA}`, headers))).toEqual({
      status: 200,
      body: { schema: OTHER_SCHEMA },
    });
    expect(exact(await stage.send('GET', `/form/${SCHEMA}`, headers))).toEqual(fault(403, 'Forbidden.'));
    expect(exact(await stage.send('GET', `/form/${SCHEMA}`))).toEqual(fault(401, 'Not logged in.'));
  });

  it('ends the sessions of a key with the key, and with its user', async () => {
    const { body } = await stage.send('POST', '/api/apikeys', ada, { schemaIds: [SCHEMA] });
    const made = body as typeof key;
    const { headers } = await logIn(stage, made.value);
    expect((await current(headers)).status).toBe(200);
    expect((await stage.send('DELETE', `/api/apikeys/${made.id}`, ada)).status).toBe(204);
    expect(exact(await current(headers))).toEqual(fault(401, 'Not logged in.'));
    expect(exact((await logIn(stage, made.value)).reply)).toEqual(fault(401, 'Invalid API key.'));

    const mine = await logIn(stage, key.value);
    stage.people.set('ada', { isEnabled: false });
    await stage.latchkey.userChanged('ada');
    expect(exact(await current(mine.headers))).toEqual(fault(401, 'Not logged in.'));
    stage.people.set('ada', { isEnabled: true });
    await stage.latchkey.userChanged('ada');
    ada = await plexusDriver.login(stage, 'ada');
  });

  it('logs each failure with its reason, and never a key', async () => {
    const events: LatchkeyEvent[] = [];
    const off = stage.latchkey.on('*', (event) => void events.push(event));
    await logIn(stage, wrongSecret(key.value));
    await logIn(stage, key.value, ['FF']);
    await logIn(stage, 'no key at all');
    off();
    expect(events).toMatchObject([
      { type: 'request.refused', reason: 'wrong_secret' },
      { type: 'request.forbidden', actorId: 'ada', detail: expect.stringContaining('schema') },
      { type: 'request.refused', reason: 'malformed' },
    ]);
    expect(JSON.stringify(events)).not.toContain(key.value.slice(-12));
  });

  it('logs each login', async () => {
    const events: LatchkeyEvent[] = [];
    const off = stage.latchkey.on('login.succeeded', (event) => void events.push(event));
    expect((await logIn(stage, key.value)).reply.status).toBe(200);
    await logIn(stage, wrongSecret(key.value));
    off();
    expect(events).toMatchObject([{ userId: 'ada', orgId: 'acme', address: expect.stringContaining('127.0.0.1') }]);
  });

  it('keeps the last use', async () => {
    const since = Date.now();
    await logIn(stage, key.value);
    let lastUsedAt = 0;
    for (let tries = 0; tries < 500 && lastUsedAt < since; tries++) {
      await setTimeout(20); // uses are written in batches
      const keys = (await stage.send('GET', '/api/apikeys', ada)).body as { id: number; lastUsed: string | null }[];
      lastUsedAt = Date.parse(keys.find(({ id }) => id === key.id)?.lastUsed ?? '1970-01-01');
    }
    expect(lastUsedAt).toBeGreaterThanOrEqual(since);
  });

  it('is for users: no service logs in, also one whose id a user has', async () => {
    const fields = { name: 'job', ownerKind: 'service', ownerId: 'zoe', orgId: 'acme' } as const;
    const made = await stage.latchkey.apiKeys.create(fields, { by: 'test' });
    stage.people.set('zoe');
    const events: LatchkeyEvent[] = [];
    const off = stage.latchkey.on('request.forbidden', (event) => void events.push(event));
    const { reply } = await logIn(stage, `${made.key.id}:${made.secret}`);
    off();
    expect(exact(reply)).toEqual(fault(401, 'Invalid API key.'));
    expect(events).toMatchObject([{ detail: expect.stringContaining('service') }]);
  });

  it('lets no answer be kept, and answers 404 for a path that cannot be decoded', async () => {
    expect((await stage.send('GET', '/api/xsrf-token')).headers['cache-control']).toBe('no-store');
    const made = await stage.send('POST', '/api/apikeys', ada, { schemaIds: [SCHEMA] });
    expect([made.status, made.headers['cache-control']]).toEqual([201, 'no-store']);
    expect(exact(await stage.send('PUT', '/api/apikeys/%E0%A4%A', ada, {}))).toEqual(fault(404, 'Not found.'));
  });
});

describe('options', () => {
  it('shows values to their owners where the host asks for it, and to nobody else', async () => {
    const store = new MemoryStore();
    const stage = await open({ readableValues: 'r'.repeat(32) }, { store });
    const [ada, bob] = [await plexusDriver.login(stage, 'ada'), await plexusDriver.login(stage, 'bob')];
    const { value } = (await stage.send('POST', '/api/apikeys', bob, { schemaIds: [SCHEMA] })).body as {
      value: string;
    };
    expect((await stage.send('GET', '/api/apikeys', bob)).text).toContain(value);
    expect((await stage.send('GET', '/api/apikeys?all=true', ada)).text).not.toContain('value');
    const { items } = await stage.latchkey.apiKeys.list({ orgId: 'acme', ownerId: 'bob' });
    await stage.latchkey.apiKeys.rotate(items[0]?.id ?? '', { by: 'test' }); // the new one nobody has kept
    expect((await stage.send('GET', '/api/apikeys', bob)).text).not.toContain('value');
    await stage.close();
  });

  it('lets reads go without the token where the host asks for it', async () => {
    const stage = await open({ tokenOnReads: false });
    const ada = await plexusDriver.login(stage, 'ada');
    const { value } = (await stage.send('POST', '/api/apikeys', ada, { schemaIds: [SCHEMA] })).body as {
      value: string;
    };
    const { headers } = await logIn(stage, value);
    const { cookie = '' } = headers;
    expect((await stage.send('GET', '/api/login/current', { cookie })).status).toBe(200);
    expect(exact(await stage.send('POST', '/api/logout', { cookie }))).toEqual(fault(403, 'Invalid XSRF token.'));
    await stage.close();
  });

  it('ends sessions without use, and in all', async () => {
    let nowAt = Date.now();
    const now = () => nowAt;
    const stage = await open({ idleMs: 60_000, absoluteMs: 150_000 }, { now, store: new MemoryStore({ now }) });
    const ada = await plexusDriver.login(stage, 'ada');
    const { value } = (await stage.send('POST', '/api/apikeys', ada, { schemaIds: [SCHEMA] })).body as {
      value: string;
    };
    const { headers } = await logIn(stage, value);
    const statusAfter = async (ms: number) => {
      nowAt += ms;
      return (await stage.send('GET', '/api/login/current', headers)).status;
    };
    expect([
      await statusAfter(50_000),
      await statusAfter(50_000),
      await statusAfter(49_000),
      await statusAfter(2_000),
    ]).toEqual([200, 200, 200, 401]);
    const idle = await logIn(stage, value);
    nowAt += 61_000;
    expect((await stage.send('GET', '/api/login/current', idle.headers)).status).toBe(401);
    await stage.close();
  });

  it.each<[PlexusOptions, string]>([
    [{ validityInDays: 0 }, 'plexus: validityInDays must be a whole number from 1 to 36500'],
    [{ idleMs: 1.5 }, 'plexus: idleMs must be a whole number from 1000 to 31536000000'],
    [
      { readableValues: 'short' },
      'plexus: readableValues must have at least 32 characters; make one with: openssl rand -base64 32',
    ],
    [{ paths: { login: 'login' } }, 'plexus: paths.login must be a path such as /api/apikeys'],
  ])('refuses %j', async (options, message) => {
    await expect(open(options)).rejects.toThrow(new TypeError(message));
  });

  it('has Secure cookies by itself, and its defaults for what is undefined', async () => {
    const unset = { readableValues: undefined, secureCookies: undefined, idleMs: undefined } as object;
    const stage = await startStage((app, latchkey) => void app.use(express.json(), plexus(latchkey, unset)));
    const cookies = (await stage.send('GET', '/api/xsrf-token')).headers['set-cookie'];
    expect(cookies).toEqual([
      expect.stringContaining('; Secure; SameSite=Lax'),
      expect.stringContaining('; Secure; SameSite=Lax'),
    ]);
    await stage.close();
  });
});

it('answers 503 within a bounded time when the store is down', async () => {
  const own = await startRedis();
  const down = new Redis(own.url);
  down.on('error', () => {});
  const stage = await open({}, { store: new RedisStore(down) });
  const headers = withCookies({ PlexusSessionId: 'x'.repeat(43) });
  await own.kill();
  for (const path of ['/api/xsrf-token', '/api/login/current', `/form/${SCHEMA}`]) {
    const startedAt = performance.now();
    const { status, body } = await stage.send('GET', path, headers);
    expect(performance.now() - startedAt).toBeLessThan(5_000);
    expect({ status, body }).toEqual(fault(503, 'Service unavailable.'));
  }
  down.disconnect();
  await stage.latchkey.close().catch(() => {});
  await stage.close().catch(() => {});
  await own.stop();
});
