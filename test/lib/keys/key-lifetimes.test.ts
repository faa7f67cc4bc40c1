import type { KeyLifetimeOptions } from '../../../lib/keys/key-lifetimes.js';
import { KeyLifetimes } from '../../../lib/keys/key-lifetimes.js';
import { Principal } from '../../../lib/principal.js';
import type { ApiKeyRecord } from '../../../lib/records.js';
import { MemoryStore } from '../../../lib/stores/memory/memory-store.js';
import { Clock, DAY_MS, START_AT } from '../clock.js';
import { newCore } from '../new-core.js';
import { refusalOf } from '../refusals.js';

describe('KeyLifetimes', () => {
  it('gives a key 180 days when its maker does not say', () => {
    expect(new KeyLifetimes().defaultExpiry(START_AT)).toBe(START_AT + 180 * DAY_MS);
  });

  it('gives no more than the longest life when that is shorter than 180 days', () => {
    const lifetimes = new KeyLifetimes({ maxLifetimeMs: DAY_MS });
    expect(lifetimes.defaultExpiry(START_AT)).toBe(START_AT + DAY_MS);
    expect(lifetimes.check(START_AT + DAY_MS, null, START_AT)).toEqual([]);
  });

  it('gives no more than the greatest age either', () => {
    expect(new KeyLifetimes({ maxAgeMs: DAY_MS }).defaultExpiry(START_AT)).toBe(START_AT + DAY_MS);
    expect(new KeyLifetimes({ maxAgeMs: DAY_MS, maxLifetimeMs: null }).defaultExpiry(START_AT)).toBe(START_AT + DAY_MS);
  });

  it('gives what the host set', () => {
    expect(new KeyLifetimes({ defaultLifetimeMs: 1 }).defaultExpiry(START_AT)).toBe(START_AT + 1);
  });

  it.each<[KeyLifetimeOptions, number | null, number | null, string | null]>([
    [{}, START_AT + 1, null, null],
    [{}, START_AT, null, 'must be in the future'],
    [{}, START_AT - 1, null, 'must be in the future'],
    [{}, 0, null, 'must be in the future'],
    [{}, null, null, 'must be set: keys that never expire are not allowed here'],
    [{ allowNever: true }, null, START_AT + 5, null],
    [{}, START_AT + 5, START_AT + 4, null],
    [{}, START_AT + 5, START_AT + 5, 'must be after notBefore'],
    [{}, START_AT + 366 * DAY_MS, null, null],
    [{}, START_AT + 366 * DAY_MS + 1, null, 'must not be after 2027-01-02T00:00:00.000Z'],
    [{ maxLifetimeMs: DAY_MS }, START_AT + DAY_MS + 1, null, 'must not be after 2026-01-02T00:00:00.000Z'],
    [{ maxLifetimeMs: null }, START_AT + 36_600 * DAY_MS, null, null],
    [{ maxLifetimeMs: null }, null, null, 'must be set: keys that never expire are not allowed here'],
    [{ maxAgeMs: DAY_MS }, START_AT + DAY_MS, null, null],
    [{ maxAgeMs: DAY_MS }, START_AT + DAY_MS + 1, null, 'must not be after 2026-01-02T00:00:00.000Z'],
    [
      { maxAgeMs: DAY_MS, maxLifetimeMs: null },
      START_AT + DAY_MS + 1,
      null,
      'must not be after 2026-01-02T00:00:00.000Z',
    ],
    [
      { maxAgeMs: 2 * DAY_MS, maxLifetimeMs: DAY_MS },
      START_AT + 2 * DAY_MS,
      null,
      'must not be after 2026-01-02T00:00:00.000Z',
    ],
    [{ maxAgeMs: DAY_MS }, null, null, 'must be set: keys that never expire are not allowed here'],
    [{ maxAgeMs: DAY_MS, allowNever: true }, null, null, null],
  ])('with %j, expiresAt %s, notBefore %s: %s', (options, expiresAt, notBefore, message) => {
    const errors = new KeyLifetimes(options).check(expiresAt, notBefore, START_AT);
    expect(errors).toEqual(message === null ? [] : [{ path: 'expiresAt', message }]);
  });

  it('keeps a key 90 days after its end, counted from the revocation where there was one', () => {
    const lifetimes = new KeyLifetimes();
    expect(lifetimes.expungeAt(START_AT, null)).toBe(START_AT + 90 * DAY_MS);
    expect(lifetimes.expungeAt(START_AT, 1_000)).toBe(1_000 + 90 * DAY_MS);
    expect(lifetimes.expungeAt(null, 1_000)).toBe(1_000 + 90 * DAY_MS);
    expect(lifetimes.expungeAt(null, null)).toBeNull();
    expect(new KeyLifetimes({ retentionMs: 5 }).expungeAt(1_000, null)).toBe(1_005);
  });

  it('lets an old secret live on for at most 30 days', () => {
    expect(new KeyLifetimes().maxGraceMs).toBe(30 * DAY_MS);
    expect(new KeyLifetimes({ maxGraceMs: 7 }).maxGraceMs).toBe(7);
  });

  it.each(['defaultLifetimeMs', 'maxLifetimeMs', 'maxAgeMs', 'maxGraceMs', 'retentionMs'])(
    'refuses a wrong %s',
    (name) => {
      for (const value of [0, -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY, '1d']) {
        expect(() => new KeyLifetimes({ [name]: value })).toThrow(
          new TypeError(`keys.${name} must be a positive whole number of ms`),
        );
      }
    },
  );

  it('ends a key at the greatest age, whatever its record says, and no other key', () => {
    const lifetimes = new KeyLifetimes({ maxAgeMs: 10 });
    const made = { createdAt: START_AT, name: 'ci' };
    expect(lifetimes.aged({ ...made, expiresAt: null })).toEqual({ ...made, expiresAt: START_AT + 10 });
    expect(lifetimes.aged({ ...made, expiresAt: START_AT + 11 })).toEqual({ ...made, expiresAt: START_AT + 10 });
    const sooner = { ...made, expiresAt: START_AT + 9 };
    expect(lifetimes.aged(sooner)).toBe(sooner);
    const never = { ...made, expiresAt: null };
    expect(new KeyLifetimes().aged(never)).toBe(never);
  });

  it.each<[KeyLifetimeOptions, number | null, number | null, string | null]>([
    [{}, 50, 60, null],
    [{}, 50, 40, null],
    [{ allowExtension: false }, 50, 40, null],
    [{ allowExtension: false }, 50, 50, null],
    [{ allowExtension: false }, 50, 51, 'must not be put off: make a new key'],
    [{ allowExtension: false }, null, 60, null],
    [{ allowExtension: false, allowNever: true }, 50, null, 'must not be put off: make a new key'],
    [{ allowExtension: false, allowNever: true }, null, null, null],
    [{ allowExtension: false }, 10, 60, 'must not be put off: make a new key'],
    [{ maxAgeMs: 100 }, 50, 100, null],
    [{ maxAgeMs: 100 }, 50, 101, 'must not be after 2026-01-01T00:00:00.100Z'],
    [{ maxAgeMs: 100, allowNever: true }, 50, null, null],
    [{ maxAgeMs: 100, allowExtension: false }, 500, 100, null],
    [{ maxAgeMs: 100, allowExtension: false }, 500, 101, 'must not be put off: make a new key'],
    [{ maxAgeMs: 100, allowExtension: false }, null, 100, null],
    [{}, 50, 20, 'must be in the future'],
    [{}, 50, null, 'must be set: keys that never expire are not allowed here'],
  ])(
    'with %j lets an expiry of %s be changed to %s, 20 ms after the key was made: %s',
    (options, before, after, message) => {
      const at = (ms: number | null) => (ms === null ? null : START_AT + ms);
      const record = { createdAt: START_AT, expiresAt: at(before), notBefore: null } as ApiKeyRecord;
      const faults = new KeyLifetimes(options).checkChange(record, { ...record, expiresAt: at(after) }, START_AT + 20);
      expect(faults).toEqual(message === null ? [] : [{ path: 'expiresAt', message }]);
    },
  );

  it('refuses a default beyond the longest life', () => {
    expect(() => new KeyLifetimes({ defaultLifetimeMs: 2, maxLifetimeMs: 1 })).toThrow(
      new TypeError('keys.defaultLifetimeMs must not exceed keys.maxLifetimeMs or keys.maxAgeMs'),
    );
  });

  it('refuses a default beyond the greatest age', () => {
    expect(() => new KeyLifetimes({ defaultLifetimeMs: 2, maxAgeMs: 1 })).toThrow(
      new TypeError('keys.defaultLifetimeMs must not exceed keys.maxLifetimeMs or keys.maxAgeMs'),
    );
  });

  it('takes frozen options', () => {
    expect(() => new KeyLifetimes(Object.freeze({ allowNever: true }))).not.toThrow();
  });
});

