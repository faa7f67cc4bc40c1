import express, { type Express, type RequestHandler } from 'express';
import passportModule from 'passport';
import { adminRouter } from '../../admin-router/index.js';
import { FULL_ACCESS, type IssuedKey } from '../../lib/index.js';
import type { Latchkey } from '../../lib/latchkey.js';
import { createLatchkey } from '../../lib/latchkey.js';
import { generateSecret } from '../../lib/verification/secret.js';
import { startAdminApp } from '../support/admin-app.js';
import { EXPRESS_VERSIONS } from './express-versions.js';
import type { Answer, RunningApp } from './raw-request.js';
import { listen, send } from './raw-request.js';

const { Passport } = passportModule as unknown as { Passport: new () => passportModule.Authenticator };
const NAMES = ['api-key-header', 'api-key', 'basic'] as const;
const WAYS = ['own', 'own with error', 'fast', 'passport', 'passport with error'] as const;
const by = { by: 'setup' };

type Line = readonly [name: string, value: string];
interface Pair {
  readonly id: string;
  readonly secret: string;
  readonly token: string;
}

/** Every way that a route can be protected. */
function waysOf(latchkey: Latchkey): Record<(typeof WAYS)[number], RequestHandler> {
  const [fast, plain] = [new Passport(), new Passport()];
  latchkey.use(fast);
  latchkey.use(plain, { fast: false });
  const session = { session: false } as const;
  return {
    own: latchkey.authenticate(NAMES),
    'own with error': latchkey.authenticate(NAMES, { failWithError: true }),
    fast: fast.authenticate([...NAMES], session) as RequestHandler,
    passport: plain.authenticate([...NAMES], session) as RequestHandler,
    'passport with error': plain.authenticate([...NAMES], { ...session, failWithError: true }) as RequestHandler,
  };
}

function formsOf({ id, secret, token }: Pair): Line[] {
  const pair = Buffer.from(`${id}:${secret}`).toString('base64');
  return [
    ['X-API-Key', token],
    ['Authorization', `ApiKey ${pair}`],
    ['Authorization', `Basic ${pair}`],
  ];
}

const pairOf = ({ key, secret, token }: IssuedKey): Pair => ({ id: key.id, secret, token });

describe.each(EXPRESS_VERSIONS)('an internal key, in $name,', ({ express }) => {
  let latchkey: Latchkey;
  let internal: IssuedKey;
  let ordinary: IssuedKey;
  /** The public listener: `/inside` is a part of it that only the host's own network reaches. */
  let front: RunningApp;
  /** A listener of its own, internal as a whole. */
  let back: RunningApp;

  beforeEach(async () => {
    latchkey = createLatchkey({ usage: { flushIntervalMs: 3_600_000 }, lockout: { secretLimit: 10_000 } });
    internal = await latchkey.apiKeys.create({ name: 'issuer', ownerId: 'ada', internalOnly: true }, by);
    ordinary = await latchkey.apiKeys.create({ name: 'ci', ownerId: 'ada' }, by);
    const protect = (app: Pick<Express, 'get'>, start = '') => {
      for (const [name, way] of Object.entries(waysOf(latchkey))) {
        app.get(`${start}/${name.replaceAll(' ', '-')}`, way, (_req, res) => {
          res.json(1);
        });
      }
    };
    const app = express();
    const inside = express.Router();
    inside.use(latchkey.internal());
    protect(inside as unknown as Express);
    app.use('/inside', inside);
    protect(app);
    app.get('/too-late', latchkey.authenticate(), latchkey.internal(), (_req, res) => {
      res.json(1);
    });
    app.use(latchkey.errorHandler());
    front = await listen(app);
    const own = express();
    own.use(latchkey.internal());
    const nested = express();
    protect(nested);
    own.use('/nested', nested);
    protect(own);
    back = await listen(own);
  });
  afterEach(async () => {
    await front.close();
    await back.close();
    await latchkey.close();
  });

  describe.each(WAYS)('by way of: %s,', (name) => {
    const way = `/${name.replaceAll(' ', '-')}`;

    it('is accepted behind latchkey.internal(), on a router or an app, in every form', async () => {
      for (const form of formsOf(pairOf(internal))) {
        expect((await send(front, `/inside${way}`, [form])).status).toBe(200);
        expect((await send(back, way, [form])).status).toBe(200);
        expect((await send(back, `/nested${way}`, [form])).status).toBe(200);
      }
    });

    it('is refused elsewhere exactly as an unknown one, before and after it was used inside', async () => {
      const unknown = formsOf(generateSecret('lk'));
      const wrong = formsOf(generateSecret('lk', internal.key.id));
      for (const round of ['not cached', 'cached']) {
        for (const [at, form] of formsOf(pairOf(internal)).entries()) {
          const expected: Answer = await send(front, way, [unknown[at] as Line]);
          expect([round, expected.status]).toEqual([round, 401]);
          expect(await send(front, way, [form])).toEqual(expected);
          expect(await send(front, way, [wrong[at] as Line])).toEqual(expected);
          expect((await send(front, `/inside${way}`, [form])).status).toBe(200);
        }
      }
    });

    it('leaves an ordinary key as it is, inside and outside', async () => {
      for (const form of formsOf(pairOf(ordinary))) {
        for (const [app, path] of [
          [front, way],
          [front, `/inside${way}`],
          [back, way],
        ] as const) {
          expect((await send(app, path, [form])).status).toBe(200);
        }
      }
      const [wrong] = formsOf(generateSecret('lk', ordinary.key.id));
      expect((await send(back, way, [wrong as Line])).status).toBe(401);
    });
  });

  it('does not have it counted on the record that it was tried elsewhere', async () => {
    for (const form of [...formsOf(pairOf(internal)), ...formsOf(generateSecret('lk', internal.key.id))]) {
      for (const way of ['/own', '/fast', '/passport']) expect((await send(front, way, [form])).status).toBe(401);
    }
    const [right] = formsOf(pairOf(internal));
    const [wrong] = formsOf(generateSecret('lk', internal.key.id));
    await send(back, '/own', [right as Line]);
    await send(back, '/own', [wrong as Line]);
    await latchkey.close();
    expect(await latchkey.apiKeys.get(internal.key.id)).toMatchObject({ useCount: 1, failureCount: 1 });
  });

  it('is refused where latchkey.internal() comes only after the check', async () => {
    const [form] = formsOf(pairOf(internal));
    expect((await send(front, '/too-late', [form as Line])).status).toBe(401);
  });

  it('is refused by an instance on which nothing is internal', async () => {
    const app = express();
    const other = createLatchkey();
    const { token } = await other.apiKeys.create({ name: 'x', ownerId: 'ada', internalOnly: true }, by);
    app.get('/', latchkey.internal(), other.authenticate(), (_req, res) => {
      res.json(1);
    });
    const running = await listen(app);
    const { status } = await send(running, '/', [['X-API-Key', token]]);
    await running.close();
    await other.close();
    expect(status).toBe(401);
  });

  it('stays internal when it is rotated, disabled, enabled and changed', async () => {
    const { id } = internal.key;
    const rotated = await latchkey.apiKeys.rotate(id, by);
    await latchkey.apiKeys.disable(id, by);
    await latchkey.apiKeys.enable(id, by);
    expect(await latchkey.apiKeys.update(id, { name: 'other' }, by)).toMatchObject({ internalOnly: true });
    const change = latchkey.apiKeys.update(id, { internalOnly: false } as object, by);
    await expect(change).rejects.toMatchObject({ errors: [{ path: 'internalOnly', message: 'cannot be changed' }] });
    const [form] = formsOf(pairOf(rotated));
    expect((await send(front, '/own', [form as Line])).status).toBe(401);
    expect((await send(back, '/own', [form as Line])).status).toBe(200);
  });
});

