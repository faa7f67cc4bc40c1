import type { Cluster, Redis } from 'ioredis';
import { DAY_MS, USAGE_DAYS } from '../usage-days.js';
import { ENTER, ENTER_AGAIN, ENTER_USER, LEAVE, READ_SESSIONS, SAVE_SESSION } from './redis-session-scripts.js';

/**
 * The Lua scripts, each on keys of one hash slot, but for READ_SESSIONS. Registered once; ioredis sends them again after
 * SCRIPT FLUSH.
 */

/**
 * Writes a record by compare-and-set and tells the change feed, where there is a channel. Sending it twice is the same as once.
 * KEYS: record. ARGV: expected version ('' = must not exist), new value, channel ('' = none), message.
 * Returns 1, or 0 on conflict.
 */
const WRITE = `
local current = redis.call('GET', KEYS[1])
if current == ARGV[2] then return 1 end
if ARGV[1] == '' then
  if current then return 0 end
elseif not current or string.match(current, '^%d+') ~= ARGV[1] then
  return 0
end
if ARGV[3] ~= '' then redis.call('PUBLISH', ARGV[3], ARGV[4]) end
redis.call('SET', KEYS[1], ARGV[2])
return 1`;

/**
 * Removes a record and what goes with it unless the record was changed.
 * KEYS: record, further ones. ARGV: version, channel ('' = none), message.
 * Returns 1; 0 when it was changed; 2 when there was none.
 */
const REMOVE = `
local current = redis.call('GET', KEYS[1])
if current and string.match(current, '^%d+') ~= ARGV[1] then return 0 end
if ARGV[2] ~= '' then redis.call('PUBLISH', ARGV[2], ARGV[3]) end
redis.call('DEL', unpack(KEYS))
return current and 1 or 2`;

/**
 * Writes, and leaves nothing: a WAIT after it speaks for all that the server had before. KEYS: any in a slot of the server.
 */
const MARK = `
redis.call('SET', KEYS[1], '1')
return redis.call('DEL', KEYS[1])`;

/**
 * Enters a record in the five indexes of one scope, where it is not yet.
 * KEYS: createdAt, name, expiresAt, lastUsedAt, id. ARGV: id, createdAt, name member, expiresAt score.
 */
const INDEX = `
redis.call('ZADD', KEYS[1], 'NX', ARGV[2], ARGV[1])
redis.call('ZADD', KEYS[2], 'NX', 0, ARGV[3])
redis.call('ZADD', KEYS[3], 'NX', ARGV[4], ARGV[1])
redis.call('ZADD', KEYS[4], 'NX', 0, ARGV[1])
redis.call('ZADD', KEYS[5], 'NX', 0, ARGV[1])
return 1`;

/** Removes a record from the five indexes of one scope. KEYS as INDEX. ARGV: id, name member. */
const UNINDEX = `
redis.call('ZREM', KEYS[1], ARGV[1])
redis.call('ZREM', KEYS[2], ARGV[2])
redis.call('ZREM', KEYS[3], ARGV[1])
redis.call('ZREM', KEYS[4], ARGV[1])
redis.call('ZREM', KEYS[5], ARGV[1])
return 1`;

/**
 * A page of a sorted set, beginning after (score, id), found by binary search among equal scores. Compares bytes, as
 * Redis sorts; Lua's own string comparison follows the server's locale.
 * KEYS: sorted set. ARGV: limit, '1' for descending, score ('' = from the start), id. Returns id, score, id, score ...
 */
const PAGE = `
local key, limit, descending, score, id = KEYS[1], tonumber(ARGV[1]), ARGV[2] == '1', ARGV[3], ARGV[4]
local function compare(a, b)
  for i = 1, math.min(#a, #b) do
    local x, y = string.byte(a, i), string.byte(b, i)
    if x ~= y then return x - y end
  end
  return #a - #b
end
local size = redis.call('ZCARD', key)
local first, last
if score == '' then
  first, last = 0, limit - 1
  if descending then first, last = size - limit, size - 1 end
else
  local low = redis.call('ZCOUNT', key, '-inf', '(' .. score)
  local high = low + redis.call('ZCOUNT', key, score, score)
  while low < high do
    local middle = math.floor((low + high) / 2)
    local order = compare(redis.call('ZRANGE', key, middle, middle)[1], id)
    if order > 0 or (descending and order == 0) then high = middle else low = middle + 1 end
  end
  first, last = low, low + limit - 1
  if descending then first, last = low - limit, low - 1 end
end
if last < 0 then return {} end
local found = redis.call('ZRANGE', key, math.max(first, 0), last, 'WITHSCORES')
if not descending then return found end
local reversed = {}
for i = #found - 1, 1, -2 do
  reversed[#reversed + 1] = found[i]
  reversed[#reversed + 1] = found[i + 1]
end
return reversed`;

/** A day longer than a day's usage is asked for. */
const USAGE_DAYS_MS = (USAGE_DAYS + 1) * DAY_MS;

