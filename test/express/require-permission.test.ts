import type { Express } from 'express';
import passportModule from 'passport';
import { createLatchkey } from '../../lib/latchkey.js';
import type { StatementInput } from '../../lib/permissions/statement.js';
import { EXPRESS_VERSIONS } from './express-versions.js';
import type { Answer, RunningApp } from './raw-request.js';
import { listen, send, valuesOf } from './raw-request.js';

const { Passport } = passportModule as unknown as { Passport: new () => passportModule.Authenticator };
const latchkey = createLatchkey();
const session = { session: false } as const;

afterAll(() => latchkey.close());

function expectForbidden(answer: Answer, action: string): void {
  expect(answer.status).toBe(403);
  expect(valuesOf(answer, 'content-type')).toEqual(['application/problem+json; charset=utf-8']);
  expect(valuesOf(answer, 'cache-control')).toEqual(['no-store']);
  expect(answer.body).toBe(
    `{"type":"about:blank","title":"Forbidden","status":403,"code":"forbidden","detail":"The credential lacks the right \\"${action}\\"."}`,
  );
}

describe.each(EXPRESS_VERSIONS)('requirePermission in $name', ({ express }) => {
  let app: Express;
  let server: RunningApp | undefined;

  beforeEach(() => {
    app = express();
  });

  afterEach(async () => {
    await server?.close();
    server = undefined;
  });

  async function request(path: string, statements?: readonly StatementInput[]): Promise<Answer> {
    server ??= await listen(app);
    if (statements === undefined) return await send(server, path);
    const { token } = await latchkey.apiKeys.create({ name: 'ci', ownerId: 'ada', statements }, { by: 'setup' });
    return await send(server, path, [['X-API-Key', token]]);
  }

  it('lets through whoever has the right, and names the action to whoever lacks it', async () => {
    app.get('/', latchkey.authenticate(), latchkey.requirePermission('orders:read'), (_req, res) => {
      res.json('orders');
    });
    expect(await request('/', [{ actions: ['orders:read'] }])).toMatchObject({ status: 200, body: '"orders"' });
    expect(await request('/', [{ actions: ['orders:*'] }])).toMatchObject({ status: 200 });
    expectForbidden(await request('/', [{ actions: ['orders:write'] }]), 'orders:read');
    expectForbidden(await request('/', []), 'orders:read');
  });

  it('asks for all resources and workspaces unless told which', async () => {
    app.get('/', latchkey.authenticate(), latchkey.requirePermission('orders:read'), (_req, res) => void res.json(1));
    expectForbidden(await request('/', [{ actions: ['orders:read'], resources: ['orders/*'] }]), 'orders:read');
    expectForbidden(await request('/', [{ actions: ['orders:read'], workspace: 'w1' }]), 'orders:read');
  });

  it('takes the resource and the workspace from the request', async () => {
    app.get(
      '/:workspace/orders/:id',
      latchkey.authenticate(),
      latchkey.requirePermission('orders:read', (req) => `orders/${req.params.id}`, {
        workspace: (req) => String(req.params.workspace),
      }),
      (_req, res) => void res.json(1),
    );
    const statements = [{ actions: ['orders:read'], resources: ['orders/1*'], workspace: 'w1' }];
    expect((await request('/w1/orders/12', statements)).status).toBe(200);
    expectForbidden(await request('/w1/orders/2', statements), 'orders:read');
    expectForbidden(await request('/w2/orders/12', statements), 'orders:read');
    expectForbidden(await request('/*/orders/12', statements), 'orders:read');
    expectForbidden(await request('/w1/orders/*', statements), 'orders:read');
  });

  it('takes a fixed resource and workspace', async () => {
    const options = { workspace: 'w1' };
    app.get('/', latchkey.authenticate(), latchkey.requirePermission('a', 'r1', options), (_req, res) => {
      res.json(1);
    });
    expect((await request('/', [{ actions: ['a'], resources: ['r1'], workspace: 'w1' }])).status).toBe(200);
    expectForbidden(await request('/', [{ actions: ['a'], resources: ['r1'], workspace: 'w2' }]), 'a');
  });

  it('works behind Passport, fast or not', async () => {
    for (const fast of [true, false]) {
      const passport = new Passport();
      latchkey.use(passport, { fast });
      const authenticate = passport.authenticate('api-key-header', session);
      app.get(`/${fast}`, authenticate, latchkey.requirePermission('a'), (_req, res) => void res.json(1));
    }
    for (const path of ['/true', '/false']) {
      expect((await request(path, [{ actions: ['a'] }])).status).toBe(200);
      expectForbidden(await request(path, [{ actions: ['b'] }]), 'a');
      expect((await request(path)).status).toBe(401);
    }
  });

  it('takes nobody, and a user that is none of ours, for 401', async () => {
    app.get('/nobody', latchkey.requirePermission('a'), (_req, res) => void res.json(1));
    app.get(
      '/other',
      (req, _res, next) => {
        req.user = { id: 'bob', can: () => true } as unknown as Express.User;
        next();
      },
      latchkey.requirePermission('a'),
      (_req, res) => void res.json(1),
    );
    for (const path of ['/nobody', '/other']) {
      const answer = await request(path, [{ actions: ['*'] }]);
      expect(answer.status).toBe(401);
      expect(answer.body).toBe(
        '{"type":"about:blank","title":"Unauthorized","status":401,"code":"unauthenticated","detail":"Valid credentials are required."}',
      );
    }
  });

  it('hands the refusal on with failWithError, and what the resource function throws in any case', async () => {
    const failWithError = { failWithError: true };
    app.get('/right', latchkey.authenticate(), latchkey.requirePermission('a', undefined, failWithError));
    app.get('/nobody', latchkey.requirePermission('a', undefined, failWithError));
    app.get(
      '/throws',
      latchkey.authenticate(),
      latchkey.requirePermission('a', () => {
        throw new Error('of the host');
      }),
    );
    app.use(((error, _req, res, _next) => {
      res.status(error.status ?? 500).json({ code: error.code, message: error.message });
    }) as import('express').ErrorRequestHandler);
    expect(await request('/right', [])).toMatchObject({
      status: 403,
      body: '{"code":"forbidden","message":"The credential lacks the right \\"a\\"."}',
    });
    expect(await request('/nobody')).toMatchObject({
      status: 401,
      body: '{"code":"unauthenticated","message":"Valid credentials are required."}',
    });
    expect(await request('/throws', [{ actions: ['*'] }])).toMatchObject({
      status: 500,
      body: '{"message":"of the host"}',
    });
  });

  it('takes a resource that is missing from the request for all of them, not for none', async () => {
    const missing = (() => undefined) as unknown as () => string;
    app.get('/', latchkey.authenticate(), latchkey.requirePermission('a', missing), (_req, res) => void res.json(1));
    expectForbidden(await request('/', [{ actions: ['a'], resources: ['r1', 'undefined'] }]), 'a');
    expect((await request('/', [{ actions: ['a'] }])).status).toBe(200);
  });
});

it.each([[''], ['*'], ['orders:*'], [undefined], [['a', 'b']]])(
  'refuses the action %j when the app starts',
  (action) => {
    expect(() => latchkey.requirePermission(action as string)).toThrow(
      new TypeError('requirePermission takes one action, e.g. "orders:read"'),
    );
  },
);
