import { createHash } from 'node:crypto';
import type { Core, CoreOptions } from '../../../lib/core.js';
import { createCore } from '../../../lib/core.js';
import type { ChangeEvent } from '../../../lib/events.js';
import type { ImportResult, KeyImport } from '../../../lib/index.js';
import { Principal } from '../../../lib/principal.js';
import { ImportedKeyForm } from '../../../lib/verification/imported-key.js';
import { type Clock, DAY_MS } from '../clock.js';
import { refusalOf } from '../refusals.js';
import { TIMED_PLACES, type TimedPlace } from '../timed-places.js';

type Created = Extract<ChangeEvent, { readonly keyId: string }>;

const by = { by: 'setup' };
const ACME = { name: 'ci', ownerId: 'ada', orgId: 'acme' };
const RAW = 'acme_live_0123456789abcdef';
const FORM = new ImportedKeyForm({ pattern: /acme_[\w-]+/ });
const PEPPERS = ['a'.repeat(32), 'b'.repeat(32), 'c'.repeat(32)] as const;

const sha256 = (text: string) => createHash('sha256').update(text, 'utf8').digest('hex');

describe.each(TIMED_PLACES)('importing existing keys, in $name,', ({ open }) => {
  let place: TimedPlace;
  let clock: Clock;
  let core: Core;
  const cores: Core[] = [];

  beforeAll(async () => {
    place = await open();
    clock = place.clock;
  });
  afterAll(() => place.stop());
  beforeEach(async () => {
    await place.clear();
    core = start();
  });
  afterEach(async () => {
    for (const each of cores.splice(0)) await each.close();
  });

  /** One more process of the app. */
  function start(options: CoreOptions = {}, form: ImportedKeyForm | null = FORM): Core {
    const started = createCore({ store: place.connect(), now: clock.now, ...options }, {}, form);
    cores.push(started);
    return started;
  }

  /** As a request that sent `raw`: the id of the key that it is, or why it was refused. */
  async function enter(raw: string, where = core): Promise<string> {
    const credential = { scheme: 'api-key-header', id: '', secret: sha256(raw), isImported: true } as const;
    const verdict = await where.verifier.verify(credential, null);
    return verdict instanceof Principal ? verdict.credential.id : verdict.reason;
  }

  async function enterPair(id: string, secret: string, where = core): Promise<string> {
    const verdict = await where.verifier.verify({ scheme: 'api-key', id, secret }, null);
    return verdict instanceof Principal ? 'ok' : verdict.reason;
  }

  function idOf(result: ImportResult | undefined): string {
    if (result === undefined || result.outcome === 'refused') throw new Error(`refused: ${result?.error.message}`);
    return result.id;
  }

  const faultsOf = (result: ImportResult) => (result.outcome === 'refused' ? result.error.errors : []);

  it('lets in who sends it, with its fields, by plain secret and by hash', async () => {
    const fields = { ...ACME, statements: [{ actions: ['read'], resources: ['*'] }], expiresAt: clock.nowAt + DAY_MS };
    const plain = idOf(await core.apiKeys.import({ ...fields, secret: RAW, createdAt: 5 }, by));
    const hashed = idOf(await core.apiKeys.import({ ...fields, sha256: sha256(`${RAW}2`).toUpperCase() }, by));
    expect([await enter(RAW), await enter(`${RAW}2`), await enter(`${RAW}3`)]).toEqual([plain, hashed, 'unknown_id']);
    expect([plain, hashed]).toEqual([expect.stringMatching(/^[0-9A-Za-z]{22}$/), expect.stringMatching(/^\w{22}$/)]);
    expect(await core.apiKeys.get(plain)).toMatchObject({
      ...ACME,
      imported: true,
      prefix: '',
      lastFour: 'cdef',
      createdAt: 5,
      updatedAt: clock.nowAt,
      expiresAt: clock.nowAt + DAY_MS,
      state: 'active',
      createdBy: 'setup',
    });
    expect(await core.apiKeys.get(hashed)).toMatchObject({ imported: true, lastFour: '', createdAt: clock.nowAt });
    clock.advance(DAY_MS);
    expect(await enter(RAW)).toBe('expired');
  });

  it('twice over, by secret or by hash, finds the same key', async () => {
    const first = await core.apiKeys.import({ ...ACME, secret: RAW }, by);
    const id = idOf(first);
    expect(first).toEqual({ outcome: 'imported', id });
    expect(await core.apiKeys.import({ ...ACME, sha256: sha256(RAW), name: 'other' }, by)).toEqual({
      outcome: 'exists',
      id,
      state: 'active',
    });
    expect(await core.apiKeys.get(id)).toMatchObject({ name: 'ci', version: 1 });
    await core.apiKeys.revoke(id, by);
    const again = await core.apiKeys.import({ ...ACME, secret: RAW }, by);
    expect(again).toEqual({ outcome: 'exists', id, state: 'revoked' });
    expect(await enter(RAW)).toBe('revoked');
    const { items } = await core.audit.list({ orgId: 'acme', types: ['key.created'] });
    expect(items).toHaveLength(1);
  });

  it('by two processes at once makes exactly one of each', async () => {
    const entries = Array.from({ length: 120 }, (_, n) => ({ ...ACME, name: `key ${n}`, secret: `${RAW}-${n}` }));
    const other = start({ now: () => clock.nowAt + 1 });
    const [left, right] = await Promise.all([
      core.apiKeys.import(entries, by),
      other.apiKeys.import(entries.toReversed(), by),
    ]);
    const ids = left.map(idOf);
    expect(right.toReversed().map(idOf)).toEqual(ids);
    expect(new Set(ids).size).toBe(120);
    for (const [n, { outcome }] of left.entries()) {
      expect([outcome, right[119 - n]?.outcome].toSorted()).toEqual(['exists', 'imported']);
    }
    const { items } = await core.apiKeys.list({ orgId: 'acme', limit: 200 });
    expect(items.map(({ id }) => id).toSorted()).toEqual(ids.toSorted());
    const trail = await core.audit.list({ orgId: 'acme', types: ['key.created'], limit: 200 });
    expect(trail.items).toHaveLength(120);
  });

  it('is told of as a key that was made, and imported; not with its secret or a hash of it', async () => {
    const told: unknown[] = [];
    core.events.on('*', (event) => told.push(event));
    const id = idOf(await core.apiKeys.import({ ...ACME, secret: RAW, createdAt: 5 }, { ...by, address: '192.0.2.7' }));
    const { items } = await core.audit.list({ orgId: 'acme', types: ['key.created'] });
    const [made] = items as readonly unknown[] as Created[];
    expect(made).toMatchObject({ at: clock.nowAt, keyId: id, ownerId: 'ada', actorId: 'setup', address: '192.0.2.7' });
    expect(made?.after).toMatchObject({ imported: true, createdAt: 5 });
    await core.apiKeys.rotate(id, by);
    const [rotated] = (await core.audit.list({ orgId: 'acme', types: ['key.rotated'] }))
      .items as readonly unknown[] as [Created];
    expect(rotated.before).toMatchObject({ imported: true, prefix: '' });
    expect(rotated.after).not.toHaveProperty('imported');
    for (const secret of [RAW.slice(0, -4), sha256(RAW)]) expect(JSON.stringify([told, items])).not.toContain(secret);
  });

  it('each entry has its own outcome, which names its faults and no secret', async () => {
    const entries = [
      { ...ACME, secret: 'short' },
      { ...ACME, secret: RAW, sha256: sha256(RAW) },
      { ...ACME },
      { ...ACME, sha256: 'f'.repeat(63) },
      { ...ACME, secret: `${RAW}\n` },
      { ...ACME, secret: 'x'.repeat(257) },
      { ...ACME, secret: `other_${RAW}` },
      { ...ACME, secret: RAW, createdAt: clock.nowAt + 1 },
      { ...ACME, secret: RAW, expiresAt: clock.nowAt },
      { ...ACME, secret: RAW, expiresAt: null },
      { ...ACME, secret: RAW, name: '', colour: 'red' } as KeyImport,
      { ...ACME, secret: RAW, policyIds: ['none'] },
      null as unknown as KeyImport,
      { ...ACME, secret: 7 as unknown as string },
      { ...ACME, secret: `${RAW}ok` },
    ];
    const results = await core.apiKeys.import(entries, by);
    expect(results.map((result) => faultsOf(result).map(({ path }) => path))).toEqual([
      ['secret'],
      ['secret'],
      ['secret'],
      ['sha256'],
      ['secret'],
      ['secret'],
      ['secret'],
      ['createdAt'],
      ['expiresAt'],
      ['expiresAt'],
      ['colour', 'name'],
      ['policyIds.0'],
      [''],
      ['secret'],
      [],
    ]);
    expect(results.at(-1)).toEqual({ outcome: 'imported', id: await enter(`${RAW}ok`) });
    const text = results.map((result) =>
      result.outcome === 'refused' ? `${result.error.message} ${result.error.reason} ${result.error.stack}` : '',
    );
    expect(text.join()).not.toContain(RAW);
    expect(text[0]).toContain('must have 16 to 256 bytes');
  });

  it('does not take what has the form of a token of ours, which would be read as one', async () => {
    const { token } = await core.apiKeys.create(ACME, by);
    for (const secret of [token, `some-user:${'s'.repeat(30)}`]) {
      const result = await start({}, null).apiKeys.import({ ...ACME, secret }, by);
      expect(faultsOf(result)).toEqual([
        { path: 'secret', message: expect.stringContaining('the form of a token of Latchkey’s own') },
      ]);
    }
  });

  it('is refused as a whole for too many entries, without who asks, and for a principal that may not manage keys', async () => {
    const many = Array.from({ length: 1_001 }, () => ({ ...ACME, secret: RAW }));
    expect((await refusalOf(core.apiKeys.import(many, by))).code).toBe('invalid_request');
    await expect(core.apiKeys.import([], { by: '' })).rejects.toThrow(TypeError);
    expect(await core.apiKeys.import([], by)).toEqual([]);
    const admin = await principalWith('keys:manage', 'acme');
    const reader = await principalWith('keys:read', 'acme');
    expect((await refusalOf(core.apiKeys.import([], { by: reader }))).code).toBe('forbidden');
    const given = await core.apiKeys.import(
      [
        { ...ACME, secret: RAW, statements: [] },
        { ...ACME, secret: `${RAW}2`, statements: [{ actions: ['everything'], resources: ['*'] }] },
      ],
      { by: admin },
    );
    expect(given.map((result) => (result.outcome === 'refused' ? result.error.code : result.outcome))).toEqual([
      'imported',
      'forbidden',
    ]);
    const stranger = await principalWith('keys:manage', 'globex');
    const guessed = await core.apiKeys.import({ ...ACME, orgId: 'globex', sha256: sha256(RAW) }, { by: stranger });
    expect(guessed).toMatchObject({ outcome: 'refused', error: { code: 'conflict' } });
    expect(JSON.stringify(guessed)).not.toContain(await enter(RAW));
  });

  async function principalWith(action: string, orgId: string): Promise<Principal> {
    const statements = [{ actions: [action], resources: ['*'] }];
    const { key, secret } = await core.apiKeys.create({ name: 'asks', ownerId: 'eve', orgId, statements }, by);
    const verdict = await core.verifier.verify({ scheme: 'api-key', id: key.id, secret }, null);
    if (!(verdict instanceof Principal)) throw new Error('it was refused');
    return verdict;
  }

  it('is no reason to refuse one for the number of keys; keys made later count it', async () => {
    const strict = start({ keyRules: { maxPerUser: 2 } });
    const entries = Array.from({ length: 40 }, (_, n) => ({ ...ACME, secret: `${RAW}-${n}` }));
    expect((await strict.apiKeys.import(entries, by)).map(({ outcome }) => outcome)).toEqual(
      entries.map(() => 'imported'),
    );
    expect((await refusalOf(strict.apiKeys.create(ACME, by))).code).toBe('conflict');
  });

  it('does not give a key a longer life than keys.maxAgeMs', async () => {
    const strict = start({ keys: { maxAgeMs: 10 * DAY_MS } });
    const old = await strict.apiKeys.import({ ...ACME, secret: RAW, createdAt: clock.nowAt - 10 * DAY_MS }, by);
    expect(faultsOf(old)).toEqual([{ path: 'createdAt', message: expect.stringContaining('keys.maxAgeMs') }]);
    idOf(await strict.apiKeys.import({ ...ACME, secret: RAW, createdAt: clock.nowAt - 9 * DAY_MS }, by));
    clock.advance(DAY_MS);
    expect(await enter(RAW, strict)).toBe('expired');
  });

  describe('and rotating it', () => {
    it('gives a token of ours with the same id; the old key is accepted for the grace', async () => {
      const id = idOf(await core.apiKeys.import({ ...ACME, secret: RAW }, by));
      const { key, secret, token } = await core.apiKeys.rotate(id, { ...by, graceMs: 1_000 });
      expect(token).toBe(`lk_${id}_${secret}`);
      expect(key).toMatchObject({ id, prefix: 'lk', lastFour: token.slice(-4), version: 2 });
      expect(key).not.toHaveProperty('imported');
      expect([await enter(RAW), await enterPair(id, secret)]).toEqual([id, 'ok']);
      await place.advance(1_000);
      expect([await enter(RAW), await enterPair(id, secret)]).toEqual(['wrong_secret', 'ok']);
      const again = await core.apiKeys.import({ ...ACME, secret: RAW }, by);
      expect(again).toEqual({ outcome: 'exists', id, state: 'active' });
      expect(await enter(RAW)).toBe('wrong_secret');
    });

    it('without a grace ends the old key at once, in every process', async () => {
      const id = idOf(await core.apiKeys.import({ ...ACME, secret: RAW }, by));
      const other = start();
      expect(await enter(RAW, other)).toBe(id);
      const { secret } = await core.apiKeys.rotate(id, by);
      await expectSoon(() => enter(RAW, other), 'wrong_secret');
      expect(await enterPair(id, secret, other)).toBe('ok');
    });
  });

  async function expectSoon(ask: () => Promise<string>, answer: string): Promise<void> {
    for (let tries = 0; tries < 400 && (await ask()) !== answer; tries++) await new Promise((go) => setTimeout(go, 25));
    expect(await ask()).toBe(answer);
  }

  describe('with peppers', () => {
    it('its id cannot be made from the key alone', async () => {
      const plain = idOf(await core.apiKeys.import({ ...ACME, secret: RAW }, by));
      await place.clear();
      const peppered = start({ peppers: [PEPPERS[0]] });
      expect(idOf(await peppered.apiKeys.import({ ...ACME, secret: RAW }, by))).not.toBe(plain);
    });

    it('it goes on through a change of pepper, and from none to one', async () => {
      const first = idOf(await core.apiKeys.import({ ...ACME, secret: RAW }, by));
      const one = start({ peppers: [PEPPERS[0]] });
      const second = idOf(await one.apiKeys.import({ ...ACME, secret: `${RAW}2` }, by));
      const two = start({ peppers: [PEPPERS[1], PEPPERS[0]] });
      expect([await enter(RAW, two), await enter(`${RAW}2`, two)]).toEqual([first, second]);
      const again = await two.apiKeys.import(
        [
          { ...ACME, secret: RAW },
          { ...ACME, secret: `${RAW}2` },
        ],
        by,
      );
      expect(again).toMatchObject([
        { outcome: 'exists', id: first },
        { outcome: 'exists', id: second },
      ]);
      const { secret } = await two.apiKeys.rotate(second, { ...by, graceMs: 1_000 });
      expect([await enter(`${RAW}2`, two), await enterPair(second, secret, two)]).toEqual([second, 'ok']);
    });

    it('it is unknown once its pepper is gone, until it was rotated', async () => {
      const one = start({ peppers: [PEPPERS[0]] });
      const id = idOf(await one.apiKeys.import({ ...ACME, secret: RAW }, by));
      const gone = start({ peppers: [PEPPERS[2], PEPPERS[1]] });
      expect(await enter(RAW, gone)).toBe('unknown_id');
      const { secret } = await gone.apiKeys.rotate(id, by);
      expect(await enterPair(id, secret, gone)).toBe('ok');
    });
  });

  describe('and its hash in the wrong hands', () => {
    it('lets nobody in as the secret of a pair, in whatever form, nor is it a leaked key or worth a stamp', async () => {
      const id = idOf(await core.apiKeys.import({ ...ACME, sha256: sha256(RAW) }, by));
      expect(await enter(RAW)).toBe(id); // cached from now on
      const cold = start();
      const known = sha256(RAW);
      const labelled = `latchkey imported key ${known}`;
      const bytes = Buffer.from(known, 'hex');
      const sent = [
        known,
        known.toUpperCase(),
        labelled,
        `imported-${known}`,
        RAW,
        bytes.toString('latin1'),
        bytes.toString('base64'),
      ];
      const stored = `imported-sha256:${sha256(labelled)}`;
      for (const secret of [...sent, stored, sha256(labelled), '']) {
        for (const where of [core, cold]) {
          expect(await enterPair(id, secret, where)).not.toBe('ok');
          expect(await where.verifier.stampOf(id, secret)).toBeNull();
        }
        for (const token of [secret, `${id}:${secret}`, `lk_${id}_${secret}`]) {
          if (token === RAW) continue;
          expect(await core.leakedKeys.report({ token })).toBe(false);
        }
      }
      expect(await enter(known)).toBe('unknown_id');
      expect(await core.apiKeys.get(id)).toMatchObject({ state: 'active', version: 1 });
    });

    it('lets nobody in within the grace either', async () => {
      const id = idOf(await core.apiKeys.import({ ...ACME, secret: RAW }, by));
      const { secret } = await core.apiKeys.rotate(id, { ...by, graceMs: 60_000 });
      for (const wrong of [sha256(RAW), `latchkey imported key ${sha256(RAW)}`]) {
        expect(await enterPair(id, wrong)).toBe('malformed');
        expect(await core.verifier.stampOf(id, wrong)).toBeNull();
      }
      // Nor is the new secret taken for an existing key.
      expect([await enter(secret), await enter(RAW)]).toEqual(['unknown_id', id]);
    });
  });

  it('found somewhere is revoked by who reports it; the one before a rotation is ended alone', async () => {
    const first = idOf(await core.apiKeys.import({ ...ACME, secret: RAW }, by));
    const second = idOf(await core.apiKeys.import({ ...ACME, secret: `${RAW}2` }, by));
    await core.apiKeys.rotate(second, { ...by, graceMs: 60_000 });
    expect(await core.leakedKeys.report({ token: `${RAW}3` })).toBe(false);
    expect(await core.leakedKeys.report({ token: RAW })).toBe(true);
    expect(await core.leakedKeys.report({ token: `${RAW}2` })).toBe(true);
    expect([await enter(RAW), await enter(`${RAW}2`)]).toEqual(['revoked', 'wrong_secret']);
    expect(await core.apiKeys.get(first)).toMatchObject({ state: 'revoked', revokedReason: 'its secret was found' });
    expect(await core.apiKeys.get(second)).toMatchObject({ state: 'active' });
    expect(await start({}, null).leakedKeys.report({ token: RAW })).toBe(false);
  });
});
