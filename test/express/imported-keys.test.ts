import { createHash } from 'node:crypto';
import type { RequestHandler } from 'express';
import { Redis } from 'ioredis';
import passportModule from 'passport';
import type { LatchkeyEvent } from '../../lib/index.js';
import type { Latchkey, LatchkeyOptions } from '../../lib/latchkey.js';
import { createLatchkey } from '../../lib/latchkey.js';
import { RedisStore } from '../../lib/stores/redis/redis-store.js';
import { Clock } from '../lib/clock.js';
import { CountingStore } from '../lib/counting-store.js';
import { PATIENT } from '../support/patience.js';
import { startRedis } from '../support/redis-server.js';
import { EXPRESS_VERSIONS } from './express-versions.js';
import type { Answer, RunningApp } from './raw-request.js';
import { listen, send, valuesOf } from './raw-request.js';

const { Passport } = passportModule as unknown as { Passport: new () => passportModule.Authenticator };
const ALL = ['api-key-header', 'api-key', 'basic'] as const;
const PATTERN = /acme_[\w.é-]{10,}|colon:.+/;
const HTTP = { importedKeys: { pattern: PATTERN, authorizationScheme: 'Bearer' } } as const;
const RAW = 'acme_live-0123456789.abcdef';
const ADA = { name: 'ci', ownerId: 'ada' };
const by = { by: 'setup' };
type Line = readonly [name: string, value: string];

const raw = (text: string): Line => ['X-API-Key', text];
const bearer = (text: string, scheme = 'Bearer'): Line => ['Authorization', `${scheme} ${text}`];
const pair = (scheme: string, text: string): Line => [
  'Authorization',
  `${scheme} ${Buffer.from(text).toString('base64')}`,
];
const sha256 = (text: string) => createHash('sha256').update(text, 'utf8').digest('hex');

/** An app that guards a route in each way, for each form. */
async function openApp(latchkey: Latchkey, express: (typeof EXPRESS_VERSIONS)[number]['express']): Promise<RunningApp> {
  const fast = new Passport();
  latchkey.use(fast);
  const plain = new Passport();
  latchkey.use(plain, { fast: false });
  const server = express();
  for (const [accepted, names] of [...ALL.map((name) => [name, [name]] as const), ['all', ALL] as const]) {
    const ways: RequestHandler[] = [
      latchkey.authenticate(names),
      fast.authenticate([...names], { session: false }) as RequestHandler,
      plain.authenticate([...names], { session: false }) as RequestHandler,
    ];
    for (const [i, way] of ways.entries()) server.get(`/${i}/${accepted}`, way, (req, res) => void res.json(req.user));
  }
  server.use('/below', latchkey.authenticate());
  server.use(latchkey.errorHandler());
  return await listen(server);
}

/** The answer to the same request in every way; they must not differ. */
async function askAll(
  app: RunningApp,
  accepted: (typeof ALL)[number] | 'all',
  headers: readonly Line[],
): Promise<Answer> {
  const [first, ...others] = [0, 1, 2].map((way) => send(app, `/${way}/${accepted}`, headers));
  const answer = (await first) as Answer;
  for (const other of others) expect(await other).toEqual(answer);
  return answer;
}

