import type { Request } from 'express';

/** Characters: what a trusted header claims to be an address may be anything. */
const MAX_ADDRESS = 64;

/**
 * The client's address as Express sees it, behind the proxies that the app trusts; null when the socket has gone. Without
 * a forwarding header that is the socket's, which spares Express's own way over proxy-addr: a third of the whole check.
 */
export function addressOf<Params>(req: Request<Params>, headers = req.headers): string | null {
  const address = headers['x-forwarded-for'] === undefined ? req.socket.remoteAddress : req.ip;
  return address === undefined ? null : address.slice(0, MAX_ADDRESS);
}
