import type { ClusterOptions, RedisOptions } from 'ioredis';
import type { RedisClient } from './redis-scripts.js';

/** What is wrong where it holds, and the mend. */
type Check<Options> = readonly [isWrong: (options: Options) => boolean, fault: string];

const EVERY_REDIS: readonly Check<RedisOptions>[] = [
  [
    ({ retryStrategy }) => typeof retryStrategy !== 'function',
    'retryStrategy is no function, so a connection that breaks is never made again: leave it out',
  ],
  [
    ({ autoResendUnfulfilledCommands, maxRetriesPerRequest }) =>
      autoResendUnfulfilledCommands === false && maxRetriesPerRequest !== 0,
    'autoResendUnfulfilledCommands is false, so commands under way when a connection breaks never settle: leave it out, or set maxRetriesPerRequest: 0',
  ],
];

const SENTINEL: readonly Check<RedisOptions>[] = [
  ...EVERY_REDIS,
  [
    ({ sentinelCommandTimeout }) => !isPositive(sentinelCommandTimeout),
    'sentinelCommandTimeout is not set, so a sentinel that is frozen is waited for without end: set it to 500',
  ],
  [
    ({ sentinelRetryStrategy }) => typeof sentinelRetryStrategy !== 'function',
    'sentinelRetryStrategy is no function, so the client ends when no sentinel answers: leave it out',
  ],
];

const CLUSTER: readonly Check<ClusterOptions>[] = [
  [
    ({ clusterRetryStrategy }) => typeof clusterRetryStrategy !== 'function',
    'clusterRetryStrategy is no function, so the client ends when no node answers: leave it out',
  ],
  [
    ({ scaleReads }) => scaleReads !== 'master',
    "scaleReads is not 'master', so what was revoked may be read from a replica as if it were not: leave it out",
  ],
  [
    ({ slotsRefreshTimeout }) => !isPositive(slotsRefreshTimeout),
    'slotsRefreshTimeout is not positive, so failovers are never learned of: leave it out',
  ],
];

const warned = new WeakSet<RedisClient>();

/** Warns of the options of a client that make it hang, give up or read what is old; once for each client. */
export function warnOfFaults(client: RedisClient): void {
  const faults = faultsOf(client);
  if (faults.length === 0 || warned.has(client)) return;
  warned.add(client);
  process.emitWarning(
    `The Redis client was made with options that are not safe: ${faults.join('; ')}. ` +
      'recommendedRedisOptions() of latchkey/redis gives safe ones.',
    { code: 'LATCHKEY_REDIS_OPTIONS' },
  );
}

function faultsOf(client: RedisClient): string[] {
  if (client.isCluster) return found(CLUSTER, client.options as ClusterOptions);
  const options = client.options as RedisOptions;
  return found(options.sentinels ? SENTINEL : EVERY_REDIS, options);
}

function found<Options>(checks: readonly Check<Options>[], options: Options): string[] {
  return checks.filter(([isWrong]) => isWrong(options)).map(([, fault]) => fault);
}

function isPositive(value: unknown): boolean {
  return typeof value === 'number' && value > 0;
}
