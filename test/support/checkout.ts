import { execFileSync } from 'node:child_process';
import { cpSync, mkdtempSync, readdirSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';

const ROOT = join(__dirname, '..', '..');
/** What a fresh clone does not have; `node_modules` is linked instead. */
const NOT_CLONED = new Set(['.git', 'node_modules', 'dist', '.build', 'coverage', 'artefacts']);

/** The sources in a folder of their own, as after a fresh clone and `npm ci`: whatever is built there is in nobody's way. */
export interface Checkout {
  readonly folder: string;
  /** Runs a program in the folder and returns what it wrote. @throws Error with that output when it fails. */
  run(program: string, args: readonly string[]): string;
  remove(): void;
}

export function copyCheckout(): Checkout {
  const folder = mkdtempSync(join(tmpdir(), 'latchkey-checkout-'));
  const isCloned = (path: string) => !NOT_CLONED.has(basename(path));
  for (const entry of readdirSync(ROOT).filter(isCloned)) {
    cpSync(join(ROOT, entry), join(folder, entry), { recursive: true, filter: isCloned });
  }
  symlinkSync(join(ROOT, 'node_modules'), join(folder, 'node_modules'), 'dir');
  return {
    folder,
    run: (program, args) => runIn(folder, program, args),
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}

/** Runs a program to its end and returns its standard output. @throws Error with all that it wrote when it fails. */
export function runIn(folder: string, program: string, args: readonly string[]): string {
  try {
    return execFileSync(program, args, { cwd: folder, encoding: 'utf8', stdio: 'pipe' });
  } catch (error) {
    const { stdout = '', stderr = '' } = error as { stdout?: string; stderr?: string };
    throw new Error(`${program} ${args.join(' ')} failed:\n${stdout}${stderr}`, { cause: error });
  }
}
