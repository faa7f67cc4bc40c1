import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** One file of the built page, read once and kept. */
export interface PageFile {
  readonly type: string;
  readonly etag: string;
  readonly body: Buffer;
  /** The same, compressed when the page was built; undefined where that saved nothing. */
  readonly brotli: Buffer | undefined;
  readonly gzip: Buffer | undefined;
}

/** What the build makes. Anything else in its folder is not served. */
const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
};

/** Beside this file in the published package; in the source tree, where `page/` holds the sources, in `.build/page/`. */
const PLACES = ['./page/', '../.build/page/'];

/**
 * The files of the page by their path, such as `index.html` and `assets/index-abc.js`.
 * @throws Error that says how to build it, where it is not built.
 */
export function readPageFiles(places: readonly string[] = PLACES): ReadonlyMap<string, PageFile> {
  const folders = places.map((place) => fileURLToPath(new URL(place, import.meta.url)));
  const folder = folders.find((each) => existsSync(join(each, 'assets')));
  if (folder === undefined) throw new Error('The page of the admin router is not built: npm run build');
  const assets = readdirSync(join(folder, 'assets')).map((name) => `assets/${name}`);
  const known = ['index.html', ...assets].filter((path) => extname(path) in TYPES);
  return new Map(known.map((path) => [path, readPageFile(join(folder, path))]));
}

function readPageFile(path: string): PageFile {
  const body = readFileSync(path);
  const digest = createHash('sha256').update(body).digest('base64url').slice(0, 22);
  const compressed = (ending: string) => (existsSync(path + ending) ? readFileSync(path + ending) : undefined);
  return {
    type: TYPES[extname(path)] ?? 'application/octet-stream',
    etag: `"${digest}"`,
    body,
    brotli: compressed('.br'),
    gzip: compressed('.gz'),
  };
}