describe('keys older than the host allows', () => {
  const by = { by: 'setup' };
  const NEW = { name: 'ci', ownerId: 'ada', statements: [{ actions: ['orders:*', 'keys:manage-own'] }] };

  /** Made while there was no such rule; then the host sets one of 90 days. */
  async function aged(fields: object = {}) {
    const clock = new Clock();
    const store = new MemoryStore({ now: clock.now });
    const before = newCore({ store, now: clock.now, keys: { allowNever: true } });
    const issued = await before.apiKeys.create({ ...NEW, expiresAt: null, ...fields }, by);
    const core = newCore({ store, now: clock.now, keys: { allowNever: true, maxAgeMs: 90 * DAY_MS } });
    const { id } = issued.key;
    const verdict = (secret = issued.secret) => core.verifier.verify({ scheme: 'api-key', id, secret }, null);
    const reason = async (secret?: string) => {
      const answer = await verdict(secret);
      return answer instanceof Principal ? 'ok' : answer.reason;
    };
    return { clock, core, id, reason, verdict };
  }

  it('expire at that age, and say so from now on', async () => {
    const { clock, core, id, reason, verdict } = await aged();
    const expiresAt = START_AT + 90 * DAY_MS;
    expect(await core.apiKeys.get(id)).toMatchObject({ expiresAt, state: 'active' });
    expect(((await verdict()) as Principal).credential.expiresAt).toBe(expiresAt);
    clock.nowAt = expiresAt - 1;
    expect(await reason()).toBe('ok');
    clock.nowAt = expiresAt;
    expect(await reason()).toBe('expired');
    expect(await core.apiKeys.get(id)).toMatchObject({ expiresAt, state: 'expired' });
    await core.close();
  });

  it('are found by the end that they really have', async () => {
    const { clock, core, id } = await aged();
    const expiresAt = START_AT + 90 * DAY_MS;
    const found = async (...criteria: Parameters<typeof core.apiKeys.search>[1]) =>
      (await core.apiKeys.search({ orgId: null }, criteria)).items.map((key) => key.id);
    expect(await found({ field: 'expiresAt', test: 'null', value: true })).toEqual([]);
    expect(await found({ field: 'expiresAt', test: 'between', value: [expiresAt, expiresAt] })).toEqual([id]);
    clock.nowAt = expiresAt;
    expect(await found({ field: 'state', test: 'equal', value: 'active' })).toEqual([]);
    expect(await found({ field: 'state', test: 'equal', value: 'expired' })).toEqual([id]);
    await core.close();
  });

  it('cannot be given a longer life, nor a new secret once they have ended', async () => {
    const { clock, core, id } = await aged();
    const message = 'must not be after 2026-04-01T00:00:00.000Z';
    clock.advance(30 * DAY_MS);
    expect((await refusalOf(core.apiKeys.update(id, { lifetimeMs: 61 * DAY_MS }, by))).errors).toEqual([
      { path: 'expiresAt', message },
    ]);
    expect((await core.apiKeys.update(id, { lifetimeMs: 60 * DAY_MS }, by)).expiresAt).toBe(START_AT + 90 * DAY_MS);
    expect((await core.apiKeys.update(id, { name: 'other' }, by)).expiresAt).toBe(START_AT + 90 * DAY_MS);
    clock.advance(60 * DAY_MS);
    const error = await refusalOf(core.apiKeys.rotate(id, by));
    expect(error).toMatchObject({ code: 'conflict', message: 'The key has expired. Make a new one.' });
    await core.close();
  });

  it('can give themselves a new secret until then: that makes no key live longer', async () => {
    const { core, id, reason, verdict } = await aged({ expiresAt: START_AT + 200 * DAY_MS });
    const self = (await verdict()) as Principal;
    const rotated = await core.apiKeys.rotate(id, { by: self });
    expect(await reason(rotated.secret)).toBe('ok');
    expect(rotated.key.expiresAt).toBe(START_AT + 90 * DAY_MS);
    await core.close();
  });

  it('make no key that outlives them', async () => {
    const { clock, core, verdict } = await aged();
    clock.advance(80 * DAY_MS);
    const maker = (await verdict()) as Principal;
    const { key } = await core.apiKeys.create({ name: 'child', ownerId: 'ada' }, { by: maker });
    expect(key.expiresAt).toBe(START_AT + 90 * DAY_MS);
    const error = await refusalOf(
      core.apiKeys.create({ name: 'child', ownerId: 'ada', lifetimeMs: 11 * DAY_MS }, { by: maker }),
    );
    expect(error).toMatchObject({ code: 'forbidden', errors: [{ path: 'expiresAt' }] });
    await core.close();
  });
});

