import type { Request, RequestHandler, Response } from 'express';
import { type PageFile, readPageFiles } from './page-files.js';

/** Scripts, styles and requests of this origin only; nothing inline, and nobody's frame. */
const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self'",
  "connect-src 'self'",
  "form-action 'self'",
  "base-uri 'none'",
  "frame-ancestors 'none'",
].join('; ');

const HEADERS: Readonly<Record<string, string>> = {
  'Content-Security-Policy': POLICY,
  'X-Content-Type-Options': 'nosniff',
  'X-Frame-Options': 'DENY',
  'Referrer-Policy': 'no-referrer',
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Resource-Policy': 'same-origin',
};

/** The names of assets change with what is in them. */
const IMMUTABLE = 'public, max-age=31536000, immutable';

/**
 * Middleware: the page (`GET /`), and what it loads. Its files are read when it is first asked for, once. Only what the build
 * has made is served: a path is looked up among those files and never opened.
 */
export function pageMiddleware(): RequestHandler {
  let files: ReadonlyMap<string, PageFile> | undefined;
  return function latchkeyPage(req, res, next): void {
    const isRead = req.method === 'GET' || req.method === 'HEAD';
    const isRoot = req.path === '/';
    if (!isRead || !(isRoot || req.path.startsWith('/assets/'))) {
      next();
      return;
    }
    files ??= readPageFiles();
    const file = files.get(isRoot ? 'index.html' : req.path.slice(1));
    const folder = isRoot ? withoutSlash(req) : null;
    if (file === undefined) next();
    else if (folder !== null) res.status(308).setHeader('Location', folder).end();
    else sendFile(req, res, file, isRoot ? 'no-cache' : IMMUTABLE);
  };
}

/**
 * Where the browser has to go when it asked for the folder without its slash: the page's own addresses are relative. So is this
 * one, to be right behind a proxy, too. Null when the slash is there.
 */
function withoutSlash({ originalUrl }: Request): string | null {
  const [path = '', ...query] = originalUrl.split('?');
  if (path.endsWith('/')) return null;
  const folder = `./${path.slice(path.lastIndexOf('/') + 1)}/`;
  return query.length === 0 ? folder : `${folder}?${query.join('?')}`;
}

function sendFile(req: Request, res: Response, file: PageFile, caching: string): void {
  res.set(HEADERS);
  res.set({ 'Cache-Control': caching, ETag: file.etag, Vary: 'Accept-Encoding' });
  if (req.fresh) {
    res.status(304).end();
    return;
  }
  const [encoding, body] = encoded(req, file);
  if (encoding !== null) res.setHeader('Content-Encoding', encoding);
  res.set({ 'Content-Type': file.type, 'Content-Length': String(body.length) });
  res.end(req.method === 'HEAD' ? undefined : body);
}

function encoded(req: Request, { body, brotli, gzip }: PageFile): [encoding: string | null, body: Buffer] {
  const accepted = req.acceptsEncodings();
  if (brotli !== undefined && accepted.includes('br')) return ['br', brotli];
  if (gzip !== undefined && accepted.includes('gzip')) return ['gzip', gzip];
  return [null, body];
}