describe.each(EXPRESS_VERSIONS)('an existing key that was imported, in $name,', ({ express }) => {
  let latchkey: Latchkey;
  let app: RunningApp;
  let id: string;
  let events: LatchkeyEvent[];

  beforeAll(async () => {
    latchkey = createLatchkey({ http: HTTP });
    latchkey.on('request.refused', (event) => void events.push(event));
    app = await openApp(latchkey, express);
    const imported = await latchkey.apiKeys.import({ ...ADA, sha256: sha256(RAW) }, by);
    if (imported.outcome !== 'imported') throw new Error(imported.outcome);
    id = imported.id;
  });
  beforeEach(() => {
    events = [];
  });
  afterAll(async () => {
    await app.close();
    await latchkey.close();
  });

  const ask = (accepted: (typeof ALL)[number] | 'all', ...headers: readonly Line[]) => askAll(app, accepted, headers);
  const status = async (...headers: readonly Line[]) => (await ask('all', ...headers)).status;

  it('is accepted as it is, in the header and in the scheme that was named', async () => {
    const lines = [raw(RAW), bearer(RAW), bearer(` ${RAW}`, 'bEARER')] as const;
    for (const line of lines) {
      const form = line[0] === 'X-API-Key' ? 'api-key-header' : 'api-key';
      for (const accepted of [...ALL, 'all'] as const) {
        const { status: got, body } = await ask(accepted, line);
        const isAccepted = accepted === form || accepted === 'all';
        expect([line, accepted, got]).toEqual([line, accepted, isAccepted ? 200 : 401]);
        if (isAccepted) expect(JSON.parse(body)).toMatchObject({ id: 'ada', credential: { id, scheme: form } });
      }
    }
  });

  it('is sent as the bytes of UTF-8', async () => {
    const text = 'acme_clé-secrète-0123456789'.replace('è', 'é');
    const [plain] = await latchkey.apiKeys.import([{ ...ADA, secret: text }], by);
    expect(plain?.outcome).toBe('imported');
    expect(await status(raw(Buffer.from(text).toString('latin1')))).toBe(200);
    expect(await status(raw(text))).toBe(401); // Latin-1, which is no UTF-8
  });

  it('lets nobody in who has but its hash, in any form', async () => {
    const known = sha256(RAW);
    const bytes = Buffer.from(known, 'hex');
    const labelled = `latchkey imported key ${known}`;
    for (const secret of [known, known.toUpperCase(), labelled, bytes.toString('base64'), `imported-sha256:${known}`]) {
      const forms = [
        raw(secret),
        raw(`acme_${secret}`),
        raw(`colon:${secret}`),
        raw(`${id}:${secret}`),
        raw(`lk_${id}_${secret}`),
        bearer(secret),
        bearer(`lk_${id}_${secret}`),
        bearer(`:${secret}`),
        pair('ApiKey', `${id}:${secret}`),
        pair('ApiKey', `:${secret}`),
        pair('Basic', `${id}:${secret}`),
        pair('Basic', `:${secret}`),
        pair('ApiKey', `${known.slice(0, 22)}:${secret}`),
      ];
      for (const line of forms) expect([line, await status(line)]).toEqual([line, 401]);
      const req = { headers: {}, get: () => undefined, socket: {} } as never;
      const verdict = await latchkey.dialects.verifyKey(req, { id, secret });
      expect(verdict).toHaveProperty('reason');
      expect(await latchkey.dialects.stampOf({ id, secret })).toBeNull();
      expect(await latchkey.leakedKeys.report({ token: secret })).toBe(false);
    }
    expect(await status(raw(RAW))).toBe(200);
  });

  it('that is unknown, or looks like none, is 401, and is told without what was sent', async () => {
    const unknown = `${RAW}-unknown`;
    for (const line of [raw(unknown), raw(`${RAW}!`), raw('acme_short'), bearer(unknown)]) {
      const answer = await ask('all', line);
      expect(answer.status).toBe(401);
      expect(valuesOf(answer, 'www-authenticate')).toEqual([
        'ApiKey realm="api", header="X-API-Key", error="invalid_token"',
        'ApiKey realm="api", error="invalid_token", Bearer realm="api", error="invalid_token"',
        'Basic realm="api", charset="UTF-8", error="invalid_token"',
      ]);
    }
    const reasons = events.map(
      (event) =>
        'reason' in event && `${event.reason} ${JSON.stringify('credentialId' in event && event.credentialId)}`,
    );
    expect([...new Set(reasons)].toSorted()).toEqual(['malformed null', 'unknown_id null']);
    const told = JSON.stringify(events);
    for (const secret of [unknown, sha256(unknown), RAW]) expect(told).not.toContain(secret);
  });

  it('is cut out of paths', async () => {
    await send(app, `/below/${encodeURIComponent(`${RAW}é`)}/${RAW}/some_word`);
    expect(events).toMatchObject([{ path: '/below/.../.../some_word' }]);
  });

  it('that is known and refused is told of by its id', async () => {
    const secret = `${RAW}-disabled`;
    const [result] = await latchkey.apiKeys.import([{ ...ADA, secret }], by);
    if (result?.outcome !== 'imported') throw new Error('it was refused');
    await latchkey.apiKeys.disable(result.id, by);
    expect(await status(raw(secret))).toBe(401);
    expect(await status(bearer(secret))).toBe(401);
    expect(events.length).toBeGreaterThanOrEqual(6);
    for (const event of events)
      expect(event).toMatchObject({ reason: 'disabled', credentialId: result.id, ownerId: 'ada' });
    expect(JSON.stringify(events)).not.toContain(secret);
  });

  it('is the only credential, or 400', async () => {
    const { token } = await latchkey.apiKeys.create(ADA, by);
    const ours = token.slice(3).replace('_', ':');
    const twice: Line[][] = [
      [raw(RAW), bearer(`${RAW}-other`)],
      [raw(RAW), pair('ApiKey', ours)],
      [raw(RAW), pair('Basic', ours)],
      [raw(RAW), raw(RAW)],
      [bearer(RAW), bearer(RAW)],
      [raw(token), bearer(RAW)],
    ];
    for (const headers of twice) expect([headers, await status(...headers)]).toEqual([headers, 400]);
    expect(await status(raw(RAW), bearer(RAW))).toBe(200);
    expect(await status(raw(RAW), bearer('eyJhbGciOi.some.jwt'))).toBe(200); // of somebody else
  });

  it('once rotated, is a token of ours that is accepted where the key was', async () => {
    const secret = `${RAW}-rotated`;
    const [result] = await latchkey.apiKeys.import([{ ...ADA, secret }], by);
    if (result?.outcome !== 'imported') throw new Error('it was refused');
    const { token } = await latchkey.apiKeys.rotate(result.id, { ...by, graceMs: 60_000 });
    for (const line of [raw(secret), bearer(secret), raw(token), bearer(token)]) {
      const { body } = await ask('all', line);
      expect(JSON.parse(body)).toMatchObject({ credential: { id: result.id } });
    }
    await latchkey.apiKeys.rotate(result.id, by);
    for (const line of [raw(secret), bearer(secret), raw(token), bearer(token)]) expect(await status(line)).toBe(401);
  });

  it('sent as whatever strangers come up with is 400 or 401', async () => {
    const parts = [
      'acme_',
      RAW,
      id,
      'lk_',
      ':',
      ' ',
      'Bearer',
      '\u00e9',
      '\u00c3\u00a9',
      'x'.repeat(300),
      ',',
      '=',
      '%00',
      '\t',
    ];
    let seed = 7;
    const draw = (below: number) => {
      seed = (seed * 48_271) % 2_147_483_647;
      return seed % below;
    };
    const word = () => Array.from({ length: 1 + draw(4) }, () => parts[draw(parts.length)]).join('');
    for (let n = 0; n < 150; n++) {
      const [left, right] = [word().trim(), word()];
      if (left === RAW || right.trim() === RAW) continue;
      const { status: got } = await send(app, '/0/all', [raw(left), ...(draw(2) === 0 ? [] : [bearer(right)])]);
      expect([left, right, [400, 401].includes(got)]).toEqual([left, right, true]);
    }
  });

  it('takes nothing from drawn pairs and from what is none', async () => {
    const drawn = { id: 'colon', secret: 's'.repeat(30) };
    const { token } = await latchkey.apiKeys.create(ADA, { ...by, draw: () => ({ ...drawn, id: 'colon-colon' }) });
    expect(await status(raw(token))).toBe(200);
    expect(await status()).toBe(401);
    expect(await status(bearer(''))).toBe(401);
    expect(await status(bearer('x'.repeat(5_000)))).toBe(401);
    expect(await status(raw(`acme_${'x'.repeat(252)}`))).toBe(401);
  });
});

