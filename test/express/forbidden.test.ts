import type { Express } from 'express';
import { adminRouter } from '../../admin-router/index.js';
import {
  AuthError,
  type EventOf,
  type IssuedKey,
  type Latchkey,
  type LatchkeyEvent,
  type NewKey,
} from '../../lib/index.js';
import { createLatchkey } from '../../lib/latchkey.js';
import { generateSecret } from '../../lib/verification/secret.js';
import { EXPRESS_VERSIONS } from './express-versions.js';
import type { RunningApp } from './raw-request.js';
import { listen, send } from './raw-request.js';

const NOW_AT = 1_750_000_000_000;

describe.each(EXPRESS_VERSIONS)('what is told of requests that were not let through, in $name', ({ express }) => {
  let latchkey: Latchkey;
  let app: Express;
  let server: RunningApp | undefined;
  let events: LatchkeyEvent[];

  beforeEach(() => {
    latchkey = createLatchkey({ now: () => NOW_AT });
    app = express();
    server = undefined;
    events = [];
    latchkey.on('request.forbidden', (event) => void events.push(event));
    latchkey.on('request.refused', (event) => void events.push(event));
  });
  afterEach(async () => {
    await server?.close();
    await latchkey.close();
  });

  const key = (input: Partial<NewKey> = {}): Promise<IssuedKey> => {
    const statements = [{ actions: ['keys:manage-own'] }];
    return latchkey.apiKeys.create(
      { name: 'ci', ownerId: 'ada', orgId: 'acme', statements, ...input },
      { by: 'setup' },
    );
  };

  async function get(path: string, token?: string): Promise<number> {
    server ??= await listen(app);
    return (await send(server, path, token === undefined ? [] : [['X-API-Key', token]])).status;
  }

  const base = { at: NOW_AT, address: '127.0.0.1', method: 'GET' };
  const forbidden = (issued: IssuedKey, fields: Partial<EventOf<'request.forbidden'>>) => {
    const who = { orgId: 'acme', actorId: 'ada', credentialId: issued.key.id };
    return { ...base, type: 'request.forbidden', ...who, ...fields };
  };
  const LACKS = 'The credential lacks the right "orders:read".';

  describe('once for each refusal', () => {
    it.each([false, true])('by requirePermission, failWithError %s', async (failWithError) => {
      app.get(
        '/orders/:id',
        latchkey.authenticate(),
        latchkey.requirePermission('orders:read', (req) => `orders/${req.params.id}`, { failWithError }),
      );
      app.use(latchkey.errorHandler());
      const issued = await key();
      expect(await get('/orders/1?page=2', issued.token)).toBe(403);
      expect(events).toEqual([forbidden(issued, { detail: LACKS, path: '/orders/1' })]);
      expect(await get('/orders/1', issued.token)).toBe(403);
      expect(events).toHaveLength(2);
    });

    it('by a service that the app calls with the principal', async () => {
      app.get('/make', latchkey.authenticate(), (req, res, next) => {
        const statements = [{ actions: ['keys:manage-own'] }, { actions: ['orders:read'] }, { actions: ['*'] }];
        latchkey.apiKeys
          .create({ name: 'n', ownerId: 'ada', orgId: 'other', statements }, { by: req.user ?? '' })
          .then((made) => void res.json(made), next);
      });
      app.use(latchkey.errorHandler());
      const issued = await key();
      expect(await get('/make', issued.token)).toBe(403);
      const detail = expect.stringMatching(
        /^The key would have more rights than the credential\. \(statements\.1, statements\.2.*\)$/,
      );
      expect(events).toEqual([forbidden(issued, { detail, path: '/make' })]);
    });

    it('by the admin router, with the path it is mounted at', async () => {
      app.use('/auth', adminRouter(latchkey));
      const issued = await key({ statements: [] });
      expect(await get('/auth/api-keys?limit=1', issued.token)).toBe(403);
      const detail = 'The credential lacks the right "keys:manage-own".';
      expect(events).toEqual([forbidden(issued, { detail, path: '/auth/api-keys' })]);
    });

    it('also where one error serves for many requests', async () => {
      const shared = new AuthError('forbidden');
      app.get('/', (_req, _res, next) => next(shared));
      app.use(latchkey.errorHandler(), latchkey.errorHandler());
      for (let i = 0; i < 3; i++) expect(await get('/')).toBe(403);
      const nobody = { orgId: null, actorId: null, credentialId: null };
      const detail = 'The credential does not have the right to do this.';
      const event = { ...base, type: 'request.forbidden', ...nobody, detail, path: '/' };
      expect(events).toEqual([event, event, event]);
    });
  });

  it('nothing of other errors, nor of a user that is none of ours', async () => {
    app.get('/nobody', latchkey.requirePermission('orders:read'));
    app.get('/missing', (_req, _res, next) => next(new AuthError('not_found')));
    app.get('/own', (req, _res, next) => {
      req.user = { id: 'bob', orgId: 'acme', credential: { id: 'k' } } as unknown as Express.User;
      next(new AuthError('forbidden', { errors: [{ path: 'x'.repeat(1_000), message: '' }] }));
    });
    app.use(latchkey.errorHandler());
    expect(await get('/nobody')).toBe(401);
    expect(await get('/missing')).toBe(404);
    expect(events).toEqual([]);
    expect(await get('/own')).toBe(403);
    expect(events).toMatchObject([{ orgId: null, actorId: null, credentialId: null }]);
    expect((events[0] as EventOf<'request.forbidden'>).detail.length).toBeLessThanOrEqual(300);
  });

  it('a refused key to its own organisation, one that is not there to none', async () => {
    app.get('/me', latchkey.authenticate(), (req, res) => void res.json(req.user));
    const [issued, deleted] = [await key(), generateSecret('lk')];
    const rotated = await latchkey.apiKeys.rotate(issued.key.id, { by: 'setup' });
    await get('/me', issued.token);
    await latchkey.apiKeys.revoke(issued.key.id, { by: 'setup' });
    await get('/me', rotated.token);
    await get('/me', deleted.token);
    await get('/me');
    const type = 'request.refused';
    expect(events).toMatchObject([
      { type, reason: 'wrong_secret', orgId: 'acme', credentialId: issued.key.id },
      { type, reason: 'revoked', orgId: 'acme', credentialId: issued.key.id },
      { type, reason: 'unknown_id', orgId: null, credentialId: deleted.id },
      { type, reason: 'missing', orgId: null, credentialId: null },
    ]);
  });

  it('is in the audit trail of the organisation', async () => {
    app.get('/orders', latchkey.authenticate(), latchkey.requirePermission('orders:read'));
    const issued = await key();
    for (let i = 0; i < 5; i++) await get('/orders', issued.token);
    await latchkey.close(); // writes what waits
    const { items } = await latchkey.audit.list({ orgId: 'acme', outcome: 'refused' });
    expect(items).toMatchObject([
      { ...forbidden(issued, { detail: LACKS, path: '/orders' }), count: 5, outcome: 'refused' },
    ]);
    expect((await latchkey.audit.list({ orgId: null })).items).toEqual([]);
  });

  describe('no secret that stands in a path', () => {
    const id = 'aB3'.repeat(8).slice(0, 22);
    const secret = 'xY9'.repeat(17).slice(0, 49);
    const publicId = 'dE5'.repeat(15).slice(0, 43);
    const pair = Buffer.from(`${id}:${secret}`).toString('base64');
    const sessionId = `${secret.slice(0, 43)}.t5x2a0.1e0`;

    beforeEach(() => {
      app.use(latchkey.authenticate(), (_req, res) => void res.json(1));
    });

    it.each([
      ['a token', `/keys/lk_${id}_${secret}/x`, `/keys/lk_${id}_.../x`],
      ['with another prefix', `/Other1_${id}_${secret}`, `/Other1_${id}_...`],
      ['percent-encoded', `/lk%5F${id}%5F${secret}`, `/lk%5F${id}%...`],
      ['cut off', `/lk_${id}_${secret.slice(0, -3)}`, `/lk_${id}_...`],
      ['twice', `/lk_${id}_${secret}/lk_${id}_${secret}`, `/lk_${id}_.../lk_${id}_...`],
      ['a pair in base64', `/key/${pair}/x`, '/key/.../x'],
      ['a pair', `/key/${id}:${secret}`, `/key/${id}:...`],
      ['a session id', `/session/${sessionId}/x`, '/session/.../x'],
      ['none: public ids', `/keys/${id}/sessions/${publicId}`, `/keys/${id}/sessions/${publicId}`],
    ])('%s', async (_what, path, told) => {
      expect(await get(path)).toBe(401);
      expect(events).toMatchObject([{ type: 'request.refused', path: told }]);
    });

    it.each([
      ['a token', `lk_${id}_${secret}/${secret}`, secret],
      ['a session id', sessionId, secret],
      ['a pair in base64', pair, pair],
    ])('%s, wherever it is cut: to 200 characters', async (_what, part, hidden) => {
      for (let before = 90; before < 210; before++) {
        const start = `/${'-'.repeat(before)}`;
        await get(`${start}/${part}/${'/'.repeat(200)}`);
        const { path } = events.at(-1) as EventOf<'request.refused'>;
        expect(path.length).toBeLessThanOrEqual(200);
        expect(path).not.toContain(hidden.slice(0, 3));
        expect(path.slice(0, 197)).toContain(start.slice(0, 197));
      }
      expect(events).toHaveLength(120);
    });
  });
});
