import type { IssuedKey, LatchkeyEvent } from '../../lib/index.js';
import type { Latchkey } from '../../lib/latchkey.js';
import { createLatchkey } from '../../lib/latchkey.js';
import { ALL, askEachWay, guardEachWay, type Line } from './each-way.js';
import { EXPRESS_VERSIONS } from './express-versions.js';
import type { RunningApp } from './raw-request.js';
import { listen, send } from './raw-request.js';

const PAIRS = {
  Elasticsearch: ['VuaCfGcBCdbkQm-e5aOx', 'ui2lp2axTNmsyakw9tvNnw'],
  Trend: ['6f1d2c3b-4a59-4e8f-9a7b-0c1d2e3f4a5b', 'iCwy0wQ4E9cGDQ3tJDxtyNqi/41Y1e4xO0h+QbH2wZM='],
  Illumio: ['1d2c3b4a59687f6e5', '9f'.repeat(32)],
  SystemLink: ['bx0sO0pZ-4e8f-9a7b-0c1d2e3f4a5b', 'bx0sO0pZTo-aewwdLj9KWw_0123456789abcdefghi'],
  Plexus: ['0aB1cD2eF3g', '0aB1cD2eF3gH4iJ5kL6mN7oP8qR9sT0u'],
} as const;
type Product = keyof typeof PAIRS;

const base64 = (text: string) => Buffer.from(text).toString('base64');
const raw = (token: string): Line => ['X-API-Key', token];
const apiKey = (pair: string): Line => ['Authorization', `ApiKey ${base64(pair)}`];
const basic = (pair: string): Line => ['Authorization', `Basic ${base64(pair)}`];

