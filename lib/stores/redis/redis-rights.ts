/** A command that tells whether the user may run it, and changes nothing. */
export type Probe = readonly [right: string, ...command: string[]];

/** The digest of no script. */
const NO_SCRIPT = '0'.repeat(40);

/**
 * What cannot be tried without an effect, checked by Redis 7 itself; an older one answers nothing here.
 * KEYS: none. ARGV: key, channel. Returns the rights that are missing.
 */
const CHECK = `
local missing = {}
if not redis.acl_check_cmd then return missing end
if not redis.acl_check_cmd('INCR', ARGV[1]) then missing[#missing + 1] = 'incr' end
if not redis.acl_check_cmd('PUBLISH', ARGV[2], '') then missing[#missing + 1] = 'publish' end
return missing`;

/**
 * One for each command that the store sends, itself or in a script. Redis looks at rights before it looks at anything else:
 * before the slot, the role and the values, some of which are wrong here on purpose.
 *
 * @param key as the client is told it; nobody ever writes it.
 * @param fullKey with the client's own prefix.
 * @param channel where writes are published.
 */
export function rightProbes(key: string, fullKey: string, channel: string): readonly Probe[] {
  return [
    ['get', 'GET', key],
    ['mget', 'MGET', key],
    ['set', 'SET', key, '1', 'XX', 'PX', '1'],
    ['getex', 'GETEX', key, 'PX', '1'],
    ['getdel', 'GETDEL', key],
    ['del', 'DEL', key],
    ['exists', 'EXISTS', key],
    ['pexpire', 'PEXPIRE', key, '1'],
    ['pttl', 'PTTL', key],
    ['hget', 'HGET', key, 'field'],
    ['hmget', 'HMGET', key, 'field'],
    ['hgetall', 'HGETALL', key],
    ['hset', 'HSET', key, 'field', 'value', 'field without value'],
    ['hincrby', 'HINCRBY', key, 'field', 'no number'],
    ['zadd', 'ZADD', key, 'XX', '0', 'member'],
    ['zrem', 'ZREM', key, 'member'],
    ['zcard', 'ZCARD', key],
    ['zcount', 'ZCOUNT', key, '0', '0'],
    ['zrange', 'ZRANGE', key, '0', '0'],
    ['zremrangebyscore', 'ZREMRANGEBYSCORE', key, '0', '0'],
    ['xadd', 'XADD', key, 'NOMKSTREAM', '*', 'field', 'value'],
    ['xinfo|stream', 'XINFO', 'STREAM', key],
    ['xtrim', 'XTRIM', key, 'MAXLEN', '0'],
    ['xdel', 'XDEL', key, '0-1'],
    ['xrevrange', 'XREVRANGE', key, '+', '-', 'COUNT', '1'],
    ['evalsha', 'EVALSHA', NO_SCRIPT, '0'],
    ['script|load', 'SCRIPT', 'LOAD', 'return 1'],
    ['eval', 'EVAL', CHECK, '0', fullKey, channel],
  ];
}
