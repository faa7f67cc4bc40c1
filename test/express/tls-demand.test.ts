import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import { request, createServer as secureServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { networkInterfaces } from 'node:os';
import express, { type Express } from 'express';
import { Passport } from 'passport';
import { adminRouter } from '../../admin-router/index.js';
import { createLatchkey, type IssuedKey, type Latchkey, type LatchkeyOptions, MemoryStore } from '../../lib/index.js';
import { isLoopback } from '../../lib/loopback.js';
import { People } from '../support/people.js';
import { inProduction } from '../support/production.js';
import { SECRET } from '../support/session-app.js';
import { makeTlsFiles } from '../support/tls-files.js';

const ELSEWHERE = '203.0.113.7';
const REFUSED = { status: 403, body: { code: 'tls_required', detail: 'Credentials are accepted over HTTPS only.' } };
const TRUSTED = { 'x-forwarded-proto': 'https', 'x-forwarded-for': '198.51.100.1' };
const LOGIN = { userName: 'ada', password: 'correct horse battery staple' };

interface Answer {
  readonly status: number;
  readonly body: Record<string, unknown>;
}

describe('credentials over plain HTTP in production', () => {
  const store = new MemoryStore();
  const people = new People().set('ada');
  let warnings: jest.SpyInstance;
  let latchkey: Latchkey;
  let key: IssuedKey;
  let app: Express;
  let server: Server;
  /** Where the requests seem to come from; null: from where they do. */
  let from: string | null;

  beforeEach(async () => {
    warnings = jest.spyOn(process, 'emitWarning').mockImplementation(() => {});
    from = null;
    await start({ production: { accept: ['no-persistence'] } });
  });

  afterEach(async () => {
    await stop();
    warnings.mockRestore();
  });

  async function start(options: LatchkeyOptions): Promise<void> {
    latchkey = inProduction(() => createLatchkey({ store, users: people, session: { secret: SECRET }, ...options }));
    key = await latchkey.apiKeys.create({ name: 'a', ownerId: 'ada', statements: [] }, { by: 'test' });
    const passport = new Passport();
    latchkey.use(passport, { fast: false });
    app = express();
    app.use((req, _res, next) => {
      if (from !== null) Object.defineProperty(req.socket, 'remoteAddress', { value: from, configurable: true });
      next();
    });
    app.use('/auth', adminRouter(latchkey));
    app.get('/ours', latchkey.authenticate(), (_req, res) => void res.json({}));
    app.get(
      '/passport',
      passport.authenticate(['api-key-header', 'api-key', 'basic'], { session: false }),
      (_req, res) => void res.json({}),
    );
    app.use(latchkey.errorHandler());
    server = createServer(app).listen(0);
    await once(server, 'listening');
  }

  async function stop(): Promise<void> {
    server.close();
    server.closeAllConnections();
    await latchkey.close();
  }

  async function get(path: string, headers: Record<string, string> = {}, host = '127.0.0.1'): Promise<Answer> {
    return await send(`http://${host}:${(server.address() as AddressInfo).port}${path}`, { headers });
  }

  async function post(path: string, body: object): Promise<Answer> {
    const headers = { 'content-type': 'application/json' };
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}${path}`;
    return await send(url, { method: 'POST', headers, body: JSON.stringify(body) });
  }

  const withKey = () => ({ 'x-api-key': key.token });

  describe('from another host', () => {
    beforeEach(() => {
      from = ELSEWHERE;
    });

    it.each(['/ours', '/passport', '/auth/whoami'])('are refused in every form, at %s', async (path) => {
      const encoded = Buffer.from(`${key.key.id}:${key.secret}`).toString('base64');
      const forms = [withKey(), { authorization: `ApiKey ${encoded}` }, { authorization: `Basic ${encoded}` }];
      for (const form of forms) expect(await get(path, form)).toMatchObject(REFUSED);
    });

    it('are refused before they are looked at, and told to the host once', async () => {
      const read = jest.spyOn(store.records.apiKeys, 'get');
      await get('/ours', withKey());
      await get('/ours', withKey());
      expect(read).not.toHaveBeenCalled();
      read.mockRestore();
      const text =
        'In production a credential came over plain HTTP: serve over TLS, or behind a proxy that does, with "trust proxy" set, ' +
        "or accept it: createLatchkey({ production: { accept: ['plain-http'] } }). Such requests get 403.";
      expect(warnings.mock.calls).toEqual([[text, { code: 'LATCHKEY_PLAIN_HTTP' }]]);
    });

    it('are told to listeners', async () => {
      const told: unknown[] = [];
      latchkey.on('request.forbidden', (event) => void told.push(event));
      await get('/ours', withKey());
      expect(told).toMatchObject([{ address: ELSEWHERE, path: '/ours', actorId: null, detail: REFUSED.body.detail }]);
    });

    it('are refused as session cookies', async () => {
      expect(await get('/ours', { cookie: '__Host-sID=s%3Asomething' })).toMatchObject(REFUSED);
      expect((await get('/ours', { cookie: 'theirs=1' })).status).toBe(401);
    });

    it('are refused as passwords, before these are looked at', async () => {
      people.calls.length = 0;
      expect(await post('/auth/login', LOGIN)).toMatchObject(REFUSED);
      expect(await post('/auth/sessions', { ...LOGIN, token: true })).toMatchObject(REFUSED);
      expect(await post('/auth/sessions', LOGIN)).toMatchObject(REFUSED);
      expect(people.calls).toEqual([]);
    });

    it('do not change the answer to a request that brings none', async () => {
      expect((await get('/ours')).status).toBe(401);
      expect(warnings).not.toHaveBeenCalled();
    });

    it('are taken where the host accepts plain HTTP', async () => {
      await stop();
      await start({
        production: { accept: ['no-persistence', 'plain-http'] },
        session: { secret: SECRET, cookie: { secure: false } },
      });
      expect((await get('/ours', withKey())).status).toBe(200);
      expect((await post('/auth/sessions', LOGIN)).status).toBe(201);
    });
  });

  describe('from this host', () => {
    it('are taken: nothing went over a wire', async () => {
      expect((await get('/ours', withKey())).status).toBe(200);
      expect((await get('/passport', withKey())).status).toBe(200);
      expect((await get('/ours', withKey(), '[::1]')).status).toBe(200);
      expect((await post('/auth/login', LOGIN)).status).toBe(200);
      expect(warnings).not.toHaveBeenCalled();
    });

    it.each(Object.entries({ ...TRUSTED, 'x-real-ip': '198.51.100.1', forwarded: 'for=x;proto=https', via: '1.1 a' }))(
      'are refused when a proxy that nobody trusts says that it passes them on, by %s',
      async (name, value) => {
        expect(await get('/ours', { ...withKey(), [name]: value })).toMatchObject(REFUSED);
        expect(String(warnings.mock.calls[0]?.[0])).toContain('set "trust proxy"');
      },
    );
  });

  const address = Object.values(networkInterfaces())
    .flat()
    .find((each) => each?.family === 'IPv4' && !each.internal)?.address;
  const itWithAddress = address === undefined ? it.skip : it;

  itWithAddress('are refused on a real connection that is not of the loopback', async () => {
    expect(await get('/ours', withKey(), String(address))).toMatchObject(REFUSED);
  });

  describe('behind a proxy that the app trusts', () => {
    beforeEach(() => {
      from = '10.0.0.9';
      app.set('trust proxy', '10.0.0.0/8');
    });

    it('are taken where the client spoke TLS to it', async () => {
      expect((await get('/ours', { ...withKey(), ...TRUSTED })).status).toBe(200);
      expect((await get('/passport', { ...withKey(), ...TRUSTED })).status).toBe(200);
    });

    it('are refused where it did not, or where the proxy does not say', async () => {
      expect(await get('/ours', { ...withKey(), ...TRUSTED, 'x-forwarded-proto': 'http' })).toMatchObject(REFUSED);
      expect(await get('/ours', withKey())).toMatchObject(REFUSED);
    });

    it('are refused from whoever claims to be a proxy and is none', async () => {
      from = ELSEWHERE;
      expect(await get('/ours', { ...withKey(), ...TRUSTED })).toMatchObject(REFUSED);
    });
  });

  it('are no matter over TLS', async () => {
    const files = makeTlsFiles();
    from = ELSEWHERE;
    const tls = secureServer({ key: files.key, cert: files.cert }, app).listen(0, '127.0.0.1');
    await once(tls, 'listening');
    const { port } = tls.address() as AddressInfo;
    const headers = { 'x-api-key': key.token };
    const req = request({ host: '127.0.0.1', port, path: '/ours', headers, ca: files.cert, agent: false }).end();
    const [res] = (await once(req, 'response')) as [IncomingMessage];
    expect(res.resume().statusCode).toBe(200);
    tls.close();
    tls.closeAllConnections();
    files.remove();
  });

  it('are no matter outside production', async () => {
    await stop();
    latchkey = createLatchkey({ store });
    await stop();
    from = ELSEWHERE;
    const plain = createLatchkey({ store });
    const host = express().get('/', plain.authenticate(), (_req, res) => void res.json({}));
    server = createServer(host).listen(0);
    await once(server, 'listening');
    expect((await get('/', withKey())).status).toBe(200);
    await plain.close();
  });

  it('are not what a session cookie may be made for', () => {
    const options = { users: people, session: { secret: SECRET, cookie: { secure: false } } };
    expect(() => inProduction(() => createLatchkey(options))).toThrow(
      new TypeError(
        "session.cookie.secure: false sends the cookie in plain text: in production leave it out, or accept it by production: { accept: ['plain-http'] }",
      ),
    );
  });
});

describe('isLoopback', () => {
  it.each(['127.0.0.1', '127.8.9.10', '::1', '::ffff:127.0.0.1'])('is true of %s', (address) => {
    expect(isLoopback(address)).toBe(true);
  });

  it.each(['10.0.0.1', '::', '::ffff:10.0.0.1', '127.0.0.1.example.com', '1127.0.0.1', 'localhost', ''])(
    'is false of %s',
    (address) => {
      expect(isLoopback(address)).toBe(false);
    },
  );
});

async function send(url: string, init: RequestInit): Promise<Answer> {
  const response = await fetch(url, init);
  const text = await response.text();
  const isJson = response.headers.get('content-type')?.includes('json') === true;
  return { status: response.status, body: isJson ? JSON.parse(text) : {} };
}
