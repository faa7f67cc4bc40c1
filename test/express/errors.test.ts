import { setImmediate as immediate } from 'node:timers/promises';
import type { Express, RequestHandler } from 'express';
import passportModule from 'passport';
import { AuthError, invalidRequest, storeUnavailable } from '../../lib/errors.js';
import type { IssuedKey } from '../../lib/index.js';
import type { Latchkey } from '../../lib/latchkey.js';
import { createLatchkey } from '../../lib/latchkey.js';
import { CountingStore } from '../lib/counting-store.js';
import { EXPRESS_VERSIONS } from './express-versions.js';
import type { Answer, RunningApp } from './raw-request.js';
import { listen, send, valuesOf } from './raw-request.js';

const { Passport } = passportModule as unknown as { Passport: new () => passportModule.Authenticator };
const NAMES = ['api-key-header', 'api-key', 'basic'] as const;
const UNAVAILABLE = 'Credentials cannot be checked at the moment. Retry shortly.';
const AMBIGUOUS = 'The request carries more than one credential. Send exactly one.';

/** Express logs what nobody handled, some time after it has answered. */
beforeAll(() => {
  jest.spyOn(console, 'error').mockImplementation(() => {});
});

afterAll(async () => {
  await immediate();
  jest.restoreAllMocks();
});

/** Every way that a route can be protected. */
function waysOf(latchkey: Latchkey): Record<string, RequestHandler> {
  const fast = new Passport();
  latchkey.use(fast);
  const plain = new Passport();
  latchkey.use(plain, { fast: false });
  const session = { session: false } as const;
  return {
    own: latchkey.authenticate(NAMES),
    'own-with-error': latchkey.authenticate(NAMES, { failWithError: true }),
    fast: fast.authenticate([...NAMES], session) as RequestHandler,
    passport: plain.authenticate([...NAMES], session) as RequestHandler,
    'passport-with-error': plain.authenticate([...NAMES], { ...session, failWithError: true }) as RequestHandler,
  };
}

const WAYS = ['own', 'own-with-error', 'fast', 'passport', 'passport-with-error'];

