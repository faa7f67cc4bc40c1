import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A key and a certificate for localhost and 127.0.0.1, signed by itself. */
export interface TlsFiles {
  /** PEM, for servers in this process and as `ca` of clients. */
  readonly key: string;
  readonly cert: string;
  /** Arguments of a redis-server that also listens by TLS. */
  redisArgs(port: number): readonly string[];
  remove(): void;
}

/** Made by the system's `openssl`. */
export function makeTlsFiles(): TlsFiles {
  const folder = mkdtempSync(join(tmpdir(), 'latchkey-tls-'));
  const [keyFile, certFile] = [join(folder, 'key.pem'), join(folder, 'cert.pem')];
  const names = 'subjectAltName=DNS:localhost,IP:127.0.0.1';
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-keyout', keyFile];
  const certificate = ['-x509', '-out', certFile, '-days', '2', '-subj', '/CN=localhost', '-addext', names];
  execFileSync('openssl', ['req', ...key, ...certificate], { stdio: 'ignore' });
  const files = ['--tls-cert-file', certFile, '--tls-key-file', keyFile, '--tls-ca-cert-file', certFile];
  return {
    key: readFileSync(keyFile, 'utf8'),
    cert: readFileSync(certFile, 'utf8'),
    redisArgs: (port) => ['--tls-port', String(port), ...files, '--tls-auth-clients', 'no'],
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}
