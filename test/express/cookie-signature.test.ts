import { sign } from 'cookie-signature';
import { SessionCookie } from '../../lib/express/session-cookie.js';
import { generateSessionId } from '../../lib/sessions/session-id.js';

const SECRET = 'a secret of at least 32 characters';
const PREVIOUS = 'another one of at least 32 characters';
const sessionId = () => generateSessionId({ idleMs: 60_000, expiresAt: 2_000_000_000_000 });

function read(cookie: SessionCookie, value: string): string | undefined {
  const header = `other=1; ${cookie.name}=${encodeURIComponent(value)}`;
  return cookie.read({ headers: { cookie: header } } as never)?.sessionId;
}

describe('the signature of a session cookie', () => {
  it('is right every time, with any of the secrets', () => {
    const cookie = new SessionCookie([SECRET, PREVIOUS]);
    for (const secret of [SECRET, PREVIOUS]) {
      const id = sessionId();
      for (let i = 0; i < 3; i++) expect(read(cookie, `s:${sign(id, secret)}`)).toBe(id);
    }
  });

  it('is right in whatever encoding it is sent, and not decoded where it was not encoded', () => {
    const cookie = new SessionCookie(SECRET);
    const id = sessionId();
    const signed = `s:${sign(id, SECRET)}`;
    const encoded = encodeURIComponent(signed);
    for (const value of [signed, encoded, encoded.replaceAll('%3A', '%3a'), encoded.replace('s%3A', 's:'), encoded]) {
      expect(cookie.read({ headers: { cookie: `${cookie.name}=${value}` } } as never)?.sessionId).toBe(id);
    }
    for (const value of [`${encoded}%`, encoded.replace('s%3A', ''), encodeURIComponent(encoded), `x${encoded}`]) {
      expect(cookie.read({ headers: { cookie: `${cookie.name}=${value}` } } as never)).toBeNull();
    }
  });

  it.each([
    ['another', (signed: string) => signed.slice(0, -2) + (signed.endsWith('AA') ? 'BB' : 'AA')],
    ['a shorter one', (signed: string) => signed.slice(0, -1)],
    ['a longer one', (signed: string) => `${signed}A`],
    ['none', (signed: string) => signed.slice(0, signed.lastIndexOf('.') + 1)],
    ['that of another session', (signed: string) => signed.replace(/\.[^.]*$/, `.${sign('x', SECRET).slice(2)}`)],
    ['that of a secret which is not ours', (signed: string) => sign(signed.slice(0, signed.lastIndexOf('.')), 'x')],
  ])('does not make another one right, however often it was seen: %s', (_which, forge) => {
    const cookie = new SessionCookie(SECRET);
    const id = sessionId();
    const signed = sign(id, SECRET);
    expect(read(cookie, `s:${forge(signed)}`)).toBeUndefined();
    expect(read(cookie, `s:${signed}`)).toBe(id);
    expect(read(cookie, `s:${forge(signed)}`)).toBeUndefined();
    expect(read(cookie, `s:${signed}`)).toBe(id);
  });

  it('is of all that stands before it, and of no less: the dot is where it was signed', () => {
    const cookie = new SessionCookie(SECRET);
    const signed = `s:${sign(sessionId(), SECRET)}`;
    const dot = signed.lastIndexOf('.');
    const moved = `${signed.slice(0, dot)}%2E${signed.slice(dot + 1)}`;
    expect(cookie.read({ headers: { cookie: `${cookie.name}=${moved}` } } as never)).toBeNull();
  });

  it('of one session says nothing of another', () => {
    const cookie = new SessionCookie(SECRET);
    const signed = sign(sessionId(), SECRET);
    expect(read(cookie, `s:${signed}`)).toBeDefined();
    expect(read(cookie, `s:${sessionId()}${signed.slice(signed.lastIndexOf('.'))}`)).toBeUndefined();
  });
});
