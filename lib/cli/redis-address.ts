import { UsageError } from './command.js';

export interface RedisHost {
  readonly host: string;
  readonly port: number;
}

/** Where a Redis is, and who asks. */
export interface RedisAddress {
  readonly kind: 'standalone' | 'sentinel' | 'cluster';
  /** The server; the sentinels; nodes of the cluster, of which one that answers is enough. */
  readonly hosts: readonly RedisHost[];
  /** What the sentinels call the master. */
  readonly masterName: string | null;
  readonly username: string | null;
  readonly password: string | null;
  readonly database: number;
  readonly isTls: boolean;
}

/** The options of a command that say where Redis is. */
export const REDIS_OPTIONS = {
  redis: { type: 'string' },
  sentinel: { type: 'string', multiple: true },
  master: { type: 'string' },
  cluster: { type: 'boolean' },
} as const;

export const REDIS_HELP = `  --redis URL           redis://[user:password@]host[:port][/database], rediss:// for TLS,
                        redis+sentinel://[user:password@]host[:port],host[:port]/name[/database];
                        without it REDIS_URL of the environment, where no other user of the machine
                        reads the password
  --sentinel HOST:PORT  a sentinel, once for each, with --master: in place of --redis
  --master NAME         what the sentinels call the master
  --cluster             --redis names a node, or host:port,host:port, of a Redis Cluster

  Percent-encode what is special in a password. REDIS_SENTINEL_PASSWORD is that of the sentinels, where they have one.
  NODE_EXTRA_CA_CERTS names the file of a private certificate authority.`;

export interface RedisValues {
  readonly redis?: string | undefined;
  readonly sentinel?: readonly string[] | undefined;
  readonly master?: string | undefined;
  readonly cluster?: boolean | undefined;
}

/** @param fallback the URL where `--redis` is not given. @throws UsageError, which tells nothing of the URL. */
export function redisAddress(values: RedisValues, fallback: string | undefined): RedisAddress {
  const { redis, sentinel, master, cluster = false } = values;
  if (sentinel !== undefined) {
    if (redis !== undefined || cluster) throw new UsageError('--sentinel stands in place of --redis and --cluster');
    if (master === undefined) throw new UsageError('--sentinel needs --master: what the sentinels call the master');
    return { ...NOBODY, kind: 'sentinel', hosts: hostsOf(sentinel.join(), SENTINEL_PORT), masterName: master };
  }
  if (master !== undefined) throw new UsageError('--master needs --sentinel');
  const url = redis ?? fallback;
  if (url === undefined || url === '') throw new UsageError('say where Redis is: --redis URL, or REDIS_URL');
  const address = parse(url);
  if (cluster) return asCluster(address);
  if (address.kind === 'standalone' && address.hosts.length > 1) {
    throw new UsageError('several hosts need --cluster, or redis+sentinel://');
  }
  return address;
}

/** For people: without user and password. */
export function redisName({ kind, hosts, masterName, database, isTls }: RedisAddress): string {
  const scheme = `${isTls ? 'rediss' : 'redis'}${kind === 'sentinel' ? '+sentinel' : ''}`;
  const all = hosts.map(({ host, port }) => `${host.includes(':') ? `[${host}]` : host}:${port}`).join(',');
  if (kind === 'cluster') return `${scheme}://${all} (cluster)`;
  return `${scheme}://${all}${masterName === null ? '' : `/${masterName}`}/${database}`;
}

const SENTINEL_PORT = 26_379;
const REDIS_PORT = 6_379;
const NOBODY = { masterName: null, username: null, password: null, database: 0, isTls: false };
const URL_SHAPE = /^(rediss?)(\+sentinel)?:\/\/(?:(.*)@)?([^@/?#]+)(?:\/([^?#]*))?$/s;
const HOST_SHAPE = /^(?:\[([0-9a-f:.]+)\]|([\w.-]+))(?::(\d{1,5}))?$/i;

function parse(url: string): RedisAddress {
  const [, scheme, viaSentinel, user, hosts, path = ''] = URL_SHAPE.exec(url) ?? [];
  if (hosts === undefined) {
    throw new UsageError('the URL is none: it looks like redis://host:6379 or redis+sentinel://host:26379/name');
  }
  const isTls = scheme === 'rediss';
  if (viaSentinel === undefined) {
    return {
      ...NOBODY,
      kind: 'standalone',
      hosts: hostsOf(hosts, REDIS_PORT),
      ...userOf(user),
      database: databaseOf(path),
      isTls,
    };
  }
  const [name = '', database = ''] = path.split(/\/(.*)/s);
  if (name === '') throw new UsageError('the URL names no master: redis+sentinel://host:26379/name');
  const masterName = decoded(name);
  return {
    kind: 'sentinel',
    hosts: hostsOf(hosts, SENTINEL_PORT),
    masterName,
    ...userOf(user),
    database: databaseOf(database),
    isTls,
  };
}

function asCluster(address: RedisAddress): RedisAddress {
  if (address.kind !== 'standalone') throw new UsageError('--cluster needs redis:// or rediss://');
  if (address.database !== 0) throw new UsageError('a cluster has only database 0: leave it out of the URL');
  return { ...address, kind: 'cluster' };
}

function hostsOf(text: string, defaultPort: number): RedisHost[] {
  return text.split(',').map((each) => {
    const [, v6, name, port] = HOST_SHAPE.exec(each) ?? [];
    const host = v6 ?? name;
    if (host === undefined)
      throw new UsageError('a host is none: host, host:port or [IPv6]:port, with commas in between');
    const number = port === undefined ? defaultPort : Number(port);
    if (number < 1 || number > 65_535) throw new UsageError('a port must be from 1 to 65535');
    return { host, port: number };
  });
}

function userOf(text: string | undefined): Pick<RedisAddress, 'username' | 'password'> {
  if (text === undefined || text === '') return { username: null, password: null };
  const [name = '', password] = text.split(/:(.*)/s);
  return {
    username: name === '' ? null : decoded(name),
    password: password === undefined || password === '' ? null : decoded(password),
  };
}

function databaseOf(text: string): number {
  if (/^\d{0,6}$/.test(text)) return Number(text);
  throw new UsageError('the database at the end of the URL must be a number');
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw new UsageError('the URL is not percent-encoded: write % as %25');
  }
}
