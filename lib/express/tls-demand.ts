import type { TLSSocket } from 'node:tls';
import type { Request } from 'express';
import { AuthError } from '../errors.js';
import { isLoopback } from '../loopback.js';

/** Headers by which proxies say that they pass a request on. */
const FORWARDING = ['x-forwarded-proto', 'x-forwarded-for', 'forwarded', 'x-real-ip', 'via'] as const;

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
    const reason = isForwarded(req)
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

function isOfThisHost<Params>(req: Request<Params>): boolean {
  const { remoteAddress } = req.socket; // undefined for a Unix socket
  return (remoteAddress === undefined || isLoopback(remoteAddress)) && !isForwarded(req);
}

function isForwarded<Params>({ headers }: Request<Params>): boolean {
  return FORWARDING.some((name) => headers[name] !== undefined);
}

/** Outside Express, where there is no `secure`, by the socket alone. */
function isSecure<Params>({ secure, socket }: Request<Params>): boolean {
  return (secure as boolean | undefined) ?? (socket as Partial<TLSSocket>).encrypted === true;
}
