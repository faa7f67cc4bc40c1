import type { KeyLifetimeOptions } from '../../lib/key-lifetimes.js';
import { KeyLifetimes } from '../../lib/key-lifetimes.js';
import { DAY_MS, START_AT } from './clock.js';

describe('KeyLifetimes', () => {
  it('gives a key 180 days when its maker does not say', () => {
    expect(new KeyLifetimes().defaultExpiry(START_AT)).toBe(START_AT + 180 * DAY_MS);
  });

  it('gives no more than the longest life when that is shorter than 180 days', () => {
    const lifetimes = new KeyLifetimes({ maxLifetimeMs: DAY_MS });
    expect(lifetimes.defaultExpiry(START_AT)).toBe(START_AT + DAY_MS);
    expect(lifetimes.check(START_AT + DAY_MS, null, START_AT)).toEqual([]);
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

  it.each(['defaultLifetimeMs', 'maxLifetimeMs', 'maxGraceMs', 'retentionMs'])('refuses a wrong %s', (name) => {
    for (const value of [0, -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY, '1d']) {
      expect(() => new KeyLifetimes({ [name]: value })).toThrow(
        new TypeError(`keys.${name} must be a positive whole number of ms`),
      );
    }
  });

  it('refuses a default beyond the longest life', () => {
    expect(() => new KeyLifetimes({ defaultLifetimeMs: 2, maxLifetimeMs: 1 })).toThrow(
      new TypeError('keys.defaultLifetimeMs must not exceed keys.maxLifetimeMs'),
    );
  });

  it('takes frozen options', () => {
    expect(() => new KeyLifetimes(Object.freeze({ allowNever: true }))).not.toThrow();
  });
});
