import type { Core, CoreOptions } from '../../../lib/core.js';
import { storeUnavailable } from '../../../lib/errors.js';
import type { EventOf, LatchkeyEvent } from '../../../lib/events.js';
import type { IssuedKey } from '../../../lib/index.js';
import { Principal } from '../../../lib/principal.js';
import { generateSecret, SecretHasher } from '../../../lib/verification/secret.js';
import { type Clock, DAY_MS } from '../clock.js';
import { CountingStore } from '../counting-store.js';
import { newCore } from '../new-core.js';
import { refusalOf } from '../refusals.js';
import { TIMED_PLACES, type TimedPlace } from '../timed-places.js';

const by = { by: 'setup' };
const NEW = { name: 'ci', ownerId: 'ada', orgId: 'acme' };
const ADDRESS = '192.0.2.1';

describe.each(TIMED_PLACES)('a secret that somebody has found, in $name,', ({ open }) => {
  let place: TimedPlace;
  let clock: Clock;
  let core: Core;
  let told: LatchkeyEvent[];

  beforeAll(async () => {
    place = await open();
    clock = place.clock;
  });
  afterAll(() => place.stop());

  beforeEach(async () => {
    await place.clear();
    start();
  });
  afterEach(() => core.close());

  function start(options: CoreOptions = {}): void {
    core = newCore({ store: place.connect(), now: clock.now, lockout: { secretLimit: 3 }, ...options });
    told = [];
    core.events.on('*', (event) => told.push(event));
  }

  async function reason(id: string, secret: string): Promise<string> {
    const verdict = await core.verifier.verify({ scheme: 'api-key', id, secret }, null);
    return verdict instanceof Principal ? 'ok' : verdict.reason;
  }

  const report = (token: string, fields: object = {}) =>
    core.leakedKeys.report({ token, address: ADDRESS, source: 'github.com/acme/app', ...fields });

  const leaks = () => told.filter((event): event is EventOf<'key.leaked'> => event.type === 'key.leaked');

  it('revokes the key whose secret it is, and the trail tells where it was found', async () => {
    const { key, secret, token } = await core.apiKeys.create(NEW, by);
    expect(await reason(key.id, secret)).toBe('ok');
    clock.advance(5);
    expect(await report(token)).toBe(true);
    expect(await reason(key.id, secret)).toBe('revoked');
    expect(await core.apiKeys.get(key.id)).toMatchObject({
      state: 'revoked',
      revokedAt: clock.nowAt,
      revokedBy: 'latchkey',
      revokedReason: 'its secret was found',
      version: 2,
    });
    expect(leaks()).toEqual([
      {
        type: 'key.leaked',
        secret: 'current',
        source: 'github.com/acme/app',
        at: clock.nowAt,
        address: ADDRESS,
        orgId: 'acme',
        actorId: 'latchkey',
        credentialId: null,
        keyId: key.id,
        ownerId: 'ada',
        before: { revokedAt: null, revokedBy: null, revokedReason: null },
        after: { revokedAt: clock.nowAt, revokedBy: 'latchkey', revokedReason: 'its secret was found' },
      },
    ]);
    const { items } = await core.audit.list({ orgId: 'acme', types: ['key.leaked'] });
    expect(items).toMatchObject([{ keyId: key.id, secret: 'current', source: 'github.com/acme/app' }]);
  });

  it.each(['disabled', 'not yet valid', 'expired', 'a session key'])('revokes one that is %s as well', async (how) => {
    let issued: IssuedKey;
    if (how === 'a session key') issued = await core.sessionKeys.mint({ userId: 'ada', orgId: 'acme' }, by);
    else issued = await core.apiKeys.create({ ...NEW, lifetimeMs: DAY_MS }, by);
    if (how === 'disabled') await core.apiKeys.disable(issued.key.id, by);
    if (how === 'not yet valid') await core.apiKeys.update(issued.key.id, { notBefore: clock.nowAt + 5 }, by);
    if (how === 'expired') clock.advance(DAY_MS);
    expect(await report(issued.token)).toBe(true);
    expect(await core.apiKeys.get(issued.key.id)).toMatchObject({ state: 'revoked', revokedBy: 'latchkey' });
  });

  it('that was replaced is ended alone, within its grace: the key goes on with the new one', async () => {
    const { key, secret, token } = await core.apiKeys.create(NEW, by);
    const rotated = await core.apiKeys.rotate(key.id, { ...by, graceMs: 1_000 });
    expect([await reason(key.id, secret), await reason(key.id, rotated.secret)]).toEqual(['ok', 'ok']);
    expect(await report(token)).toBe(true);
    expect([await reason(key.id, secret), await reason(key.id, rotated.secret)]).toEqual(['wrong_secret', 'ok']);
    expect(await core.apiKeys.get(key.id)).toMatchObject({ state: 'active', previousSecretExpiresAt: null });
    expect(leaks()).toMatchObject([
      { secret: 'previous', keyId: key.id, before: { previousSecretExpiresAt: clock.nowAt + 1_000 } },
    ]);
    expect(await report(rotated.token)).toBe(true);
    expect(await reason(key.id, rotated.secret)).toBe('revoked');
  });

  it('that was replaced is worth nothing after its grace, or without one', async () => {
    const graceful = await core.apiKeys.create(NEW, by);
    await core.apiKeys.rotate(graceful.key.id, { ...by, graceMs: 1_000 });
    const abrupt = await core.apiKeys.create(NEW, by);
    await core.apiKeys.rotate(abrupt.key.id, by);
    clock.advance(1_000);
    for (const { token, key } of [graceful, abrupt]) {
      expect(await report(token)).toBe(false);
      expect(await core.apiKeys.get(key.id)).toMatchObject({ state: 'active', version: 2 });
    }
    expect(leaks()).toEqual([]);
  });

  it('twice over is told once', async () => {
    const { key, token } = await core.apiKeys.create(NEW, by);
    await report(token);
    await report(token, { source: 'elsewhere' });
    expect(leaks()).toHaveLength(1);
    expect(await core.apiKeys.get(key.id)).toMatchObject({ version: 2, revokedReason: 'its secret was found' });
  });

  it('of a key that was revoked before leaves it as it is', async () => {
    const { key, token } = await core.apiKeys.create(NEW, by);
    const revoked = await core.apiKeys.revoke(key.id, { ...by, reason: 'old' });
    await report(token);
    expect(await core.apiKeys.get(key.id)).toEqual(revoked);
    expect(leaks()).toEqual([]);
  });

  it('that is none of ours changes nothing: an unknown id, or a wrong secret', async () => {
    const { key, secret } = await core.apiKeys.create(NEW, by);
    told = [];
    expect(await report(generateSecret('lk').token)).toBe(false);
    expect(await report(generateSecret('lk', key.id).token)).toBe(false);
    expect(told).toEqual([]);
    expect(await reason(key.id, secret)).toBe('ok');
  });

  it('of a key that is about to be removed for good is worth nothing', async () => {
    const { key, token } = await core.apiKeys.create({ ...NEW, lifetimeMs: DAY_MS }, by);
    clock.advance(91 * DAY_MS);
    expect(await report(token)).toBe(false);
    expect(await core.apiKeys.get(key.id)).toMatchObject({ version: 1 });
  });

  it('is tried from one address only so often, and a right one is taken all the same', async () => {
    const { key, token } = await core.apiKeys.create(NEW, by);
    for (let tries = 0; tries < 3; tries++) {
      const wrong = tries % 2 === 0 ? generateSecret('lk').token : generateSecret('lk', key.id).token;
      expect(await report(wrong)).toBe(false);
    }
    for (const wrong of [generateSecret('lk').token, generateSecret('lk', key.id).token]) {
      const error = await refusalOf(report(wrong));
      expect(error).toMatchObject({ code: 'too_many_attempts', status: 429, headers: { 'Retry-After': '900' } });
    }
    expect(await report(generateSecret('lk').token, { address: '198.51.100.1' })).toBe(false);
    expect(await report(generateSecret('lk').token, { address: null })).toBe(false);
    expect(await report(token)).toBe(true);
  });

  it('counts together with the wrong secrets that requests send from that address', async () => {
    const { key } = await core.apiKeys.create(NEW, by);
    for (let tries = 0; tries < 3; tries++) {
      const { secret } = generateSecret('lk', key.id);
      await core.verifier.verify({ scheme: 'api-key', id: key.id, secret }, ADDRESS);
    }
    expect(await refusalOf(report(generateSecret('lk').token))).toMatchObject({ code: 'too_many_attempts' });
  });

  it('stands in no event, no trail and no error', async () => {
    const errors: unknown[] = [];
    const current = await core.apiKeys.create(NEW, by);
    const rotated = await core.apiKeys.rotate(current.key.id, { ...by, graceMs: 1_000 });
    const wrong = generateSecret('lk', current.key.id);
    await report(current.token);
    await report(wrong.token);
    for (let tries = 0; tries < 3; tries++) await report(wrong.token).catch((error) => errors.push(error));
    await report(rotated.token);
    errors.push(await refusalOf(report(rotated.token, { source: 'x'.repeat(501) })));
    const trail = await core.audit.list({ orgId: 'acme' });
    const seen = errors.map((error) => {
      const { message, stack, reason: why, errors: faults } = error as Error & { reason: string; errors: unknown };
      return { message, stack, why, faults };
    });
    const text = JSON.stringify([told, trail, seen]);
    expect(seen.length).toBeGreaterThan(1);
    for (const { secret, token } of [current, rotated, wrong]) {
      expect(text).not.toContain(secret);
      expect(text).not.toContain(token);
    }
    expect(text).not.toMatch(/sha256|SecretHash|secretHash/);
  });

  it('refuses a source that is too long, before it looks at anything', async () => {
    const { key, token } = await core.apiKeys.create(NEW, by);
    const error = await refusalOf(report(token, { source: 'x'.repeat(501) }));
    expect(error.errors).toEqual([{ path: 'source', message: 'must have at most 500 characters' }]);
    expect(await core.apiKeys.get(key.id)).toMatchObject({ state: 'active' });
    expect(await core.leakedKeys.report({ token })).toBe(true);
    expect(leaks()).toMatchObject([{ source: null, address: null }]);
  });
});

