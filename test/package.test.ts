import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Checkout, copyCheckout, runIn } from './support/checkout.js';

const ROOT = join(__dirname, '..');
/** The registry is asked for what is not in npm's cache. */
const INSTALL_TIMEOUT_MS = 240_000;
/** What the README tells users to install beside it, in the versions that this repository works with. */
const BESIDE = ['express', 'passport', 'ioredis', '@types/express', '@types/passport', '@types/node'];
const DIALECTS = ['elasticsearch', 'illumio', 'plexus', 'systemlink', 'trend'];
const ENTRIES = [
  'latchkey',
  'latchkey/redis',
  'latchkey/admin-router',
  'latchkey/testing',
  ...DIALECTS.map((name) => `latchkey/dialects/${name}`),
];

/** What every way of importing must come to. */
const USE = `
if (Object.keys(testing).join() !== 'testStore') throw new Error('latchkey/testing: ' + Object.keys(testing));
if (typeof RedisStore !== 'function' || typeof adminRouter !== 'function') throw new Error('an entry is empty');
const latchkey = createLatchkey();
adminRouter(latchkey);
elasticsearch(latchkey);
latchkey.apiKeys
  .create({ name: 'k', ownerId: 'u' }, { by: 'u' })
  .then(({ key, token }) => console.log(key.state, token.startsWith('lk_' + key.id)))
  .then(() => latchkey.close());
`;

const IMPORTING = `
import { createLatchkey } from 'latchkey';
import { RedisStore } from 'latchkey/redis';
import { adminRouter } from 'latchkey/admin-router';
import { elasticsearch } from 'latchkey/dialects/elasticsearch';
import * as testing from 'latchkey/testing';
${USE}`;

const REQUIRING = `
const { createLatchkey } = require('latchkey');
const { RedisStore } = require('latchkey/redis');
const { adminRouter } = require('latchkey/admin-router');
const { elasticsearch } = require('latchkey/dialects/elasticsearch');
const testing = require('latchkey/testing');
${USE}`;

const CONSUMER = `
import express from 'express';
import { Redis } from 'ioredis';
import passport from 'passport';
import { AuthError, createLatchkey, type IssuedKey, type Latchkey, MemoryStore, type Store } from 'latchkey';
import { adminRouter } from 'latchkey/admin-router';
import { elasticsearch } from 'latchkey/dialects/elasticsearch';
import { illumio } from 'latchkey/dialects/illumio';
import { plexus } from 'latchkey/dialects/plexus';
import { systemlink } from 'latchkey/dialects/systemlink';
import { trend } from 'latchkey/dialects/trend';
import { RedisStore } from 'latchkey/redis';
import { testStore } from 'latchkey/testing';

const store: Store = process.env.REDIS_URL ? new RedisStore(new Redis(process.env.REDIS_URL)) : new MemoryStore();
export const latchkey: Latchkey = createLatchkey({ store, http: { headers: ['X-API-Key'] } });

export const app = express();
latchkey.use(passport);
app.use('/auth', adminRouter(latchkey));
for (const router of [elasticsearch, illumio, plexus, systemlink, trend]) app.use('/', router(latchkey));
app.get('/orders', passport.authenticate(['api-key-header', 'api-key', 'basic'], { session: false }), (req, res) => {
  const id: string | undefined = req.user?.id;
  res.json({ id, mayWrite: req.user?.can('orders:write', 'orders/1'), name: req.user?.credential.name });
});
app.post('/orders', latchkey.authenticate('basic'), latchkey.requirePermission('orders:write'), (_req, res) => {
  res.sendStatus(204);
});
app.use(latchkey.errorHandler());

export async function makeKey(): Promise<string> {
  const issued: IssuedKey = await latchkey.apiKeys.create(
    { name: 'k', ownerId: 'alice', statements: [{ actions: ['orders:read'] }] },
    { by: 'alice' },
  );
  return issued.token;
}

export function reasonOf(error: unknown): string | null {
  return error instanceof AuthError ? error.reason : null;
}

// @ts-expect-error there is no such option: the types are not \`any\`
createLatchkey({ stores: store });
// @ts-expect-error nor is the principal
app.get('/', (req) => req.user?.mayFly);

export const suite: unknown = testStore;
`;

