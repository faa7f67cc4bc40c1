import { spawnSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import { transpileLibrary } from '../support/transpiled-library.js';

/** Names every file that is imported on standard error; `require` names its own afterwards. */
const HOOK = `
  import { writeSync } from 'node:fs';
  export async function load(url, context, next) {
    if (url.startsWith('file:')) writeSync(2, url + '\\n');
    return await next(url, context);
  }`;

let folder: string;

beforeAll(async () => {
  folder = await transpileLibrary();
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** The packages that a program loads, and Latchkey's own files. */
function loadedBy(program: string): { packages: string[]; own: string[] } {
  const root = pathToFileURL(`${folder}/`).href;
  const source = `
    import { createRequire, register } from 'node:module';
    register(${JSON.stringify(`data:text/javascript,${encodeURIComponent(HOOK)}`)});
    const require = createRequire('${root}');
    const { createLatchkey } = await import('${root}lib/index.js');
    ${program}
    for (const path of Object.keys(require.cache)) console.error(path);
    process.exit();`;
  const { status, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', source], { encoding: 'utf8' });
  expect({ status, stderr: status === 0 ? '' : stderr }).toEqual({ status: 0, stderr: '' });
  const files = stderr.split('\n');
  const packages = files.flatMap((file) => /\/node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(file)?.[1] ?? []);
  return {
    packages: [...new Set(packages)].sort(),
    own: files.filter((file) => file.startsWith(root)).map((file) => file.slice(root.length)),
  };
}

const ALWAYS = ['cookie', 'cookie-signature', 'lru-cache'];

const VERIFY = `
  const latchkey = createLatchkey();
  const { token } = await latchkey.apiKeys.create({ name: 'k', ownerId: 'u' }, { by: 'u' });
  const req = { headers: { 'x-api-key': token }, rawHeaders: ['X-API-Key', token], socket: {}, method: 'GET' };
  await new Promise((resolve, reject) =>
    latchkey.authenticate('api-key-header')(req, {}, (error) => (error ? reject(error) : resolve())));
  if (req.user?.id !== 'u') throw new Error('not let in');`;

describe('what a program loads', () => {
  it('is three small packages when it imports latchkey: no Redis, no zod, no express-session, no Express', () => {
    const { packages, own } = loadedBy('');
    expect(packages).toEqual(ALWAYS);
    expect(own).toContain('lib/latchkey.js');
    expect(own.filter((file) => file.startsWith('lib/stores/redis/'))).toEqual([]);
  });

  it('is no more when it verifies a key', () => {
    expect(loadedBy(VERIFY).packages).toEqual(ALWAYS);
  });

  it('is passport-headerapikey, with what that needs, once it hands in its Passport', () => {
    const { packages } = loadedBy('createLatchkey().use({ use() {} });');
    expect(packages).toEqual([...ALWAYS, 'lodash', 'passport-headerapikey', 'passport-strategy'].sort());
  });

  it('is the API of OpenTelemetry where an SDK is registered with it', () => {
    const register = `
      const { metrics, createNoopMeter } = require('@opentelemetry/api');
      let asked = 0;
      metrics.setGlobalMeterProvider({ getMeter: () => (asked++, createNoopMeter()) });
      createLatchkey();
      if (asked !== 1) throw new Error('the SDK was not asked');`;
    expect(loadedBy(register).packages).toEqual([...ALWAYS, '@opentelemetry/api'].sort());
  });
});