describe.each(EXPRESS_VERSIONS)('errors in $name', ({ express }) => {
  let store: CountingStore;
  let latchkey: Latchkey;
  let issued: IssuedKey;
  let app: Express;
  let server: RunningApp;

  beforeEach(async () => {
    store = new CountingStore();
    latchkey = createLatchkey({ store, cache: { maxEntries: 0 } });
    issued = await latchkey.apiKeys.create({ name: 'ci', ownerId: 'ada' }, { by: 'setup' });
    app = express();
    app.set('env', 'production'); // no stack in Express's own answer, and nothing on the console
    for (const [name, way] of Object.entries(waysOf(latchkey))) app.get(`/${name}`, way, (_req, res) => res.json(1));
  });

  afterEach(async () => {
    await server.close();
    store.failure = null;
    await latchkey.close();
  });

  function forms(): (readonly [string, string])[] {
    const pair = Buffer.from(`${issued.key.id}:${issued.secret}`).toString('base64');
    return [
      ['X-API-Key', issued.token],
      ['Authorization', `ApiKey ${pair}`],
      ['Authorization', `Basic ${pair}`],
    ];
  }

  function expectNothingTold(answer: Answer): void {
    const text = JSON.stringify(answer);
    expect(text).not.toContain(issued.secret);
    expect(text).not.toContain('ECONNREFUSED');
    expect(text).not.toMatch(/\.[jt]s:\d/);
  }

  describe.each(WAYS)('of a route protected by way of: %s', (way) => {
    it('a store that is down is 503 with Retry-After in every form, never 401 and never through', async () => {
      app.use(latchkey.errorHandler());
      server = await listen(app);
      store.failure = storeUnavailable('Redis: connect ECONNREFUSED');
      for (const form of forms()) {
        const answer = await send(server, `/${way}`, [form]);
        expect(answer.status).toBe(503);
        expect(valuesOf(answer, 'retry-after')).toEqual(['1']);
        expect(valuesOf(answer, 'www-authenticate')).toEqual([]);
        expect(JSON.parse(answer.body)).toEqual({
          type: 'about:blank',
          title: 'Service Unavailable',
          status: 503,
          code: 'store_unavailable',
          detail: UNAVAILABLE,
        });
        expectNothingTold(answer);
      }
      store.failure = null;
      for (const form of forms()) expect((await send(server, `/${way}`, [form])).status).toBe(200);
    });

    it('a store that fails in a way of its own is not let through either', async () => {
      app.use(latchkey.errorHandler());
      server = await listen(app);
      store.failure = new Error('of the store');
      for (const form of forms()) {
        const answer = await send(server, `/${way}`, [form]);
        expect(answer.status).toBe(500);
        expectNothingTold(answer);
      }
    });

    it("Express's own error handler answers right, too", async () => {
      server = await listen(app);
      store.failure = storeUnavailable('Redis: connect ECONNREFUSED');
      const unavailable = await send(server, `/${way}`, [forms()[0] as readonly [string, string]]);
      expect(unavailable.status).toBe(503);
      expect(valuesOf(unavailable, 'retry-after')).toEqual(['1']);
      expectNothingTold(unavailable);
      const twice = await send(server, `/${way}`, forms().slice(1));
      expect(twice.status).toBe(400);
      expectNothingTold(twice);
      expect(JSON.stringify(jest.mocked(console.error).mock.calls)).not.toContain(issued.secret);
    });

    it('an ambiguous request is 400', async () => {
      app.use(latchkey.errorHandler());
      server = await listen(app);
      const answer = await send(server, `/${way}`, forms().slice(1));
      expect(answer.status).toBe(400);
      expect(JSON.parse(answer.body)).toMatchObject({ code: 'credential_ambiguous', detail: AMBIGUOUS });
    });
  });

  it.each(['own-with-error', 'passport-with-error'])(
    'a refusal by way of %s has its challenges, and no reason',
    async (way) => {
      app.use(latchkey.errorHandler());
      server = await listen(app);
      await latchkey.apiKeys.revoke(issued.key.id, { by: 'setup' });
      const answer = await send(server, `/${way}`, [forms()[0] as readonly [string, string]]);
      expect(answer.status).toBe(401);
      expect(valuesOf(answer, 'www-authenticate')).toEqual([
        'ApiKey realm="api", header="X-API-Key", error="invalid_token"',
        'ApiKey realm="api", error="invalid_token"',
        'Basic realm="api", charset="UTF-8", error="invalid_token"',
      ]);
      expect(JSON.parse(answer.body)).toEqual({
        type: 'about:blank',
        title: 'Unauthorized',
        status: 401,
        code: 'unauthenticated',
        detail: 'Valid credentials are required.',
      });
      expect(JSON.stringify(answer)).not.toMatch(/revoked/);
    },
  );

  it("Express's own error handler answers a refusal with its challenges", async () => {
    server = await listen(app);
    const answer = await send(server, '/own-with-error');
    expect(answer.status).toBe(401);
    expect(valuesOf(answer, 'www-authenticate')).toEqual([
      'ApiKey realm="api", header="X-API-Key"',
      'ApiKey realm="api"',
      'Basic realm="api", charset="UTF-8"',
    ]);
  });

  it('errorHandler answers every AuthError as a problem document, and leaves other errors to the app', async () => {
    app.get('/input', () => {
      throw invalidRequest([{ path: 'name', message: 'must have 1 to 200 printable characters' }]);
    });
    app.get('/host', () => {
      throw Object.assign(new Error('of the host'), { status: 418 });
    });
    app.get('/late', (_req, res, next) => {
      res.write('begun');
      next(new AuthError('forbidden'));
    });
    app.use(latchkey.errorHandler());
    server = await listen(app);
    const input = await send(server, '/input');
    expect(input.status).toBe(400);
    expect(valuesOf(input, 'cache-control')).toEqual(['no-store']);
    expect(JSON.parse(input.body)).toEqual({
      type: 'about:blank',
      title: 'Bad Request',
      status: 400,
      code: 'invalid_request',
      detail: 'The request is not valid: name must have 1 to 200 printable characters',
      errors: [{ path: 'name', message: 'must have 1 to 200 printable characters' }],
    });
    expect((await send(server, '/host')).status).toBe(418);
    await expect(send(server, '/late')).rejects.toThrow('aborted'); // Express cuts off what has begun
  });

  it('a key hashed with a pepper that is not configured is 503, not 401', async () => {
    server = await listen(app);
    const peppered = createLatchkey({ store, peppers: ['a pepper, of at least 32 bytes ...'] });
    const { token } = await peppered.apiKeys.create({ name: 'ci', ownerId: 'ada' }, { by: 'setup' });
    for (const way of WAYS) expect((await send(server, `/${way}`, [['X-API-Key', token]])).status).toBe(503);
    await peppered.close();
  });

  it('a refused request never reaches the handler, and the store never learns of a malformed one', async () => {
    server = await listen(app);
    store.drain();
    for (const way of WAYS.filter((each) => !each.endsWith('error'))) {
      const answer = await send(server, `/${way}`, [['X-API-Key', 'nonsense']]);
      expect(answer).toMatchObject({ status: 401, body: 'Unauthorized' });
    }
    expect(store.drain()).toEqual([]);
  });
});
