import { createHash } from 'node:crypto';
import { systemlink } from '../../../admin-router/dialects/systemlink.js';
import { FULL_ACCESS, type LatchkeyEvent } from '../../../lib/index.js';
import { basic, type Headers, type Reply, type Stage, startStage } from './stage.js';
import {
  BASE,
  INTERNAL,
  invalidType,
  invalidValue,
  missing,
  mountBoth,
  NOT_ALLOWED,
  type SkylineKey,
  SUPER_USER,
  UNAUTHORIZED,
  UUID,
  WHITELISTED_KEY,
  withKey,
} from './systemlink-driver.js';

const MINT = `${INTERNAL}${BASE}/session-keys`;
const SELF = `${BASE}/session-keys/self`;
const whitelisted = withKey(WHITELISTED_KEY);
const ada = basic('ada');
const by = { by: 'test' };

let stage: Stage;
let nowAt: number;

beforeEach(async () => {
  nowAt = Date.now();
  stage = await startStage(
    (app, latchkey) => {
      mountBoth(app, latchkey, {
        workspacesOf: async () => [
          { id: 'lab', name: 'Lab' },
          { id: 'hall', name: 'Hall', enabled: false, isDefault: true },
        ],
        orgOf: async (orgId) => (orgId === 'nowhere' ? null : { name: `Org ${orgId}`, ownerId: 'ada' }),
      });
      app.use('/exceeding', exceeding(latchkey));
    },
    { now: () => nowAt },
  );
});

afterEach(() => stage.close());

const exceeding = (latchkey: Stage['latchkey']) =>
  systemlink(latchkey, {
    whitelistedApiKeyHashes: createHash('sha512').update(WHITELISTED_KEY).digest('hex'),
    whitelistedRoutes: true,
    sessionKeysExceedUsers: true,
  });

const exact = ({ status, body }: Reply) => ({ status, body });
const mint = (body: unknown, as: Headers = whitelisted, path = MINT) => stage.send('POST', path, as, body);
const minted = async (body: object, path = MINT) => (await mint(body, whitelisted, path)).body as SkylineKey;
const auth = (secret: string, base = '') => stage.send('GET', `${base}${BASE}/auth`, withKey(secret));

