import type { Express, RequestHandler } from 'express';
import expressLatest from 'express';
import session from 'express-session';
import passportModule from 'passport';
import type { IssuedKey } from '../../lib/index.js';
import type { Latchkey } from '../../lib/latchkey.js';
import { createLatchkey } from '../../lib/latchkey.js';
import { EXPRESS_VERSIONS } from './express-versions.js';
import type { RunningApp } from './raw-request.js';
import { listen, send, valuesOf } from './raw-request.js';

const { Passport } = passportModule as unknown as { Passport: new () => passportModule.Authenticator };
const HEADER_CHALLENGE = 'ApiKey realm="api", header="X-API-Key"';
const API_KEY_CHALLENGE = 'ApiKey realm="api"';
const BAD = ', error="invalid_token"';

let latchkey: Latchkey;
let issued: IssuedKey;
const running: RunningApp[] = [];

beforeAll(async () => {
  latchkey = createLatchkey();
  issued = await latchkey.apiKeys.create(
    { name: 'ci', ownerId: 'ada', orgId: 'acme', statements: [{ actions: ['orders:read'] }] },
    { by: 'setup' },
  );
});

afterEach(async () => {
  for (const app of running.splice(0)) await app.close();
});

afterAll(() => latchkey.close());

async function run(app: Express): Promise<RunningApp> {
  const app_ = await listen(app);
  running.push(app_);
  return app_;
}

const withKey = () => [['X-API-Key', issued.token]] as const;

/** A host's own log-in with a session: `/login?user=` of anybody. */
function localStrategy(): passportModule.Strategy {
  return {
    name: 'local',
    authenticate(this: { success(user: object): void; fail(status: number): void }, req: { query: { user?: string } }) {
      if (req.query.user === undefined) this.fail(401);
      else this.success({ id: req.query.user });
    },
  } as unknown as passportModule.Strategy;
}

function withSessions(passport: passportModule.Authenticator, mark: string): void {
  passport.use(localStrategy());
  passport.serializeUser((user, done) => done(null, `${mark}:${(user as { id: string }).id}`));
  passport.deserializeUser((text: string, done) => done(null, { id: text } as unknown as Express.User));
}

const sessions = () => session({ secret: 'a secret of the host', resave: false, saveUninitialized: false });
const cookieOf = (setCookie: string[]) => ['Cookie', setCookie[0]?.split(';')[0] ?? ''] as const;

describe.each(EXPRESS_VERSIONS)('three lines in $name', ({ express }) => {
  it('protect a route, and req.user says who it is and what it may do', async () => {
    const passport = new Passport();
    const app = express();
    latchkey.use(passport);
    app.get('/orders', passport.authenticate('api-key-header', { session: false }), (req, res) => {
      const mayRead: boolean = req.user?.can('orders:read') ?? false;
      res.json({ owner: req.user?.id, org: req.user?.orgId, key: req.user?.credential.name, mayRead, user: req.user });
    });
    const server = await run(app);
    const answer = await send(server, '/orders', withKey());
    expect(answer.status).toBe(200);
    expect(JSON.parse(answer.body)).toMatchObject({ owner: 'ada', org: 'acme', key: 'ci', mayRead: true });
    expect(JSON.parse(answer.body).user.credential.scheme).toBe('api-key-header');
    expect(answer.body).not.toContain(issued.secret);
    expect(answer.body).not.toMatch(/hash/i);

    const refused = await send(server, '/orders');
    expect(refused).toMatchObject({ status: 401, body: 'Unauthorized' });
    expect(valuesOf(refused, 'www-authenticate')).toEqual([HEADER_CHALLENGE]);
  });

  it.each([true, false])("give a request Passport's methods, fast: %s", async (fast) => {
    const passport = new Passport();
    latchkey.use(passport, { fast });
    const inner = express.Router();
    inner.get('/me', passport.authenticate('api-key-header', { session: false }), (req, res) => {
      const methods = [req.logIn, req.login, req.logOut, req.logout].map((method) => typeof method);
      const before = [req.isAuthenticated(), req.isUnauthenticated()];
      req.logIn({ id: 'bob' } as unknown as Express.User, { session: false }, () => {
        res.json({ methods, before, now: req.user?.id });
      });
    });
    const sub = express();
    sub.use(inner);
    const app = express();
    app.use('/sub', sub);
    app.use(inner);
    const server = await run(app);
    for (const path of ['/me', '/sub/me']) {
      expect(JSON.parse((await send(server, path, withKey())).body)).toEqual({
        methods: ['function', 'function', 'function', 'function'],
        before: [true, false],
        now: 'bob',
      });
    }
  });
});

