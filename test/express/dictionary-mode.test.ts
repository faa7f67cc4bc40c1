import { setFlagsFromString } from 'node:v8';
import type { Request, RequestHandler } from 'express';
import passportModule from 'passport';
import { useDictionaryMode } from '../../lib/express/dictionary-mode.js';
import { createLatchkey } from '../../lib/index.js';
import { EXPRESS_VERSIONS } from './express-versions.js';
import { listen, send } from './raw-request.js';

const { Passport } = passportModule as unknown as { Passport: new () => passportModule.Authenticator };

setFlagsFromString('--allow-natives-syntax');
const haveSameHiddenClass = new Function('a', 'b', 'return %HaveSameMap(a, b)') as (a: object, b: object) => boolean;

describe.each(EXPRESS_VERSIONS)('a request that was authenticated, with $name', ({ express }) => {
  const latchkey = createLatchkey();
  const passport = new Passport();
  latchkey.use(passport);
  afterAll(() => latchkey.close());

  it.each<[string, RequestHandler]>([
    ['latchkey.authenticate', latchkey.authenticate()],
    ['passport.authenticate', passport.authenticate('api-key-header', { session: false })],
    ["Passport's own way", passport.authenticate('api-key-header', { session: false, failureMessage: false })],
  ])('has one hidden class with the others, and its response, by %s', async (_name, guard) => {
    const owner = { name: 'Orders', ownerId: 'ada', statements: [{ actions: ['orders:*'] }] };
    const { token } = await latchkey.apiKeys.create(owner, { by: 'test' });
    const seen: Request[] = [];
    const server = express();
    server.get('/', guard, (req, res) => {
      seen.push(req);
      res.json({ isItsResponse: req.res === res, isListed: Object.keys(req).includes('res'), id: req.user?.id });
    });
    const app = await listen(server);
    for (let i = 0; i < 3; i++) {
      const { body } = await send(app, '/', [['X-API-Key', token]]);
      expect(JSON.parse(body)).toEqual({ isItsResponse: true, isListed: true, id: 'ada' });
    }
    await app.close();
    const [, second, third] = seen as [Request, Request, Request]; // V8 learns from the first
    expect(haveSameHiddenClass(second, third)).toBe(true);
  });
});

it('leaves alone what has no response, or does not give it away', () => {
  const bare = {} as Request;
  useDictionaryMode(bare);
  expect(Object.keys(bare)).toEqual([]);
  const res = {};
  const frozen = Object.freeze({ res }) as unknown as Request;
  useDictionaryMode(frozen);
  expect(frozen.res).toBe(res);
});
