import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, renameSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';

const ROOT = join(__dirname, '..', '..');
const SOURCES = join(ROOT, 'admin-router', 'page');
/** Where admin-router/page-files.ts looks when it runs from the sources. */
const BUILT = join(ROOT, '.build', 'page');
const BUILD_WITHIN_MS = 60_000;

/** Builds the page unless it is there and newer than its sources; about a second. */
export function ensureBuiltPage(): void {
  const builtAt = existsSync(join(BUILT, 'index.html')) ? statSync(join(BUILT, 'index.html')).mtimeMs : 0;
  if (builtAt > newestIn(SOURCES)) return;
  const fresh = `${BUILT}-${process.pid}`;
  const vite = join(ROOT, 'node_modules', 'vite', 'bin', 'vite.js');
  const args = [vite, 'build', SOURCES, '--outDir', fresh, '--logLevel', 'warn'];
  execFileSync(process.execPath, args, { cwd: ROOT, stdio: ['ignore', 'ignore', 'inherit'], timeout: BUILD_WITHIN_MS });
  // Another run of the tests may be reading it: it is there at once, or not at all.
  rmSync(BUILT, { recursive: true, force: true });
  renameSync(fresh, BUILT);
}

function newestIn(folder: string): number {
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true });
  return Math.max(...entries.map(({ parentPath, name }) => statSync(join(parentPath, name)).mtimeMs));
}
