import type { Core, CoreOptions } from '../../../lib/core.js';
import { AuthError } from '../../../lib/errors.js';
import type { IssuedKey } from '../../../lib/index.js';
import { Principal } from '../../../lib/principal.js';
import { AddressThrottle } from '../../../lib/verification/address-throttle.js';
import { generateSecret } from '../../../lib/verification/secret.js';
import { Clock } from '../clock.js';
import { CountingStore } from '../counting-store.js';
import { newCore } from '../new-core.js';

const MINUTE_MS = 60_000;
const HERE = '192.0.2.1';
const THERE = '2001:db8::1';
const by = { by: 'setup' };

describe('wrong secrets from one address', () => {
  let clock: Clock;
  let store: CountingStore;
  let core: Core;
  let issued: IssuedKey;

  beforeEach(async () => {
    await start();
  });
  afterEach(() => core.close());

  async function start(options: CoreOptions = {}): Promise<void> {
    clock = new Clock();
    store = new CountingStore();
    core = newCore({ store, now: clock.now, usage: { flushIntervalMs: 3_600_000 }, ...options });
    issued = await core.apiKeys.create({ name: 'ci', ownerId: 'ada' }, by);
  }

  /** `ok`, the reason of a refusal, or the seconds to wait. */
  async function outcome(
    pair: { id: string; secret: string },
    address: string | null = HERE,
  ): Promise<string | number> {
    const { id, secret } = pair;
    const verdict = await core.verifier.verify({ scheme: 'api-key', id, secret }, address);
    if (!(verdict instanceof AuthError)) return verdict instanceof Principal ? 'ok' : verdict.reason;
    expect(verdict).toMatchObject({ code: 'too_many_attempts', status: 429 });
    return Number(verdict.headers['Retry-After']);
  }

  const right = () => ({ id: issued.key.id, secret: issued.secret });
  const wrong = () => generateSecret('lk', issued.key.id);
  const unknown = () => generateSecret('lk');

  async function fail(times: number, address: string | null = HERE): Promise<void> {
    for (let tries = 0; tries < times; tries++) expect(await outcome(wrong(), address)).toBe('wrong_secret');
  }

  it('are 401 a hundred times in 15 minutes, then 429 until these have passed', async () => {
    await fail(1);
    clock.advance(5 * MINUTE_MS);
    await fail(99);
    expect(await outcome(wrong())).toBe(600);
    clock.advance(10 * MINUTE_MS - 1);
    expect(await outcome(wrong())).toBe(1);
    clock.advance(1);
    await fail(100);
    expect(await outcome(wrong())).toBe(900);
  });

  it('never keep out valid credentials, nor lock the key for its owner', async () => {
    await fail(100);
    for (let tries = 0; tries < 50; tries++) {
      expect(await outcome(wrong())).toBe(900);
      expect(await outcome(right())).toBe('ok');
      expect(await outcome(right(), THERE)).toBe('ok');
    }
  });

  it('are counted for each address, and not at all where it is not known', async () => {
    await fail(100);
    expect(await outcome(wrong())).toBe(900);
    await fail(100, THERE);
    expect(await outcome(wrong(), THERE)).toBe(900);
    await fail(200, null);
  });

  it('are all counted on the record, the throttled ones too', async () => {
    await fail(100);
    for (let tries = 0; tries < 20; tries++) await outcome(wrong());
    await core.close();
    expect(await core.apiKeys.get(issued.key.id)).toMatchObject({ failureCount: 120 });
  });

  it('count together with unknown ids, and are answered alike: who exists is not told', async () => {
    await fail(50);
    for (let tries = 0; tries < 50; tries++) expect(await outcome(unknown())).toBe('unknown_id');
    expect([await outcome(unknown()), await outcome(wrong())]).toEqual([900, 900]);
    const errors = [];
    for (const { id, secret } of [unknown(), wrong()]) {
      const error = (await core.verifier.verify({ scheme: 'api-key', id, secret }, HERE)) as AuthError;
      expect(error).toBeInstanceOf(AuthError);
      errors.push(JSON.stringify([error.message, error.reason, error.headers, error]));
      expect(`${errors}${error.stack}`).not.toContain(secret);
    }
    expect(errors[0]).toBe(errors[1]);
  });

  it('do not count what is refused for another reason', async () => {
    const { id } = issued.key;
    await core.apiKeys.disable(id, by);
    for (let tries = 0; tries < 150; tries++) {
      expect(await outcome(right())).toBe('disabled');
      expect(await outcome({ id, secret: 'typo' })).toBe('malformed');
    }
    await fail(1);
  });

  it('cost a cached key no promise, no call of the store and nothing thrown', async () => {
    await outcome(right());
    await fail(100);
    store.drain();
    const { id } = issued.key;
    expect(core.verifier.verify({ scheme: 'api-key', ...right() }, HERE)).toBeInstanceOf(Principal);
    const verdict = core.verifier.verify({ scheme: 'api-key', id, secret: wrong().secret }, HERE);
    expect(verdict).toMatchObject({ message: 'Too many failed attempts. Wait, then retry.' });
    expect(verdict).toBeInstanceOf(AuthError);
    expect(store.drain()).toEqual([]);
  });

  it('are not looked at for a valid credential', async () => {
    const looked = jest.spyOn(AddressThrottle.prototype, 'refused');
    for (let uses = 0; uses < 10; uses++) await outcome(right());
    expect(looked).not.toHaveBeenCalled();
    looked.mockRestore();
  });

  it('have a limit and a window that the host sets', async () => {
    await core.close();
    await start({ lockout: Object.freeze({ secretLimit: 2, windowMs: 1_500 }) });
    await fail(2);
    expect(await outcome(wrong())).toBe(2);
    clock.advance(1_500);
    await fail(2);
  });
});

describe('the throttle', () => {
  it('remembers 10,000 addresses and forgets the least recently seen', () => {
    const throttle = new AddressThrottle({ secretLimit: 1 });
    throttle.refused('first', 0);
    throttle.refused('second', 0);
    expect(throttle.refused('first', 0)).toMatchObject({ code: 'too_many_attempts' });
    for (let at = 0; at < 9_999; at++) throttle.refused(`other-${at}`, 0);
    expect(throttle.refused('first', 0)).toMatchObject({ code: 'too_many_attempts' });
    expect(throttle.refused('second', 0)).toBeNull();
  });

  it.each([0, -1, 1.5, Number.NaN])('refuses a limit of %p', (secretLimit) => {
    const message = 'lockout.secretLimit must be a positive whole number';
    expect(() => new AddressThrottle({ secretLimit })).toThrow(new TypeError(message));
  });
});
