import { type AdminApp, startAdminApp } from '../support/admin-app.js';

describe('what the admin router is sent', () => {
  let app: AdminApp;
  let admin: string;

  beforeAll(async () => {
    app = await startAdminApp();
    admin = (await app.key({ actions: ['*'] })).token;
  });
  afterAll(() => app.close());

  it.each<[string, object | string, string, string]>([
    ['no name', {}, 'name', 'Invalid input: expected string, received undefined'],
    ['an unknown field', { name: 'a', colour: 'red' }, 'colour', 'is not a known field'],
    [
      'an unknown field inside',
      { name: 'a', statements: [{ actions: ['a'], effect: 'deny' }] },
      'statements.0.effect',
      'is not a known field',
    ],
    ['an empty name', { name: '' }, 'name', 'must have 1 to 256 printable characters'],
    ['a long name', { name: 'a'.repeat(257) }, 'name', 'must have 1 to 256 printable characters'],
    ['a line break in the name', { name: 'a\nb' }, 'name', 'must have 1 to 256 printable characters'],
    [
      'a time that is none',
      { name: 'a', expiresAt: 'tomorrow' },
      'expiresAt',
      'must be an RFC 3339 time, e.g. 2027-01-31T12:00:00Z',
    ],
    ['an expiry in the past', { name: 'a', expiresAt: '2001-01-01T00:00:00Z' }, 'expiresAt', 'must be in the future'],
    ['never', { name: 'a', expiresAt: null }, 'expiresAt', 'must be set: keys that never expire are not allowed here'],
    [
      'two expiries',
      { name: 'a', expiresAt: '2040-01-01T00:00:00Z', expiresInSeconds: 5 },
      'expiresInSeconds',
      'must not stand beside expiresAt',
    ],
    [
      'an action with white space',
      { name: 'a', statements: [{ actions: ['a b'] }] },
      'statements.0.actions.0',
      'must be like "orders:read", with * alone or at the start or end of a part, at most 128 characters',
    ],
    ['no action', { name: 'a', statements: [{ actions: [] }] }, 'statements.0.actions', 'must have 1 to 50 entries'],
    [
      'a property that is no text',
      { name: 'a', properties: { a: 1 } },
      'properties.a',
      'Invalid input: expected string, received number',
    ],
    ['a locale that is none', { name: 'a', locale: 'x_y' }, 'locale', 'must be a BCP 47 language tag, e.g. "en-US"'],
    [
      'a time zone that is none',
      { name: 'a', timeZone: 'Mars/One' },
      'timeZone',
      'must be an IANA time zone, e.g. "Europe/Berlin"',
    ],
    ['a list', [], '', 'Invalid input: expected object, received array'],
    ['null', 'null', 'name', 'Invalid input: expected string, received undefined'],
    ['half a document', '{"name": "a', '', 'must be valid JSON'],
  ])('names the field for %s', async (_what, input, path, message) => {
    const { status, body, headers } = await app.call('POST', '/api-keys', admin, input);
    expect([status, headers.get('content-type')]).toEqual([400, 'application/problem+json; charset=utf-8']);
    expect(body).toMatchObject({ title: 'Bad Request', status: 400, code: 'invalid_request' });
    expect(body.errors[0]?.path).toBe(path);
    expect(body.errors[0]?.message).toContain(message);
  });

  it('names a span of time by its field, in seconds', async () => {
    const { id } = (await app.call('POST', '/api-keys', admin, { name: 'a' })).body;
    const { status, body } = await app.call('POST', `/api-keys/${id}/rotate`, admin, { graceSeconds: 1_000_000_000 });
    const message = 'must be a whole number of seconds from 0 to 2592000';
    expect([status, body.errors]).toEqual([400, [{ path: 'graceSeconds', message }]]);
    expect(body.detail).toBe(`The request is not valid: graceSeconds ${message}`);
  });

  it('loses nothing that looks like part of an object', async () => {
    const { status, body } = await app.call('POST', '/api-keys', admin, '{"name":"a","properties":{"__proto__":"x"}}');
    expect([status, body.code]).toEqual([400, 'invalid_request']);
    const kept = { constructor: 'a', toString: 'b', ünï: '\u{1f511}' };
    const made = await app.call('POST', '/api-keys', admin, { name: 'a', properties: kept });
    expect(made.body.properties).toEqual(kept);
  });

  it('survives a body of 30,000 brackets', async () => {
    const nested = `{"name":"a","properties":${'['.repeat(30_000)}${']'.repeat(30_000)}}`;
    expect((await app.call('POST', '/api-keys', admin, nested)).status).toBe(400);
  });

  it('refuses a body of more than 64 KiB, also without a length', async () => {
    const big = JSON.stringify({ name: 'a', description: 'x'.repeat(66_000) });
    const known = await app.call('POST', '/api-keys', admin, big);
    expect([known.status, known.body.code]).toEqual([413, 'payload_too_large']);
    const response = await fetch(`${app.url}/api-keys`, {
      method: 'POST',
      headers: { 'x-api-key': admin, 'content-type': 'application/json' },
      body: new Blob([big]).stream(),
      duplex: 'half',
    } as RequestInit);
    expect(response.status).toBe(413);
  });

  it('refuses another content type or encoding', async () => {
    for (const headers of [
      { 'content-type': 'text/plain' },
      { 'content-type': 'application/json', 'content-encoding': 'rot13' },
    ]) {
      const { status, body } = await app.call(
        'POST',
        '/api-keys',
        admin,
        '{"name":"a"}',
        headers as Record<string, string>,
      );
      expect([status, body.code]).toEqual([415, 'unsupported_media_type']);
    }
  });

  it.each([
    ['PUT', '/api-keys', 'POST, GET, HEAD, OPTIONS'],
    ['POST', '/whoami', 'GET, HEAD, OPTIONS'],
    ['GET', '/api-keys/search', 'POST, OPTIONS'],
    ['DELETE', '/api-keys', 'POST, GET, HEAD, OPTIONS'],
  ])('tells what is allowed in place of %s %s', async (method, path, allow) => {
    const { status, headers, body } = await app.call(method, path, admin);
    expect([status, headers.get('allow'), body.code]).toEqual([405, allow, 'method_not_allowed']);
    const options = await app.call('OPTIONS', path, null);
    expect([options.status, options.headers.get('allow')]).toEqual([204, allow]);
  });

  it.each([
    'limit=0',
    'limit=201',
    'limit=x',
    'state=gone',
    'kind=x',
    'sort=secretHash',
    'cursor=x',
    'page=2',
    'name[a]=b',
    'createdFrom=5',
  ])('refuses the query %s', async (query) => {
    const { status, body } = await app.call('GET', `/api-keys?${query}`, admin);
    expect([status, body.code]).toEqual([400, 'invalid_request']);
  });

  it('answers HEAD as GET, without a body', async () => {
    const { status, text, headers } = await app.call('HEAD', '/whoami', admin);
    expect([status, text, headers.get('cache-control')]).toEqual([200, '', 'no-store']);
  });

  it('lists every challenge for a request without a credential', async () => {
    const { status, headers, body } = await app.call('GET', '/whoami', null);
    expect([status, body]).toEqual([
      401,
      {
        type: 'about:blank',
        title: 'Unauthorized',
        status: 401,
        code: 'unauthenticated',
        detail: 'Valid credentials are required.',
      },
    ]);
    expect(headers.get('www-authenticate')).toBe(
      'ApiKey realm="api", header="X-API-Key", ApiKey realm="api", Basic realm="api", charset="UTF-8"',
    );
  });

  it('leaves paths that are not its own to the app', async () => {
    const { status, text } = await app.call('GET', '/elsewhere', null);
    expect([status, text]).toEqual([404, expect.stringContaining('Cannot GET /auth/elsewhere')]);
  });
});