describe('a session key', () => {
  it('is minted by a whitelisted key, with 200, in the order of the contract', async () => {
    const policyIds = [
      '94bdeb16-eeb9-42fd-bef0-12b963b36b46',
      '8f1be054-e0c7-4699-af74-bade4a203c57',
      'a256bd29-12ec-4cb0-b59e-19c03c47f3c6',
      SUPER_USER,
    ];
    const reply = await mint({
      orgId: 'acme',
      userId: 'ada',
      policyIds,
      durationSeconds: 120,
      properties: { temp: 'yes' },
    });
    const { created, expiry, id, name, secret } = reply.body as SkylineKey;
    expect([reply.status, reply.text]).toEqual([
      200,
      `{"created":"${created}","defaultWorkspace":null,"deleted":false,"enabled":true,"expiry":"${expiry}","id":"${id}",` +
        `"name":"${name}","policies":[{"builtIn":true,"created":"1970-01-01T00:00:00.000Z","deleted":false,"id":"${SUPER_USER}",` +
        '"name":"Super User","properties":{},"statements":[{"actions":["*"],"description":"","resource":["*"],"workspace":"*"}],' +
        '"type":"role","updated":"1970-01-01T00:00:00.000Z","userId":"latchkey"}],"properties":{"temp":"yes"},' +
        `"updated":"${created}","userId":"ada","secret":"${secret}","sessionKey":true}`,
    ]);
    expect([id, name]).toEqual([expect.stringMatching(UUID), expect.stringMatching(UUID)]);
    expect(name).not.toBe(id);
    expect(secret).toMatch(/^[\w-]{42}$/);
    expect(Date.parse(expiry) - Date.parse(created)).toBe(120_000);
    expect((await stage.latchkey.apiKeys.get(id))?.createdBy).toBe('systemlink whitelisted key');
  });

  it('lives an hour by itself, and is refused at its end', async () => {
    const { created, expiry, secret } = await minted({ userId: 'ada' });
    expect(Date.parse(expiry) - Date.parse(created)).toBe(3_600_000);
    nowAt += 3_599_000;
    expect((await auth(secret)).status).toBe(200);
    nowAt += 1_000;
    expect(exact(await auth(secret))).toEqual(UNAUTHORIZED);
  });

  it.each([1, 86_400])('lives %i seconds where that is asked for', async (durationSeconds) => {
    const { created, expiry } = await minted({ userId: 'ada', durationSeconds });
    expect(Date.parse(expiry) - Date.parse(created)).toBe(durationSeconds * 1_000);
  });

  it('may do what its policies allow, and no more', async () => {
    const policies = [{ statements: [{ actions: ['niauth:*'], resource: ['*'], workspace: '*' }] }];
    const [manager, reader] = [await minted({ userId: 'ada', policies }), await minted({ userId: 'ada' })];
    expect((await stage.send('GET', `${BASE}/policies`, withKey(manager.secret))).status).toBe(200);
    expect(exact(await stage.send('GET', `${BASE}/policies`, withKey(reader.secret)))).toEqual(NOT_ALLOWED);
    expect(exact(await mint({ userId: 'ada' }, withKey(manager.secret)))).toEqual(NOT_ALLOWED);
    const body = { name: 'more', policyIds: [SUPER_USER] };
    expect(exact(await stage.send('POST', `${BASE}/keys`, withKey(manager.secret), body))).toEqual(NOT_ALLOWED);
  });

  it('keeps inline policies, each with an id by which it is read, until it ends', async () => {
    const statements = [
      { actions: ['tag:Read', 'file:*'], description: 'tags', resource: ['a/*'], workspace: 'lab' },
      { actions: ['tag:Write'] },
    ];
    const { created, id, policies, secret } = await minted({
      userId: 'ada',
      policies: [
        { statements, name: 'ignored' },
        { statements: [] },
        { statements: [{ actions: ['*'], workspace: '*' }] },
      ],
    });
    expect(policies).toHaveLength(3);
    const [first, second, third] = policies as unknown as [SkylineKey, SkylineKey, SkylineKey];
    expect(JSON.stringify(first)).toBe(
      `{"builtIn":false,"created":"${created}","deleted":false,"id":"${first.id}","name":"${first.name}","properties":null,` +
        '"statements":[{"actions":["tag:Read","file:*"],"description":"tags","resource":["a/*"],"workspace":"lab"},' +
        '{"actions":["tag:Write"],"description":"","resource":["*"]}],"type":"internal",' +
        `"updated":"${created}","userId":"ada","sessionPolicy":true}`,
    );
    expect(new Set([id, first.id, second.id, third.id]).size).toBe(4);
    for (const policy of [first, second, third]) {
      expect([policy.id, policy.name]).toEqual([expect.stringMatching(UUID), expect.stringMatching(UUID)]);
      expect((await stage.send('GET', `${BASE}/policies/${policy.id}`, ada)).body).toEqual(policy);
      expect((await stage.send('GET', `${BASE}/policies/${policy.id}`, basic('eve'))).status).toBe(404);
      for (const method of ['PUT', 'DELETE'] as const) {
        expect(exact(await stage.send(method, `${BASE}/policies/${policy.id}`, ada, { name: 'x' }))).toEqual(
          NOT_ALLOWED,
        );
      }
    }
    expect((await stage.send('DELETE', SELF, withKey(secret))).status).toBe(204);
    expect((await stage.send('GET', `${BASE}/policies/${first.id}`, ada)).status).toBe(404);
  });

  it('has a statement without workspace match none', async () => {
    const policies = [{ statements: [{ actions: ['niauth:*'] }] }];
    const { secret } = await minted({ userId: 'ada', policies });
    expect(exact(await stage.send('GET', `${BASE}/policies`, withKey(secret)))).toEqual(NOT_ALLOWED);
    expect((await auth(secret)).body).toMatchObject({
      policies: [{ statements: [{ actions: ['niauth:*'], resource: ['*'] }] }],
      workspaces: [],
    });
  });

  it('cannot be listed, read, changed or deleted by id', async () => {
    const { id } = await minted({ userId: 'ada' });
    for (const method of ['GET', 'PUT', 'DELETE'] as const) {
      const { status } = await stage.send(
        method,
        `${BASE}/keys/${id}`,
        ada,
        method === 'PUT' ? { name: 'x' } : undefined,
      );
      expect([method, status]).toEqual([method, 404]);
      expect((await stage.send(method, `${BASE}/session-keys/${id}`, ada)).body).toMatchObject({
        error: { name: 'SkylineWebServices.NotFound', code: -252217, message: 'The requested URI was not found.' },
      });
    }
    expect((await stage.send('GET', `${BASE}/session-keys`, ada)).status).toBe(405);
  });

  it('ends itself and no other session', async () => {
    const [one, other] = [await minted({ userId: 'ada' }), await minted({ userId: 'ada' })];
    const ended = await stage.send('DELETE', SELF, { ...withKey(one.secret), 'content-type': 'application/json' });
    expect([ended.status, ended.text]).toEqual([204, '']);
    expect(exact(await auth(one.secret))).toEqual(UNAUTHORIZED);
    expect(exact(await stage.send('DELETE', SELF, withKey(one.secret)))).toEqual(UNAUTHORIZED);
    expect((await auth(other.secret)).status).toBe(200);
  });

  it('is what DELETE self takes, and nothing else: 403 without a body', async () => {
    const { secret } = (await stage.send('POST', `${BASE}/keys`, ada, { name: 'k' })).body as SkylineKey;
    for (const as of [withKey(secret), whitelisted, ada]) {
      const { status, text, headers } = await stage.send('DELETE', SELF, as);
      expect([status, text, headers['content-type']]).toEqual([403, '', undefined]);
    }
    expect((await auth(secret)).status).toBe(200);
    expect(exact(await stage.send('DELETE', SELF))).toEqual(UNAUTHORIZED);
  });

  it('of an organisation alone belongs to nobody', async () => {
    const { policies, secret, userId } = await minted({
      orgId: 'acme',
      policyIds: [SUPER_USER],
      defaultWorkspace: 'lab',
    });
    expect([userId, policies]).toMatchObject([null, [{ id: SUPER_USER }]]);
    expect((await auth(secret)).text).toBe(
      '{"org":{"id":"acme","name":"Org acme","ownerId":"ada"},' +
        '"policies":[{"statements":[{"actions":["*"],"resource":["*"],"workspace":"*"}]}],"properties":{},"user":null,' +
        '"workspaces":[{"default":true,"enabled":true,"id":"lab","name":"Lab"},{"default":false,"enabled":false,"id":"hall","name":"Hall"}]}',
    );
    expect((await stage.send('GET', `${BASE}/keys`, withKey(secret))).status).toBe(200);
    const child = (await stage.send('POST', `${BASE}/keys`, withKey(secret), { name: 'k' })).body as SkylineKey;
    expect(child).toMatchObject({ name: 'k', userId: null });
    expect((await auth(child.secret)).body).toMatchObject({ user: null, org: { id: 'acme' } });
  });
});

