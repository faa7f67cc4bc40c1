import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { runIn } from '../support/checkout.js';
import { transpileLibrary } from '../support/transpiled-library.js';

/** Says in a child process every module that comes to be loaded. */
const NOTING = `
import { register } from 'node:module';
const hooks = \`export async function load(url, context, next) {
  console.log(url);
  return await next(url, context);
}\`;
register('data:text/javascript,' + encodeURIComponent(hooks));
await import(process.argv[1]);
`;

describe('import of latchkey', () => {
  let folder: string;

  beforeAll(async () => {
    folder = await transpileLibrary();
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  function loadedBy(name: string): string[] {
    const said = runIn(folder, process.execPath, ['--input-type=module', '-e', NOTING, name]);
    return said.split('\n').filter((line) => line.startsWith('file:'));
  }

  it('loads neither the admin router with its page, nor zod', () => {
    const loaded = loadedBy(pathToFileURL(join(folder, 'lib', 'index.js')).href);
    expect(loaded.length).toBeGreaterThan(50);
    expect(
      loaded.filter((url) => /admin-router|\/page\/|\/(zod|preact|uplot|vite|playwright-core)\//.test(url)),
    ).toEqual([]);
  });

  it('would be seen to load them', () => {
    expect(loadedBy('zod').some((url) => url.includes('/node_modules/zod/'))).toBe(true);
  });
});