describe.each([true, false])('passport.authenticate, fast: %s,', (fast) => {
  let passport: passportModule.Authenticator;
  let app: Express;

  beforeEach(() => {
    passport = new Passport();
    latchkey.use(passport, { fast });
    app = expressLatest();
  });

  it('takes an array of names, in the order of its challenges', async () => {
    app.get('/', passport.authenticate(['api-key', 'api-key-header'], { session: false }), (req, res) => {
      res.json(req.user?.id);
    });
    const server = await run(app);
    expect(await send(server, '/', withKey())).toMatchObject({ status: 200, body: '"ada"' });
    expect(valuesOf(await send(server, '/'), 'www-authenticate')).toEqual([API_KEY_CHALLENGE, HEADER_CHALLENGE]);
  });

  it('calls back with (err, user, info, status)', async () => {
    app.get('/:names', (req, res, next) => {
      const names = req.params.names.split(',');
      const only = names.length === 1 ? (names[0] as string) : names;
      const callback = (...given: unknown[]) => res.json({ given: given.map((each) => each ?? null), user: req.user });
      (passport.authenticate(only, { session: false }, callback) as RequestHandler)(req, res, next);
    });
    const server = await run(app);
    const given = async (path: string, ...headers: (readonly [string, string])[]) => {
      const { given: values, user } = JSON.parse((await send(server, path, headers)).body);
      expect(user).toBeUndefined();
      return values as unknown[];
    };
    const [error, user] = await given('/api-key-header', ...withKey());
    expect(error).toBeNull();
    expect(user).toMatchObject({ id: 'ada', credential: { id: issued.key.id } });
    expect(await given('/api-key-header')).toEqual([null, false, HEADER_CHALLENGE, null]);
    expect(await given('/api-key-header', ['X-API-Key', 'x'])).toEqual([null, false, HEADER_CHALLENGE + BAD, null]);
    expect(await given('/api-key-header,api-key', ['X-API-Key', 'x'])).toEqual([
      null,
      false,
      [HEADER_CHALLENGE + BAD, API_KEY_CHALLENGE + BAD],
      [null, null],
    ]);
    const [ambiguous] = await given('/api-key', ['X-API-Key', issued.token], ['X-API-Key', issued.token]);
    expect(ambiguous).toMatchObject({ code: 'credential_ambiguous', status: 400 });
  });

  it('hands on the error with failWithError, and errorHandler answers it with the challenges', async () => {
    app.get('/', passport.authenticate('api-key', { session: false, failWithError: true }));
    app.use(latchkey.errorHandler());
    const answer = await send(await run(app), '/', [['Authorization', 'ApiKey x']]);
    expect(answer.status).toBe(401);
    expect(valuesOf(answer, 'www-authenticate')).toEqual([API_KEY_CHALLENGE + BAD]);
    expect(JSON.parse(answer.body)).toEqual({
      type: 'about:blank',
      title: 'Unauthorized',
      status: 401,
      code: 'unauthenticated',
      detail: 'Valid credentials are required.',
    });
  });

  it('puts the user where assignProperty, or initialize({ userProperty }), says', async () => {
    app.get('/own', passport.initialize({ userProperty: 'account' }));
    app.get('/assigned', passport.authenticate('api-key-header', { session: false, assignProperty: 'account' }));
    app.get('/own', passport.authenticate('api-key-header', { session: false }));
    app.get(['/own', '/assigned'], (req, res) => {
      const { account } = req as unknown as { account?: { id: string } };
      res.json({ user: req.user?.id, account: account?.id });
    });
    const server = await run(app);
    expect((await send(server, '/assigned', withKey())).body).toBe('{"account":"ada"}');
    expect((await send(server, '/own', withKey())).body).toBe('{"account":"ada"}');
  });

  it("takes the host's own strategies beside ours", async () => {
    passport.use(localStrategy());
    app.get('/', passport.authenticate(['api-key-header', 'local'], { session: false }), (req, res) => {
      res.json(req.user?.id);
    });
    const server = await run(app);
    expect((await send(server, '/', withKey())).body).toBe('"ada"');
    expect((await send(server, '/?user=bob')).body).toBe('"bob"');
    expect((await send(server, '/', [['X-API-Key', 'x']])).status).toBe(401);
  });

  it('leaves a strategy of the host that has one of our names alone', async () => {
    passport.use('api-key', localStrategy());
    app.get('/', passport.authenticate('api-key', { session: false }), (req, res) => {
      res.json(req.user);
    });
    const server = await run(app);
    expect((await send(server, '/?user=bob')).body).toBe('{"id":"bob"}');
    expect((await send(server, '/', [['Authorization', 'Basic x']])).status).toBe(401);
  });

  it("works beside the host's own log-in with sessions, each in its place", async () => {
    withSessions(passport, 'host');
    app.use(sessions(), passport.session());
    app.get('/login', passport.authenticate('local'), (_req, res) => void res.json('hello'));
    app.get('/me', (req, res) => void res.json({ in: req.isAuthenticated(), id: req.user?.id }));
    app.get('/orders', passport.authenticate(['api-key-header'], { session: false }), (req, res) => {
      res.json({ in: req.isAuthenticated(), id: req.user?.id });
    });
    const server = await run(app);
    const cookie = cookieOf(valuesOf(await send(server, '/login?user=bob'), 'set-cookie'));
    expect((await send(server, '/me', [cookie])).body).toBe('{"in":true,"id":"host:bob"}');
    expect((await send(server, '/me', withKey())).body).toBe('{"in":false}');
    expect((await send(server, '/orders', [cookie])).status).toBe(401);
    const both = await send(server, '/orders', [cookie, ...withKey()]);
    expect(both.body).toBe('{"in":true,"id":"ada"}');
    expect(valuesOf(both, 'set-cookie')).toEqual([]);
    expect((await send(server, '/me', [cookie])).body).toBe('{"in":true,"id":"host:bob"}');
  });

  it('does so with several Passport instances: each keeps its own sessions', async () => {
    const second = new Passport();
    latchkey.use(second, { fast });
    withSessions(passport, 'first');
    withSessions(second, 'second');
    app.use(sessions());
    for (const [path, instance] of [
      ['/first', passport],
      ['/second', second],
    ] as const) {
      app.get(path, instance.authenticate('api-key-header', { session: false }), (req, res, next) => {
        req.logIn({ id: 'bob' } as unknown as Express.User, (error) => {
          if (error) next(error);
          else res.json((req.session as unknown as { passport: { user: string } }).passport.user);
        });
      });
    }
    const server = await run(app);
    for (const path of ['/first', '/second', '/first']) {
      expect((await send(server, path, withKey())).body).toBe(`"${path.slice(1)}:bob"`);
    }
  });
});

