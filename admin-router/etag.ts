import type { Request } from 'express';
import { AuthError } from '../lib/index.js';

/** The version of a record as its `ETag` (RFC 9110). */
export function etag({ version }: { readonly version: number }): Record<string, string> {
  return { ETag: `"${version}"` };
}

/** The version in If-Match (RFC 9110); undefined without one, or for `*`. */
export function ifMatch(req: Request): number | undefined {
  const header = req.headers['if-match'];
  if (header === undefined || header.trim() === '*') return undefined;
  const version = /^"(\d{1,15})"$/.exec(header.trim())?.[1];
  if (version === undefined) throw new AuthError('precondition_failed');
  return Number(version);
}