describe('what may not be in its body', () => {
  it.each<[unknown, ReturnType<typeof missing>]>([
    [{}, missing('userId')],
    [{ orgId: null, userId: null }, missing('userId')],
    [{ userId: 5 }, invalidType('userId')],
    [{ userId: 'nobody' }, invalidValue('userId')],
    [{ userId: 'ada', orgId: 'umbrella' }, invalidValue('orgId')],
    [{ orgId: 'nowhere' }, invalidValue('orgId')],
    [{ orgId: 'o'.repeat(129) }, invalidValue('orgId')],
    [{ userId: 'ada', durationSeconds: 0 }, invalidValue('durationSeconds')],
    [{ userId: 'ada', durationSeconds: 86_401 }, invalidValue('durationSeconds')],
    [{ userId: 'ada', durationSeconds: -1 }, invalidValue('durationSeconds')],
    [{ userId: 'ada', durationSeconds: 1.5 }, invalidValue('durationSeconds')],
    [{ userId: 'ada', durationSeconds: '120' }, invalidType('durationSeconds')],
    [{ userId: 'ada', policies: {} }, invalidType('policies')],
    [{ userId: 'ada', policies: [null] }, invalidType('policies')],
    [{ userId: 'ada', policies: [{}] }, missing('statements')],
    [{ userId: 'ada', policies: [{ statements: [{}] }] }, missing('actions')],
    [{ userId: 'ada', policies: [{ statements: [{ actions: '*' }] }] }, invalidType('actions')],
    [{ userId: 'ada', policies: [{ statements: [{ actions: [] }] }] }, invalidValue('actions')],
    [{ userId: 'ada', policies: [{ statements: [{ actions: ['*:Read'] }] }] }, invalidValue('actions')],
    [{ userId: 'ada', policies: [{ statements: [{ actions: ['a b'] }] }] }, invalidValue('actions')],
    [{ userId: 'ada', policies: [{ statements: [{ actions: ['*'], resource: [''] }] }] }, invalidValue('resource')],
    [{ userId: 'ada', policies: [{ statements: [{ actions: ['*'], resource: '*' }] }] }, invalidType('resource')],
    [{ userId: 'ada', policies: [{ statements: [{ actions: ['*'], workspace: 'l*' }] }] }, invalidValue('workspace')],
    [{ userId: 'ada', policies: Array.from({ length: 101 }, () => ({ statements: [] })) }, invalidValue('policies')],
    [{ userId: 'ada', policyIds: 'x' }, invalidType('policyIds')],
    [{ userId: 'ada', properties: { temp: true } }, invalidType('properties')],
    [{ userId: 'ada', defaultWorkspace: [] }, invalidType('defaultWorkspace')],
  ])('%j', async (body, answer) => {
    expect(exact(await mint(body))).toEqual(answer);
  });

  it('a disabled user', async () => {
    stage.people.set('bob', { isEnabled: false });
    expect(exact(await mint({ userId: 'bob' }))).toEqual(invalidValue('userId'));
    expect(exact(await mint({ userId: 'bob' }, whitelisted, `/exceeding${BASE}/session-keys`))).toEqual(
      invalidValue('userId'),
    );
  });
});

