import type { NewKey } from '../../lib/index.js';
import { type AdminApp, startAdminApp } from '../support/admin-app.js';

const UUID = '6f1d2c3b-4a59-4e8f-9a7b-0c1d2e3f4a5b';
const SECRET = 'iCwy0wQ4E9cGDQ3tJDxtyNqi/41Y1e4xO0h+QbH2wZM=';
const draw = (id = UUID) => ({ id, secret: SECRET });
const OWN = ['keys:manage-own', 'session-keys:issue', 'orders:read'];

describe('at the native routes', () => {
  let app: AdminApp;

  beforeEach(async () => {
    app = await startAdminApp();
  });
  afterEach(() => app.close());

  const make = (actions: string[], fields: Partial<NewKey> = {}) =>
    app.latchkey.apiKeys.create(
      { name: 'made elsewhere', ownerId: 'alice', statements: [{ actions }], ...fields },
      { by: 'test', draw },
    );

  describe('a key whose pair was drawn', () => {
    it('is read, changed, rotated, disabled and revoked as any other', async () => {
      const { token } = await make(OWN, { dialects: { trend: { locale: 'de' } } });
      const own = `/api-keys/${UUID}`;
      expect((await app.call('GET', own, token)).body).toMatchObject({ id: UUID, prefix: '', lastFour: 'wZM=' });
      expect((await app.call('PATCH', own, token, { name: 'new' })).body).toMatchObject({ id: UUID, name: 'new' });
      const rotated = await app.call('POST', `${own}/rotate`, token, {});
      expect(rotated.body).toMatchObject({ id: UUID, token: `${UUID}:${rotated.body.secret}` });
      expect((await app.call('GET', own, token)).status).toBe(401);
      const next = rotated.body.token;
      expect(await app.latchkey.apiKeys.get(UUID)).toMatchObject({ dialects: { trend: { locale: 'de' } } });
      expect((await app.call('DELETE', own, next)).status).toBe(200);
      expect((await app.call('GET', own, next)).status).toBe(401);
    });

    it('ends when somebody has found its secret', async () => {
      const { token } = await make(OWN);
      expect((await app.call('POST', '/leaked', null, { token })).body).toEqual({ revoked: true });
      expect((await app.call('GET', '/whoami', token)).status).toBe(401);
    });
  });

  it('what only products know is neither shown nor taken', async () => {
    const dialects = { trend: { note: 'unseen' } };
    const { token } = await make(['*'], { dialects });
    const { id } = await app.latchkey.policies.create({ name: 'p', statements: [], dialects }, { by: 'test' });
    const shown = ['/api-keys', `/api-keys/${UUID}`, '/policies', `/policies/${id}`, '/whoami', '/audit'];
    for (const path of shown) {
      const { status, text } = await app.call('GET', path, token);
      expect([path, status, text.includes('unseen')]).toEqual([path, 200, false]);
      if (path !== '/audit') expect(text).not.toContain('dialects');
    }
    const bodies: [string, string, object][] = [
      ['POST', '/api-keys', { name: 'n', dialects }],
      ['POST', '/api-keys', { name: 'n', ownerKind: 'service' }],
      ['POST', '/api-keys', { name: 'n', draw: 1 }],
      ['PATCH', `/api-keys/${UUID}`, { dialects }],
      ['POST', `/api-keys/${UUID}/rotate`, { draw: 1 }],
      ['POST', '/session-keys', { dialects }],
      ['POST', '/policies', { name: 'n', statements: [], dialects }],
      ['POST', '/policies', { name: 'n', statements: [], id: 'mine' }],
      ['PATCH', `/policies/${id}`, { dialects }],
    ];
    for (const [method, path, body] of bodies) {
      const { status, body: answer } = await app.call(method, path, token, body);
      expect([status, answer.errors.map((error) => error.path)]).toEqual([400, [Object.keys(body).at(-1)]]);
    }
  });

  describe('the key of a service', () => {
    const service = (actions: string[]) => make(actions, { ownerKind: 'service' });
    const user = (actions: string[]) => app.key({ actions });
    let sessionKey: string;
    let usersOwn: string;

    beforeEach(async () => {
      await service(OWN);
      const minter = await user(OWN);
      usersOwn = minter.key.id;
      sessionKey = (await app.call('POST', '/session-keys', minter.token, {})).body.id;
    });

    it('is nobody’s own: not that of a user of the same id', async () => {
      const { token } = await user(OWN);
      expect((await app.call('GET', `/api-keys/${UUID}`, token)).status).toBe(404);
      expect((await app.call('DELETE', `/api-keys/${UUID}`, token)).status).toBe(404);
      expect((await app.call('POST', `/api-keys/${UUID}/rotate`, token, {})).status).toBe(404);
      expect((await app.call('POST', '/api-keys/revoke', token, { ids: [UUID] })).body).toMatchObject({
        results: [{ id: UUID, outcome: 'not_found' }],
      });
      for (const [method, path, body] of [
        ['GET', '/api-keys?limit=1', undefined],
        ['POST', '/api-keys/search', { criteria: [], maxItems: 200 }],
      ] as const) {
        const { status, text } = await app.call(method, path, token, body);
        expect([status, text.includes(UUID)]).toEqual([200, false]);
      }
      const admin = (await user(['keys:read', 'keys:manage'])).token;
      expect((await app.call('GET', '/api-keys?ownerId=alice', admin)).text).toContain(UUID);
      expect((await app.call('POST', `/api-keys/${UUID}/rotate`, admin, {})).status).toBe(403); // lacks keys:grant
    });

    it('manages nothing as its own: not what a user of the same id has', async () => {
      const token = `${UUID}:${SECRET}`;
      const refused: [string, string, unknown, number][] = [
        ['GET', '/api-keys', undefined, 403],
        ['GET', '/api-keys?ownerId=alice', undefined, 403],
        ['GET', `/api-keys/${usersOwn}`, undefined, 404],
        ['DELETE', `/api-keys/${usersOwn}`, undefined, 404],
        ['POST', '/api-keys', { name: 'more' }, 403],
        ['DELETE', `/session-keys/${sessionKey}`, undefined, 404],
        ['GET', '/audit', undefined, 403],
      ];
      for (const [method, path, body, expected] of refused) {
        const { status } = await app.call(method, path, token, body);
        expect([method, path, status]).toEqual([method, path, expected]);
      }
      const listed = await app.call('GET', '/session-keys', token);
      expect([listed.status, listed.body.items]).toEqual([200, []]);
    });

    it('sees and revokes the session keys that it has minted, which a user of the same id does not', async () => {
      const token = `${UUID}:${SECRET}`;
      const minted = await app.call('POST', '/session-keys', token, { statements: [{ actions: ['orders:read'] }] });
      expect([minted.status, minted.body.ownerKind]).toEqual([201, 'service']);
      const { items } = (await app.call('GET', '/session-keys', token)).body;
      expect(items.map(({ id }) => id)).toEqual([minted.body.id]);
      const other = (await user(OWN)).token;
      expect((await app.call('DELETE', `/session-keys/${minted.body.id}`, other)).status).toBe(404);
      expect((await app.call('GET', '/session-keys', other)).text).not.toContain(minted.body.id);
      expect((await app.call('DELETE', `/session-keys/${minted.body.id}`, token)).status).toBe(200);
    });

    it('says what it is, and a user does, too', async () => {
      expect((await app.call('GET', '/whoami', `${UUID}:${SECRET}`)).body).toMatchObject({ ownerKind: 'service' });
      expect((await app.call('GET', '/whoami', (await user(OWN)).token)).body).toMatchObject({ ownerKind: 'user' });
    });
  });
});
