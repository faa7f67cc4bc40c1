import fc from 'fast-check';
import passportModule from 'passport';
import type { Latchkey } from '../../lib/latchkey.js';
import { createLatchkey } from '../../lib/latchkey.js';
import { CountingStore } from '../lib/counting-store.js';
import { EXPRESS_VERSIONS } from './express-versions.js';
import type { RunningApp } from './raw-request.js';
import { listen, send } from './raw-request.js';

const { Passport } = passportModule as unknown as { Passport: new () => passportModule.Authenticator };
const NAMES = ['api-key-header', 'api-key', 'basic'] as const;

/** What HTTP lets a header hold. */
const CHARACTERS = Array.from({ length: 256 }, (_, code) => code).filter(
  (code) => code === 9 || (code >= 32 && code !== 127),
);
const latin1 = fc
  .array(fc.constantFrom(...CHARACTERS), { maxLength: 120 })
  .map((codes) => String.fromCharCode(...codes));
const base64 = fc.uint8Array({ maxLength: 100 }).map((bytes) => Buffer.from(bytes).toString('base64'));
const base62 = fc.string({ unit: fc.constantFrom(...'0123456789ABCXYZabcxyz'), minLength: 71, maxLength: 71 });
const pair = base62.map((text) => Buffer.from(`${text.slice(0, 22)}:${text.slice(22)}`).toString('base64'));
const token = base62.map((text) => `lk_${text.slice(0, 22)}_${text.slice(22)}`);
const scheme = fc.constantFrom('ApiKey ', 'apikey  ', 'Basic ', 'BASIC ', 'Bearer ', 'ApiKey\t', 'ApiKey', '');
const authorization = fc.tuple(scheme, fc.oneof(latin1, base64, pair)).map(([before, rest]) => before + rest);
const value = fc.oneof(latin1, token, base64, authorization);
const name = fc.constantFrom(
  'X-API-Key',
  'x-api-key',
  'Authorization',
  'AUTHORIZATION',
  'Proxy-Authorization',
  'Cookie',
);
const line = fc.oneof(fc.tuple(name, value), fc.tuple(fc.constant('Authorization'), authorization));

describe.each(EXPRESS_VERSIONS)('random headers in $name', ({ express }) => {
  let latchkey: Latchkey;
  let server: RunningApp;

  beforeAll(async () => {
    latchkey = createLatchkey({ store: new CountingStore() });
    await latchkey.apiKeys.create({ name: 'ci', ownerId: 'ada', statements: [{ actions: ['*'] }] }, { by: 'setup' });
    const passport = new Passport();
    latchkey.use(passport, { fast: false });
    const app = express();
    app.get('/own', latchkey.authenticate(), (_req, res) => void res.json(1));
    app.get('/passport', passport.authenticate([...NAMES], { session: false }), (_req, res) => void res.json(1));
    app.use(latchkey.errorHandler());
    server = await listen(app);
  });

  afterAll(async () => {
    await server.close();
    await latchkey.close();
  });

  it('are never let in and never an error of the server; with Passport and without they get the same answer', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(line, { maxLength: 4 }), async (headers) => {
        const own = await send(server, '/own', headers);
        expect([400, 401]).toContain(own.status);
        expect(await send(server, '/passport', headers)).toEqual(own);
      }),
      { numRuns: 400 },
    );
  });

  it('in a query string, cookie or body a good credential counts for nothing', async () => {
    const { key, secret, token: good } = await latchkey.apiKeys.create({ name: 'b', ownerId: 'b' }, { by: 'setup' });
    const asPair = Buffer.from(`${key.id}:${secret}`).toString('base64');
    for (const query of [
      `x-api-key=${good}`,
      `api_key=${good}`,
      `access_token=${good}`,
      `authorization=ApiKey%20${asPair}`,
    ]) {
      expect((await send(server, `/own?${query}`)).status).toBe(401);
    }
    expect((await send(server, '/own', [['Cookie', `X-API-Key=${good}; sid=${good}`]])).status).toBe(401);
    expect((await send(server, '/own', [['Proxy-Authorization', `Basic ${asPair}`]])).status).toBe(401);
    expect((await send(server, '/own', [['X-API-Key', good]])).status).toBe(200);
  });
});
