import { FINGERPRINT_LENGTH } from './session-form.js';

/** The Lua scripts of sessions, each on keys of one hash slot, but for READ_SESSIONS. */

/**
 * Enters a session in the index of its user and drops what has ended. Only the process's clock counts: the server's may
 * differ, and an index that went before its sessions would hide them. KEYS: index. ARGV: id, absolute end, now.
 */
export const ENTER = `
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', '(' .. ARGV[3])
redis.call('ZADD', KEYS[1], ARGV[2], ARGV[1])
local last = redis.call('ZRANGE', KEYS[1], -1, -1, 'WITHSCORES')
redis.call('PEXPIRE', KEYS[1], string.format('%.0f', tonumber(last[2]) - tonumber(ARGV[3])))
return 1`;

/**
 * Enters a session in the index of its user again, which lives on as it did, or is there anew.
 * KEYS: index. ARGV: id, absolute end, life of a new one in ms.
 */
export const ENTER_AGAIN = `
redis.call('ZADD', KEYS[1], ARGV[2], ARGV[1])
if redis.call('PTTL', KEYS[1]) < 0 then redis.call('PEXPIRE', KEYS[1], ARGV[3]) end
return 1`;

/**
 * Enters a user in the indexes of an organisation until the latest absolute end of their sessions, and drops at most a hundred
 * whose end has come. Only the process's clock counts, as in ENTER.
 * KEYS: users by id, users by end. ARGV: user, absolute end, now.
 */
export const ENTER_USER = `
redis.call('ZADD', KEYS[1], 0, ARGV[1])
redis.call('ZADD', KEYS[2], 'GT', ARGV[2], ARGV[1])
local over = redis.call('ZRANGE', KEYS[2], '-inf', '(' .. ARGV[3], 'BYSCORE', 'LIMIT', 0, 100)
if #over > 0 then
  redis.call('ZREM', KEYS[1], unpack(over))
  redis.call('ZREM', KEYS[2], unpack(over))
end
local last = redis.call('ZRANGE', KEYS[2], -1, -1, 'WITHSCORES')
if last[2] then
  local life = string.format('%.0f', math.max(1, tonumber(last[2]) - tonumber(ARGV[3])))
  redis.call('PEXPIRE', KEYS[1], life)
  redis.call('PEXPIRE', KEYS[2], life)
end
return 1`;

/** Takes users out of the indexes of an organisation. KEYS as ENTER_USER. ARGV: users. */
export const LEAVE = `
redis.call('ZREM', KEYS[1], unpack(ARGV))
return redis.call('ZREM', KEYS[2], unpack(ARGV))`;

/**
 * Reads sessions and slides them. What is no session is a fault of that key alone; any other is one of the server, and so the
 * answer to the whole: a client may reconnect upon it.
 * KEYS: sessions, of whatever slots: only for one server that has them all. ARGV: for each, the SHA-1 of how it begins that is
 * known, or as many characters that are none, all as one text; then the life in ms, of each or one for all.
 * Returns 1 where all begin as is known; else for each what is stored, 1 where it begins as is known, false where nothing is.
 */
export const READ_SESSIONS = `
local answers, changed = {}, false
for i, key in ipairs(KEYS) do
  local value = redis.pcall('GETEX', key, 'PX', ARGV[i + 1] or ARGV[2])
  if type(value) == 'string' then
    local version = string.find(value, '\\n', 1, true)
    local login = version and string.find(value, '\\n', version + 1, true)
    local known = string.sub(ARGV[1], i * ${FINGERPRINT_LENGTH} - ${FINGERPRINT_LENGTH - 1}, i * ${FINGERPRINT_LENGTH})
    if login and redis.sha1hex(string.sub(value, 1, login)) == known then value = 1 end
  elseif value and not string.find(value.err, 'WRONGTYPE', 1, true) then
    return value
  end
  answers[i] = value
  if value ~= 1 then changed = true end
end
return changed and answers or 1`;

/**
 * Replaces the host's data of a session whose version is as expected. Sending it twice is the same as once.
 * KEYS: session. ARGV: version, data, life in ms. Returns 'saved'; 'gone' when it is; else what is stored.
 */
export const SAVE_SESSION = `
local current = redis.call('GET', KEYS[1])
if not current then return 'gone' end
local version, login, data = string.match(current, '^(%d+)\\n([^\\n]*)\\n(.*)$')
local next = string.format('%.0f', tonumber(ARGV[1]) + 1)
if version == next and data == ARGV[2] then return 'saved' end
if version ~= ARGV[1] then return current end
redis.call('SET', KEYS[1], next .. '\\n' .. login .. '\\n' .. ARGV[2], 'PX', ARGV[3], 'XX')
return 'saved'`;
