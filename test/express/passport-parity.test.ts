import type { RequestHandler } from 'express';
import passportModule from 'passport';
import type { Latchkey } from '../../lib/latchkey.js';
import { createLatchkey } from '../../lib/latchkey.js';
import { Clock } from '../lib/clock.js';
import { EXPRESS_VERSIONS } from './express-versions.js';
import type { Keys, ParityCase } from './parity-cases.js';
import { makeKeys, parityCases } from './parity-cases.js';
import type { Answer, RunningApp } from './raw-request.js';
import { listen, send, valuesOf } from './raw-request.js';

const { Passport } = passportModule as unknown as { Passport: new () => passportModule.Authenticator };
const WAYS = ['latchkey.authenticate', 'passport', 'passport without the fast path'] as const;
const ALL = ['api-key-header', 'api-key', 'basic'] as const;
const ACCEPTED = { 'api-key-header': ['api-key-header'], 'api-key': ['api-key'], basic: ['basic'], all: ALL } as const;
type Accepted = keyof typeof ACCEPTED;

const CHALLENGES: Readonly<Record<(typeof ALL)[number], string>> = {
  'api-key-header': 'ApiKey realm="api", header="X-API-Key"',
  'api-key': 'ApiKey realm="api"',
  basic: 'Basic realm="api", charset="UTF-8"',
};
const TOO_MANY = {
  type: 'about:blank',
  title: 'Bad Request',
  status: 400,
  code: 'credential_ambiguous',
  detail: 'The request carries more than one credential. Send exactly one.',
};

/** Case names, known before there are keys. */
const PLACEHOLDER = { id: 'i'.repeat(22), secret: 's'.repeat(49), token: 't' };
const NAMES = parityCases({
  good: PLACEHOLDER,
  other: PLACEHOLDER,
  revoked: PLACEHOLDER,
  disabled: PLACEHOLDER,
  pending: PLACEHOLDER,
  expired: PLACEHOLDER,
}).map(({ name }) => name);

describe.each(EXPRESS_VERSIONS)('with $name', ({ express }) => {
  let latchkey: Latchkey;
  let app: RunningApp;
  let keys: Keys;
  let cases: ParityCase[];

  beforeAll(async () => {
    const clock = new Clock();
    latchkey = createLatchkey({ now: clock.now });
    keys = await makeKeys(latchkey, clock);
    cases = parityCases(keys);
    const fast = new Passport();
    latchkey.use(fast);
    const plain = new Passport();
    latchkey.use(plain, { fast: false });
    const server = express();
    for (const [accepted, names] of Object.entries(ACCEPTED)) {
      const ways: RequestHandler[] = [
        latchkey.authenticate(names),
        fast.authenticate([...names], { session: false }) as RequestHandler,
        plain.authenticate([...names], { session: false }) as RequestHandler,
      ];
      for (const [i, way] of ways.entries()) {
        server.get(`/${i}/${accepted}`, way, (req, res) => {
          res.json(req.user);
        });
      }
    }
    server.use(latchkey.errorHandler());
    app = await listen(server);
  });

  afterAll(async () => {
    await app.close();
    await latchkey.close();
  });

  it('asks Passport itself only where the fast path is off', () => {
    const passports = [true, false].map((fast) => {
      const passport = new Passport();
      latchkey.use(passport, { fast });
      return passport.authenticate([...ALL], { session: false }).name;
    });
    expect(passports).toEqual(['latchkeyPassportAuthenticate', 'authenticate']);
  });

  function expectAnswer(answer: Answer, accepted: Accepted, { name, expected }: ParityCase): void {
    const outcome = expected[accepted];
    const names = ACCEPTED[accepted];
    if (outcome === 200) {
      expect(answer.status).toBe(200);
      expect(JSON.parse(answer.body)).toMatchObject({ id: 'ada', credential: { id: keys.good.id } });
      expect(valuesOf(answer, 'www-authenticate')).toEqual([]);
    } else if (outcome === 400) {
      expect(answer.status).toBe(400);
      expect(JSON.parse(answer.body)).toEqual(TOO_MANY);
      expect(valuesOf(answer, 'content-type')).toEqual(['application/problem+json; charset=utf-8']);
      expect(valuesOf(answer, 'www-authenticate')).toEqual([]);
    } else {
      expect({ name, status: answer.status, body: answer.body }).toEqual({ name, status: 401, body: 'Unauthorized' });
      const error = outcome === 'bad' ? ', error="invalid_token"' : '';
      expect(valuesOf(answer, 'www-authenticate')).toEqual(names.map((each) => CHALLENGES[each] + error));
    }
  }

  it.each(NAMES)('answers the same in every way, and what is written here: %s', async (name) => {
    const parityCase = cases.find((each) => each.name === name) as ParityCase;
    for (const accepted of Object.keys(ACCEPTED) as Accepted[]) {
      const answers: Answer[] = [];
      for (const way of WAYS.keys()) answers.push(await send(app, `/${way}/${accepted}`, parityCase.headers));
      const [first, ...others] = answers as [Answer, ...Answer[]];
      expectAnswer(first, accepted, parityCase);
      for (const other of others) expect(other).toEqual(first);
    }
  });
});
