import type { RequestHandler } from 'express';
import passportModule from 'passport';
import type { IssuedKey, LatchkeyEvent, NewKey } from '../../lib/index.js';
import type { Latchkey } from '../../lib/latchkey.js';
import { createLatchkey } from '../../lib/latchkey.js';
import { EXPRESS_VERSIONS } from './express-versions.js';
import type { Answer, RunningApp } from './raw-request.js';
import { listen, send } from './raw-request.js';

const { Passport } = passportModule as unknown as { Passport: new () => passportModule.Authenticator };
const NAMES = ['api-key-header', 'api-key', 'basic'] as const;
const WAYS = ['/own', '/fast', '/passport'] as const;
const APP = 'https://app.example.com';

type Line = readonly [name: string, value: string];
/** How many proxies the app trusts. */
type Trust = 'none' | 'one' | 'all';

function formsOf({ key, secret, token }: IssuedKey): Line[] {
  const pair = Buffer.from(`${key.id}:${secret}`).toString('base64');
  return [
    ['X-API-Key', token],
    ['Authorization', `ApiKey ${pair}`],
    ['Authorization', `Basic ${pair}`],
  ];
}

describe.each(EXPRESS_VERSIONS)('a key that is accepted only from some places, in $name,', ({ express }) => {
  let latchkey: Latchkey;
  let apps: Record<Trust, RunningApp>;

  beforeEach(async () => {
    latchkey = createLatchkey();
    const [fast, slow] = [new Passport(), new Passport()];
    latchkey.use(fast);
    latchkey.use(slow, { fast: false });
    const session = { session: false } as const;
    const ways: Record<(typeof WAYS)[number], RequestHandler> = {
      '/own': latchkey.authenticate(NAMES),
      '/fast': fast.authenticate([...NAMES], session) as RequestHandler,
      '/passport': slow.authenticate([...NAMES], session) as RequestHandler,
    };
    const start = (trust: boolean | number) => {
      const app = express();
      app.set('trust proxy', trust);
      for (const [path, way] of Object.entries(ways)) app.get(path, way, (_req, res) => void res.json(1));
      app.use(latchkey.errorHandler());
      return listen(app);
    };
    apps = { none: await start(false), one: await start(1), all: await start(true) };
  });

  afterEach(async () => {
    for (const app of Object.values(apps)) await app.close();
    await latchkey.close();
  });

  const create = (fields: Partial<NewKey>) =>
    latchkey.apiKeys.create({ name: 'ci', ownerId: 'ada', ...fields }, { by: 'setup' });

  /** The one status that every way and form answers, first and cached. */
  async function statusOf(issued: IssuedKey, trust: Trust, ...lines: Line[]): Promise<number> {
    const statuses = new Set<number>();
    for (const way of WAYS) {
      for (const form of formsOf(issued)) statuses.add((await send(apps[trust], way, [form, ...lines])).status);
    }
    expect(statuses.size).toBe(1);
    return [...statuses][0] as number;
  }

  it('is let in from the address of the connection, whatever a header claims that nobody trusts', async () => {
    const local = await create({ allowedAddresses: ['127.0.0.0/8'] });
    const remote = await create({ allowedAddresses: ['192.0.2.0/24'] });
    for (const lines of [[], [['X-Forwarded-For', '192.0.2.1']]] as Line[][]) {
      expect([await statusOf(local, 'none', ...lines), await statusOf(remote, 'none', ...lines)]).toEqual([200, 401]);
    }
    expect(await statusOf(remote, 'all')).toBe(401);
  });

  it.each<[Trust, string, number]>([
    ['all', '192.0.2.1', 200],
    ['all', '::ffff:192.0.2.1', 200],
    ['all', '2001:db8::7', 200],
    ['all', '192.0.2.1, 198.51.100.1', 200],
    ['all', '198.51.100.1, 192.0.2.1', 401],
    ['all', '198.51.100.1', 401],
    ['all', '2001:db9::7', 401],
    ['all', 'nonsense', 401],
    ['all', `192.0.2.1${' '.repeat(100)}x`, 401],
    ['all', '', 401],
    ['one', '198.51.100.1, 192.0.2.1', 200],
    ['one', '192.0.2.1, 198.51.100.1', 401],
  ])('behind trusted proxies (%s), forwarded for %j: %i', async (trust, forwarded, expected) => {
    const issued = await create({ allowedAddresses: ['192.0.2.0/24', '2001:db8::/32'] });
    expect(await statusOf(issued, trust, ['X-Forwarded-For', forwarded])).toBe(expected);
  });

  it.each<[Line[], number]>([
    [[['Origin', APP]], 200],
    [[], 401],
    [[['Origin', 'https://evil.example.com']], 401],
    [[['Origin', 'null']], 401],
    [[['Referer', `${APP}/page`]], 401],
    [
      [
        ['Origin', APP],
        ['Origin', 'https://evil.example.com'],
      ],
      401,
    ],
  ])('that browsers send from one origin only, with %j: %i', async (lines, expected) => {
    const issued = await create({ allowedOrigins: [APP] });
    expect(await statusOf(issued, 'none', ...lines)).toBe(expected);
  });

  it('is refused as any other: only the host learns why', async () => {
    const events: LatchkeyEvent[] = [];
    latchkey.on('request.refused', (event) => events.push(event));
    const elsewhere = await create({ allowedAddresses: ['192.0.2.0/24'] });
    const otherPage = await create({ allowedOrigins: [APP] });
    const revoked = await create({});
    await latchkey.apiKeys.revoke(revoked.key.id, { by: 'setup' });
    const answers: Answer[] = [];
    for (const issued of [elsewhere, otherPage, revoked]) {
      const [form] = formsOf(issued);
      answers.push(await send(apps.none, '/own', [form as Line]));
    }
    expect(answers[0]?.status).toBe(401);
    expect(answers[1]).toEqual(answers[0]);
    expect(answers[2]).toEqual(answers[0]);
    expect(events).toMatchObject([
      { reason: 'address_not_allowed', credentialId: elsewhere.key.id, address: '127.0.0.1' },
      { reason: 'origin_not_allowed', credentialId: otherPage.key.id },
      { reason: 'revoked', credentialId: revoked.key.id },
    ]);
  });
});