describe.each(EXPRESS_VERSIONS)('a key whose pair was drawn, in $name,', ({ express }) => {
  let latchkey: Latchkey;
  let app: RunningApp;
  let events: LatchkeyEvent[];
  const made = new Map<Product, Promise<IssuedKey>>();

  beforeAll(async () => {
    made.clear();
    latchkey = createLatchkey();
    latchkey.on('request.refused', (event) => void events.push(event));
    const server = express();
    guardEachWay(server, latchkey);
    server.use(latchkey.authenticate(), (_req, res) => void res.status(404).end());
    server.use(latchkey.errorHandler());
    app = await listen(server);
  });
  beforeEach(() => {
    events = [];
  });
  afterAll(async () => {
    await app.close();
    await latchkey.close();
  });

  function keyOf(product: Product): Promise<IssuedKey> {
    const known = made.get(product);
    if (known !== undefined) return known;
    const [id, secret] = PAIRS[product];
    const issued = latchkey.apiKeys.create(
      { name: product, ownerId: 'ada' },
      { by: 'setup', draw: () => ({ id, secret }) },
    );
    made.set(product, issued);
    return issued;
  }

  const ask = (accepted: (typeof ALL)[number] | 'all', ...headers: readonly Line[]) =>
    askEachWay(app, accepted, headers);

  describe.each(Object.keys(PAIRS) as Product[])('like one of %s', (product) => {
    it('is accepted in each form, where that form is accepted', async () => {
      const { token } = await keyOf(product);
      const lines: Record<(typeof ALL)[number], Line> = {
        'api-key-header': raw(token),
        'api-key': apiKey(token),
        basic: basic(token),
      };
      for (const [form, line] of Object.entries(lines)) {
        for (const accepted of [...ALL, 'all'] as const) {
          const { status, body } = await ask(accepted, line);
          const isAccepted = accepted === form || accepted === 'all';
          expect([form, accepted, status]).toEqual([form, accepted, isAccepted ? 200 : 401]);
          if (isAccepted)
            expect(JSON.parse(body)).toMatchObject({ credential: { id: PAIRS[product][0], scheme: form } });
        }
      }
    });

    it('is refused with a wrong secret, and told of by its id', async () => {
      const { key, token } = await keyOf(product);
      for (const line of [raw(`${token}x`), apiKey(`${token}x`), basic(`${token}x`)]) {
        expect((await ask('all', line)).status).toBe(401);
      }
      expect(events).toHaveLength(9);
      for (const event of events) expect(event).toMatchObject({ reason: 'wrong_secret', credentialId: key.id });
      expect(JSON.stringify(events)).not.toContain(PAIRS[product][1]);
    });
  });

  it('is the only credential, or 400', async () => {
    const [one, other] = [(await keyOf('Trend')).token, (await keyOf('Plexus')).token];
    const ours = (await latchkey.apiKeys.create({ name: 'ours', ownerId: 'ada' }, { by: 'setup' })).token;
    const twice: Line[][] = [
      [raw(one), apiKey(other)],
      [raw(one), raw(other)],
      [raw(one), raw(one)],
      [raw(ours), apiKey(other)],
      [raw(one), basic(ours.slice(3).replace('_', ':'))],
    ];
    for (const headers of twice) expect((await ask('all', ...headers)).status).toBe(400);
    for (const headers of [
      [raw(one), apiKey(one)],
      [raw(one), basic(one)],
    ]) {
      for (const accepted of [...ALL, 'all'] as const) {
        const isAccepted =
          accepted === 'all' ||
          accepted === 'api-key-header' ||
          headers[1]?.[1].startsWith(accepted === 'basic' ? 'Basic' : 'ApiKey');
        expect((await ask(accepted, ...headers)).status).toBe(isAccepted ? 200 : 401);
      }
    }
  });

  it('stands beside what a proxy sends as Basic, whatever that looks like', async () => {
    const { token, key } = await keyOf('Illumio');
    for (const proxys of ['administrator:Tr0ub4dor-and-3-more-words', 'user:password', (await keyOf('Plexus')).token]) {
      const { status, body } = await ask('all', basic(proxys), raw(token));
      expect([status, JSON.parse(body).credential.id]).toEqual([200, key.id]);
    }
    expect((await ask('all', basic('administrator:Tr0ub4dor-and-3-more-words'))).status).toBe(401);
  });

  it('is not told of by its id where there is none such: it may be the secret in the wrong place', async () => {
    const { key, secret } = await keyOf('Illumio');
    expect((await ask('all', apiKey(`${secret}:${key.id}-and-more`))).status).toBe(401);
    expect(events.map((event) => 'credentialId' in event && event.credentialId)).toEqual([null, null, null]);
    expect(JSON.stringify(events)).not.toContain(secret);
  });

  it('has its secret cut out of paths', async () => {
    for (const product of Object.keys(PAIRS) as Product[]) {
      const { secret, token } = await keyOf(product);
      const places = product === 'Elasticsearch' ? [token] : [secret, token];
      for (const text of [...places, ...places.map(encodeURIComponent), base64(token)]) {
        events = [];
        await send(app, `/files/${text}/x`);
        const [event] = events;
        expect(event).toMatchObject({ path: expect.stringMatching(/^\/files\/.*\.\.\./) });
        const told = (event as { path: string }).path.replace(/%([0-9A-F]{2})/g, (_, hex) =>
          String.fromCharCode(Number.parseInt(hex, 16)),
        );
        for (let at = 0; at + 8 <= secret.length; at++) expect(told).not.toContain(secret.slice(at, at + 8));
      }
    }
  });

  it('has a session token of Illumio’s cut out of paths', async () => {
    events = [];
    await send(app, `/files/${'0a1b2c3d4e'.repeat(4)}/x`);
    expect(events).toMatchObject([{ path: '/files/.../x' }]);
  });

  it('leaves public ids and words in paths', async () => {
    const kept = [
      PAIRS.Trend[0],
      PAIRS.Elasticsearch[0],
      '0cc175b9c0f1b6a831c399e269772661',
      'n4bQgYhMfWWaL-qgxVrQFaO_TxsrC4Is0V1sFbDwCgg',
      'VuaCfGcBCdbkQm0e5aOx12',
      'elasticsearch:manage_something_very_long_indeed',
    ];
    for (const word of kept) {
      events = [];
      await send(app, `/files/${word}/x`);
      expect(events).toMatchObject([{ path: `/files/${word}/x` }]);
    }
  });
});