describe('a report of a leaked secret', () => {
  it('of what has not the form of ours asks nobody', async () => {
    const store = new CountingStore();
    const core = newCore({ store, lockout: { secretLimit: 1 } });
    const { key, secret, token } = await core.apiKeys.create(NEW, by);
    store.drain();
    const last = token.endsWith('0') ? '1' : '0';
    const strange = [
      '',
      'lk',
      `lk_${key.id}`,
      `lk_${key.id}_`,
      secret,
      `${key.id}:${secret}`,
      token.slice(0, -1) + last,
    ];
    strange.push(`xx${token.slice(2)}`, `${token}0`, ` ${token}`, generateSecret('acme').token, 'x'.repeat(100_000));
    for (const text of [...strange, null, undefined, 7, {}, [token]]) {
      expect(await core.leakedKeys.report({ token: text as string, address: ADDRESS })).toBe(false);
    }
    expect(store.drain()).toEqual([]);
    await core.close();
  });

  it('is neither a yes nor a no while the store, the trail or the pepper is missing', async () => {
    const store = new CountingStore();
    const core = newCore({ store, peppers: ['first pepper, of at least 32 bytes'] });
    const { key, token } = await core.apiKeys.create(NEW, by);
    const other = newCore({ store, peppers: ['second pepper, of at least 32 bytes'] });
    expect(await refusalOf(other.leakedKeys.report({ token }))).toMatchObject({ code: 'store_unavailable' });
    store.failure = storeUnavailable('down');
    expect(await refusalOf(core.leakedKeys.report({ token }))).toMatchObject({
      code: 'store_unavailable',
      status: 503,
    });
    store.failure = null;
    const append = jest.spyOn(store.records.audit, 'append').mockRejectedValue(storeUnavailable('down'));
    expect(await refusalOf(core.leakedKeys.report({ token }))).toMatchObject({ code: 'store_unavailable' });
    append.mockRestore();
    expect(await core.apiKeys.get(key.id)).toMatchObject({ state: 'active' });
    expect(await core.leakedKeys.report({ token })).toBe(true);
    await core.close();
    await other.close();
  });

  it('of an unknown id compares as one of a wrong secret does', async () => {
    const core = newCore();
    const { key } = await core.apiKeys.create(NEW, by);
    const compared = jest.spyOn(SecretHasher.prototype, 'matches');
    for (const { token } of [generateSecret('lk'), generateSecret('lk', key.id)]) {
      await core.leakedKeys.report({ token });
      expect(compared).toHaveBeenCalledTimes(1);
      compared.mockClear();
    }
    compared.mockRestore();
    await core.close();
  });
});
