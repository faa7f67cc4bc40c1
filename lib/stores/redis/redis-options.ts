/** What ioredis waits 10 s for by default: a host that swallows packets. */
const CONNECT_TIMEOUT_MS = 1_000;
/** Beyond the store's own bounds (`timeoutMs`, and 5 s for a batch of usage), so that it takes nothing from them. */
const COMMAND_TIMEOUT_MS = 5_000;
/** Silence of a connection on which commands wait. */
const SOCKET_TIMEOUT_MS = 5_000;
/** The longest pause between two attempts to connect; ioredis's own grows to 5 s, in which Redis may long be back. */
const MAX_RETRY_DELAY_MS = 500;
/** What a sentinel, or a node asked for the slots, may take to answer. */
const ASK_TIMEOUT_MS = 500;
/** How often a Cluster learns who serves what, also when no command tells it. */
const SLOTS_REFRESH_MS = 5_000;

const retryStrategy = (attempt: number) => Math.min(attempt * 50, MAX_RETRY_DELAY_MS);

/**
 * Options of ioredis that let a client recover within a second or so of what it is connected to, and never wait without
 * end. Every call returns a new object; put options of your own beside them.
 *
 * ```ts
 * new Redis(url, recommendedRedisOptions());
 * new Redis({ sentinels, name: 'mymaster', ...recommendedRedisOptions('sentinel') });
 * new Cluster(nodes, recommendedRedisOptions('cluster'));
 * ```
 *
 * | option | value | why |
 * |---|---|---|
 * | `connectTimeout` | 1,000 ms | by default an attempt to reach a host that swallows packets takes 10 s |
 * | `socketTimeout` | 5,000 ms | a connection that broke without a word is given up; else the system does after 15 minutes |
 * | `commandTimeout` | 5,000 ms | bounds the host's own commands; those of the store are bounded by `timeoutMs` |
 * | `maxRetriesPerRequest` | 1 | commands wait for a server that is down 0.2 s; by default 73 s |
 * | `retryStrategy`, `clusterRetryStrategy` | 50 to 500 ms | by default up to 5 s (Cluster: 2 s) pass after the server is back |
 * | Sentinel: `sentinelCommandTimeout` | 500 ms | by default a client whose first sentinel is frozen never connects |
 * | Cluster: `enableOfflineQueue` | false | commands in Cluster's own queue ignore `commandTimeout` |
 * | Cluster: `maxRedirections` | 5 | a command that was refused is not sent for longer than half a second afterwards |
 * | Cluster: `slotsRefreshTimeout`, `slotsRefreshInterval` | 500 ms, 5 s | a frozen node is asked in vain for 0.5 s, and failovers are learned of without a command |
 * | Cluster: `scaleReads` | `master` | a replica still answers with what was revoked |
 *
 * `failoverDetector` is not among them: the store listens to the sentinels itself, and has the client reconnect.
 */
export function recommendedRedisOptions(kind?: 'standalone'): RecommendedRedisOptions;
export function recommendedRedisOptions(kind: 'sentinel'): RecommendedSentinelOptions;
export function recommendedRedisOptions(kind: 'cluster'): RecommendedClusterOptions;
export function recommendedRedisOptions(
  kind: 'standalone' | 'sentinel' | 'cluster' = 'standalone',
): RecommendedRedisOptions | RecommendedSentinelOptions | RecommendedClusterOptions {
  const connection = {
    connectTimeout: CONNECT_TIMEOUT_MS,
    socketTimeout: SOCKET_TIMEOUT_MS,
    commandTimeout: COMMAND_TIMEOUT_MS,
    maxRetriesPerRequest: 1,
  };
  switch (kind) {
    case 'standalone':
      return { ...connection, retryStrategy };
    case 'sentinel':
      return {
        ...connection,
        retryStrategy,
        sentinelRetryStrategy: retryStrategy,
        sentinelCommandTimeout: ASK_TIMEOUT_MS,
      };
    case 'cluster':
      return {
        enableOfflineQueue: false,
        maxRedirections: 5,
        slotsRefreshTimeout: ASK_TIMEOUT_MS,
        slotsRefreshInterval: SLOTS_REFRESH_MS,
        scaleReads: 'master',
        clusterRetryStrategy: retryStrategy,
        redisOptions: connection,
      };
    default:
      throw new TypeError('recommendedRedisOptions takes "standalone", "sentinel" or "cluster"');
  }
}

interface ConnectionOptions {
  connectTimeout: number;
  socketTimeout: number;
  commandTimeout: number;
  maxRetriesPerRequest: number;
}

/** For `new Redis()`. */
export interface RecommendedRedisOptions extends ConnectionOptions {
  retryStrategy: (attempt: number) => number;
}

/** For `new Redis()` with `sentinels` and `name`. */
export interface RecommendedSentinelOptions extends RecommendedRedisOptions {
  sentinelRetryStrategy: (attempt: number) => number;
  sentinelCommandTimeout: number;
}

/** For `new Cluster()`. */
export interface RecommendedClusterOptions {
  enableOfflineQueue: boolean;
  maxRedirections: number;
  slotsRefreshTimeout: number;
  slotsRefreshInterval: number;
  scaleReads: 'master';
  clusterRetryStrategy: (attempt: number) => number;
  redisOptions: ConnectionOptions;
}
