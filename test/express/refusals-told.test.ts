import { AuthError, hidden, type IssuedKey, type LatchkeyEvent, type LatchkeyOptions } from '../../lib/index.js';
import { generateSecret } from '../../lib/verification/secret.js';
import { Clock, START_AT } from '../lib/clock.js';
import { type AdminApp, type Answer, startAdminApp } from '../support/admin-app.js';

const MINUTE_MS = 60_000;
const BASE = { at: START_AT, address: '127.0.0.1' };
const UNKNOWN = 'nosuchkeynosuchkeynosu';

describe('a refusal is told of', () => {
  let clock: Clock;
  let app: AdminApp;
  let events: LatchkeyEvent[];

  beforeEach(() => start());
  afterEach(() => app.close());

  async function start(options: LatchkeyOptions = {}): Promise<void> {
    clock = new Clock();
    app = await startAdminApp({ now: clock.now, ...options }, (host, latchkey) => {
      host.post('/orders', latchkey.authenticate(), (req, res) => {
        const error = new AuthError('forbidden', { message: 'Orders are taken on weekdays.' });
        for (let i = 0; i < 3; i++) latchkey.tellForbidden(req, error);
        latchkey.tellForbidden(req, new AuthError('not_found'));
        latchkey.tellForbidden(req, new AuthError('unauthenticated'));
        res.status(403).json({});
      });
      host.get('/orders', latchkey.authenticate(), (req, _res, next) => {
        const error = hidden();
        latchkey.tellForbidden(req, error);
        next(error);
      });
      host.use(['/orders'], latchkey.errorHandler());
    });
    events = [];
    app.latchkey.on('request.forbidden', (event) => void events.push(event));
    app.latchkey.on('request.refused', (event) => void events.push(event));
  }

  const key = (ownerId: string, actions = ['orders:read'], orgId = 'acme') => app.key({ ownerId, orgId, actions });

  const forbidden = ({ key: { id, ownerId } }: IssuedKey, method: string, path: string, detail: string) => {
    const who = { orgId: 'acme', actorId: ownerId, credentialId: id };
    return { ...BASE, type: 'request.forbidden', ...who, method, path, detail };
  };

  /** What a client sees, but for the path that it asked for itself. */
  function seen({ status, headers, text }: Answer, id: string): unknown {
    const kept = [...headers].filter(([name]) => !['date', 'etag', 'connection', 'keep-alive'].includes(name));
    return { status, text: text.replaceAll(id, 'id'), headers: kept };
  }

  describe('where it is answered as if there were no such key:', () => {
    const NOT_HERE = 'There is no such thing here.';

    it.each<[string, string, unknown]>([
      ['GET', '', undefined],
      ['PATCH', '', { name: 'mine' }],
      ['DELETE', '', undefined],
      ['POST', '/rotate', {}],
      ['POST', '/disable', undefined],
      ['POST', '/enable', undefined],
    ])('%s %s', async (method, end, body) => {
      const asker = await key('ada', ['keys:manage-own']);
      const hiddenKeys = [await key('bob'), await key('ada', ['orders:read'], 'rivals')];
      const pathOf = (id: string) => `/api-keys/${id}${end}`;
      const unknown = await app.call(method, pathOf(UNKNOWN), asker.token, body);
      expect([unknown.status, events]).toEqual([404, []]);
      for (const { key: target } of hiddenKeys) {
        const answer = await app.call(method, pathOf(target.id), asker.token, body);
        expect(seen(answer, target.id)).toEqual(seen(unknown, UNKNOWN));
        expect(events.splice(0)).toEqual([forbidden(asker, method, `/auth${pathOf(target.id)}`, NOT_HERE)]);
        expect(await app.latchkey.apiKeys.get(target.id)).toMatchObject({ state: 'active', version: 1 });
      }
    });

    it('DELETE of the session key of somebody else', async () => {
      const asker = await key('ada', ['keys:manage-own']);
      const { key: target } = await app.latchkey.sessionKeys.mint(
        { userId: 'bob', orgId: 'acme', durationMs: MINUTE_MS },
        { by: 'test' },
      );
      expect((await app.call('DELETE', `/session-keys/${UNKNOWN}`, asker.token)).status).toBe(404);
      expect(events).toEqual([]);
      expect((await app.call('DELETE', `/session-keys/${target.id}`, asker.token)).status).toBe(404);
      expect(events).toEqual([forbidden(asker, 'DELETE', `/auth/session-keys/${target.id}`, NOT_HERE)]);
    });

    it('each key of a bulk call, and none that is unknown or was revoked', async () => {
      const asker = await key('ada', ['keys:manage-own', 'keys:read']);
      const [own, bobs, rivals] = [await key('ada'), await key('bob'), await key('ada', ['orders:read'], 'rivals')];
      const ids = [bobs.key.id, UNKNOWN, own.key.id, rivals.key.id];
      const answer = await app.call('POST', '/api-keys/revoke', asker.token, { ids });
      expect([answer.status, answer.body.results]).toEqual([
        200,
        [
          { id: bobs.key.id, outcome: 'forbidden' },
          { id: UNKNOWN, outcome: 'not_found' },
          { id: own.key.id, outcome: 'revoked' },
          { id: rivals.key.id, outcome: 'not_found' },
        ],
      ]);
      expect(events).toEqual([
        forbidden(asker, 'POST', '/auth/api-keys/revoke', 'The credential lacks the right "keys:manage".'),
        forbidden(asker, 'POST', '/auth/api-keys/revoke', NOT_HERE),
      ]);
    });
  });

  describe('by the host’s own code', () => {
    it('once, however often it tells of it, and nothing that is no want of a right', async () => {
      const asker = await key('ada');
      expect((await app.callHost('POST', '/orders', asker.token)).status).toBe(403);
      expect(events).toEqual([forbidden(asker, 'POST', '/orders', 'Orders are taken on weekdays.')]);
    });

    it('once also where the error handler sees it, too', async () => {
      const asker = await key('ada');
      expect((await app.callHost('GET', '/orders', asker.token)).status).toBe(404);
      expect(events).toEqual([forbidden(asker, 'GET', '/orders', 'There is no such thing here.')]);
    });
  });

  describe('with the organisation and the owner of the key,', () => {
    const refused = ({ key: { id } }: IssuedKey, reason: string) => {
      const what = { reason, scheme: 'api-key-header', credentialId: id, orgId: 'acme', ownerId: 'ada' };
      return { ...BASE, type: 'request.refused', ...what, method: 'POST', path: '/orders' };
    };

    const ask = async (token: string) => (await app.callHost('POST', '/orders', token)).status;

    it('which was used too often', async () => {
      const limited = await app.key({ ownerId: 'ada', orgId: 'acme', maxRequestsPerMinute: 1 });
      expect(await ask(limited.token)).toBe(403);
      events.length = 0;
      expect(await ask(limited.token)).toBe(429);
      expect(events).toEqual([refused(limited, 'rate_limited')]);
    });

    it('whose secret was guessed too often', async () => {
      await app.close();
      await start({ lockout: { secretLimit: 2 } });
      const guessed = await key('ada');
      const rotated = await app.latchkey.apiKeys.rotate(guessed.key.id, { by: 'test' });
      for (const status of [401, 401, 429]) expect(await ask(guessed.token)).toBe(status);
      const reasons = ['wrong_secret', 'wrong_secret', 'too_many_attempts'];
      expect(events.splice(0)).toEqual(reasons.map((reason) => refused(guessed, reason)));
      expect(await ask(rotated.token)).toBe(403); // who knows the secret is let in
    });

    it.each([undefined, { maxEntries: 0 }])('which was revoked, with the cache %j', async (cache) => {
      await app.close();
      await start({ ...(cache && { cache }) });
      const issued = await key('ada');
      expect(await ask(issued.token)).toBe(403);
      events.length = 0;
      await app.latchkey.apiKeys.revoke(issued.key.id, { by: 'test' });
      for (let i = 0; i < 2; i++) expect(await ask(issued.token)).toBe(401);
      expect(events).toEqual([refused(issued, 'revoked'), refused(issued, 'revoked')]);
    });

    it('but of nobody where the key is unknown', async () => {
      await app.close();
      await start({ lockout: { secretLimit: 1 } });
      const { token } = generateSecret('lk');
      for (const status of [401, 429]) expect(await ask(token)).toBe(status);
      const nobody = { orgId: null, ownerId: null };
      expect(events).toMatchObject([
        { reason: 'unknown_id', ...nobody },
        { reason: 'too_many_attempts', ...nobody },
      ]);
    });
  });
});
