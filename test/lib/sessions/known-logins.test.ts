import { Permissions } from '../../../lib/permissions/permissions.js';
import { type KnownLogin, KnownLogins } from '../../../lib/sessions/known-logins.js';
import { hashRequestId } from '../../../lib/sessions/session-id.js';
import type { StoredSession } from '../../../lib/stores/state.js';
import type { Owner } from '../../../lib/verification/owners.js';

const REQUEST_ID = 'the request id';

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
  return new KnownLogins().of('id', stored(fields)) as KnownLogin;
}

function owner(actions: string[]): Owner {
  const statements = [{ actions, resources: ['*'], workspace: '*', description: '' }];
  const user = { id: 'u1', orgId: null, userName: 'ada', isEnabled: true };
  return { user, statements, permissions: new Permissions(statements) };
}

describe('a login that is known', () => {
  it('is parsed once, as long as the store answers with the same text', () => {
    const logins = new KnownLogins();
    const login = logins.of('id', stored());
    expect(logins.of('id', stored())).toBe(login);
    expect(logins.of('id', stored({}, 2))).toBe(login);
    const changed = logins.of('id', stored({ userName: 'grace' }));
    expect(changed?.record.userName).toBe('grace');
    expect(logins.of('id', stored({ userName: 'grace' }))).toBe(changed);
  });

  it('tells what was read last but for the data of the host, of a session that somebody is logged in to', () => {
    const logins = new KnownLogins();
    expect(logins.lastRead('id')).toBeUndefined();
    const [first, second] = [stored(), stored({}, 2)];
    for (const read of [first, second]) {
      const login = logins.of('id', read);
      const last = logins.lastRead('id');
      expect(last).toEqual({ ...read, data: '' });
      expect(logins.of('id', last as StoredSession)).toBe(login);
      expect(logins.lastRead('id')).toBe(last);
    }
    expect(logins.of('visitor', { version: 1, login: null, data: '{}' })).toBeNull();
    expect(logins.lastRead('visitor')).toBeUndefined();
  });

  it('is not that of another session with the same text', () => {
    const logins = new KnownLogins();
    expect(logins.of('other', stored())).not.toBe(logins.of('id', stored()));
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
