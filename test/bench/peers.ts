import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { PEERS_INSTALLED, PEERS_SOURCE } from './places.js';

/** An installation that takes longer has hung. */
const INSTALL_TIMEOUT_MS = 240_000;
const LOCK = 'package-lock.json';
/** Written last: the lock file that was installed in full. */
const INSTALLED_LOCK = join(PEERS_INSTALLED, 'installed-lock.json');
/** `import` looks for packages from the file that calls it: this one stands among them. */
const IMPORTER = join(PEERS_INSTALLED, 'import-peer.mjs');

/** Installs `test/bench/peers` by `npm ci` unless it is there. @throws Error saying what to do when npm cannot. */
export function ensurePeers(): void {
  const wanted = readFileSync(join(PEERS_SOURCE, LOCK), 'utf8');
  if (installedLock() === wanted) return;
  rmSync(PEERS_INSTALLED, { recursive: true, force: true });
  mkdirSync(PEERS_INSTALLED, { recursive: true });
  for (const file of ['package.json', LOCK]) copyFileSync(join(PEERS_SOURCE, file), join(PEERS_INSTALLED, file));
  try {
    execFileSync('npm', ['ci', '--no-audit', '--no-fund', '--ignore-scripts', '--loglevel=error'], {
      cwd: PEERS_INSTALLED,
      stdio: 'pipe',
      timeout: INSTALL_TIMEOUT_MS,
    });
  } catch (error) {
    const { stderr = '', message } = error as Error & { readonly stderr?: Buffer | string };
    throw new Error(
      `The peers of test/bench/peers cannot be installed; is the npm registry reachable? Without them: --set own, or ` +
        `--only with others.\n${String(stderr) || message}`,
      { cause: error },
    );
  }
  writeFileSync(IMPORTER, 'export const importPeer = (specifier) => import(specifier);\n');
  writeFileSync(INSTALLED_LOCK, wanted);
}

/** A package of `test/bench/peers`, which the runner has installed. */
export async function importPeer<Module>(specifier: string): Promise<Module> {
  const { importPeer: load } = (await import(pathToFileURL(IMPORTER).href)) as {
    importPeer(specifier: string): Promise<Module>;
  };
  return await load(specifier);
}

function installedLock(): string | null {
  try {
    return readFileSync(INSTALLED_LOCK, 'utf8');
  } catch {
    return null;
  }
}