describe('a flood of existing keys', () => {
  const { express } = EXPRESS_VERSIONS[0] as (typeof EXPRESS_VERSIONS)[number];
  const clock = new Clock();

  async function withApp(options: LatchkeyOptions, use: (app: RunningApp, latchkey: Latchkey) => Promise<void>) {
    const latchkey = createLatchkey({ now: clock.now, ...options });
    const app = await openApp(latchkey, express);
    try {
      await use(app, latchkey);
    } finally {
      await app.close();
      await latchkey.close();
    }
  }

  it('costs no look-up where they do not look like one, or none are expected', async () => {
    const store = new CountingStore();
    await withApp({ store }, async (app) => {
      for (let n = 0; n < 20; n++) expect((await send(app, '/0/all', [raw(`${RAW}${n}`)])).status).toBe(401);
    });
    const other = new CountingStore();
    await withApp({ store: other, http: HTTP }, async (app) => {
      for (let n = 0; n < 20; n++) expect((await send(app, '/0/all', [raw(`${n}${RAW}`)])).status).toBe(401);
    });
    expect([...store.drain(), ...other.drain()].filter((verb) => verb === 'get')).toEqual([]);
  });

  it('that are unknown costs one look-up for each id that one can have, and is slowed down', async () => {
    const store = new CountingStore();
    const peppers = ['a'.repeat(32), 'b'.repeat(32)];
    await withApp({ store, http: HTTP, peppers, lockout: { secretLimit: 5 } }, async (app, latchkey) => {
      await latchkey.apiKeys.import({ ...ADA, secret: RAW }, by);
      expect((await send(app, '/0/all', [raw(RAW)])).status).toBe(200);
      store.drain();
      const answers = [];
      for (let n = 0; n < 8; n++) answers.push((await send(app, '/0/all', [raw(`${RAW}-unknown`)])).status);
      expect(answers).toEqual([401, 401, 401, 401, 401, 429, 429, 429]);
      expect(store.drain()).toEqual(['get', 'get', 'get']);
      expect((await send(app, '/0/all', [raw(RAW)])).status).toBe(200);
      expect(store.drain()).toEqual([]);
    });
  });

  it('when the store is down is 503', async () => {
    const store = new CountingStore();
    await withApp({ store, http: HTTP }, async (app, latchkey) => {
      store.failure = new Error('down');
      const { AuthError } = await import('../../lib/errors.js');
      store.failure = new AuthError('store_unavailable');
      expect((await send(app, '/0/all', [raw(RAW)])).status).toBe(503);
      const results = await latchkey.apiKeys.import([{ ...ADA, secret: RAW }], by);
      expect(results).toMatchObject([{ outcome: 'refused', error: { code: 'store_unavailable', status: 503 } }]);
    });
  });
});