describe('a whitelisted key', () => {
  it('opens nothing but its own calls, on either listener', async () => {
    const calls: [string, string][] = [
      ['GET', '/auth'],
      ['GET', '/user'],
      ['GET', '/keys'],
      ['POST', '/keys'],
      ['GET', '/policies'],
      ['POST', '/policies'],
      ['GET', '/policy-templates'],
      ['DELETE', `/keys/${SUPER_USER}`],
    ];
    for (const base of [BASE, `${INTERNAL}${BASE}`]) {
      for (const [method, path] of calls) {
        const body = method === 'POST' ? { name: 'x' } : undefined;
        expect([path, exact(await stage.send(method, base + path, whitelisted, body))]).toEqual([path, NOT_ALLOWED]);
      }
    }
  });

  it('is the only one that mints', async () => {
    const { token } = await stage.latchkey.apiKeys.create({ name: 'n', ownerId: 'ada', statements: [FULL_ACCESS] }, by);
    expect(exact(await mint({ userId: 'ada' }, withKey(token)))).toEqual(NOT_ALLOWED);
    expect(exact(await mint({ userId: 'ada' }, ada))).toEqual(NOT_ALLOWED);
    for (const key of ['wrong', `${WHITELISTED_KEY}x`, `${WHITELISTED_KEY.slice(0, -1)}x`, 'x'.repeat(5_000)]) {
      expect(exact(await mint({ userId: 'ada' }, withKey(key)))).toEqual(UNAUTHORIZED);
    }
    expect(exact(await mint({ userId: 'ada' }, {}))).toEqual(UNAUTHORIZED);
  });

  it('mints nothing where that is switched off, and nobody else does, whatever they send', async () => {
    for (const as of [whitelisted, ada, withKey('wrong'), {}]) {
      expect(exact(await mint({ userId: 'ada' }, as, `${BASE}/session-keys`))).toEqual(NOT_ALLOWED);
    }
    const text = await stage.send('POST', `${BASE}/session-keys`, whitelisted, 'no JSON');
    expect(exact(text)).toEqual(NOT_ALLOWED);
  });

  it('is known by its hash with or without a line feed, one of several, in either case', async () => {
    const other = Buffer.from('x'.repeat(42)).toString('base64');
    const hashes = [`${WHITELISTED_KEY}`, `${other}\n`].map((key) => createHash('sha512').update(key).digest('hex'));
    const own = await startStage((app, latchkey) => {
      const whitelistedApiKeyHashes = ` ${hashes[0]?.toUpperCase()} , ${hashes[1]},`;
      app.use('/', systemlink(latchkey, { whitelistedApiKeyHashes, whitelistedRoutes: true }));
    });
    for (const key of [WHITELISTED_KEY, other]) {
      const { status } = await own.send('POST', `${BASE}/session-keys`, withKey(key), { userId: 'ada' });
      expect(status).toBe(200);
    }
    await own.close();
  });

  it('and the secrets that it mints stand in no event and no entry of the trail', async () => {
    const events: LatchkeyEvent[] = [];
    const off = stage.latchkey.on('*', (event) => void events.push(event));
    const { secret, id } = await minted({ userId: 'ada', policyIds: [SUPER_USER] });
    await stage.send('GET', `${BASE}/auth`, whitelisted);
    await mint({ userId: 'ada' }, withKey(secret));
    await auth(`${secret.slice(0, -1)}${secret.endsWith('a') ? 'b' : 'a'}`);
    off();
    expect(events).toMatchObject([
      { type: 'key.created', actorId: 'systemlink whitelisted key', keyId: id, ownerId: 'ada', orgId: 'acme' },
      { type: 'request.forbidden', actorId: 'systemlink whitelisted key', path: `${BASE}/auth` },
      { type: 'request.forbidden', actorId: 'ada' },
      { type: 'request.refused', reason: 'wrong_secret' },
    ]);
    const { items } = await stage.latchkey.audit.list({ orgId: 'acme' });
    const told = JSON.stringify([events, items]);
    expect(items.length).toBeGreaterThan(0);
    for (const part of [WHITELISTED_KEY, secret, secret.slice(22)]) expect(told).not.toContain(part);
  });
});

