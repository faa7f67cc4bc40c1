import { ensureRedisServer, redisMajorVersion } from './redis-binary.js';
import { type RedisServer, startProcess } from './redis-process.js';

export type { RedisServer } from './redis-process.js';

export interface StartRedisOptions {
  /** More arguments for redis-server, such as `['--appendonly', 'yes']`; they win over the defaults. */
  readonly args?: readonly string[];
  /** A fixed loopback port. Default: a free one. */
  readonly port?: number;
}

/** Starts a redis-server on loopback without persistence, and resolves once it accepts connections. */
export async function startRedis(options: StartRedisOptions = {}): Promise<RedisServer> {
  const binary = ensureRedisServer();
  const debug = redisMajorVersion(binary) >= 7 ? ['--enable-debug-command', 'local'] : [];
  const settings = ['--bind', '127.0.0.1', '--save', '', ...debug, ...(options.args ?? [])];
  return await startProcess({
    binary,
    args: (port, folder) => ['--port', String(port), '--dir', folder, ...settings],
    ready: /ready to accept connections/i,
    port: options.port,
  });
}
