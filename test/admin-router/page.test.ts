import { once } from 'node:events';
import { get } from 'node:http';
import type { AddressInfo } from 'node:net';
import express, { type RequestHandler } from 'express';
import { type AdminRouterOptions, adminRouter } from '../../admin-router/index.js';
import { createLatchkey, type Latchkey, type LatchkeyOptions } from '../../lib/index.js';
import { People } from '../support/people.js';
import { loginOptions } from '../support/signed-in.js';

const LOGINS = loginOptions(new People().set('alice'));

interface Raw {
  readonly status: number;
  /** As they came, one entry for each line. */
  readonly headers: NodeJS.Dict<string[]>;
  readonly body: string;
}

interface App {
  readonly latchkey: Latchkey;
  ask(path: string, options?: { readonly method?: string; readonly headers?: Record<string, string> }): Promise<Raw>;
}

const closings: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closings.splice(0)) await close();
});

/** What the app itself answers to whatever the router leaves to it. */
const ofTheApp: RequestHandler = (_req, res) => void res.status(200).send('of the app');

async function start(options: AdminRouterOptions = {}, settings: LatchkeyOptions = LOGINS): Promise<App> {
  const latchkey = createLatchkey(settings);
  const app = express();
  app.use('/auth', adminRouter(latchkey, options), ofTheApp);
  const server = app.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  closings.push(async () => {
    server.closeAllConnections();
    server.close();
    await latchkey.close();
  });
  return {
    latchkey,
    ask: (path, { method = 'GET', headers = {} } = {}) =>
      new Promise((resolve, reject) => {
        const request = get({ port, host: '127.0.0.1', path, method, headers, agent: false }, async (res) => {
          let body = '';
          for await (const chunk of res) body += chunk;
          resolve({ status: res.statusCode ?? 0, headers: res.headersDistinct, body });
        });
        request.on('error', reject);
      }),
  };
}

describe('the page at the root of the admin router', () => {
  it('is there where users can log in', async () => {
    const { ask } = await start();
    const { status, body, headers } = await ask('/auth/');
    expect({ status, type: headers['content-type'] }).toEqual({ status: 200, type: ['text/html; charset=utf-8'] });
    expect(body).toContain('<div id="app">');
  });

  it('is asked for by its head, too, and by nothing that changes something', async () => {
    const { ask } = await start();
    const head = await ask('/auth/', { method: 'HEAD' });
    expect({ status: head.status, body: head.body }).toEqual({ status: 200, body: '' });
    expect(Number(head.headers['content-length'])).toBeGreaterThan(100);
    expect((await ask('/auth/', { method: 'POST' })).body).toBe('of the app');
  });

  it.each<[string, AdminRouterOptions, LatchkeyOptions]>([
    ['that is turned off', { page: false }, LOGINS],
    ['without users', {}, {}],
    ['without sessions', {}, { users: new People() }],
  ])('goes on to the app in a router %s', async (_how, options, settings) => {
    const { ask } = await start(options, settings);
    for (const path of ['/auth/', '/auth', '/auth/assets/index.js']) {
      expect({ path, body: (await ask(path)).body }).toEqual({ path, body: 'of the app' });
    }
    expect(JSON.parse((await ask('/auth/settings')).body)).toMatchObject({ title: 'API keys', asksTenant: false });
  });

  it('sends browsers to the folder, by an address that is right behind a proxy, with the query', async () => {
    const { ask } = await start();
    const where = async (path: string) => {
      const { status, headers } = await ask(path);
      return [status, headers.location?.[0]];
    };
    expect(await where('/auth')).toEqual([308, './auth/']);
    expect(await where('/auth?a=1&b=%2F?c')).toEqual([308, './auth/?a=1&b=%2F?c']);
    expect(await where('/auth/?a=1')).toEqual([200, undefined]);
    const { headers } = await ask('/auth?next=//evil.example/');
    expect(new URL(headers.location?.[0] ?? '', 'https://app.example/auth').host).toBe('app.example');
  });

  it('is compressed as the browser accepts it, and not changed without its tag being changed', async () => {
    const { ask } = await start();
    const script = /src="\.\/(assets\/[\w-]+\.js)"/.exec((await ask('/auth/')).body)?.[1] ?? '';
    const encodings = await Promise.all(
      ['br, gzip', 'gzip', 'identity', ''].map(async (accepted) => {
        const { headers } = await ask(`/auth/${script}`, { headers: { 'accept-encoding': accepted } });
        expect(headers.vary).toEqual(['Accept-Encoding']);
        return headers['content-encoding']?.[0];
      }),
    );
    expect(encodings).toEqual(['br', 'gzip', undefined, undefined]);
    const { headers } = await ask('/auth/');
    const again = await ask('/auth/', { headers: { 'if-none-match': headers.etag?.[0] ?? '' } });
    expect({ status: again.status, body: again.body }).toEqual({ status: 304, body: '' });
  });

  it('tells its settings, and no secret', async () => {
    const { ask } = await start({ page: { title: 'Acme <keys>', asksTenant: true } });
    const { body } = await ask('/auth/settings');
    expect(JSON.parse(body)).toMatchObject({ title: 'Acme <keys>', asksTenant: true });
    expect(body).not.toContain('at least 32 characters');
    expect((await ask('/auth/')).body).not.toContain('Acme');
  });
});

