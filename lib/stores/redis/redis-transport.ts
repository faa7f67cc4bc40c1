import type { Socket } from 'node:net';
import type { Redis } from 'ioredis';
import { type Finding, fine, warning } from '../../finding.js';
import { isLoopback } from '../../loopback.js';

/** What is known of a socket besides its address: of TLS, whether the server's certificate was good. */
type Peer = Partial<Pick<Socket, 'remoteAddress'>> & { readonly encrypted?: boolean; readonly authorized?: boolean };

/** How a client that has been connected reaches its server: secrets' hashes and sessions must not go in plain text. */
export function judgeTransport({ stream, options }: Redis): Finding {
  const peer: Peer = stream ?? {};
  if (peer.encrypted === true) {
    if (peer.authorized !== false) return fine('tls', 'TLS.');
    const mend = 'Give the client tls.ca, and leave rejectUnauthorized alone.';
    return warning('tls', 'TLS to a server whose certificate is not checked: it may be anybody.', mend);
  }
  if (options.path) return fine('tls', 'A Unix socket of this host.');
  const address = peer.remoteAddress ?? options.host ?? 'an unknown host';
  if (isLoopback(address)) return fine('tls', 'Plain text within this host.');
  const mend = 'Connect by rediss://, with TLS on the server.';
  return warning('tls', `Plain text to another host, ${address}.`, mend, 'plain-text-store');
}
