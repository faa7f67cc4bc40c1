import { setFlagsFromString } from 'node:v8';
import type { Request, RequestHandler } from 'express';
import passportModule from 'passport';
import { useDictionaryMode } from '../../lib/express/dictionary-mode.js';
import { createLatchkey } from '../../lib/index.js';
import { EXPRESS_VERSIONS } from './express-versions.js';
import { listen, send } from './raw-request.js';

const { Passport } = passportModule as unknown as { Passport: new () => passportModule.Authenticator };

setFlagsFromString('--allow-natives-syntax');
const hasFastProperties = new Function('object', 'return %HasFastProperties(object)') as (object: object) => boolean;
/** Where requests share their hidden classes by themselves. */
const SHARES = Number.parseInt(process.versions.node, 10) >= 24;

describe.each(EXPRESS_VERSIONS)('a request that was authenticated, with $name', ({ express }) => {
  const latchkey = createLatchkey();
  const passport = new Passport();
  latchkey.use(passport);
  afterAll(() => latchkey.close());

  it.each<[string, RequestHandler]>([
    ['latchkey.authenticate', latchkey.authenticate()],
    ['passport.authenticate', passport.authenticate('api-key-header', { session: false })],
    ["Passport's own way", passport.authenticate('api-key-header', { session: false, failureMessage: false })],
  ])('is a dictionary before Node 24, and has its response, by %s', async (_name, guard) => {
    const owner = { name: 'Orders', ownerId: 'ada', statements: [{ actions: ['orders:*'] }] };
    const { token } = await latchkey.apiKeys.create(owner, { by: 'test' });
    const server = express();
    server.get('/', guard, (req, res) => {
      const ofResponse = { isItsResponse: req.res === res, isListed: Object.keys(req).includes('res') };
      res.json({ ...ofResponse, id: req.user?.id, isFast: hasFastProperties(req) });
    });
    const app = await listen(server);
    const { body } = await send(app, '/', [['X-API-Key', token]]);
    expect(JSON.parse(body)).toEqual({ isItsResponse: true, isListed: true, id: 'ada', isFast: SHARES });
    await app.close();
  });
});

it('leaves alone what has no response, or does not give it away', () => {
  const bare = {} as Request;
  useDictionaryMode(bare);
  expect(Object.keys(bare)).toEqual([]);
  const inherited = Object.create(Object.freeze({ res: {} })) as Request;
  useDictionaryMode(inherited);
  expect(Object.keys(inherited)).toEqual([]);
  const res = {};
  const frozen = Object.freeze({ res }) as unknown as Request;
  useDictionaryMode(frozen);
  expect(frozen.res).toBe(res);
});