describe('the options of the admin router', () => {
  const wrong = (options: unknown) => () => adminRouter(createLatchkey(LOGINS), options as AdminRouterOptions);

  it.each<[unknown, string]>([
    [{ pages: {} }, 'adminRouter has no option pages; it takes: page'],
    [null, 'adminRouter must be an object of: page'],
    [[], 'adminRouter must be an object of: page'],
    [{ page: true }, 'page must be an object of: title, asksTenant'],
    [{ page: null }, 'page must be an object of: title, asksTenant'],
    [{ page: { titel: 'x' } }, 'page has no option titel; it takes: title, asksTenant'],
    [{ page: { title: '' } }, 'page.title must be a text of 1 to 100 characters'],
    [{ page: { title: '  ' } }, 'page.title must be a text of 1 to 100 characters'],
    [{ page: { title: 'x'.repeat(101) } }, 'page.title must be a text of 1 to 100 characters'],
    [{ page: { title: 1 } }, 'page.title must be a text of 1 to 100 characters'],
    [{ page: { asksTenant: 'yes' } }, 'page.asksTenant must be a boolean'],
  ])('are refused where they are wrong: %j', (options, message) => {
    expect(wrong(options)).toThrow(TypeError);
    expect(wrong(options)).toThrow(message);
  });

  it('can be left out', () => {
    for (const options of [undefined, {}, { page: undefined }, { page: {} }, { page: { title: undefined } }]) {
      expect(wrong(options)).not.toThrow();
    }
  });
});

describe('a challenge of the admin API', () => {
  const SCRIPT = { 'x-requested-with': 'XMLHttpRequest' };

  async function challenges(headers: Record<string, string>, settings = LOGINS): Promise<[number, string[]]> {
    const { ask } = await start({}, settings);
    const { status, headers: answered } = await ask('/auth/whoami', { headers });
    return [status, answered['www-authenticate'] ?? []];
  }

  it('names Basic to programs, and xBasic to scripts in browsers, which would open a dialog for it', async () => {
    const [status, toProgram] = await challenges({});
    const [, toScript] = await challenges(SCRIPT);
    expect(status).toBe(401);
    expect(toProgram.join('\n')).toMatch(/(^|, )Basic realm="/m);
    expect(toScript.join('\n')).not.toMatch(/(^|[ ,])Basic /m);
    expect(toScript).toEqual(toProgram.map((line) => line.replace(/(^|, )Basic /g, '$1xBasic ')));
  });

  it.each(['fetch', 'xmlhttprequest', ''])('stays Basic to whoever says %j of themselves', async (value) => {
    const [, lines] = await challenges({ 'x-requested-with': value });
    expect(lines.join('\n')).toMatch(/(^|, )Basic realm="/m);
  });

  it('is xBasic where the credential is wrong, too', async () => {
    const wrong = { authorization: `Basic ${Buffer.from('a:b').toString('base64')}` };
    const [status, lines] = await challenges({ ...SCRIPT, ...wrong });
    expect(status).toBe(401);
    expect(lines.join('\n')).toMatch(/xBasic realm="/);
    expect(lines.join('\n')).not.toMatch(/(^|[ ,])Basic /m);
  });

  it('leaves the realm as it is, whatever it is called', async () => {
    const [, lines] = await challenges(SCRIPT, { ...LOGINS, http: { realm: 'one, Basic two' } });
    expect(lines.join('\n')).toContain('xBasic realm="one, Basic two"');
  });

  it('says everything else of the refusal as before', async () => {
    const { ask } = await start();
    const [program, script] = [await ask('/auth/whoami'), await ask('/auth/whoami', { headers: SCRIPT })];
    expect(script.body).toBe(program.body);
    expect(script.headers['content-type']).toEqual(program.headers['content-type']);
  });
});