describe('what a programmer gets wrong is told when the app starts:', () => {
  it.each([['jwt'], [[]], [['api-key', 'jwt']], ['']])('authenticate(%j)', (names) => {
    expect(() => latchkey.authenticate(names as never)).toThrow(
      new TypeError('authenticate takes one or more of: api-key-header, api-key, basic'),
    );
  });

  it.each([['Authorization'], ['X API Key'], [''], ['X-Key:']])('http.headers: [%j]', (header) => {
    expect(() => createLatchkey({ http: { headers: [header] } })).toThrow(
      new TypeError('http.headers must be names of headers that carry nothing else, e.g. ["X-API-Key"]'),
    );
  });

  it('http.realm with a quote', () => {
    expect(() => createLatchkey({ http: { realm: 'my "api"' } })).toThrow(
      new TypeError('http.realm must be 1 to 100 printable ASCII characters without quotes and backslashes'),
    );
  });

  it('options that are none', () => {
    expect(() => createLatchkey({ pepper: 'x' } as never)).toThrow(/^createLatchkey has no option pepper; it takes: /);
  });
});

describe('headers of the host', () => {
  it('are read, named in the challenge, and may repeat one credential but not bring two', async () => {
    const own = createLatchkey(
      Object.freeze({ http: Object.freeze({ headers: ['X-Token', 'Api-Key'], realm: 'shop' }) }),
    );
    const [one, other] = [await make(own), await make(own)];
    const passport = new Passport();
    own.use(passport, { fast: false });
    const app = expressLatest();
    app.get('/', own.authenticate(), (req, res) => void res.json(req.user?.credential.id));
    const names = ['api-key-header', 'api-key', 'basic'];
    app.get('/passport', passport.authenticate(names, { session: false }), (_req, res) => void res.json({}));
    app.use(own.errorHandler());
    const server = await run(app);
    const status = async (...headers: (readonly [string, string])[]) => {
      const answer = await send(server, '/', headers);
      expect((await send(server, '/passport', headers)).status).toBe(answer.status);
      return answer.status;
    };
    expect(valuesOf(await send(server, '/'), 'www-authenticate')).toEqual([
      'ApiKey realm="shop", header="X-Token Api-Key"',
      'ApiKey realm="shop"',
      'Basic realm="shop", charset="UTF-8"',
    ]);
    expect(await status(['X-API-Key', one.token])).toBe(401);
    expect(await status(['X-Token', one.token])).toBe(200);
    expect(await status(['api-key', one.token])).toBe(200);
    expect(await status(['X-Token', one.token], ['Api-Key', one.token])).toBe(200);
    expect(await status(['X-Token', one.token], ['Api-Key', other.token])).toBe(400);
    expect(await status(['X-Token', one.token], ['X-Token', one.token])).toBe(400);
    await own.close();
  });

  const make = (own: Latchkey) => own.apiKeys.create({ name: 'ci', ownerId: 'ada' }, { by: 'setup' });
});
