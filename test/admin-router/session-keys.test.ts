import { Redis } from 'ioredis';
import { type HostPolicy, MemoryStore, type Store } from '../../lib/index.js';
import { RedisStore } from '../../lib/stores/redis/redis-store.js';
import { Clock } from '../lib/clock.js';
import { type AdminApp, startAdminApp } from '../support/admin-app.js';
import { PATIENT } from '../support/patience.js';
import { type RedisServer, startRedis } from '../support/redis-server.js';

const LOOK: HostPolicy = {
  id: 'look',
  name: 'Looking',
  statements: [{ actions: ['orders:read'], resources: ['orders/*'] }],
};
const KEEP: HostPolicy = { id: 'keep', name: 'Housekeeping', statements: [{ actions: ['users:*'] }] };
const ISSUES = ['session-keys:issue', 'keys:grant', 'orders:*', 'keys:manage-own'];
const LOOKS = { actions: ['orders:read'], resources: ['orders/*'], workspace: '*', description: '' };
const WRITES = { ...LOOKS, actions: ['orders:write'], resources: ['orders/7'] };

let server: RedisServer;
let client: Redis;

beforeAll(async () => {
  server = await startRedis();
  client = new Redis(server.url);
});
afterAll(async () => {
  client.disconnect();
  await server.stop();
});

