import {
  authUserName,
  generateSessionId,
  isSessionUserName,
  parseSessionId,
  publicSessionId,
  remainingMs,
} from '../../../lib/sessions/session-id.js';

const NOW = Date.UTC(2026, 0, 1);
const TIMES = { idleMs: 1_800_000, expiresAt: NOW + 43_200_000 };

describe('a session id', () => {
  it('is drawn anew each time, from 256 random bits', () => {
    const ids = Array.from({ length: 1_000 }, () => generateSessionId(TIMES));
    expect(new Set(ids.map((id) => id.split('.')[0])).size).toBe(1_000);
    expect(ids.every((id) => /^[0-9A-Za-z]{43}\./.test(id))).toBe(true); // 62^43 > 2^256
  });

  it('tells its times, to the second', () => {
    expect(parseSessionId(generateSessionId(TIMES))).toEqual(TIMES);
  });

  it('may be of any letters and digits, its times as long as they can be', () => {
    for (const random of ['0', '9', 'a', 'z', 'A', 'Z']) {
      const times = parseSessionId(`${random.repeat(43)}.09azzzzzz.09azzzz`);
      expect(times).toEqual({
        expiresAt: Number.parseInt('09azzzzzz', 36) * 1_000,
        idleMs: Number.parseInt('09azzzz', 36) * 1_000,
      });
    }
  });

  it.each([
    '',
    'a',
    '.',
    'a.b.c',
    `${'x'.repeat(43)}.1`,
    `${'x'.repeat(43)}.1.1.1`,
    `${'x'.repeat(43)}.A.1`,
    `${'x'.repeat(42)}!.1.1`,
    `${'x'.repeat(42)}\u0141.1.1`,
    `${'x'.repeat(42)}.1.1`,
    `${'x'.repeat(44)}.1.1`,
    `${'x'.repeat(43)}..1`,
    `${'x'.repeat(43)}.1.`,
    `${'x'.repeat(43)}.1.Z`,
    `${'x'.repeat(43)}.-1.1`,
    `${'x'.repeat(43)}.1.1\n`,
    `${'x'.repeat(43)}.1234567890.1`,
    `${'x'.repeat(43)}.1.12345678`,
  ])('is none when it is %j', (text) => expect(parseSessionId(text)).toBeNull());

  it('names another session when its times are changed', () => {
    const id = generateSessionId(TIMES);
    const [random, end, idle] = id.split('.');
    const longer = `${random}.zzzzzz.${idle}`;
    expect(end).not.toBe('zzzzzz');
    expect(publicSessionId(longer)).not.toBe(publicSessionId(id));
  });

  it('lives for the idle time, but not beyond its end', () => {
    expect(remainingMs(TIMES, NOW)).toBe(1_800_000);
    expect(remainingMs(TIMES, TIMES.expiresAt - 5)).toBe(5);
    expect(remainingMs(TIMES, TIMES.expiresAt)).toBe(0);
  });

  it('gives a user name for Basic that tells nothing of it', () => {
    const id = generateSessionId(TIMES);
    const name = authUserName(publicSessionId(id));
    expect(isSessionUserName(name)).toBe(true);
    expect(publicSessionId(id)).toContain(name.slice('session_'.length));
    expect(id).not.toContain(name.slice('session_'.length));
  });
});
