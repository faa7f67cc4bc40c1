import type { LatchkeyEvent } from '../../lib/index.js';
import type { Latchkey } from '../../lib/latchkey.js';
import { createLatchkey } from '../../lib/latchkey.js';
import { ALL, askEachWay, type Line } from './each-way.js';
import { EXPRESS_VERSIONS } from './express-versions.js';
import { ADA, bearer, by, HTTP, openApp, pair, RAW, raw, sha256 } from './imported-keys-app.js';
import type { RunningApp } from './raw-request.js';
import { send, valuesOf } from './raw-request.js';

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

  const ask = (accepted: (typeof ALL)[number] | 'all', ...headers: readonly Line[]) =>
    askEachWay(app, accepted, headers);
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
