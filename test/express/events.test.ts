import type { LatchkeyEvent } from '../../lib/index.js';
import { newLatchkey, type SessionApp, startSessionApp } from '../support/session-app.js';

describe('what the host’s log is told', () => {
  let app: SessionApp;
  let events: LatchkeyEvent[];

  beforeEach(async () => {
    const latchkey = newLatchkey({ now: () => 1_750_000_000_000 });
    app = await startSessionApp(latchkey);
    events = [];
    latchkey.on('*', (event) => void events.push(event));
  });
  afterEach(() => app.close());

  const base = { at: 1_750_000_000_000, address: '127.0.0.1', orgId: null };

  it('a login and its session, begun and ended, without their secrets', async () => {
    const { session, sessionId, requestId, headers } = await app.login('ada');
    await app.call('DELETE', '/login', headers);
    expect(events).toEqual([
      { ...base, type: 'login.succeeded', userId: 'ada' },
      { ...base, type: 'session.started', sessionId: session.id, userId: 'ada', kind: 'cookie' },
      {
        ...base,
        type: 'session.ended',
        sessionId: session.id,
        userId: 'ada',
        actorId: 'ada',
        credentialId: session.id,
      },
    ]);
    expect(JSON.stringify(events)).not.toContain(sessionId);
    expect(JSON.stringify(events)).not.toContain(requestId);
  });

  it('who ended a session: the login that takes its place, or nobody who is known', async () => {
    const { session, headers } = await app.login('ada');
    const second = await app.login('ada', { headers });
    await app.latchkey.sessions?.end(second.session.id, 'ada');
    const ended = { ...base, type: 'session.ended', userId: 'ada', credentialId: null };
    expect(events.filter(({ type }) => type === 'session.ended')).toEqual([
      { ...ended, sessionId: session.id, actorId: 'ada' },
      { ...ended, sessionId: second.session.id, actorId: null, address: null },
    ]);
  });

  it('a failed login, with the private reason and without what was typed', async () => {
    const { logins } = app.latchkey;
    const wrong = { userName: 'ada', password: 'typed by mistake', address: '127.0.0.1' };
    await expect(logins?.authenticate(wrong)).rejects.toMatchObject({ code: 'unauthenticated' });
    await expect(logins?.exchange('typed', '127.0.0.1')).rejects.toMatchObject({ code: 'unauthenticated' });
    expect(events).toEqual([
      { ...base, type: 'login.failed', userId: 'ada', reason: 'wrong_password' },
      { ...base, type: 'login.failed', userId: null, reason: 'wrong_login_token' },
    ]);
    expect(JSON.stringify(events)).not.toContain('typed');
  });

  it('a refused request: why, which key, where, without the query', async () => {
    const { key, token } = await app.latchkey.apiKeys.create({ name: 'n', ownerId: 'ada' }, { by: 'test' });
    await app.latchkey.apiKeys.revoke(key.id, { by: 'test' });
    events.length = 0;
    await app.call('GET', '/me?secret=1', { 'x-api-key': token });
    await app.call('GET', '/me');
    await app.call('GET', '/me', { 'x-api-key': `${token}x` });
    const refused = { ...base, type: 'request.refused', method: 'GET', path: '/me' };
    expect(events).toEqual([
      { ...refused, reason: 'revoked', scheme: 'api-key-header', credentialId: key.id, ownerId: 'ada' },
      { ...refused, reason: 'missing', scheme: null, credentialId: null, ownerId: null },
      { ...refused, reason: 'malformed', scheme: null, credentialId: null, ownerId: null },
    ]);
    expect(JSON.stringify(events)).not.toContain(token.slice(-20));
  });

  it('goes on when a listener throws, and stops when it is told to', async () => {
    const warn = jest.spyOn(process, 'emitWarning').mockImplementation(() => {});
    const stop = app.latchkey.on('request.refused', () => {
      throw new Error('the log is full');
    });
    const stopToo = app.latchkey.on('request.refused', async () => {
      throw new Error('so is the other');
    });
    expect((await app.call('GET', '/me')).status).toBe(401);
    stop();
    stopToo();
    expect((await app.call('GET', '/me')).status).toBe(401);
    expect(events.map(({ type }) => type)).toEqual(['request.refused', 'request.refused']);
    const code = 'LATCHKEY_LISTENER';
    expect(warn.mock.calls).toEqual([
      ['A listener for request.refused threw: Error: the log is full', { code }],
      ['A listener for request.refused threw: Error: so is the other', { code }],
    ]);
    warn.mockRestore();
  });
});
