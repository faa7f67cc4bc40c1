import type { FieldError } from '../errors.js';
import { LIMITS } from '../limits.js';
import { isText } from '../text.js';

/** Characters: a scheme, a host of at most 253, a port. */
const MAX_ORIGIN = 300;
/** Of an extension or an embedded browser, whose host is an id that nobody may rewrite. */
const OTHER_ORIGIN = /^[a-z][a-z0-9+.-]*:\/\/[A-Za-z0-9._~-]+(:[1-9][0-9]{0,4})?$/;
/** What the URL standard knows besides http and https: no page has such an origin. */
const NO_ORIGIN = /^(ws|wss|ftp|file|blob|data|about|javascript):/i;

const MESSAGE =
  'must be an origin as browsers send it, e.g. "https://app.example.com" or "http://localhost:3000", without path or wildcard';

/** The faults of a list of exact origins, to be compared to the letter with the header `Origin` (RFC 6454). */
export function checkOrigins(list: readonly string[], path = 'allowedOrigins'): FieldError[] {
  if (!Array.isArray(list) || list.length < 1 || list.length > LIMITS.origins) {
    return [{ path, message: `must have 1 to ${LIMITS.origins} entries` }];
  }
  const errors = [...list].flatMap((origin, index) => {
    const message = faultOf(origin);
    return message === null ? [] : [{ path: `${path}.${index}`, message }];
  });
  if (errors.length > 0 || new Set(list).size === list.length) return errors;
  return [{ path, message: 'must hold no entry twice' }];
}

function faultOf(origin: unknown): string | null {
  // "null" is sent by every page that has no origin of its own, a stranger's sandboxed frame included.
  if (origin === 'null') return 'must not be "null": any page can send it';
  if (!isText(origin, 1, MAX_ORIGIN) || origin.includes('*') || NO_ORIGIN.test(origin)) return MESSAGE;
  if (!/^https?:/i.test(origin)) return OTHER_ORIGIN.test(origin) ? null : MESSAGE;
  const meant = /^https?:\/\/[^/\\]/i.test(origin) && URL.canParse(origin) ? new URL(origin).origin : null;
  if (meant === origin) return null;
  return meant === null ? MESSAGE : `must be the origin as browsers send it: "${meant}"`;
}