describe('an internal key in the admin API', () => {
  async function withApp(test: (app: Awaited<ReturnType<typeof startInside>>) => Promise<void>): Promise<void> {
    const app = await startInside();
    try {
      await test(app);
    } finally {
      await app.close();
    }
  }

  /** The admin router twice: in front, and inside. */
  async function startInside() {
    const app = await startAdminApp();
    const host = express();
    host.use('/auth', app.latchkey.internal(), adminRouter(app.latchkey));
    const inside = await listen(host);
    const insideUrl = `http://127.0.0.1:${inside.port}/auth`;
    const post = async (path: string, token: string, body: object, method = 'POST') => {
      const headers = { 'x-api-key': token, 'content-type': 'application/json' };
      const response = await fetch(insideUrl + path, { method, headers, body: JSON.stringify(body) });
      return { status: response.status, body: (await response.json()) as Record<string, string> };
    };
    return {
      ...app,
      post,
      close: async () => {
        await inside.close();
        await app.close();
      },
    };
  }

  it('is made with internalOnly, which nothing changes afterwards', async () => {
    await withApp(async (app) => {
      const admin = (await app.key({ actions: ['*'] })).token;
      const made = await app.call('POST', '/api-keys', admin, { name: 'x', internalOnly: true });
      expect([made.status, made.body.internalOnly]).toEqual([201, true]);
      expect((await app.call('GET', `/api-keys/${made.body.id}`, admin)).body.internalOnly).toBe(true);
      expect((await app.call('GET', '/whoami', made.body.token)).status).toBe(401);
      for (const internalOnly of [false, true]) {
        const changed = await app.call('PATCH', `/api-keys/${made.body.id}`, admin, { internalOnly });
        expect([changed.status, changed.body.errors]).toEqual([
          400,
          [{ path: 'internalOnly', message: 'is not a known field' }],
        ]);
      }
      const bad = await app.call('POST', '/api-keys', admin, { name: 'x', internalOnly: 'no' });
      expect([bad.status, bad.body.errors[0]?.path]).toEqual([400, 'internalOnly']);
      expect((await app.call('POST', '/api-keys', admin, { name: 'x' })).body.internalOnly).toBe(false);
    });
  });

  it('cannot make a key that is accepted outside; its session keys are, for their time', async () => {
    await withApp(async (app) => {
      const statements = [FULL_ACCESS];
      const { token } = await app.key({ statements, internalOnly: true });
      expect((await app.post('/api-keys', token, { name: 'x' })).body.internalOnly).toBe(true);
      expect(await app.post('/api-keys', token, { name: 'x', internalOnly: false })).toMatchObject({
        status: 403,
        body: {
          code: 'forbidden',
          detail: 'The key would be accepted where the credential is not.',
          errors: [{ path: 'internalOnly', message: 'must be as narrow as that of the credential that asks' }],
        },
      });
      const issued = await app.post('/session-keys', token, { statements, durationSeconds: 60 });
      expect([issued.status, issued.body.internalOnly]).toEqual([201, false]);
      expect((await app.call('GET', '/whoami', String(issued.body.token))).status).toBe(200);
      const fields = { name: 'x', expiresInSeconds: 3_600 };
      const longer = await app.call('POST', '/api-keys', String(issued.body.token), fields);
      expect(longer.status).toBe(403);
    });
  });
});
