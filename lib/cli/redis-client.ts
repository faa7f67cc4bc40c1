import type { Cluster, Redis } from 'ioredis';
import { recommendedRedisOptions } from '../stores/redis/redis-store.js';
import { UsageError } from './command.js';
import type { RedisAddress } from './redis-address.js';

/** Between two attempts to be connected again, in ms. */
const MAX_PAUSE_MS = 500;

export interface ConnectOptions {
  /** The longest that it may take to be connected, in ms. */
  readonly timeoutMs: number;
  /** Of the sentinels. */
  readonly sentinelPassword: string | undefined;
  /** Whether a connection that was there and broke is made again, as by `recommendedRedisOptions`. Default false. */
  readonly again?: boolean;
}

/** A client, connected or not: `trouble` is what stood in the way. */
export interface Connection {
  readonly client: Redis | Cluster;
  readonly trouble: string | null;
}

/** Connects: the first time without another try. The caller ends the client. @throws UsageError where ioredis is not installed. */
export async function connect(address: RedisAddress, options: ConnectOptions): Promise<Connection> {
  const { Cluster, Redis } = await loadIoredis();
  const { kind, hosts, username, password, database, isTls, masterName } = address;
  let isConnected = false;
  const retry = (attempt: number) =>
    isConnected && options.again === true ? Math.min(attempt * 50, MAX_PAUSE_MS) : null;
  const who = {
    ...(username !== null && { username }),
    ...(password !== null && { password }),
    ...(isTls && { tls: {} }),
    connectTimeout: options.timeoutMs,
  };
  let client: Redis | Cluster;
  if (kind === 'cluster') {
    const { redisOptions, ...settings } = recommendedRedisOptions('cluster');
    const slotsRefreshTimeout = options.timeoutMs;
    const ofNodes = { ...redisOptions, ...who };
    client = new Cluster([...hosts], {
      ...settings,
      slotsRefreshTimeout,
      clusterRetryStrategy: retry,
      redisOptions: ofNodes,
    });
  } else if (kind === 'sentinel') {
    client = new Redis({
      ...recommendedRedisOptions('sentinel'),
      ...who,
      sentinels: hosts.map((host) => ({ ...host })),
      name: masterName ?? '',
      db: database,
      ...(isTls && { enableTLSForSentinelMode: true, sentinelTLS: {} }),
      ...(options.sentinelPassword && { sentinelPassword: options.sentinelPassword }),
      sentinelCommandTimeout: options.timeoutMs,
      retryStrategy: retry,
      sentinelRetryStrategy: retry,
    });
  } else {
    client = new Redis({ ...recommendedRedisOptions(), ...who, ...hosts[0], db: database, retryStrategy: retry });
  }
  const trouble = await troubleOf(client, options.timeoutMs);
  isConnected = trouble === null;
  return { client, trouble };
}

/** Null once it is ready; else why it is not. */
function troubleOf(client: Redis | Cluster, timeoutMs: number): Promise<string | null> {
  return new Promise((resolve) => {
    let last = 'it did not answer in time';
    const timer = setTimeout(() => resolve(last), timeoutMs);
    const settle = (trouble: string | null) => {
      clearTimeout(timer);
      resolve(trouble);
    };
    let refusal: string | null = null;
    let ofNode: string | null = null;
    client.on('error', ({ name, message }: Error) => {
      last = ofNode ?? message;
      if (name === 'ReplyError') refusal = message; // such as of a database that is not there: ioredis goes on with another
    });
    for (const event of ['node error', 'sentinelError']) {
      client.on(event, ({ message }: Error) => {
        if (message !== 'Connection is closed.') ofNode = message; // which follows what it was closed for
      });
    }
    client.once('ready', () => settle(refusal));
    client.once('end', () => settle(last));
  });
}

async function loadIoredis(): Promise<Pick<typeof import('ioredis'), 'Cluster' | 'Redis'>> {
  try {
    return await import('ioredis');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ERR_MODULE_NOT_FOUND') throw error;
    throw new UsageError('ioredis is missing: npm install ioredis');
  }
}
