import { mkdtempSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { transform } from '@swc/core';

const ROOT = join(__dirname, '..', '..');

/**
 * Translates `lib/` into a new temporary folder, as ES modules, and resolves to that folder. For child processes of a
 * test: they run what is in the tree now, not what was built some time ago, and need no loader.
 */
export async function transpileLibrary(): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'latchkey-lib-'));
  symlinkSync(join(ROOT, 'node_modules'), join(folder, 'node_modules'));
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ type: 'module' }));
  const sources = readdirSync(join(ROOT, 'lib'), { recursive: true, encoding: 'utf8' });
  await Promise.all(sources.filter((path) => path.endsWith('.ts')).map((path) => transpile(path, folder)));
  return folder;
}

async function transpile(path: string, folder: string): Promise<void> {
  const { code } = await transform(readFileSync(join(ROOT, 'lib', path), 'utf8'), {
    jsc: {
      parser: { syntax: 'typescript' },
      target: 'es2023',
      transform: { verbatimModuleSyntax: true },
    },
    module: { type: 'es6' },
    swcrc: false,
  });
  const target = join(folder, 'lib', path.replace(/\.ts$/, '.js'));
  await mkdir(dirname(target), { recursive: true });
  writeFileSync(target, code);
}
