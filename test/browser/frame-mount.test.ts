import { get } from 'node:http';
import { type Stage, startStage } from './stage.js';

const POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

describe.each(['/', '/auth', '/a/b'])('the page mounted at %s', (mount) => {
  let stage: Stage;

  beforeAll(async () => {
    stage = await startStage({ mount });
  });
  afterEach(() => stage.leave());
  afterAll(() => stage.close());

  it('works', async () => {
    const visitor = await stage.visit();
    await visitor.page.goto(stage.url.replace(/(.)\/$/, '$1'));
    await visitor.page.getByRole('heading', { name: 'Log in' }).waitFor();
    expect(visitor.page.url()).toBe(stage.url);
    await visitor.logIn('Alice');
    await visitor.page.getByRole('link', { name: 'Sessions' }).click();
    await visitor.page.getByText('This session').waitFor();
  });

  it('answers with the headers of a page that trusts nobody, and its files for good', async () => {
    const page = await ask(stage.url);
    expect(page.headers).toMatchObject({
      'content-security-policy': POLICY,
      'x-content-type-options': 'nosniff',
      'x-frame-options': 'DENY',
      'referrer-policy': 'no-referrer',
      'cross-origin-opener-policy': 'same-origin',
      'cache-control': 'no-cache',
      'content-type': 'text/html; charset=utf-8',
    });
    const script = /src="\.\/(assets\/[\w-]+\.js)"/.exec(page.body)?.[1] ?? '';
    const { status, headers } = await ask(stage.url + script, { 'accept-encoding': 'br' });
    expect({ status, type: headers['content-type'], encoding: headers['content-encoding'] }).toEqual({
      status: 200,
      type: 'text/javascript; charset=utf-8',
      encoding: 'br',
    });
    expect(headers['cache-control']).toBe('public, max-age=31536000, immutable');
    expect(headers['content-security-policy']).toBe(POLICY);
    expect((await ask(stage.url + script, { 'if-none-match': String(headers.etag) })).status).toBe(304);
  });

  it.each(['assets/..%2f..%2fpackage.json', 'assets/%2e%2e/index.html', 'assets/nothing.js', 'index.html'])(
    'does not serve %s',
    async (path) => {
      expect((await ask(stage.url + path)).status).toBe(404);
    },
  );
});

function ask(url: string, headers: Record<string, string> = {}) {
  return new Promise<{ status: number | undefined; headers: Record<string, unknown>; body: string }>(
    (resolve, reject) => {
      get(url, { headers, agent: false }, async (res) => {
        let body = '';
        for await (const chunk of res) body += chunk;
        resolve({ status: res.statusCode, headers: res.headers, body });
      }).on('error', reject);
    },
  );
}
