import { Permissions } from '../../../lib/permissions/permissions.js';
import { KnownLogins } from '../../../lib/sessions/known-logins.js';
import { hashRequestId } from '../../../lib/sessions/session-id.js';
import type { Owner } from '../../../lib/verification/owners.js';

const REQUEST_ID = 'the request id';

function text(fields: object = {}): string {
  return JSON.stringify({
    userId: 'u1',
    userName: 'ada',
    expiresAt: 1_000,
    requestIdHash: hashRequestId(REQUEST_ID),
    ...fields,
  });
}

function owner(actions: string[]): Owner {
  const statements = [{ actions, resources: ['*'], workspace: '*', description: '' }];
  const user = { id: 'u1', orgId: null, userName: 'ada', isEnabled: true };
  return { user, statements, permissions: new Permissions(statements) };
}

describe('a login that is known', () => {
  it('is parsed once, as long as the store answers with the same text', () => {
    const logins = new KnownLogins();
    const login = logins.of('id', text());
    expect(logins.of('id', text())).toBe(login);
    const changed = logins.of('id', text({ userName: 'grace' }));
    expect(changed.record.userName).toBe('grace');
    expect(logins.of('id', text({ userName: 'grace' }))).toBe(changed);
  });

  it('is not that of another session with the same text', () => {
    const logins = new KnownLogins();
    expect(logins.of('other', text())).not.toBe(logins.of('id', text()));
  });

  it.each([
    ['the right request id', REQUEST_ID, true],
    ['another one', 'the request iD', false],
    ['an empty one', '', false],
    ['its hash', hashRequestId(REQUEST_ID), false],
  ])('takes of request ids: %s', (_which, requestId, isRight) => {
    expect(new KnownLogins().of('id', text()).hasRequestId(requestId)).toBe(isRight);
  });

  it.each([null, '', 'a hash that was cut off'])('takes no request id where %p is kept of it', (requestIdHash) => {
    expect(new KnownLogins().of('id', text({ requestIdHash })).hasRequestId(REQUEST_ID)).toBe(false);
  });

  it('has one principal for as long as its owner stays the same, with the rights of that owner', () => {
    const login = new KnownLogins().of('id', text());
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
