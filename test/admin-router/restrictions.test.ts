import type { EventOf, IssuedKey } from '../../lib/index.js';
import { until } from '../conformance/store-suite.js';
import { Clock, DAY_MS, START_AT } from '../lib/clock.js';
import type { Database } from '../lib/store-kinds.js';
import { STORE_KINDS } from '../lib/store-kinds.js';
import { type AdminApp, startAdminApp } from '../support/admin-app.js';

const HOUR_MS = 3_600_000;
const ADDRESSES = ['203.0.113.0/24', '198.51.100.7', '2001:db8::/32'];
const ORIGINS = ['https://app.example.com', 'http://localhost:3000'];

describe.each(STORE_KINDS)('restrictions of a key on $name', ({ open }) => {
  let database: Database;
  const apps: AdminApp[] = [];
  let clock: Clock;
  let app: AdminApp;
  let orgs = 0;
  let orgId: string;
  /** A key of an administrator, who is where they like. */
  let admin: string;

  beforeAll(async () => {
    database = await open();
  });
  afterAll(async () => {
    for (const each of apps) await each.close();
    await database.stop();
  });
  beforeEach(() => {
    clock = new Clock();
    orgId = `acme-${orgs++}`; // every test has its own: the database is one
  });

  async function start(trustProxy: unknown = 'loopback', options: object = {}): Promise<void> {
    const store = await database.connect();
    const often = { audit: { flushIntervalMs: 10 }, usage: { flushIntervalMs: 10 } };
    app = await startAdminApp(
      { store, now: clock.now, ...often, ...options },
      (host) => void host.set('trust proxy', trustProxy),
    );
    apps.push(app);
    admin = (await app.key({ ownerId: 'root', orgId, actions: ['*'] })).token;
  }

  async function make(body: object): Promise<IssuedKey> {
    const made = await app.call('POST', '/api-keys', admin, { name: 'k', statements: [], ...body });
    if (made.status !== 201) throw new Error(made.text);
    return { key: made.body as unknown as IssuedKey['key'], token: made.body.token, secret: made.body.secret };
  }
  const whoami = (token: string | null, headers: Record<string, string>) =>
    app.call('GET', '/whoami', token, undefined, headers);
  const from = async ({ token }: IssuedKey, ...addresses: string[]) =>
    (await whoami(token, { 'x-forwarded-for': addresses.join(', ') })).status;
  const on = async ({ token }: IssuedKey, origin: string | null) =>
    (await whoami(token, origin === null ? {} : { origin })).status;
  const change = (issued: IssuedKey, body: object) => app.call('PATCH', `/api-keys/${issued.key.id}`, admin, body);

  describe('to addresses, behind a proxy that the app trusts:', () => {
    it.each<[string, number]>([
      ['203.0.113.0', 200],
      ['203.0.113.255', 200],
      ['203.0.112.255', 401],
      ['203.0.114.0', 401],
      ['198.51.100.7', 200],
      ['198.51.100.8', 401],
      ['::ffff:203.0.113.9', 200],
      ['::FFFF:198.51.100.7', 200],
      ['::ffff:cb00:7109', 200], // 203.0.113.9
      ['::ffff:198.51.100.8', 401],
      ['2001:db8::1', 200],
      ['2001:DB8:ffff:FFFF:ffff:ffff:ffff:ffff', 200],
      ['2001:0db8:0:0:0:0:0:1', 200],
      ['2001:db9::', 401],
      ['2001:db7:ffff::', 401],
      ['::1', 401],
      ['127.0.0.1', 401],
      ['unknown', 401],
      ['203.0.113', 401],
      ['203.0.113.07', 401],
      ['203.0.113.7:8080', 401],
      ['', 401], // then it is the proxy's own
    ])('%s: %i', async (address, status) => {
      await start();
      const issued = await make({ allowedAddresses: ADDRESSES });
      expect(await from(issued, address)).toBe(status);
    });

    it('what a client says of itself before the proxy does not count', async () => {
      await start();
      const issued = await make({ allowedAddresses: ADDRESSES });
      expect(await from(issued, '203.0.113.7', '192.0.2.1')).toBe(401);
      expect(await from(issued, '192.0.2.1', '203.0.113.7')).toBe(200);
      expect(await from(issued, '203.0.113.7', '127.0.0.1')).toBe(200); // a second proxy of the app's
    });

    it('in every form that a key comes in, on every route', async () => {
      await start();
      const issued = await make({ allowedAddresses: ADDRESSES, statements: [{ actions: ['*'] }] });
      const pair = Buffer.from(`${issued.key.id}:${issued.secret}`).toString('base64');
      for (const credential of [
        { 'x-api-key': issued.token },
        { authorization: `ApiKey ${pair}` },
        { authorization: `Basic ${pair}` },
      ] as Record<string, string>[]) {
        for (const path of ['/whoami', '/api-keys', '/audit']) {
          const ask = (address: string) =>
            app.call('GET', path, null, undefined, { ...credential, 'x-forwarded-for': address });
          expect([(await ask('203.0.113.1')).status, (await ask('192.0.2.1')).status]).toEqual([200, 401]);
        }
      }
    });

    it('a change is in force at once', async () => {
      await start();
      const issued = await make({});
      expect(await from(issued, '192.0.2.1')).toBe(200);
      await change(issued, { allowedAddresses: ['203.0.113.0/24'] });
      expect(await from(issued, '192.0.2.1')).toBe(401);
      await change(issued, { allowedAddresses: ['192.0.2.1', '203.0.113.0/24'] });
      expect(await from(issued, '192.0.2.1')).toBe(200);
      await change(issued, { allowedAddresses: null });
      expect(await from(issued, '198.51.100.1')).toBe(200);
    });

    it('outside it is the same 401 as for a key that is not there; inside it is told, with the address', async () => {
      await start();
      const issued = await make({ allowedAddresses: ADDRESSES });
      const told: EventOf<'request.refused'>[] = [];
      app.latchkey.on('request.refused', (event) => void told.push(event));
      const headers = { 'x-forwarded-for': '192.0.2.1' };
      const refused = await whoami(issued.token, headers);
      const revoked = await make({});
      await app.call('DELETE', `/api-keys/${revoked.key.id}`, admin);
      const other = await whoami(revoked.token, headers);
      expect([refused.status, refused.text]).toEqual([other.status, other.text]);
      expect(refused.headers.get('www-authenticate')).toBe(other.headers.get('www-authenticate'));
      const entry = { reason: 'address_not_allowed', address: '192.0.2.1', credentialId: issued.key.id, orgId };
      expect(told[0]).toMatchObject(entry);
      await until('it is in the trail', async () => {
        const { body } = await app.call('GET', `/audit?outcome=refused&credential=${issued.key.id}`, admin);
        return body.items.some((item) => item.reason === 'address_not_allowed' && item.address === '192.0.2.1');
      });
      await until('it is counted', async () => (await app.latchkey.apiKeys.get(issued.key.id))?.failureCount === 1);
      expect(await from(issued, '203.0.113.7')).toBe(200);
      await until('its use is counted', async () => {
        return (await app.latchkey.apiKeys.get(issued.key.id))?.lastUsedFrom === '203.0.113.7';
      });
    });

    it.each<[string, unknown, readonly string[], number]>([
      ['no proxy is trusted', false, ['203.0.113.7'], 401],
      ['one hop is trusted', 1, ['192.0.2.1', '203.0.113.7'], 200],
      ['one hop is trusted', 1, ['203.0.113.7', '192.0.2.1'], 401],
      ['two hops are trusted', 2, ['203.0.113.7', '192.0.2.1'], 200],
      ['everybody is trusted', true, ['203.0.113.7', '192.0.2.1'], 200],
      ['a function decides', (address: string) => address !== '203.0.113.7', ['203.0.113.7', '192.0.2.1'], 200],
      ['another proxy is trusted', '10.0.0.0/8', ['203.0.113.7'], 401],
    ])('as Express decides, where %s: %j', async (_what, trust, addresses, status) => {
      await start(trust);
      const issued = await make({ allowedAddresses: ADDRESSES });
      expect(await from(issued, ...addresses)).toBe(status);
    });

    it('without a proxy it is the address of the connection', async () => {
      await start(false);
      const issued = await make({ allowedAddresses: ['127.0.0.1'] });
      expect(await from(issued, '192.0.2.1')).toBe(200);
      expect((await whoami(issued.token, {})).status).toBe(200);
    });
  });

  describe('to origins:', () => {
    it.each<[string | null, number]>([
      ['https://app.example.com', 200],
      ['http://localhost:3000', 200],
      [null, 401],
      ['', 401],
      ['null', 401],
      ['http://app.example.com', 401],
      ['https://app.example.com:443', 401],
      ['https://app.example.com:8443', 401],
      ['https://app.example.com/', 401],
      ['https://APP.example.com', 401],
      ['https://evil-app.example.com', 401],
      ['https://app.example.com.evil.example', 401],
      ['https://app.example.com, https://evil.example', 401],
      ['http://localhost', 401],
      ['*', 401],
    ])('%s: %i', async (origin, status) => {
      await start();
      const issued = await make({ allowedOrigins: ORIGINS });
      expect(await on(issued, origin)).toBe(status);
    });

    it('a change is in force at once, and the refusal told', async () => {
      await start();
      const issued = await make({});
      expect(await on(issued, null)).toBe(200);
      const told: EventOf<'request.refused'>[] = [];
      app.latchkey.on('request.refused', (event) => void told.push(event));
      await change(issued, { allowedOrigins: ['https://app.example.com'] });
      expect([await on(issued, null), await on(issued, 'https://app.example.com')]).toEqual([401, 200]);
      expect(told).toMatchObject([{ reason: 'origin_not_allowed', credentialId: issued.key.id }]);
      await change(issued, { allowedOrigins: null });
      expect(await on(issued, 'https://elsewhere.example')).toBe(200);
    });
  });

  it.each<[object, string]>([
    [{ allowedAddresses: [] }, 'allowedAddresses'],
    [{ allowedAddresses: ['203.0.113.0/24', '203.0.113.1/33'] }, 'allowedAddresses.1'],
    [{ allowedAddresses: ['localhost'] }, 'allowedAddresses.0'],
    [{ allowedAddresses: ['::ffff:203.0.113.1'] }, 'allowedAddresses.0'],
    [{ allowedAddresses: ['fe80::1%eth0'] }, 'allowedAddresses.0'],
    [{ allowedAddresses: ['::1', '0:0:0:0:0:0:0:1'] }, 'allowedAddresses'],
    [{ allowedOrigins: [] }, 'allowedOrigins'],
    [{ allowedOrigins: ['https://app.example.com/'] }, 'allowedOrigins.0'],
    [{ allowedOrigins: ['https://*.example.com'] }, 'allowedOrigins.0'],
    [{ allowedOrigins: ['null'] }, 'allowedOrigins.0'],
    [{ disableUnusedAfterSeconds: 3_599 }, 'disableUnusedAfterSeconds'],
    [{ maxRequestsPerMinute: 0 }, 'maxRequestsPerMinute'],
    [{ notBefore: '2026-01-01' }, 'notBefore'],
  ])('names the field of %j, when a key is made and when it is changed', async (body, path) => {
    await start();
    const made = await app.call('POST', '/api-keys', admin, { name: 'k', ...body });
    expect([made.status, made.body.errors[0]?.path]).toEqual([400, path]);
    const changed = await change(await make({}), body);
    expect([changed.status, changed.body.errors[0]?.path]).toEqual([400, path]);
  });

  it('to a time: not before, and when nobody has used it for so long', async () => {
    await start();
    const at = new Date(START_AT + DAY_MS).toISOString();
    const issued = await make({ notBefore: at, disableUnusedAfterSeconds: 3_600 });
    expect(issued.key).toMatchObject({ state: 'pending', notBefore: at, disableUnusedAfterSeconds: 3_600 });
    expect((await whoami(issued.token, {})).status).toBe(401);
    await change(issued, { notBefore: null });
    for (let n = 0; n < 3; n++) {
      clock.advance(HOUR_MS);
      expect((await whoami(issued.token, {})).status).toBe(200);
      await until('its use is written', async () => {
        return (await app.latchkey.apiKeys.get(issued.key.id))?.lastUsedAt === clock.nowAt;
      });
    }
    clock.advance(2 * HOUR_MS);
    expect((await whoami(issued.token, {})).status).toBe(401);
  });

  it('to a number: a user has no more keys than the host allows, whoever makes them, and however fast', async () => {
    await start('loopback', { keyRules: { maxPerUser: 3 } });
    const makeFor = (ownerId: string) => app.call('POST', '/api-keys', admin, { name: 'k', ownerId, statements: [] });
    const rush = await Promise.all(Array.from({ length: 8 }, () => makeFor('alice')));
    const made = rush.filter(({ status }) => status === 201); // of many at once all may be too many
    expect(made.length).toBeLessThanOrEqual(3);
    for (let more = made.length; more < 3; more++) expect((await makeFor('alice')).status).toBe(201);
    const refused = await makeFor('alice');
    expect([refused.status, refused.body.code]).toEqual([409, 'conflict']);
    expect((await makeFor('bob')).status).toBe(201);
    expect((await app.call('POST', '/session-keys', admin, { userId: 'alice' })).status).toBe(201);
    const active = '/api-keys?ownerId=alice&state=active&kind=api-key&limit=200';
    const [one] = (await app.call('GET', active, admin)).body.items;
    expect((await app.call('DELETE', `/api-keys/${one?.id}`, admin)).status).toBe(200);
    expect((await makeFor('alice')).status).toBe(201);
    expect((await makeFor('alice')).status).toBe(409);
    expect((await app.call('GET', active, admin)).body.items).toHaveLength(3);
  });
});