/**
 * Adds to the usage of a record that exists. KEYS: record, usage, usage by day: `<day> <uses> <failures>` in the slot of the day,
 * where a day that is over gives way to a newer one, so that nothing has to be looked for and removed.
 * ARGV: uses, failures, lastUsedAt ('' = not used), address, lastFailedAt ('' = none), the days of the two, as their number.
 * Returns 1; 0 without a record; 2 when this was its first use ever.
 */
const ADD_USAGE = `
local answer = 1
if redis.call('EXISTS', KEYS[1]) == 0 then return 0 end
if ARGV[1] ~= '0' then redis.call('HINCRBY', KEYS[2], 'useCount', ARGV[1]) end
if ARGV[2] ~= '0' then redis.call('HINCRBY', KEYS[2], 'failureCount', ARGV[2]) end
if ARGV[3] ~= '' then
  local last = redis.call('HGET', KEYS[2], 'lastUsedAt')
  if not last then answer = 2 end
  if not last or tonumber(last) <= tonumber(ARGV[3]) then
    redis.call('HSET', KEYS[2], 'lastUsedAt', ARGV[3], 'lastUsedFrom', ARGV[4])
  end
end
if ARGV[5] ~= '' then
  local last = redis.call('HGET', KEYS[2], 'lastFailedAt')
  if not last or tonumber(last) < tonumber(ARGV[5]) then redis.call('HSET', KEYS[2], 'lastFailedAt', ARGV[5]) end
end
local function addTo(day, uses, failures)
  if day == '' or uses + failures == 0 then return end
  local slot = string.format('%.0f', tonumber(day) % ${USAGE_DAYS})
  local kept, u, f = string.match(redis.call('HGET', KEYS[3], slot) or '', '^(%d+) (%d+) (%d+)$')
  if kept and tonumber(kept) > tonumber(day) then return end
  local isNew = kept ~= day
  if isNew then u, f = 0, 0 end
  redis.call('HSET', KEYS[3], slot, string.format('%s %.0f %.0f', day, u + uses, f + failures))
  if isNew then redis.call('PEXPIRE', KEYS[3], ${USAGE_DAYS_MS}) end
end
if ARGV[6] == ARGV[7] then
  addTo(ARGV[6], ARGV[1], ARGV[2])
else
  addTo(ARGV[6], ARGV[1], 0)
  addTo(ARGV[7], 0, ARGV[2])
end
return answer`;

/**
 * Appends to a stream, whose ids are made here: by the caller's clock, and beyond the last one even where that is ahead or
 * was taken back; then drops the oldest entries by the block.
 * KEYS: stream. ARGV: now, entries to keep, instant of the oldest, life in ms, values ... Returns the ids.
 */
const APPEND = `
local ms, sequence = 0, 0
if redis.call('EXISTS', KEYS[1]) == 1 then
  local info = redis.call('XINFO', 'STREAM', KEYS[1])
  for i = 1, #info, 2 do
    if info[i] == 'last-generated-id' then ms, sequence = string.match(info[i + 1], '^(%d+)-(%d+)$') end
  end
end
ms, sequence = tonumber(ms), tonumber(sequence)
if tonumber(ARGV[1]) > ms then ms, sequence = tonumber(ARGV[1]), -1 end
local ids = {}
for i = 5, #ARGV do
  sequence = sequence + 1
  ids[#ids + 1] = redis.call('XADD', KEYS[1], string.format('%.0f-%.0f', ms, sequence), 'e', ARGV[i])
end
redis.call('XTRIM', KEYS[1], 'MAXLEN', '~', ARGV[2])
redis.call('XTRIM', KEYS[1], 'MINID', '~', ARGV[3])
redis.call('PEXPIRE', KEYS[1], ARGV[4])
return ids`;

/**
 * Counts a try, or says how long to wait. KEYS: tries, wait.
 * ARGV: limit, window ms, wait ms, longest wait ms, now. Returns count, wait ms, time of the try before ('' = none).
 */
const ATTEMPT = `
local count = tonumber(redis.call('HGET', KEYS[1], 'count') or '0')
local last = redis.call('HGET', KEYS[1], 'lastAt') or ''
local wait = redis.call('PTTL', KEYS[2])
if wait > 0 then return {count, wait, last} end
count = redis.call('HINCRBY', KEYS[1], 'count', 1)
redis.call('HSET', KEYS[1], 'lastAt', ARGV[5])
local limit, window = tonumber(ARGV[1]), tonumber(ARGV[2])
if count == 1 then redis.call('PEXPIRE', KEYS[1], window) end
if count >= limit then
  local next = math.min(tonumber(ARGV[3]) * 2 ^ math.min(count - limit, 40), tonumber(ARGV[4]))
  redis.call('SET', KEYS[2], '1', 'PX', string.format('%.0f', next))
  redis.call('PEXPIRE', KEYS[1], string.format('%.0f', next + window))
end
return {count, 0, last}`;

/** Takes back a try that succeeded. KEYS: tries, wait. ARGV: limit. Returns the tries left. */
const TAKE_BACK = `
local count = tonumber(redis.call('HGET', KEYS[1], 'count') or '0') - 1
if count > 0 then redis.call('HINCRBY', KEYS[1], 'count', -1) else redis.call('DEL', KEYS[1]) end
if count < tonumber(ARGV[1]) then redis.call('DEL', KEYS[2]) end
return math.max(count, 0)`;