describe('where the expiry of a key may not be put off', () => {
  const by = { by: 'setup' };
  const NEW = { name: 'ci', ownerId: 'ada', lifetimeMs: 10 * DAY_MS };

  it('nobody puts it off, be it the host or by saying never; it can be brought forward, once and again', async () => {
    const clock = new Clock();
    const keys = { allowExtension: false, allowNever: true };
    const core = newCore({ store: new MemoryStore({ now: clock.now }), now: clock.now, keys });
    const { key } = await core.apiKeys.create(NEW, by);
    for (const change of [
      { lifetimeMs: 10 * DAY_MS + 1 },
      { expiresAt: null },
      { expiresAt: START_AT + 11 * DAY_MS },
    ]) {
      const error = await refusalOf(core.apiKeys.update(key.id, change, by));
      expect(error).toMatchObject({ code: 'invalid_request', status: 400 });
      expect(error.message).toBe('The request is not valid: expiresAt must not be put off: make a new key');
    }
    expect((await core.apiKeys.update(key.id, { lifetimeMs: 5 * DAY_MS }, by)).expiresAt).toBe(START_AT + 5 * DAY_MS);
    expect(await refusalOf(core.apiKeys.update(key.id, { lifetimeMs: 6 * DAY_MS }, by))).toMatchObject({ status: 400 });
    expect((await core.apiKeys.update(key.id, { name: 'other' }, by)).expiresAt).toBe(START_AT + 5 * DAY_MS);
    await core.close();
  });

  it('a key that has expired is not brought back', async () => {
    const clock = new Clock();
    const core = newCore({ now: clock.now, keys: { allowExtension: false } });
    const { key, secret } = await core.apiKeys.create(NEW, by);
    clock.advance(10 * DAY_MS);
    expect(await refusalOf(core.apiKeys.update(key.id, { lifetimeMs: DAY_MS }, by))).toMatchObject({ status: 400 });
    expect(await core.verifier.verify({ scheme: 'api-key', id: key.id, secret }, null)).toMatchObject({
      reason: 'expired',
    });
    await core.close();
  });
});
