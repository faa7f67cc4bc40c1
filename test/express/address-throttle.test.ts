import { setImmediate as immediate } from 'node:timers/promises';
import type { RequestHandler } from 'express';
import passportModule from 'passport';
import type { Latchkey } from '../../lib/latchkey.js';
import { createLatchkey } from '../../lib/latchkey.js';
import { generateSecret } from '../../lib/verification/secret.js';
import { Clock } from '../lib/clock.js';
import { EXPRESS_VERSIONS } from './express-versions.js';
import type { Answer, RunningApp } from './raw-request.js';
import { listen, send } from './raw-request.js';

const { Passport } = passportModule as unknown as { Passport: new () => passportModule.Authenticator };
const NAMES = ['api-key-header', 'api-key', 'basic'] as const;
const LIMIT = 5;

type Line = readonly [name: string, value: string];

function formsOf({ id, secret, token }: { id: string; secret: string; token: string }): Line[] {
  const pair = Buffer.from(`${id}:${secret}`).toString('base64');
  return [
    ['X-API-Key', token],
    ['Authorization', `ApiKey ${pair}`],
    ['Authorization', `Basic ${pair}`],
  ];
}

describe.each(EXPRESS_VERSIONS)('an address that sent too many wrong secrets, in $name,', ({ express }) => {
  let latchkey: Latchkey;
  let app: RunningApp;
  let plain: RunningApp;
  let id: string;
  let right: Line[];

  /** Express logs what nobody handled, some time after it has answered. */
  beforeAll(() => {
    jest.spyOn(console, 'error').mockImplementation(() => {});
  });
  afterAll(async () => {
    await immediate();
    jest.restoreAllMocks();
  });

  beforeEach(async () => {
    const lockout = { secretLimit: LIMIT };
    latchkey = createLatchkey({ now: new Clock().now, lockout });
    const issued = await latchkey.apiKeys.create({ name: 'ci', ownerId: 'ada' }, { by: 'setup' });
    id = issued.key.id;
    right = formsOf({ id, secret: issued.secret, token: issued.token });
    const [fast, slow] = [new Passport(), new Passport()];
    latchkey.use(fast);
    latchkey.use(slow, { fast: false });
    const session = { session: false } as const;
    const ways: Record<string, RequestHandler> = {
      '/own': latchkey.authenticate(NAMES),
      '/own-with-error': latchkey.authenticate(NAMES, { failWithError: true }),
      '/fast': fast.authenticate([...NAMES], session) as RequestHandler,
      '/passport': slow.authenticate([...NAMES], session) as RequestHandler,
      '/passport-with-error': slow.authenticate([...NAMES], { ...session, failWithError: true }) as RequestHandler,
    };
    const apps = [express(), express()] as const;
    for (const each of apps) {
      each.set('env', 'production');
      each.set('trust proxy', true);
      for (const [path, way] of Object.entries(ways)) each.get(path, way, (_req, res) => void res.json(1));
    }
    apps[0].use(latchkey.errorHandler());
    app = await listen(apps[0]);
    plain = await listen(apps[1]); // with Express's own error handler
    for (let tries = 0; tries < LIMIT; tries++) {
      const [form] = formsOf(generateSecret('lk', id));
      expect((await send(app, '/own', [form as Line])).status).toBe(401);
    }
  });
  afterEach(async () => {
    await app.close();
    await plain.close();
    await latchkey.close();
  });

  const PATHS = ['/own', '/own-with-error', '/fast', '/passport', '/passport-with-error'];

  it('gets 429 for a further one, the same in every way and form', async () => {
    const answers: Answer[] = [];
    for (const path of PATHS) {
      for (const form of formsOf(generateSecret('lk', id))) answers.push(await send(app, path, [form]));
      for (const form of formsOf(generateSecret('lk'))) answers.push(await send(app, path, [form]));
    }
    const [first, ...others] = answers as [Answer, ...Answer[]];
    expect(first.status).toBe(429);
    expect(JSON.parse(first.body)).toEqual({
      type: 'about:blank',
      title: 'Too Many Requests',
      status: 429,
      code: 'too_many_attempts',
      detail: 'Too many failed attempts. Wait, then retry.',
    });
    expect(first.headers).toContainEqual(['retry-after', '900']);
    expect(first.headers.map(([name]) => name)).not.toContain('www-authenticate');
    for (const other of others) expect(other).toEqual(first);
  });

  it('gets 429 from Express’s own error handler, too', async () => {
    for (const path of PATHS) {
      const [form] = formsOf(generateSecret('lk', id));
      const answer = await send(plain, path, [form as Line]);
      expect(answer.status).toBe(429);
      expect(answer.headers).toContainEqual(['retry-after', '900']);
    }
  });

  it('still gets in with a right one, and 401 with what was no secret at all', async () => {
    for (const path of PATHS) {
      for (const form of right) expect((await send(app, path, [form])).status).toBe(200);
      for (const lines of [[], [['X-API-Key', 'nonsense'] as const]]) {
        expect((await send(app, path, lines)).status).toBe(401);
      }
    }
  });

  it('is told from others behind the same proxy', async () => {
    const [form] = formsOf(generateSecret('lk', id));
    const answer = await send(app, '/own', [form as Line, ['X-Forwarded-For', '192.0.2.9']]);
    expect(answer.status).toBe(401);
  });
});
