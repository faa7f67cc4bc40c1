/** What is used of a command, and since which version of Redis there is that. */
export interface UsedCommand {
  readonly since: string;
  /** The options that are used, or `*` and `~` in their place. */
  readonly options?: Readonly<Record<string, string>>;
  /** What Redis 7.0 has added to the command, or to what it answers, and why that is not needed here. */
  readonly later?: string;
  /** Not sent in every run. */
  readonly isRare?: true;
}

/** The newest version whose commands and options may be used. */
export const NEWEST = '6.2.0';

/** Every command that is sent, by the store, its scripts, and ioredis on its behalf. Where one has subcommands, both words. */
export const USED_COMMANDS: Readonly<Record<string, UsedCommand>> = {
  asking: { since: '3.0.0', isRare: true },
  auth: { since: '1.0.0', isRare: true },
  'client|id': { since: '5.0.0' },
  'client|setname': { since: '2.6.9' },
  'client|tracking': { since: '6.0.0', options: { ON: '6.0.0', REDIRECT: '6.0.0', BCAST: '6.0.0', PREFIX: '6.0.0' } },
  'cluster|info': { since: '3.0.0' },
  'cluster|nodes': { since: '3.0.0' },
  'cluster|slots': { since: '3.0.0', later: 'more of each node, which is not read' },
  'config|get': { since: '2.0.0', later: 'several patterns at once: one is sent' },
  del: { since: '1.0.0' },
  eval: { since: '2.6.0' },
  evalsha: { since: '2.6.0' },
  exists: { since: '1.0.0' },
  get: { since: '1.0.0' },
  getdel: { since: '6.2.0' },
  getex: { since: '6.2.0', options: { PX: '6.2.0' } },
  hello: { since: '6.0.0' },
  hget: { since: '2.0.0' },
  hgetall: { since: '2.0.0' },
  hincrby: { since: '2.0.0' },
  hmget: { since: '2.0.0' },
  hset: { since: '2.0.0' },
  incr: { since: '1.0.0' },
  info: { since: '1.0.0', later: 'several sections at once: none is named, or one' },
  mget: { since: '1.0.0' },
  pexpire: { since: '2.6.0', later: 'NX, XX, GT and LT: no option is sent' },
  ping: { since: '1.0.0' },
  pttl: { since: '2.6.0' },
  publish: { since: '2.0.0' },
  readonly: { since: '3.0.0' },
  role: { since: '2.8.12' },
  'script|load': { since: '2.6.0' },
  select: { since: '1.0.0', isRare: true },
  'sentinel|get-master-addr-by-name': { since: '2.8.4' },
  'sentinel|master': { since: '2.8.4' },
  'sentinel|sentinels': { since: '2.8.4' },
  set: {
    since: '1.0.0',
    options: { NX: '2.6.12', XX: '2.6.12', PX: '2.6.12' },
    later: 'NX together with GET: GET is not sent',
  },
  subscribe: { since: '2.0.0' },
  time: { since: '2.6.0' },
  wait: { since: '3.0.0' },
  xadd: {
    since: '5.0.0',
    options: { NOMKSTREAM: '6.2.0', '*': '5.0.0' },
    later: 'ids of the form <ms>-*: none is sent',
  },
  xdel: { since: '5.0.0' },
  'xinfo|stream': { since: '5.0.0', later: 'more of a stream, which is not read' },
  xrevrange: { since: '5.0.0', options: { COUNT: '5.0.0' } },
  xtrim: { since: '5.0.0', options: { MAXLEN: '5.0.0', MINID: '6.2.0', '~': '5.0.0' } },
  zadd: { since: '1.2.0', options: { NX: '3.0.2', XX: '3.0.2', LT: '6.2.0', GT: '6.2.0' } },
  zcard: { since: '1.2.0' },
  zcount: { since: '2.0.0' },
  zrange: {
    since: '1.2.0',
    options: { WITHSCORES: '1.2.0', BYLEX: '6.2.0', BYSCORE: '6.2.0', LIMIT: '6.2.0', REV: '6.2.0' },
  },
  zrem: { since: '1.2.0' },
  zremrangebyscore: { since: '1.2.0' },
};

/** Sent by ioredis on every connection, which goes on where the server does not know it: Redis 7.0 does not either. */
export const IGNORED_WHERE_UNKNOWN: readonly string[] = ['client|setinfo'];