describe.each<[string, () => Store]>([
  ['memory', () => new MemoryStore()],
  ['redis', () => new RedisStore(client, { ...PATIENT, keyPrefix: `t${Math.random()}:` })],
])('the routes of /session-keys on %s', (_name, makeStore) => {
  let clock: Clock;
  let app: AdminApp;
  /** A key of ida's that may issue. */
  let issuer: string;

  beforeEach(async () => {
    clock = new Clock();
    app = await startAdminApp({ store: makeStore(), now: clock.now, policies: [LOOK, KEEP] });
    issuer = (await app.key({ ownerId: 'ida', orgId: 'acme', actions: [...ISSUES] })).token;
  });
  afterEach(() => app.close());

  it('POST mints a key whose secret works in each form and is told once', async () => {
    const made = await app.call('POST', '/session-keys', issuer, {
      userId: 'ada',
      orgId: 'acme',
      name: 'build 7',
      policyIds: ['look'],
      statements: [{ actions: ['orders:write'], resources: ['orders/7'] }],
      durationSeconds: 60,
      defaultWorkspace: 'w1',
      properties: { build: '7' },
    });
    expect(made.status).toBe(201);
    expect(made.headers.get('cache-control')).toBe('no-store');
    expect(made.body).toEqual({
      id: expect.stringMatching(/^[0-9A-Za-z]{22}$/),
      version: 1,
      kind: 'session-key',
      sessionKey: true,
      name: 'build 7',
      description: '',
      ownerId: 'ada',
      ownerKind: 'user',
      orgId: 'acme',
      createdBy: 'ida',
      parentIds: [expect.any(String)],
      statements: [WRITES],
      policyIds: ['look'],
      policies: [
        expect.objectContaining({ id: 'look', name: 'Looking', type: 'role', isBuiltIn: true, statements: [LOOKS] }),
        expect.objectContaining({ id: made.body.id, type: 'internal', isBuiltIn: false, statements: [WRITES] }),
      ],
      ceiling: [[{ ...LOOKS, actions: ISSUES, resources: ['*'] }]],
      allowedAddresses: null,
      allowedOrigins: null,
      disableUnusedAfterSeconds: null,
      maxRequestsPerMinute: null,
      countedWith: null,
      enabledAt: '2026-01-01T00:00:00.000Z',
      resources: null,
      properties: { build: '7' },
      defaultWorkspace: 'w1',
      prefix: 'lk',
      lastFour: String(made.body.token).slice(-4),
      previousSecretExpiresAt: null,
      createdAt: '2026-01-01T00:00:00.000Z',
      updatedAt: '2026-01-01T00:00:00.000Z',
      expiresAt: '2026-01-01T00:01:00.000Z',
      notBefore: null,
      enabled: true,
      internalOnly: false,
      revokedAt: null,
      revokedBy: null,
      revokedReason: null,
      locale: null,
      timeZone: null,
      lastFailedAt: null,
      lastUsedAt: null,
      lastUsedFrom: null,
      useCount: 0,
      failureCount: 0,
      state: 'active',
      secret: expect.any(String),
      token: `lk_${made.body.id}_${made.body.secret}`,
      encoded: Buffer.from(`${made.body.id}:${made.body.secret}`).toString('base64'),
    });
    for (const headers of [
      { 'x-api-key': made.body.token },
      { authorization: `ApiKey ${made.body.encoded}` },
      { authorization: `Basic ${made.body.encoded}` },
    ] as Record<string, string>[]) {
      const who = await app.call('GET', '/whoami', null, undefined, headers);
      expect([who.status, who.body.id, who.body.orgId]).toEqual([200, 'ada', 'acme']);
      expect(who.body.credential).toMatchObject({ kind: 'session-key', expiresAt: '2026-01-01T00:01:00.000Z' });
    }
    for (const path of ['/session-keys', `/api-keys?kind=session-key`]) {
      const admin = (await app.key({ ownerId: 'root', orgId: 'acme', actions: ['*'] })).token;
      const list = await app.call('GET', path, admin);
      expect(list.body.items.map(({ id }) => id)).toEqual([made.body.id]);
      expect(list.text).not.toContain(made.body.secret);
    }
  });

  it('POST with nothing makes a key for oneself, without rights, for an hour', async () => {
    for (const body of [undefined, {}]) {
      const made = await app.call('POST', '/session-keys', issuer, body);
      expect(made.status).toBe(201);
      expect(made.body).toMatchObject({
        ownerId: 'ida',
        orgId: 'acme',
        statements: [],
        policies: [],
        sessionKey: true,
      });
      expect(made.body.expiresAt).toBe('2026-01-01T01:00:00.000Z');
    }
  });

  it.each([
    [1, '2026-01-01T00:00:01.000Z'],
    [86_400, '2026-01-02T00:00:00.000Z'],
  ])('POST takes %i seconds, and the key is refused the moment it expires', async (durationSeconds, expiresAt) => {
    const { body } = await app.call('POST', '/session-keys', issuer, { durationSeconds });
    expect(body.expiresAt).toBe(expiresAt);
    clock.advance(durationSeconds * 1_000 - 1);
    expect((await app.call('GET', '/whoami', body.token)).status).toBe(200);
    clock.advance(1);
    expect((await app.call('GET', '/whoami', body.token)).status).toBe(401);
  });

  it.each<[string, unknown, string]>([
    ['no time', { durationSeconds: 0 }, 'durationSeconds'],
    ['more than a day', { durationSeconds: 86_401 }, 'durationSeconds'],
    ['half a second', { durationSeconds: 0.5 }, 'durationSeconds'],
    ['a text for a time', { durationSeconds: '60' }, 'durationSeconds'],
    ['null for a time', { durationSeconds: null }, 'durationSeconds'],
    ['an end of its own', { expiresAt: '2026-01-01T01:00:00Z' }, 'expiresAt'],
    ['an unknown policy', { policyIds: ['look', 'gone'] }, 'policyIds.1'],
    ['a policy that is no text', { policyIds: [1] }, 'policyIds.0'],
    ['no user', { userId: '' }, 'userId'],
    ['an unknown field', { internalOnly: false }, 'internalOnly'],
    ['a bad action', { statements: [{ actions: ['a b'] }] }, 'statements.0.actions.0'],
    ['a property that is no text', { properties: { a: 1 } }, 'properties.a'],
  ])('POST with %s is 400 and names the field', async (_what, body, path) => {
    const answer = await app.call('POST', '/session-keys', issuer, body);
    expect([answer.status, answer.body.code, answer.body.errors[0]?.path]).toEqual([400, 'invalid_request', path]);
  });

  it('POST for another user needs keys:grant', async () => {
    const token = (await app.key({ ownerId: 'otto', orgId: 'acme', actions: ['session-keys:issue'] })).token;
    const refused = await app.call('POST', '/session-keys', token, { userId: 'ada' });
    expect([refused.status, refused.body.detail]).toEqual([403, 'The credential lacks the right "keys:grant".']);
    expect((await app.call('POST', '/session-keys', token, { userId: 'otto' })).status).toBe(201);
  });

  it('POST never gives more than the issuer has', async () => {
    for (const body of [
      { policyIds: ['keep'] },
      { statements: [{ actions: ['*'] }] },
      { policyIds: ['look', 'keep'] },
    ]) {
      const answer = await app.call('POST', '/session-keys', issuer, body);
      expect([answer.status, answer.body.code]).toEqual([403, 'forbidden']);
      expect(answer.body.detail).toBe('The key would have more rights than the credential.');
    }
  });

  it('POST for another organisation is 403, for an issuer of none too', async () => {
    const free = (await app.key({ ownerId: 'ida', actions: ['*'] })).token;
    for (const [token, orgId] of [
      [issuer, 'other'],
      [issuer, null],
      [free, 'acme'],
    ] as const) {
      const answer = await app.call('POST', '/session-keys', token, { orgId });
      expect([answer.status, answer.body.detail]).toEqual([
        403,
        'A session key must be of the organisation of its issuer.',
      ]);
    }
    expect((await app.call('POST', '/session-keys', free, {})).body).toMatchObject({ orgId: null });
  });

  it('a session key issues none that outlives it, and no such API key', async () => {
    const fields = { statements: [{ actions: ['session-keys:issue', 'keys:manage-own'] }], durationSeconds: 600 };
    const parent = (await app.call('POST', '/session-keys', issuer, fields)).body.token;
    clock.advance(300_000);
    const errors = [{ path: 'expiresAt', message: expect.stringMatching(/^must not be after /) }];
    for (const [path, body] of [
      ['/session-keys', {}],
      ['/session-keys', { durationSeconds: 301 }],
      ['/api-keys', { name: 'x', expiresInSeconds: 301 }],
    ] as const) {
      const answer = await app.call('POST', path, parent, body);
      expect([answer.status, answer.body.errors]).toEqual([403, errors]);
    }
    const made = [
      await app.call('POST', '/session-keys', parent, { durationSeconds: 300 }),
      await app.call('POST', '/api-keys', parent, { name: 'x', expiresInSeconds: 300 }),
      await app.call('POST', '/api-keys', parent, { name: 'x' }),
    ];
    expect(made.map(({ status, body }) => [status, body.expiresAt])).toEqual([
      [201, '2026-01-01T00:10:00.000Z'],
      [201, '2026-01-01T00:10:00.000Z'],
      [201, '2026-01-01T00:10:00.000Z'],
    ]);
    const longer = await app.call('PATCH', `/api-keys/${made[1]?.body.id}`, parent, { expiresInSeconds: 3_600 });
    expect(longer.status).toBe(403);
  });

  it('its owner cannot make it live longer with another credential', async () => {
    const { body } = await app.call('POST', '/session-keys', issuer, {});
    for (const change of [{ expiresInSeconds: 86_400 }, { expiresAt: '2026-12-31T00:00:00Z' }, { expiresAt: null }]) {
      const answer = await app.call('PATCH', `/api-keys/${body.id}`, issuer, change);
      expect([answer.status, answer.body.errors[0]?.path]).toEqual([400, 'expiresAt']);
    }
  });

  it('GET shows the issuer its own, and keys:read all of the organisation', async () => {
    const other = (await app.key({ ownerId: 'otto', orgId: 'acme', actions: ['session-keys:issue', 'keys:grant'] }))
      .token;
    const foreign = (await app.key({ ownerId: 'ida', orgId: 'other', actions: ['session-keys:issue', 'keys:grant'] }))
      .token;
    const idOf = async (token: string, userId: string) =>
      (await app.call('POST', '/session-keys', token, { userId })).body.id;
    const [first, second] = [await idOf(issuer, 'ada'), await idOf(issuer, 'ben')];
    const ottos = await idOf(other, 'ada');
    await idOf(foreign, 'ada');
    const list = async (token: string, query = '') => {
      const { body } = await app.call('GET', `/session-keys?sort=createdAt${query}`, token);
      return new Set(body.items.map(({ id }) => id));
    };
    const auditor = (await app.key({ ownerId: 'carl', orgId: 'acme', actions: ['keys:read'] })).token;
    expect(await list(issuer)).toEqual(new Set([first, second]));
    expect(await list(issuer, '&ownerId=ben')).toEqual(new Set([second]));
    expect(await list(other)).toEqual(new Set([ottos]));
    expect(await list(auditor)).toEqual(new Set([first, second, ottos]));
    expect(await list(auditor, '&ownerId=ada')).toEqual(new Set([first, ottos]));
    const page = await app.call('GET', '/session-keys?limit=2', auditor);
    const rest = await app.call('GET', `/session-keys?limit=2&cursor=${page.body.nextCursor}`, auditor);
    expect([page.body.items.length, rest.body.items.length, rest.body.nextCursor]).toEqual([2, 1, null]);
    for (const query of ['state=active', 'kind=api-key', 'limit=0', 'page=2']) {
      expect((await app.call('GET', `/session-keys?${query}`, auditor)).status).toBe(400);
    }
  });

  it('DELETE revokes: by the issuer, by keys:manage, and not by others', async () => {
    const mint = async () => (await app.call('POST', '/session-keys', issuer, { userId: 'ada' })).body;
    const tokenWith = async (ownerId: string, actions: string[], orgId = 'acme') =>
      (await app.key({ ownerId, orgId, actions })).token;
    const allowed = [issuer, await tokenWith('dora', ['keys:manage'])];
    const refused = [
      await tokenWith('otto', ['session-keys:issue']),
      await tokenWith('ida', ['orders:read']),
      await tokenWith('carl', ['keys:read']),
      await tokenWith('ida', ['*'], 'other'),
    ];
    for (const token of allowed) {
      const key = await mint();
      const answer = await app.call('DELETE', `/session-keys/${key.id}`, token);
      expect([answer.status, answer.body.state, answer.body.revokedAt]).toEqual([
        200,
        'revoked',
        '2026-01-01T00:00:00.000Z',
      ]);
      expect((await app.call('GET', '/whoami', key.token)).status).toBe(401);
    }
    const key = await mint();
    for (const token of refused) {
      const answers = [
        await app.call('DELETE', `/session-keys/${key.id}`, token),
        await app.call('DELETE', `/session-keys/${'A'.repeat(22)}`, token),
      ];
      expect(answers[0]?.text).toBe(answers[1]?.text);
      expect(answers[0]?.status).toBe(404);
    }
    expect((await app.call('GET', '/whoami', key.token)).status).toBe(200);
    const apiKey = await app.key({ ownerId: 'ada', orgId: 'acme' });
    expect((await app.call('DELETE', `/session-keys/${apiKey.key.id}`, allowed[1] ?? '')).status).toBe(404);
  });

  it('DELETE /self revokes the key that it comes with, and only a session key', async () => {
    const { body } = await app.call('POST', '/session-keys', issuer, {});
    const answer = await app.call('DELETE', '/session-keys/self', body.token);
    expect([answer.status, answer.text]).toEqual([204, '']);
    expect((await app.call('GET', '/whoami', body.token)).status).toBe(401);
    const refused = await app.call('DELETE', '/session-keys/self', issuer);
    expect([refused.status, refused.body.detail]).toEqual([404, 'The request did not come with a session key.']);
    expect((await app.call('GET', '/whoami', issuer)).status).toBe(200);
  });

  it('tells what is allowed, and refuses other bodies', async () => {
    for (const [method, path, allow] of [
      ['PATCH', '/session-keys', 'POST, GET, HEAD, OPTIONS'],
      ['GET', '/session-keys/self', 'DELETE, OPTIONS'],
      ['GET', `/session-keys/${'A'.repeat(22)}`, 'DELETE, OPTIONS'],
    ] as const) {
      const answer = await app.call(method, path, issuer);
      expect([answer.status, answer.headers.get('allow')]).toEqual([405, allow]);
    }
    const plain = await app.call('POST', '/session-keys', issuer, '{}', { 'content-type': 'text/plain' });
    expect(plain.status).toBe(415);
    expect((await app.call('POST', '/session-keys', issuer, { name: 'x'.repeat(70_000) })).status).toBe(413);
  });
});