describe('the published package', () => {
  let checkout: Checkout;
  let consumer: string;
  let tarball: string;

  beforeAll(() => {
    checkout = copyCheckout();
    const [packed] = JSON.parse(checkout.run('npm', ['pack', '--json', '--loglevel=error'])) as { filename: string }[];
    tarball = join(checkout.folder, packed?.filename ?? '');
    consumer = mkdtempSync(join(tmpdir(), 'latchkey-consumer-'));
    writeFileSync(join(consumer, 'package.json'), '{ "private": true, "type": "module" }');
    install(consumer, [tarball, ...BESIDE.map((name) => `${name}@${versionHere(name)}`)]);
  }, INSTALL_TIMEOUT_MS);

  afterAll(() => {
    checkout?.remove();
    if (consumer !== undefined) rmSync(consumer, { recursive: true, force: true });
  });

  it('holds the build and the documents, nothing else', () => {
    const files = runIn(consumer, 'tar', ['-tzf', tarball]).trim().split('\n');
    const documents = ['package.json', 'LICENSE', 'README.md', 'CHANGELOG.md'].map((name) => `package/${name}`);
    const isBuilt = (file: string) =>
      /^package\/dist\/(lib|admin-router|test\/conformance)\/.*\.(js|d\.ts)$/.test(file) ||
      /^package\/dist\/admin-router\/page\/(index\.html|assets\/[\w-]+\.(js|css|svg))(\.br|\.gz)?$/.test(file);
    expect(files.filter((file) => !isBuilt(file) && !documents.includes(file))).toEqual([]);
    expect(files.filter((file) => /\.test\./.test(file))).toEqual([]);
    expect(files).toEqual(expect.arrayContaining(documents));
  });

  it('installs no Redis client by itself, and nothing that runs a script', () => {
    const { dependencies = {} } = JSON.parse(installedFile('latchkey/package.json')) as {
      dependencies?: Record<string, string>;
    };
    expect(
      Object.keys(dependencies).filter((name) => /^ioredis$|^redis$|express-session|^express$|^passport$/.test(name)),
    ).toEqual([]);
    const tree = JSON.parse(installedFile('.package-lock.json')) as {
      packages: Record<string, { hasInstallScript?: boolean }>;
    };
    expect(Object.entries(tree.packages).filter(([, entry]) => entry.hasInstallScript)).toEqual([]);
  });

  it.each([
    ['imported by an ES module', 'esm.mjs', IMPORTING],
    ['required by CommonJS', 'cjs.cjs', REQUIRING],
  ])('works when %s', (_how, file, source) => {
    writeFileSync(join(consumer, file), source);
    const { stdout, stderr } = spawnSync(process.execPath, [file], { cwd: consumer, encoding: 'utf8' });
    expect({ stdout, stderr }).toEqual({ stdout: 'active true\n', stderr: '' });
  });

  it('exports its entries and package.json, and nothing below them', () => {
    const probe = `const results = await Promise.allSettled(process.argv.slice(1).map((name) => import(name)));
      console.log(JSON.stringify(results.map(({ reason }) => reason?.code ?? 'ok')));`;
    const inner = ['latchkey/lib/core.js', 'latchkey/dist/lib/index.js', 'latchkey/dialects/dialect'];
    const said = runIn(consumer, process.execPath, ['--input-type=module', '-e', probe, ...ENTRIES, ...inner]);
    const expected = [...ENTRIES.map(() => 'ok'), ...inner.map(() => 'ERR_PACKAGE_PATH_NOT_EXPORTED')];
    expect(JSON.parse(said)).toEqual(expected);
  });

  it('brings the command latchkey, of which doctor says that it needs ioredis where that is missing', () => {
    const run = (...args: string[]) => {
      const { status, stdout, stderr } = spawnSync('node_modules/.bin/latchkey', args, {
        cwd: consumer,
        encoding: 'utf8',
      });
      return { status, stdout, stderr };
    };
    const { version } = JSON.parse(installedFile('latchkey/package.json')) as { version: string };
    expect(run('--version')).toEqual({ status: 0, stdout: `${version}\n`, stderr: '' });
    withoutPackages(['ioredis'], () => {
      const stderr = 'latchkey: ioredis is missing: npm install ioredis\nSee latchkey doctor --help\n';
      expect(run('doctor', '--redis', 'redis://127.0.0.1:1')).toEqual({ status: 2, stdout: '', stderr });
    });
  });

  it('needs none of the optional packages for its main entry', () => {
    const source = `import { createLatchkey } from 'latchkey';
      await createLatchkey().close();
      console.log(await import('latchkey/admin-router').then(() => 'loaded', ({ code }) => code));`;
    withoutPackages(['ioredis', 'zod', 'express-session', 'connect-redis', 'express', 'passport'], () => {
      const said = runIn(consumer, process.execPath, ['--input-type=module', '-e', source]);
      expect(said).toBe('ERR_MODULE_NOT_FOUND\n'); // of the admin router: so the packages are gone indeed
    });
  });

  it('needs ioredis for the types of its Redis store only', () => {
    const source = `import { RedisStore } from 'latchkey/redis'; console.log(typeof RedisStore);`;
    withoutPackages(['ioredis'], () => {
      expect(runIn(consumer, process.execPath, ['--input-type=module', '-e', source])).toBe('function\n');
    });
  });

  it.each([
    ['nodenext', 'nodenext', 'consumer.ts'],
    ['node16', 'node16', 'consumer.ts'],
    ['esnext', 'bundler', 'consumer.ts'],
    ['nodenext', 'nodenext', 'commonjs.cts'],
  ])('has types for a strict consumer: module %s, moduleResolution %s, %s', (module, moduleResolution, file) => {
    const folder = join(consumer, `${moduleResolution}-${file}`);
    mkdirSync(folder);
    writeFileSync(join(folder, file), CONSUMER);
    const verbatimModuleSyntax = !file.endsWith('.cts'); // which asks CommonJS for import = require()
    const compilerOptions = { module, moduleResolution, target: 'es2022', verbatimModuleSyntax, ...STRICT };
    writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions, files: [file] }));
    expect(runIn(folder, join(ROOT, 'node_modules/.bin/tsc'), ['-p', '.'])).toBe('');
  });

  function installedFile(path: string): string {
    return readFileSync(join(consumer, 'node_modules', path), 'utf8');
  }

  /** Hides installed packages while `work` runs: whoever loads one of them fails. */
  function withoutPackages(names: readonly string[], work: () => void): void {
    const modules = join(consumer, 'node_modules');
    const hidden: string[] = [];
    try {
      for (const name of names) {
        try {
          renameSync(join(modules, name), join(modules, `.hidden-${name}`));
          hidden.push(name);
        } catch {} // not installed at all
      }
      work();
    } finally {
      for (const name of hidden) renameSync(join(modules, `.hidden-${name}`), join(modules, name));
    }
  }
});

const STRICT = {
  strict: true,
  exactOptionalPropertyTypes: true,
  noUncheckedIndexedAccess: true,
  skipLibCheck: false,
  noEmit: true,
  types: ['node'],
};

function install(folder: string, packages: readonly string[]): void {
  const quietly = ['--prefer-offline', '--no-audit', '--no-fund', '--loglevel=error'];
  runIn(folder, 'npm', ['install', '--prefix', folder, ...quietly, ...packages]);
}

function versionHere(name: string): string {
  const { version } = JSON.parse(readFileSync(join(ROOT, 'node_modules', name, 'package.json'), 'utf8')) as {
    version: string;
  };
  return version;
}
