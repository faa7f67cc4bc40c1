import { readdirSync, readFileSync } from 'node:fs';
import { join, posix } from 'node:path';
import { findCycles, isBuiltin, type ModuleFacts, readModule } from './support/module-graph.js';

interface Layer {
  readonly name: string;
  /** Paths, or folders with a slash at the end. A file belongs to the first layer that names it. */
  readonly files: readonly string[];
  /** The layers, or single files, that it may import. */
  readonly mayImport: readonly string[];
  /** The layers of which it may import types only. */
  readonly mayImportTypesOf?: readonly string[];
  /** The packages that it may import, besides Node's own modules. */
  readonly packages: readonly string[];
}

/** From bottom to top. */
const LAYERS: readonly Layer[] = [
  {
    name: 'pure',
    files: [
      'lib/permissions/',
      'lib/search/',
      ...namesIn(
        'lib',
        'errors events finding freeze limits loopback options principal records refusal text turnstile under-way users',
      ),
      ...namesIn('lib', 'change-record'),
      ...namesIn('lib/keys', 'key-builder key-changes key-endings key-input key-lifetimes key-notices key-rights'),
      ...namesIn('lib/keys', 'key-rules key-view dialect-fields'),
      ...namesIn('lib/policies', 'policy-input policy-view'),
      ...namesIn('lib/verification', 'secret foreign-pair imported-key address-group address-list origin-list'),
      ...namesIn('lib/sessions', 'session-id login-record'),
      ...namesIn('lib/audit', 'trail-entry activity-buffer'),
    ],
    mayImport: ['pure'],
    packages: [],
  },
  {
    name: 'build',
    files: ['lib/bundle.mjs'],
    mayImport: [],
    packages: ['vite'],
  },
  {
    name: 'contract',
    files: namesIn('lib/stores', 'store state numbers documents kind usage-days wrapped-store after-failover'),
    mayImport: ['pure', 'contract'],
    packages: [],
  },
  {
    name: 'stores',
    files: ['lib/stores/'],
    mayImport: ['pure', 'contract', 'stores'],
    packages: ['ioredis', 'rate-limit-redis'],
  },
  {
    name: 'telemetry',
    files: ['lib/telemetry/'],
    mayImport: ['pure', 'telemetry', 'lib/stores/wrapped-store.ts'],
    mayImportTypesOf: ['contract'],
    packages: ['@opentelemetry/api'],
  },
  {
    name: 'express',
    files: ['lib/express/'],
    mayImport: ['pure', 'express'],
    mayImportTypesOf: ['contract', 'telemetry', 'audit', 'services', 'core'],
    packages: [
      'express',
      'express-rate-limit',
      'passport-headerapikey',
      'express-session',
      'connect-redis',
      'cookie',
      'cookie-signature',
      'lru-cache',
    ],
  },
  {
    name: 'core',
    files: ['lib/core.ts'],
    mayImport: ['pure', 'contract', 'lib/stores/memory/memory-store.ts', 'telemetry', 'audit', 'services'],
    packages: [],
  },
  {
    name: 'latchkey',
    files: ['lib/latchkey.ts'],
    mayImport: ['pure', 'contract', 'core', 'express'],
    packages: ['express', 'passport'],
  },
  {
    name: 'index',
    files: ['lib/index.ts'],
    mayImport: [
      'pure',
      'contract',
      'lib/stores/memory/memory-store.ts',
      'audit',
      'services',
      'core',
      'express',
      'latchkey',
    ],
    packages: [],
  },
  {
    name: 'cli',
    files: ['lib/cli/'],
    mayImport: ['index', 'cli', 'lib/stores/redis/redis-store.ts'],
    packages: ['ioredis', 'cli-progress'],
  },
  {
    name: 'audit',
    files: ['lib/audit/'],
    mayImport: ['pure', 'contract', 'audit'],
    packages: [],
  },
  {
    name: 'services',
    files: ['lib/'],
    mayImport: ['pure', 'contract', 'audit'],
    // Services are handed to each other by core.ts; they know each other's shape only.
    mayImportTypesOf: ['telemetry', 'services'],
    packages: ['lru-cache'],
  },
  {
    name: 'page',
    files: ['admin-router/page/'],
    mayImport: ['page'],
    packages: [
      'preact',
      'preact/hooks',
      'uplot',
      'uplot/dist/uPlot.min.css',
      '@picocss/pico/css/pico.classless.min.css',
      'vite',
    ],
  },
  {
    name: 'admin-router',
    files: ['admin-router/'],
    mayImport: ['index', 'admin-router'],
    packages: ['cookie', 'express', 'zod'],
  },
  {
    name: 'example-app',
    files: ['example-app/'],
    mayImport: ['example-app'],
    packages: [
      'latchkey',
      'latchkey/redis',
      'latchkey/admin-router',
      'express',
      'express-session',
      'passport',
      'ioredis',
      '@node-rs/argon2',
      '@opentelemetry/api',
      '@opentelemetry/exporter-prometheus',
      '@opentelemetry/sdk-metrics',
      'pino',
    ],
  },
];

