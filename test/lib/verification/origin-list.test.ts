import fc from 'fast-check';
import { checkOrigins } from '../../../lib/verification/origin-list.js';

const ORIGIN =
  'must be an origin as browsers send it, e.g. "https://app.example.com" or "http://localhost:3000", without path or wildcard';

/** The list of a caller without types. */
function check(list: unknown) {
  return checkOrigins(list as readonly string[]);
}

describe('checkOrigins', () => {
  it.each([
    'https://app.example.com',
    'http://localhost:3000',
    'http://127.0.0.1:8080',
    'http://[::1]:3000',
    'https://xn--bcher-kva.example',
    'https://example.com:8443',
    'chrome-extension://abcdefghijklmnopabcdefghijklmnop',
    'moz-extension://2c127fa4-62c7-7e4f-90e5-472b45eecfdc',
    'safari-web-extension://E5B6F2A1-0000-4000-8000-000000000000',
    'capacitor://localhost',
    'ionic://localhost',
    'app://obsidian.md',
    'tauri://localhost:1420',
  ])('takes %s', (origin) => {
    expect(checkOrigins([origin])).toEqual([]);
  });

  it.each([
    ['https://app.example.com/', 'https://app.example.com'],
    ['https://app.example.com/path?query#part', 'https://app.example.com'],
    ['https://app.example.com:443', 'https://app.example.com'],
    ['http://localhost:80', 'http://localhost'],
    ['http://localhost:03000', 'http://localhost:3000'],
    ['https://App.Example.com', 'https://app.example.com'],
    ['HTTPS://app.example.com', 'https://app.example.com'],
    ['https://bücher.example', 'https://xn--bcher-kva.example'],
    ['https://ada:secret@app.example.com', 'https://app.example.com'],
    ['http://[0:0::1]:3000', 'http://[::1]:3000'],
    ['http://127.1', 'http://127.0.0.1'],
    ['https://app.example.com ', 'https://app.example.com'],
  ])('says of %s that it is %s', (origin, meant) => {
    const message = `must be the origin as browsers send it: "${meant}"`;
    expect(checkOrigins([origin], 'origins')).toEqual([{ path: 'origins.0', message }]);
  });

  it.each([
    '',
    '*',
    'https://*',
    'https://*.example.com',
    'chrome-extension://*',
    'app.example.com',
    'localhost:3000',
    '//app.example.com',
    'https:app.example.com',
    'https:/app.example.com',
    'https:///app.example.com',
    'https://',
    'https://exa mple.com',
    'https://example.com:99999',
    'https://a.example, https://b.example',
    'file://',
    'file:///index.html',
    'data:text/html,x',
    'about:blank',
    'javascript:alert(1)',
    'blob:https://example.com/1',
    'wss://example.com',
    'ftp://example.com',
    'chrome-extension://',
    'chrome-extension://abc/',
    'chrome-extension://abc/page.html',
    'Chrome-Extension://abc',
    'chrome-extension://ada@abc',
    'capacitor://localhost:0',
    `https://${'a'.repeat(300)}`,
    'https://example.com\n',
    'https://\ud800.example',
    7,
    null,
    undefined,
    {},
    new URL('https://example.com'),
    Symbol('origin'),
  ])('refuses such an entry by its place (case %#)', (origin) => {
    const [fault, ...others] = check(['https://fine.example', origin]);
    expect(others).toEqual([]);
    expect(fault?.path).toBe('allowedOrigins.1');
    if (origin === 'https://example.com\n') expect(fault?.message).toMatch(/"https:\/\/example.com"$/);
    else expect(fault?.message).toBe(ORIGIN);
  });

  it('refuses "null", which any page can send', () => {
    const message = 'must not be "null": any page can send it';
    expect(checkOrigins(['null'])).toEqual([{ path: 'allowedOrigins.0', message }]);
  });

  it('refuses what is not there at all', () => {
    expect(check(Array(1))).toEqual([{ path: 'allowedOrigins.0', message: ORIGIN }]);
  });

  it('refuses an entry that is there twice', () => {
    const list = ['https://a.example', 'https://b.example', 'https://a.example'];
    expect(checkOrigins(list)).toEqual([{ path: 'allowedOrigins', message: 'must hold no entry twice' }]);
  });

  it('takes 100 entries, and no more', () => {
    const origins = Array.from({ length: 101 }, (_, i) => `https://${i}.example`);
    expect(checkOrigins(origins.slice(0, 100))).toEqual([]);
    for (const list of [origins, [], null, undefined, 'https://a.example', {}]) {
      expect(check(list)).toEqual([{ path: 'allowedOrigins', message: 'must have 1 to 100 entries' }]);
    }
  });

  it('takes the origin of every web address, and nothing else of it', () => {
    fc.assert(
      fc.property(fc.webUrl({ withQueryParameters: true, withFragments: true }), (address) => {
        const { origin } = new URL(address);
        expect(checkOrigins([origin])).toEqual([]);
        if (origin !== address) expect(checkOrigins([address])).toHaveLength(1);
      }),
    );
  });

  it('never throws, whatever it is given', () => {
    fc.assert(fc.property(fc.anything(), (list) => Array.isArray(check(list))));
    fc.assert(fc.property(fc.array(fc.anything()), (list) => Array.isArray(check(list))));
    fc.assert(fc.property(fc.string({ unit: 'binary' }), (text) => check([`https://${text}`]).length < 2));
  });
});
