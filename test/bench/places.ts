import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

/** The repository, wherever this was compiled to. */
export const ROOT = dirname(createRequire(import.meta.url).resolve('latchkey/package.json'));

export const README = join(ROOT, 'README.md');
export const BASELINE_FILE = join(ROOT, 'test', 'bench', 'baseline.json');
export const PEERS_SOURCE = join(ROOT, 'test', 'bench', 'peers');
/** Beside the compiled bench, which is deleted before each run. */
export const PEERS_INSTALLED = join(ROOT, '.build', 'peers');
/** Knows how to get Node from npm. */
export const MATRIX_DOWNLOADS = join(ROOT, 'test', 'matrix', 'downloads.mjs');
