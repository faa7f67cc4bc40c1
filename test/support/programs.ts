import { execFileSync } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';

/** An install that takes longer than this has hung: a slow mirror needs about one minute. */
const INSTALL_TIMEOUT_MS = 240_000;

const HOW_TO_GET_IT =
  'redis-server was not found: install it (apt-get install redis-server, brew install redis) or set LATCHKEY_REDIS_SERVER to its path.';

const CHROMIUM_NAMES = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'];
const HOW_TO_GET_CHROMIUM =
  'Chromium was not found: install it (apt-get install chromium, brew install chromium) or set CHROMIUM to its path.';

/**
 * The path of a redis-server binary: `LATCHKEY_REDIS_SERVER` where it is set, else the first on the `PATH`, else the
 * system's package, installed within four minutes.
 *
 * @throws Error of one line that says how to get it.
 */
export function ensureRedisServer(): string {
  const configured = process.env.LATCHKEY_REDIS_SERVER;
  if (configured !== undefined && configured !== '') {
    if (isExecutable(configured)) return configured;
    throw new Error(`LATCHKEY_REDIS_SERVER is not an executable file: ${configured}`);
  }
  if (findOnPath('redis-server') === undefined) installSystemPackage({ apt: 'redis-server', brew: 'redis' });
  const found = findOnPath('redis-server');
  if (found === undefined) throw new Error(HOW_TO_GET_IT);
  return found;
}

/**
 * The path of a Chromium or Chrome: `CHROMIUM` where it is set, else the first on the `PATH`, else the system's package,
 * installed within four minutes.
 *
 * @throws Error of one line that says how to get it.
 */
export function ensureChromium(): string {
  const configured = process.env.CHROMIUM;
  if (configured !== undefined && configured !== '') {
    if (isExecutable(configured)) return configured;
    throw new Error(`CHROMIUM is not an executable file: ${configured}`);
  }
  const find = () => CHROMIUM_NAMES.map(findOnPath).find((path) => path !== undefined);
  if (find() === undefined) installSystemPackage({ apt: 'chromium', brew: 'chromium' });
  const found = find();
  if (found === undefined) throw new Error(HOW_TO_GET_CHROMIUM);
  return found;
}

/** The major version of a redis-server binary, such as 7. */
export function redisMajorVersion(binary: string): number {
  const version = execFileSync(binary, ['--version'], { encoding: 'utf8' });
  const major = /v=(\d+)/.exec(version)?.[1];
  if (major === undefined) throw new Error(`${binary} --version answered without a version: ${version.trim()}`);
  return Number(major);
}

/**
 * Installs a package of the system's within four minutes, where there is a way and a right to. Whether it is there afterwards
 * the caller has to look: a failed step is no error of its own.
 */
export function installSystemPackage(names: { readonly apt: string; readonly brew: string }): void {
  process.stdout.write(`installing the system's package ${names.apt}\n`);
  const deadlineAt = Date.now() + INSTALL_TIMEOUT_MS;
  for (const [program = '', ...args] of installCommands(names)) {
    try {
      execFileSync(program, args, { stdio: 'ignore', timeout: Math.max(1, deadlineAt - Date.now()) });
    } catch {}
  }
}

export function findOnPath(program: string): string | undefined {
  const folders = (process.env.PATH ?? '').split(delimiter).filter((folder) => folder !== '');
  return folders.map((folder) => join(folder, program)).find(isExecutable);
}

export function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

function installCommands({ apt, brew }: { apt: string; brew: string }): string[][] {
  if (findOnPath('apt-get') !== undefined) {
    const isRoot = process.getuid?.() === 0;
    const asRoot = isRoot ? ['env'] : ['sudo', '-n'];
    const aptGet = [...asRoot, 'DEBIAN_FRONTEND=noninteractive', 'apt-get', '-qq', '-o', 'DPkg::Lock::Timeout=60'];
    return [
      [...aptGet, 'update'],
      [...aptGet, 'install', '-y', '--no-install-recommends', apt],
    ];
  }
  return process.platform === 'darwin' ? [['brew', 'install', brew]] : [];
}
