import type { LatchkeyOptions } from '../../lib/index.js';
import { until } from '../conformance/store-suite.js';
import { Clock, DAY_MS } from '../lib/clock.js';
import type { Database } from '../lib/store-kinds.js';
import { STORE_KINDS } from '../lib/store-kinds.js';
import { type AdminApp, type Answer, startAdminApp } from '../support/admin-app.js';
import { People } from '../support/people.js';
import { loginOptions, signIn } from '../support/signed-in.js';

const HOUR_MS = 3_600_000;
/** Stores end sessions by clocks of their own: the tests' own one begins with these, and goes when told to. */
const START_AT = Date.now();
const at = (ms: number) => new Date(START_AT + ms).toISOString();

/** What the seeds tell, by the native API. Their own wire formats are tested with the dialects. */
describe.each(STORE_KINDS)('the stories of the seeds, on $name', ({ open }) => {
  let database: Database;
  let clock: Clock;
  let people: People;
  let app: AdminApp;
  /** A login of each, in one organisation. */
  let admin: Record<string, string>;
  let alice: Record<string, string>;

  beforeEach(async () => {
    database = await open();
    clock = new Clock();
    clock.nowAt = START_AT;
    people = new People().set('root', { statements: [{ actions: ['*'] }] }).set('alice', {
      statements: [
        { actions: ['keys:manage-own', 'computers:read'] },
        { actions: ['schemas:*'], resources: ['schemas/*'] },
      ],
    });
  });
  afterEach(async () => {
    await app.close();
    await database.stop();
  });

  async function start(options: LatchkeyOptions = {}): Promise<void> {
    const store = await database.connect();
    const often = { audit: { flushIntervalMs: 10 }, usage: { flushIntervalMs: 10 } };
    app = await startAdminApp(
      { ...loginOptions(people), store, now: clock.now, ...often, ...options },
      (host, latchkey) => {
        host.use(['/computers', '/schemas'], latchkey.authenticate());
        host.get('/computers', latchkey.requirePermission('computers:read'), (_req, res) => void res.json([]));
        host.post('/computers', latchkey.requirePermission('computers:write'), (_req, res) => void res.json([]));
        const schema = latchkey.requirePermission<{ id: string }>('schemas:read', (req) => `schemas/${req.params.id}`);
        host.get('/schemas/:id', schema, (_req, res) => void res.json({}));
      },
    );
    admin = await login('root');
    alice = await login('alice');
  }

  const login = async (userName: string) => (await signIn(app, userName)).headers;
  const as = (who: Record<string, string>) => (method: string, path: string, body?: object) =>
    app.call(method, path, null, body, who);
  const use = async (method: string, path: string, token: string) => (await app.callHost(method, path, token)).status;

  async function ok(asked: Promise<Answer>): Promise<Answer['body']> {
    const { status, text, body } = await asked;
    if (status >= 300) throw new Error(`${status}: ${text}`);
    return body;
  }

  describe('002, Workload Security: a key for a report on computers', () => {
    it('has the Auditor role, found by name, for two weeks, in the time zone of Tokyo', async () => {
      await start();
      const criteria = [{ field: 'name', test: 'equal', value: 'Auditor' }];
      const { items: roles } = await ok(as(admin)('POST', '/policies/search', { criteria }));
      expect(roles).toMatchObject([{ id: 'auditor', type: 'role', name: 'Auditor', isBuiltIn: true }]);

      const made = await ok(
        as(admin)('POST', '/api-keys', {
          name: 'Audit key',
          description: 'Read-only access',
          policyIds: roles.map(({ id }) => id),
          locale: 'en-US',
          timeZone: 'Asia/Tokyo',
          expiresAt: at(14 * DAY_MS),
        }),
      );
      expect(made).toMatchObject({
        timeZone: 'Asia/Tokyo',
        locale: 'en-US',
        expiresAt: at(14 * DAY_MS),
        policyIds: ['auditor'],
      });
      const { token } = made;

      expect(await use('GET', '/computers', token)).toBe(200);
      expect(await use('POST', '/computers', token)).toBe(403);
      expect((await app.call('GET', '/policies', token)).status).toBe(200);
      expect((await app.call('POST', '/policies', token, { name: 'n' })).status).toBe(403);
      expect((await app.call('POST', '/api-keys', token, { name: 'n' })).status).toBe(403);
      expect((await app.call('DELETE', `/api-keys/${made.id}`, token)).status).toBe(403);

      const inTokyo = [{ field: 'timeZone', test: 'equal', value: 'Asia/Tokyo' }];
      const { items: listed } = await ok(as(admin)('POST', '/api-keys/search', { criteria: inTokyo }));
      expect(listed).toMatchObject([{ id: made.id, name: 'Audit key', timeZone: 'Asia/Tokyo', state: 'active' }]);

      clock.advance(14 * DAY_MS - 1);
      expect(await use('GET', '/computers', token)).toBe(200);
      clock.advance(1);
      expect(await use('GET', '/computers', token)).toBe(401);
      expect(await app.latchkey.apiKeys.get(made.id)).toMatchObject({ state: 'expired', timeZone: 'Asia/Tokyo' });
    });

    it('is not made in a time zone, or with a role, that there is not', async () => {
      await start();
      const wrong = { name: 'n', policyIds: ['auditor', '2'], timeZone: 'Asia/Edo' };
      const { status, body } = await as(admin)('POST', '/api-keys', wrong);
      expect([status, body.errors]).toEqual([
        400,
        [
          { path: 'policyIds.1', message: 'names no policy' },
          { path: 'timeZone', message: 'must be an IANA time zone, e.g. "Europe/Berlin"' },
        ],
      ]);
    });
  });

  describe('000, SystemLink: a session key by referencing policies', () => {
    it('is not minted when one of the policies is not there, and is without it', async () => {
      await start({ policies: [{ id: 'reader', name: 'Reader', statements: [{ actions: ['computers:read'] }] }] });
      const statements = [{ actions: ['session-keys:issue', 'keys:grant', 'keys:read', 'audit:read', 'computers:*'] }];
      const issuer = (await app.key({ ownerId: 'root', orgId: 'acme', statements })).token;
      const asked = { userId: 'alice', orgId: 'acme', durationSeconds: 120, properties: { temp: 'yes' } };
      const missing = 'a256bd29-12ec-4cb0-b59e-19c03c47f3c6';

      const refused = await app.call('POST', '/session-keys', issuer, { ...asked, policyIds: ['reader', missing] });
      expect(refused).toMatchObject({
        status: 400,
        body: { code: 'invalid_request', errors: [{ path: 'policyIds.1', message: 'names no policy' }] },
      });
      expect(refused.text).not.toContain(missing);
      expect((await ok(app.call('GET', '/session-keys', issuer))).items).toEqual([]);
      expect((await ok(app.call('GET', '/audit?type=key.created&actor=root', issuer))).items).toEqual([]);

      const minted = await ok(app.call('POST', '/session-keys', issuer, { ...asked, policyIds: ['reader'] }));
      expect(minted).toMatchObject({
        sessionKey: true,
        ownerId: 'alice',
        properties: { temp: 'yes' },
        expiresAt: at(120_000),
        policies: [{ id: 'reader', name: 'Reader', isBuiltIn: true }],
      });
      expect(await use('GET', '/computers', minted.token)).toBe(200);
      expect(await use('POST', '/computers', minted.token)).toBe(403);
      expect((await ok(app.call('GET', '/session-keys', issuer))).items).toHaveLength(1);
      clock.advance(120_000);
      expect(await use('GET', '/computers', minted.token)).toBe(401);
    });
  });

  describe('003, Plexus Connect', () => {
    const PLEXUS: LatchkeyOptions = {
      keyRules: { mutable: ['description'] },
      keys: { defaultLifetimeMs: 180 * DAY_MS, allowExtension: false },
    };
    const TWO = ['schemas/6C6F63616C6462', 'schemas/6C6F63616C6463'];

    it('a user’s key is tied to the two schemas that were chosen, and refused on a third', async () => {
      await start(PLEXUS);
      const made = await ok(as(alice)('POST', '/api-keys', { name: 'script', resources: TWO }));
      expect(made).toMatchObject({ ownerId: 'alice', resources: TWO, expiresAt: at(180 * DAY_MS) });
      expect(await use('GET', `/${TWO[0]}`, made.token)).toBe(200);
      expect(await use('GET', `/${TWO[1]}`, made.token)).toBe(200);
      for (const id of ['6C6F63616C6464', '6C6F63616C646', '6C6F63616C64622', '*', '6c6f63616c6462']) {
        expect([id, await use('GET', `/schemas/${id}`, made.token)]).toEqual([id, 403]);
      }
      expect(await use('GET', '/computers', made.token)).toBe(403); // its owner may, the key is tied
    });

    it('only the comment of a key can change, whoever asks', async () => {
      await start(PLEXUS);
      const made = await ok(as(alice)('POST', '/api-keys', { name: 'script', description: 'old', resources: TWO }));
      const path = `/api-keys/${made.id}`;
      expect(await ok(as(alice)('PATCH', path, { description: 'new' }))).toMatchObject({
        description: 'new',
        version: 2,
      });
      expect(await ok(as(admin)('PATCH', path, { description: 'newer' }))).toMatchObject({ version: 3 });
      for (const [field, value, named = field] of [
        ['name', 'x'],
        ['statements', []],
        ['policyIds', []],
        ['resources', null],
        ['properties', {}],
        ['notBefore', null],
        ['expiresAt', at(DAY_MS)],
        ['expiresInSeconds', 60, 'expiresAt'],
        ['allowedAddresses', ['127.0.0.1']],
        ['allowedOrigins', ['https://app.example.com']],
        ['disableUnusedAfterSeconds', 3_600],
        ['maxRequestsPerMinute', 5],
        ['locale', 'de'],
        ['timeZone', 'Asia/Tokyo'],
      ] as const) {
        for (const who of [alice, admin]) {
          const { status, body } = await as(who)('PATCH', path, { description: 'x', [field]: value });
          expect([field, status, body.errors]).toEqual([field, 400, [{ path: named, message: 'cannot be changed' }]]);
        }
      }
      expect(await ok(as(alice)('GET', path))).toMatchObject({ description: 'newer', version: 3, resources: TWO });
    });

    it('deleting a key makes it expired for good, but readable', async () => {
      await start(PLEXUS);
      const made = await ok(as(alice)('POST', '/api-keys', { name: 'script', resources: TWO }));
      const path = `/api-keys/${made.id}`;
      clock.advance(HOUR_MS);
      const ended = { state: 'revoked', revokedAt: at(HOUR_MS), revokedBy: 'alice', revokedReason: 'laptop lost' };
      expect(await ok(as(alice)('DELETE', `${path}?reason=laptop%20lost`))).toMatchObject(ended);
      expect(await use('GET', `/${TWO[0]}`, made.token)).toBe(401);
      expect(await ok(as(alice)('GET', path))).toMatchObject({ ...ended, name: 'script', resources: TWO });
      expect((await ok(as(admin)('GET', '/api-keys?state=revoked'))).items).toMatchObject([{ id: made.id }]);
      expect((await as(alice)('PATCH', path, { description: 'x' })).status).toBe(409);
      expect((await as(admin)('POST', `${path}/enable`)).status).toBe(409);
      expect((await ok(as(admin)('GET', `/audit?credential=${made.id}&type=key.revoked`))).items).toMatchObject([
        { actorId: 'alice', after: { revokedAt: at(HOUR_MS), revokedReason: 'laptop lost' } },
      ]);
    });

    it('an administrator edits and deletes another’s key, and makes none for others without the right to', async () => {
      await start({ keys: PLEXUS.keys ?? {} });
      const made = await ok(as(alice)('POST', '/api-keys', { name: 'script', resources: TWO }));
      const path = `/api-keys/${made.id}`;
      const manager = (
        await app.key({
          ownerId: 'root',
          orgId: 'acme',
          actions: ['keys:read', 'keys:manage', 'schemas:*', 'computers:read', 'keys:manage-own'],
        })
      ).token;

      const changed = await ok(app.call('PATCH', path, manager, { description: 'seen', resources: [TWO[0]] }));
      expect(changed).toMatchObject({ ownerId: 'alice', createdBy: 'alice', description: 'seen', version: 2 });
      expect(await use('GET', `/${TWO[0]}`, made.token)).toBe(200);
      expect(await use('GET', `/${TWO[1]}`, made.token)).toBe(403);
      expect(await ok(as(alice)('GET', path))).toMatchObject({ description: 'seen', resources: [TWO[0]] });
      const { items } = await ok(as(alice)('GET', `/audit?credential=${made.id}&type=key.changed`));
      expect(items).toMatchObject([
        {
          actorId: 'root',
          before: { description: '', resources: TWO },
          after: { description: 'seen', resources: [TWO[0]] },
        },
      ]);
      expect((await app.call('POST', '/api-keys', manager, { name: 'n', ownerId: 'alice' })).status).toBe(403);
      expect(await ok(app.call('DELETE', path, manager))).toMatchObject({ state: 'revoked', revokedBy: 'root' });
      expect(await use('GET', `/${TWO[0]}`, made.token)).toBe(401);
    });

    it('the end of a key cannot be put off, by nobody; it can be brought forward', async () => {
      await start({ keys: PLEXUS.keys ?? {} });
      const made = await ok(as(alice)('POST', '/api-keys', { name: 'script' }));
      const path = `/api-keys/${made.id}`;
      const fault = [{ path: 'expiresAt', message: 'must not be put off: make a new key' }];
      for (const who of [alice, admin]) {
        for (const body of [
          { expiresAt: at(180 * DAY_MS + 1) },
          { expiresInSeconds: 181 * 86_400 },
          { expiresAt: null },
        ]) {
          const answer = await as(who)('PATCH', path, { description: 'x', ...body });
          expect([body, answer.status, answer.body.errors]).toEqual([body, 400, fault]);
        }
      }
      expect(await ok(as(alice)('GET', path))).toMatchObject({
        version: 1,
        description: '',
        expiresAt: at(180 * DAY_MS),
      });

      expect(await ok(as(alice)('PATCH', path, { expiresInSeconds: 7 * 86_400 }))).toMatchObject({
        expiresAt: at(7 * DAY_MS),
      });
      expect((await as(admin)('PATCH', path, { expiresAt: at(180 * DAY_MS) })).body.errors).toEqual(fault);
      clock.advance(7 * DAY_MS - 1);
      expect((await app.call('GET', '/whoami', made.token)).status).toBe(200);
      clock.advance(1);
      expect((await app.call('GET', '/whoami', made.token)).status).toBe(401);
      expect((await as(await login('alice'))('PATCH', path, { expiresInSeconds: 60 })).body.errors).toEqual(fault);
    });

    it('the use of a key, and each failure, are told', async () => {
      await start(PLEXUS);
      const made = await ok(as(alice)('POST', '/api-keys', { name: 'script', resources: TWO }));
      clock.advance(HOUR_MS);
      expect(await use('GET', `/${TWO[0]}`, made.token)).toBe(200);
      await ok(as(alice)('DELETE', `/api-keys/${made.id}`));
      expect(await use('GET', `/${TWO[0]}`, made.token)).toBe(401);
      await until('it is written', async () => {
        const { lastUsedAt, lastFailedAt, failureCount } = await ok(as(alice)('GET', `/api-keys/${made.id}`));
        return lastUsedAt === at(HOUR_MS) && lastFailedAt === at(HOUR_MS) && failureCount === 1;
      });
      await until('it is in the trail', async () => {
        const { items } = await ok(as(admin)('GET', `/audit?credential=${made.id}&outcome=refused`));
        return items.length === 1 && items[0]?.type === 'request.refused' && items[0].reason === 'revoked';
      });
    });
  });
});
