import { Permissions } from '../../../lib/permissions/permissions.js';
import { type KnownLogin, KnownLogins } from '../../../lib/sessions/known-logins.js';
import { hashRequestId } from '../../../lib/sessions/session-id.js';
import type { StoredSession } from '../../../lib/stores/state.js';
import type { Owner } from '../../../lib/verification/owners.js';

const REQUEST_ID = 'the request id';
const ASKED_AT = { nowAt: 0, tickedAt: 0 };

function stored(fields: object = {}, version = 1): StoredSession & { readonly login: string } {
  const login = JSON.stringify({
    userId: 'u1',
    userName: 'ada',
    expiresAt: 1_000,
    requestIdHash: hashRequestId(REQUEST_ID),
    ...fields,
  });
  return { version, login, data: '{}' };
}

function known(fields: object = {}): KnownLogin {
  return new KnownLogins(0).of('id', stored(fields), ASKED_AT, 1_000) as KnownLogin;
}

function owner(actions: string[]): Owner {
  const statements = [{ actions, resources: ['*'], workspace: '*', description: '' }];
  const user = { id: 'u1', orgId: null, userName: 'ada', isEnabled: true };
  return { user, statements, permissions: new Permissions(statements) };
}

describe('a login that is known', () => {
  it('is parsed once, as long as the store answers with the same text', () => {
    const logins = new KnownLogins(0);
    const login = logins.of('id', stored(), ASKED_AT, 1_000);
    expect(logins.of('id', stored(), ASKED_AT, 1_000)).toBe(login);
    expect(logins.of('id', stored({}, 2), ASKED_AT, 1_000)).toBe(login);
    const changed = logins.of('id', stored({ userName: 'grace' }), ASKED_AT, 1_000);
    expect(changed?.record.userName).toBe('grace');
    expect(logins.of('id', stored({ userName: 'grace' }), ASKED_AT, 1_000)).toBe(changed);
  });

  it('tells what was read last but for the data of the host, of a session that somebody is logged in to', () => {
    const logins = new KnownLogins(0);
    expect(logins.lastRead('id')).toBeUndefined();
    const [first, second] = [stored(), stored({}, 2)];
    for (const read of [first, second]) {
      const login = logins.of('id', read, ASKED_AT, 1_000);
      const last = logins.lastRead('id');
      expect(last).toEqual({ ...read, data: '' });
      expect(logins.of('id', last as StoredSession, ASKED_AT, 1_000)).toBe(login);
      expect(logins.lastRead('id')).toBe(last);
    }
    expect(logins.of('visitor', { version: 1, login: null, data: '{}' }, ASKED_AT, 1_000)).toBeNull();
    expect(logins.lastRead('visitor')).toBeUndefined();
  });

  it('is remembered as long as it was told to be, and as the session lives, by both clocks', () => {
    const tickedAt = performance.now() + 10_000; // nothing of this takes so long
    const askedAt = { nowAt: 5_000, tickedAt };
    for (const [rememberMs, ttlMs, heldMs] of [
      [100, 1_000, 100],
      [100, 60, 30],
      [0, 1_000, 0],
    ] as const) {
      const logins = new KnownLogins(rememberMs);
      const login = logins.of('id', stored(), askedAt, ttlMs);
      const heldAt = (nowAt: number) => logins.remembered('id', nowAt) === login;
      expect([5_000, 5_000 + heldMs - 1].map(heldAt)).toEqual([heldMs > 0, heldMs > 0]);
      expect([4_999, 5_000 + heldMs, 60_000].map(heldAt)).toEqual([false, false, false]);
      expect(logins.remembered('other', 5_000)).toBeNull();
      logins.of('id', stored(), { nowAt: 5_000, tickedAt: performance.now() - heldMs }, ttlMs); // the other clock stood still
      expect(heldAt(5_000)).toBe(false);
    }
  });

  it('is not that of another session with the same text', () => {
    const logins = new KnownLogins(0);
    expect(logins.of('other', stored(), ASKED_AT, 1_000)).not.toBe(logins.of('id', stored(), ASKED_AT, 1_000));
  });

  it.each([
    ['the right request id', REQUEST_ID, true],
    ['another one', 'the request iD', false],
    ['an empty one', '', false],
    ['its hash', hashRequestId(REQUEST_ID), false],
  ])('takes of request ids: %s', (_which, requestId, isRight) => {
    expect(known().hasRequestId(requestId)).toBe(isRight);
  });

  it.each([null, '', 'a hash that was cut off'])('takes no request id where %p is kept of it', (requestIdHash) => {
    expect(known({ requestIdHash }).hasRequestId(REQUEST_ID)).toBe(false);
  });

  it('has one principal for as long as its owner stays the same, with the rights of that owner', () => {
    const login = known();
    const reader = owner(['orders:read']);
    const principal = login.principal('id', 'session-cookie', reader);
    expect(login.principal('id', 'session-cookie', reader)).toBe(principal);
    const writer = login.principal('id', 'session-cookie', owner(['orders:write']));
    expect([principal.can('orders:write'), writer.can('orders:write'), writer.can('orders:read')]).toEqual([
      false,
      true,
      false,
    ]);
    expect(login.principal('id', 'basic', reader).credential.scheme).toBe('basic');
    expect(login.principal('id', 'session-cookie', reader).credential.scheme).toBe('session-cookie');
  });
});