/** The imports between services, each for its reason: they read through the cache, or are one service in two files. */
const ALLOWED_BESIDES = new Set([
  'lib/verification/verifier.ts -> lib/verification/verification-cache.ts',
  'lib/verification/verifier.ts -> lib/verification/verifiable-key.ts',
  'lib/verification/verifier.ts -> lib/verification/shared-parts.ts',
  'lib/verification/verifier.ts -> lib/verification/imported-keys.ts',
  'lib/sessions/session-verifier.ts -> lib/sessions/known-logins.ts',
  'lib/verification/owners.ts -> lib/verification/verification-cache.ts',
  'lib/policies/policy-reader.ts -> lib/verification/verification-cache.ts',
  'lib/keys/api-keys.ts -> lib/keys/key-search.ts',
  'lib/sessions/sessions.ts -> lib/sessions/session-users.ts',
]);

const ONLY_NAMED_REEXPORTS = ['lib/index.ts'];
const SOURCE_FOLDERS = ['lib', 'admin-router', 'test', 'example-app'];
const NOT_SOURCES = ['dist', 'node_modules', 'coverage'];
const FORBIDDEN_FOLDERS = ['utils', 'helpers', 'common', 'shared'];
const MAX_LINES = 400;

describe('the source tree', () => {
  const sources = readSources(join(__dirname, '..'));

  it('is read at all', () => {
    expect([...sources.keys()]).toContain('test/imports.test.ts');
  });

  it('keeps its rules', () => {
    expect(violationsOf(sources)).toEqual([]);
  });
});

describe('the check of the source tree', () => {
  it.each<[rule: string, path: string, source: string, violation: string]>([
    ['an upward import', 'lib/text.ts', "import { x } from './sessions.js';", 'pure may not import lib/sessions.ts'],
    [
      'an upward import of a type',
      'lib/stores/store.ts',
      "import type { X } from '../core.js';",
      'contract may not import lib/core.ts',
    ],
    [
      'an upward re-export',
      'lib/users.ts',
      "export * from './audit/audit.js';",
      'pure may not import lib/audit/audit.ts',
    ],
    ['a dynamic import', 'lib/audit/a.ts', "await import('../usage.js');", 'audit may not import lib/usage.ts'],
    ['an import type', 'lib/limits.ts', "type X = import('./core.js').X;", 'pure may not import lib/core.ts'],
    [
      'a service that imports a service',
      'lib/sessions.ts',
      "import './api-keys.js';",
      'services may not import lib/api-keys.ts',
    ],
    [
      'a service that imports a store',
      'lib/usage.ts',
      "import './stores/memory/memory-store.js';",
      'services may not import lib/stores/memory/memory-store.ts',
    ],
    [
      'a value of a service in express',
      'lib/express/a.ts',
      "import { x } from '../audit/audit.js';",
      'express may not import lib/audit/audit.ts',
    ],
    [
      'express in a service',
      'lib/sessions.ts',
      "import type { Request } from 'express';",
      'services may not import express',
    ],
    ['ioredis outside the stores', 'lib/core.ts', "import { Redis } from 'ioredis';", 'core may not import ioredis'],
    [
      'a short cut past the index',
      'admin-router/a.ts',
      "import '../lib/errors.js';",
      'admin-router may not import lib/errors.ts',
    ],
    [
      'a relative import out of the example app',
      'example-app/a.ts',
      "import '../lib/index.js';",
      'example-app may not import lib/index.ts',
    ],
    ['an unpublished entry', 'example-app/a.ts', "import 'latchkey/core';", 'example-app may not import latchkey/core'],
    [
      'an index that does more than re-export',
      'lib/index.ts',
      'export const x = 1;',
      'only named re-exports belong here',
    ],
    ['an index with a star', 'lib/index.ts', "export * from './errors.js';", 'only named re-exports belong here'],
    ['any as a parameter', 'test/a.ts', 'function f(x: any) {}', 'the type any'],
    ['any as an argument', 'test/a.ts', 'const x = new Map<string, any>();', 'the type any'],
    ['any as a cast', 'test/a.ts', 'const x = y as any;', 'the type any'],
    ['any in an array', 'test/a.ts', 'let x: any[];', 'the type any'],
    ['a file too long', 'test/a.ts', '\n'.repeat(401), '401 lines, 400 at most'],
    ['a junk folder', 'lib/utils/a.ts', '', 'no folder may be named utils'],
    [
      'a cycle',
      'lib/stores/a.ts',
      "import './b.js';",
      'import cycle lib/stores/a.ts -> lib/stores/b.ts -> lib/stores/a.ts',
    ],
  ])('finds %s', (_rule, path, source, violation) => {
    const planted = new Map([
      [path, source],
      ['lib/stores/b.ts', "import './a.js';"],
    ]);
    expect(violationsOf(planted)).toEqual([`${path}: ${violation}`]);
  });

  it('lets pass what the layers allow, and words in strings and comments', () => {
    const allowed = new Map([
      [
        'lib/verification/verifier.ts',
        "import './verification-cache.js'; import type { A } from './usage.js'; import '../audit/audit.js'; import 'node:net';",
      ],
      ['lib/express/a.ts', "import { type X } from '../audit/audit.js'; import type { Core } from '../core.js';"],
      ['lib/index.ts', "export { a } from './errors.js'; export type { B } from './stores/store.js';"],
      ['lib/text.ts', "// import './core.js'; x as any\nconst text = \"import './core.js'; x as any\";"],
    ]);
    expect(violationsOf(allowed)).toEqual([]);
  });
});

