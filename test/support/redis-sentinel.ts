import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { until } from '../conformance/store-suite.js';
import { ensureRedisServer } from './programs.js';
import { type RedisServer, startProcess, startRedis } from './redis-process.js';

/** The name of the master for `new Redis({ sentinels, name })`. */
export const MASTER_NAME = 'latchkey';

const SERVERS = 3;
const SENTINELS = 3;
const QUORUM = 2;
const READY_TIMEOUT_MS = 20_000;
/** What a process that lives takes to answer; frozen ones are passed over. */
const ANSWER_TIMEOUT_MS = 2_000;

export interface RedisSentinelOptions {
  /** Silence after which a sentinel takes the master for down, in ms. Default 1,000. */
  readonly downAfterMs?: number;
  /** More arguments for each redis-server. */
  readonly args?: readonly string[];
}

/** A master, two replicas and three sentinels on loopback: processes that end with the one that started them. */
export interface RedisSentinel {
  readonly servers: readonly RedisServer[];
  readonly sentinels: readonly RedisServer[];
  /** For the option `sentinels` of ioredis. */
  readonly addresses: { readonly host: string; readonly port: number }[];
  /** The master as the sentinels that live name it; of two answers the one of the later epoch. */
  master(): Promise<RedisServer>;
  /** Polls until all sentinels that live name a master other than `server`. */
  untilReplaced(server: RedisServer): Promise<void>;
  /** Has the sentinels replace the master (SENTINEL FAILOVER); resolves once all of them name the new one. */
  failover(): Promise<void>;
  /** Runs a command on a server or a sentinel. */
  ask(server: RedisServer, command: string, ...args: string[]): Promise<unknown>;
  /** Polls until the master has both replicas in step and every sentinel knows them and the other sentinels. */
  untilWhole(): Promise<void>;
  /** Ends all processes, frozen or not. */
  stop(): Promise<void>;
}

/** Starts a master with its replicas and sentinels, and resolves once it is whole. */
export async function startRedisSentinel(options: RedisSentinelOptions = {}): Promise<RedisSentinel> {
  const admins = new Map<RedisServer, Redis>();
  const started: RedisServer[] = [];
  const add = async (starting: Promise<RedisServer>) => {
    const server = await starting;
    started.push(server);
    admins.set(server, adminOf(server));
    return server;
  };
  const stop = async () => {
    for (const admin of admins.values()) if (admin.status !== 'end') admin.disconnect();
    await Promise.all(started.map((server) => server.stop()));
  };
  try {
    const args = ['--repl-diskless-sync-delay', '0', '--repl-ping-replica-period', '1', ...(options.args ?? [])];
    const servers = await Promise.all(Array.from({ length: SERVERS }, () => add(startRedis({ args }))));
    const sentinels = await Promise.all(Array.from({ length: SENTINELS }, () => add(startSentinel())));
    const made = makeSentinel(servers, sentinels, admins, stop);
    await watch(made, options.downAfterMs ?? 1_000);
    return made;
  } catch (error) {
    await stop();
    throw error;
  }
}

/** It keeps what it learns in a file of its own, which must be there. */
function startSentinel(): Promise<RedisServer> {
  return startProcess({
    binary: ensureRedisServer(),
    args: (port, folder) => {
      const file = join(folder, 'sentinel.conf');
      writeFileSync(file, '', { flag: 'a' });
      return [file, '--sentinel', '--port', String(port), '--bind', '127.0.0.1', '--dir', folder];
    },
    ready: /Sentinel ID is/,
  });
}

function adminOf({ port }: RedisServer): Redis {
  const admin = new Redis(port, '127.0.0.1', {
    protocol: 2, // the answers of a sentinel as flat lists
    commandTimeout: ANSWER_TIMEOUT_MS,
    maxRetriesPerRequest: 1,
    retryStrategy: () => 50,
    disconnectTimeout: 100,
    enableReadyCheck: false,
  });
  admin.on('error', () => {}); // processes are killed
  return admin;
}

async function watch({ servers, sentinels, ask, untilWhole }: RedisSentinel, downAfterMs: number): Promise<void> {
  const [master, ...replicas] = servers as [RedisServer, ...RedisServer[]];
  for (const replica of replicas) await ask(replica, 'REPLICAOF', '127.0.0.1', String(master.port));
  for (const sentinel of sentinels) {
    await ask(sentinel, 'SENTINEL', 'MONITOR', MASTER_NAME, '127.0.0.1', String(master.port), String(QUORUM));
    const settings = { 'down-after-milliseconds': downAfterMs, 'failover-timeout': 10_000, 'parallel-syncs': 2 };
    for (const [name, value] of Object.entries(settings)) {
      await ask(sentinel, 'SENTINEL', 'SET', MASTER_NAME, name, String(value));
    }
  }
  await untilWhole();
}

function makeSentinel(
  servers: readonly RedisServer[],
  sentinels: readonly RedisServer[],
  admins: ReadonlyMap<RedisServer, Redis>,
  stop: () => Promise<void>,
): RedisSentinel {
  const ask = (server: RedisServer, command: string, ...args: string[]) =>
    (admins.get(server) as Redis).call(command, ...args);

  /** What a sentinel knows of the master, by name of the field; null when it does not answer. */
  async function viewOf(sentinel: RedisServer): Promise<Map<string, string> | null> {
    const flat = await ask(sentinel, 'SENTINEL', 'MASTER', MASTER_NAME).catch(() => null);
    if (!Array.isArray(flat)) return null;
    return new Map(flat.flatMap((name, at) => (at % 2 === 0 ? [[String(name), String(flat[at + 1])] as const] : [])));
  }
  const views = async () => (await Promise.all(sentinels.map(viewOf))).filter((view) => view !== null);

  async function isWhole(): Promise<boolean> {
    const all = await views();
    if (all.length < sentinels.length) return false;
    const isKnown = all.every((view) => view.get('num-slaves') === '2' && view.get('num-other-sentinels') === '2');
    if (!isKnown || all.some((view) => view.get('flags') !== 'master')) return false;
    const master = await made.master();
    const roles = await Promise.all(servers.map(async (server) => (await ask(server, 'ROLE')) as unknown[]));
    return roles.every((role, at) =>
      servers[at] === master ? role[0] === 'master' : role[3] === 'connected' && role[2] === master.port,
    );
  }

  const made: RedisSentinel = {
    servers,
    sentinels,
    addresses: sentinels.map(({ port }) => ({ host: '127.0.0.1', port })),
    ask,
    stop,
    async master() {
      const all = await views();
      const epoch = (view: Map<string, string>) => Number(view.get('config-epoch'));
      const [latest] = all.sort((a, b) => epoch(b) - epoch(a));
      const master = servers.find(({ port }) => String(port) === latest?.get('port'));
      if (master === undefined) throw new Error('no sentinel names a master');
      return master;
    },
    async untilReplaced(server) {
      await until(
        'all sentinels name another master',
        async () => {
          const all = await views();
          return all.length > 0 && all.every((view) => view.get('port') !== String(server.port));
        },
        READY_TIMEOUT_MS,
      );
    },
    async failover() {
      const before = await made.master();
      await ask(sentinels[0] as RedisServer, 'SENTINEL', 'FAILOVER', MASTER_NAME);
      await made.untilReplaced(before);
    },
    untilWhole: () =>
      until('master, replicas and sentinels know each other', () => isWhole().catch(() => false), READY_TIMEOUT_MS),
  };
  return made;
}
