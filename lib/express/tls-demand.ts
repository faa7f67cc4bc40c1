import type { IncomingHttpHeaders } from 'node:http';
import type { TLSSocket } from 'node:tls';
import type { Request } from 'express';
import { AuthError } from '../errors.js';
import { isLoopback } from '../loopback.js';

/**
 * Refuses credentials that came over plain HTTP: on the way there, anybody could have read them. A request is fine when
 * Express calls it secure (`req.secure`, which behind a proxy follows `trust proxy`), or when it comes from this host itself
 * and no proxy says that it passed it on.
 */
export class TlsDemand {
  #hasWarned = false;

  /** @throws AuthError `tls_required`. */
  demand<Params>(req: Request<Params>): void {
    if (isOfThisHost(req) || isSecure(req)) return;
    const reason = isForwarded(req.headers)
      ? 'a credential came by plain HTTP to a proxy, or through one that Express does not trust: set "trust proxy"'
      : 'a credential came over plain HTTP: serve over TLS, or behind a proxy that does, with "trust proxy" set';
    this.#warn(reason);
    throw new AuthError('tls_required', { reason });
  }

  #warn(reason: string): void {
    if (this.#hasWarned) return;
    this.#hasWarned = true;
    const accept = "or accept it: createLatchkey({ production: { accept: ['plain-http'] } })";
    process.emitWarning(`In production ${reason}, ${accept}. Such requests get 403.`, { code: 'LATCHKEY_PLAIN_HTTP' });
  }
}

function isOfThisHost<Params>({ headers, socket }: Request<Params>): boolean {
  const { remoteAddress } = socket; // undefined for a Unix socket
  return (remoteAddress === undefined || isLoopback(remoteAddress)) && !isForwarded(headers);
}

/** Whether a proxy says that it has passed the request on. Not a loop over names: this is asked of every request. */
function isForwarded(headers: IncomingHttpHeaders): boolean {
  return (
    headers['x-forwarded-proto'] !== undefined ||
    headers['x-forwarded-for'] !== undefined ||
    headers.forwarded !== undefined ||
    headers['x-real-ip'] !== undefined ||
    headers.via !== undefined
  );
}

/** Outside Express, where there is no `secure`, by the socket alone. */
function isSecure<Params>({ secure, socket }: Request<Params>): boolean {
  return (secure as boolean | undefined) ?? (socket as Partial<TLSSocket>).encrypted === true;
}