function namesIn(folder: string, names: string): string[] {
  return names.split(' ').map((name) => `${folder}/${name}.ts`);
}

function violationsOf(sources: ReadonlyMap<string, string>): string[] {
  const modules = [...sources].map(([path, source]) => readModule(path, source));
  const cycles = findCycles(modules).map((cycle) => `${cycle.split(' ')[0]}: import cycle ${cycle}`);
  return [...modules.flatMap((module) => [...importViolations(module), ...styleViolations(module)]), ...cycles];
}

function importViolations(module: ModuleFacts): string[] {
  const layer = layerOf(module.path);
  if (layer === undefined) return [];
  return module.imports
    .filter(({ specifier, file, typeOnly }) =>
      file === undefined
        ? !isBuiltin(specifier) && !layer.packages.includes(specifier)
        : !mayImportFile(layer, module.path, file, typeOnly),
    )
    .map(({ specifier, file }) => `${module.path}: ${layer.name} may not import ${file ?? specifier}`);
}

function mayImportFile(layer: Layer, from: string, to: string, typeOnly: boolean): boolean {
  const target = layerOf(to)?.name ?? '';
  const allowed = [...layer.mayImport, ...(typeOnly ? (layer.mayImportTypesOf ?? []) : [])];
  return allowed.includes(target) || allowed.includes(to) || ALLOWED_BESIDES.has(`${from} -> ${to}`);
}

function layerOf(path: string): Layer | undefined {
  return LAYERS.find(({ files }) => files.some((file) => (file.endsWith('/') ? path.startsWith(file) : path === file)));
}

function styleViolations(module: ModuleFacts): string[] {
  const junk = module.path
    .split('/')
    .slice(0, -1)
    .find((folder) => FORBIDDEN_FOLDERS.includes(folder));
  const found: string[] = [];
  if (ONLY_NAMED_REEXPORTS.includes(module.path) && !module.onlyNamedReexports)
    found.push('only named re-exports belong here');
  if (module.mentionsAny) found.push('the type any');
  if (module.lineCount > MAX_LINES) found.push(`${module.lineCount} lines, ${MAX_LINES} at most`);
  if (junk !== undefined) found.push(`no folder may be named ${junk}`);
  return found.map((violation) => `${module.path}: ${violation}`);
}

/** Every source file by its path from the root, with slashes; folders that are not there yet count as empty. */
function readSources(root: string): Map<string, string> {
  const sources = new Map<string, string>();
  const readFolder = (folder: string): void => {
    for (const entry of readdirSync(join(root, folder), { withFileTypes: true })) {
      const path = posix.join(folder, entry.name);
      if (entry.isDirectory() && !NOT_SOURCES.includes(entry.name)) readFolder(path);
      if (entry.isFile() && /\.m?[jt]sx?$/.test(entry.name)) sources.set(path, readFileSync(join(root, path), 'utf8'));
    }
  };
  const present = readdirSync(root);
  for (const folder of SOURCE_FOLDERS.filter((name) => present.includes(name))) readFolder(folder);
  return sources;
}
