// What the matrix runs on, as npm packages, each in a folder of its own that git ignores. Downloaded once.
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** A download that takes longer has hung. */
const INSTALL_TIMEOUT_MS = 240_000;
const FOLDER = join(import.meta.dirname, '..', '..', '.build', 'matrix');
const PLATFORMS = { linux: 'linux', darwin: 'darwin', win32: 'win' };

/** The newest Node of a major version: its binary, and what it is. @returns {{ binary: string, version: string }} */
export function ensureNode(major) {
  const name = `node-${PLATFORMS[process.platform]}-${process.arch}`;
  const folder = ensure(`node-${major}`, name, `${name}@${major}`);
  const binary = join(folder, 'bin', process.platform === 'win32' ? 'node.exe' : 'node');
  const version = execFileSync(binary, ['--version'], { encoding: 'utf8' }).trim();
  if (!version.startsWith(`v${major}.`)) throw new Error(`${binary} is Node ${version}, not ${major}`);
  return { binary, version };
}

/** The folder of that very version of a package. */
export function ensurePackage(name, version) {
  return ensure(`${name}-${version}`, name, `${name}@${version}`);
}

/** Where what comes of a run is kept. */
export function resultFolder() {
  const folder = join(FOLDER, 'results');
  mkdirSync(folder, { recursive: true });
  return folder;
}

/** The folder of the package `name`, installed as `specifier` into the folder `place`. */
function ensure(place, name, specifier) {
  const folder = join(FOLDER, place);
  const installed = join(folder, 'node_modules', name);
  if (existsSync(join(installed, 'package.json'))) return installed;
  rmSync(folder, { recursive: true, force: true }); // what a download that was cut off has left
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'package.json'), '{}'); // else npm installs into the package above
  process.stdout.write(`Downloading ${specifier}\n`);
  const quietly = ['--no-audit', '--no-fund', '--ignore-scripts', '--loglevel=error'];
  try {
    execFileSync('npm', ['install', ...quietly, specifier], {
      cwd: folder,
      stdio: 'pipe',
      timeout: INSTALL_TIMEOUT_MS,
    });
  } catch (error) {
    rmSync(folder, { recursive: true, force: true });
    throw new Error(`${specifier} cannot be installed: ${error.stderr || error.message}`, { cause: error });
  }
  return installed;
}