/** Tells the change feed of something kept elsewhere. KEYS: a tracked key. ARGV: channel, message. */
const TOUCH = `
redis.call('PUBLISH', ARGV[1], ARGV[2])
redis.call('SET', KEYS[1], '1', 'PX', 60000)
return 1`;

type Argument = string | number;

/** What is stored; 1 where it is known, as a number or a text; null where there is nothing; the fault of what is no session. */
export type SessionAnswer = string | 1 | null | Error;

/** The scripts as commands of the client. */
export interface ScriptCommands {
  latchkeyWrite(record: string, version: Argument, json: string, channel: string, id: string): Promise<number>;
  latchkeyRemove(keyCount: number, ...keysAndArgs: Argument[]): Promise<number>;
  latchkeyMark(key: string): Promise<number>;
  latchkeyIndex(a: string, b: string, c: string, d: string, e: string, ...args: Argument[]): Promise<number>;
  latchkeyUnindex(a: string, b: string, c: string, d: string, e: string, ...args: Argument[]): Promise<number>;
  latchkeyPage(index: string, limit: number, descending: Argument, score: Argument, id: string): Promise<string[]>;
  latchkeyAddUsage(record: string, usage: string, days: string, ...args: Argument[]): Promise<number>;
  latchkeyAppend(stream: string, ...args: Argument[]): Promise<string[]>;
  latchkeyAttempt(tries: string, wait: string, ...args: Argument[]): Promise<[number, number, string]>;
  latchkeyTakeBack(tries: string, wait: string, limit: Argument): Promise<number>;
  latchkeyEnter(index: string, id: string, expiresAt: Argument, nowAt: Argument): Promise<number>;
  latchkeyEnterAgain(index: string, id: string, expiresAt: Argument, ttlMs: Argument): Promise<number>;
  latchkeyEnterUser(ids: string, ends: string, user: string, expiresAt: Argument, nowAt: Argument): Promise<number>;
  latchkeyLeave(ids: string, ends: string, ...users: string[]): Promise<number>;
  latchkeyReadSessions(keyCount: number, ...keysAndArgs: Argument[]): Promise<SessionAnswer[] | SessionAnswer>;
  latchkeySaveSession(session: string, version: Argument, data: string, ttlMs: Argument): Promise<string>;
  latchkeyTouch(key: string, channel: string, message: string): Promise<number>;
}

/** What a host may hand in. */
export type RedisClient = Redis | Cluster;

/** A `Cluster` has the same commands, each of which it sends to the server of its keys. */
export type ScriptedRedis = Redis & ScriptCommands;

const SCRIPTS: Readonly<Record<keyof ScriptCommands, { readonly numberOfKeys?: number; readonly lua: string }>> = {
  latchkeyWrite: { numberOfKeys: 1, lua: WRITE },
  latchkeyRemove: { lua: REMOVE },
  latchkeyMark: { numberOfKeys: 1, lua: MARK },
  latchkeyIndex: { numberOfKeys: 5, lua: INDEX },
  latchkeyUnindex: { numberOfKeys: 5, lua: UNINDEX },
  latchkeyPage: { numberOfKeys: 1, lua: PAGE },
  latchkeyAddUsage: { numberOfKeys: 3, lua: ADD_USAGE },
  latchkeyAppend: { numberOfKeys: 1, lua: APPEND },
  latchkeyAttempt: { numberOfKeys: 2, lua: ATTEMPT },
  latchkeyTakeBack: { numberOfKeys: 2, lua: TAKE_BACK },
  latchkeyEnter: { numberOfKeys: 1, lua: ENTER },
  latchkeyEnterAgain: { numberOfKeys: 1, lua: ENTER_AGAIN },
  latchkeyEnterUser: { numberOfKeys: 2, lua: ENTER_USER },
  latchkeyLeave: { numberOfKeys: 2, lua: LEAVE },
  latchkeyReadSessions: { lua: READ_SESSIONS },
  latchkeySaveSession: { numberOfKeys: 1, lua: SAVE_SESSION },
  latchkeyTouch: { numberOfKeys: 1, lua: TOUCH },
};

/** Adds the scripts to `client` as commands whose names begin with `latchkey`. */
export function defineScripts(client: RedisClient): ScriptedRedis {
  for (const [name, script] of Object.entries(SCRIPTS)) client.defineCommand(name, script);
  return client as unknown as ScriptedRedis;
}

/** The same, but each call sends the whole script: none is sent a second time because the server has forgotten it. */
export function evalScripts(client: Redis): ScriptedRedis {
  for (const [name, { numberOfKeys, lua }] of Object.entries(SCRIPTS)) {
    const keyCount = numberOfKeys === undefined ? [] : [numberOfKeys];
    const send = (...args: Argument[]) =>
      client.eval(...([lua, ...keyCount, ...args] as [string, number, ...Argument[]]));
    Object.assign(client, { [name]: send });
  }
  return client as ScriptedRedis;
}