describe('on Redis, a cached existing key', () => {
  it('is verified without a promise, and without a command', async () => {
    const server = await startRedis();
    const client = new Redis(server.url);
    const clock = new Clock();
    const peppers = ['a'.repeat(32), 'b'.repeat(32)];
    const before = createLatchkey({
      store: new RedisStore(client, PATIENT),
      peppers: peppers.slice(1),
      now: clock.now,
    });
    const latchkey = createLatchkey({ store: new RedisStore(client, PATIENT), peppers, http: HTTP, now: clock.now });
    try {
      await before.apiKeys.import({ ...ADA, secret: RAW }, by); // so its id is that of the previous pepper
      const guard = latchkey.authenticate('api-key-header');
      const request = () => ({ headers: { 'x-api-key': RAW }, rawHeaders: ['X-API-Key', RAW], socket: {} }) as never;
      while (!(await latchkey.health()).feedIsLive) await new Promise((go) => setTimeout(go, 25)); // nothing is cached before
      expect(await new Promise((done) => guard(request(), {} as never, done))).toBeUndefined();
      clock.advance(30_000); // unknown ids are long forgotten
      const sent = async () => Number(/total_commands_processed:(\d+)/.exec(await client.info('stats'))?.[1]);
      const first = await sent();
      let isThrough = 0;
      for (let n = 0; n < 100; n++)
        guard(request(), {} as never, (error?: unknown) => {
          if (error === undefined) isThrough++;
        });
      expect(isThrough).toBe(100);
      expect((await sent()) - first).toBeLessThan(10); // the feed's heartbeat
    } finally {
      await latchkey.close();
      await before.close();
      client.disconnect();
      await server.stop();
    }
  });
});

describe('http.importedKeys', () => {
  const make = (importedKeys: unknown) => () =>
    createLatchkey({ http: { importedKeys } as LatchkeyOptions['http'] & object });

  it.each<[what: string, options: unknown, message: string]>([
    ['no object', 5, 'http.importedKeys must be a object'],
    ['another option', { pattern: /x/, colour: 1 }, 'http.importedKeys has no option colour'],
    ['no pattern', {}, 'http.importedKeys.pattern must be a RegExp'],
    ['a text', { pattern: 'acme_.*' }, 'http.importedKeys.pattern must be a object'],
    [
      'a scheme of ours',
      { pattern: /x/, authorizationScheme: 'apikey' },
      'must be a scheme other than ApiKey and Basic',
    ],
    ['two words', { pattern: /x/, authorizationScheme: 'A B' }, 'must be a scheme other than ApiKey and Basic'],
    ['a trap', { pattern: /(a+)+/ }, 'takes too long on texts that do not match'],
    ['a trap behind a prefix', { pattern: /^acme_([a-z]+)*$/ }, 'takes too long on texts that do not match'],
    [
      'a trap behind a choice',
      { pattern: /sk_(?:live|test)_(?:[a-z]+)+/ },
      'takes too long on texts that do not match',
    ],
  ])('refuses %s', (_, options, message) => {
    const failed = make(options);
    expect(failed).toThrow(TypeError);
    expect(failed).toThrow(message);
  });

  it('matches the whole of a key, whatever the flags and the anchors', async () => {
    const entries = ['acme_0123456789a', 'xacme_0123456789a', 'acme_0123456789abc'];
    for (const pattern of [
      /acme_\w{11}/,
      /acme_\w{11}/g,
      /^acme_\w{11}$/my,
      /other|acme_\w{11}/,
      /(?:acme|corp)_(?:\d|[a-z]){11}/,
    ]) {
      const latchkey = createLatchkey({ http: { importedKeys: { pattern } } });
      const results = await latchkey.apiKeys.import(
        entries.map((secret) => ({ ...ADA, secret })),
        by,
      );
      expect(results.map(({ outcome }) => outcome)).toEqual(['imported', 'refused', 'refused']);
      await latchkey.close();
    }
  });

  it('is among the names of credentials where there is a scheme', async () => {
    const latchkey = createLatchkey({ http: HTTP });
    expect(latchkey.credentialNames.authorizationScheme).toBe('Bearer');
    await latchkey.close();
    const other = createLatchkey({});
    expect(other.credentialNames).not.toHaveProperty('authorizationScheme');
    await other.close();
  });
});