describe('a user of a session key', () => {
  it('bounds it: what they may not do, it does not', async () => {
    const { secret } = await minted({ userId: 'bob', policyIds: [SUPER_USER] });
    expect(exact(await stage.send('GET', `${BASE}/policies`, withKey(secret)))).toEqual(NOT_ALLOWED);
  });

  it('does not where the host asks for it, but ends it all the same', async () => {
    const { secret, userId } = await minted(
      { userId: 'bob', policyIds: [SUPER_USER] },
      `/exceeding${BASE}/session-keys`,
    );
    expect(userId).toBe('bob');
    expect((await stage.send('GET', `${BASE}/policies`, withKey(secret))).status).toBe(200);
    expect((await auth(secret)).body).toMatchObject({ user: { id: 'bob' }, org: { id: 'acme' } });
    const child = (await stage.send('POST', `${BASE}/keys`, withKey(secret), { name: 'k' })).body as SkylineKey;
    expect([child.userId, (await auth(child.secret)).status]).toEqual(['bob', 200]);
    stage.people.set('bob', { orgId: 'umbrella' });
    expect(exact(await auth(secret))).toEqual(UNAUTHORIZED);
    expect(exact(await auth(child.secret))).toEqual(UNAUTHORIZED);
    stage.people.set('bob', { orgId: 'acme', isEnabled: false });
    expect(exact(await auth(secret))).toEqual(UNAUTHORIZED);
    stage.people.set('bob', { isEnabled: true });
    expect((await auth(secret)).status).toBe(200);
    stage.people.delete('bob');
    expect(exact(await auth(secret))).toEqual(UNAUTHORIZED);
  });
});
