import { checkLife } from '../expiring-map.js';
import type { AuditStore, TrailBounds, TrailEntry, TrailPageRequest, TrailPart } from '../store.js';
import { decodeTrailId } from '../trail-position.js';
import type { BoundedRedis } from './bounded-redis.js';
import { scopeKey } from './redis-records.js';

/** Values that one call of the script adds: the server does nothing else meanwhile. */
const APPEND_CHUNK = 500;
/** What the clocks of a process and of the server may differ by while an entry lives, in ms. */
const EXPIRY_SLACK_MS = 60_000;

/**
 * The trails in Redis: `audit:{org}:<part>`, a stream each, whose ids follow the clock of the process that appends. The
 * stream drops its oldest entries by the block, and ends as a whole when nothing is added for as long as entries live.
 */
export class RedisAudit implements AuditStore {
  readonly #redis: BoundedRedis;
  readonly #prefix: string;

  constructor(redis: BoundedRedis, keyPrefix: string) {
    this.#redis = redis;
    this.#prefix = keyPrefix;
  }

  async append(
    orgId: string | null,
    part: TrailPart,
    values: readonly string[],
    { nowAt, maxAgeMs, maxEntries }: TrailBounds,
  ): Promise<string[]> {
    checkLife(maxAgeMs);
    const key = this.#key(orgId, part);
    const oldestAt = Math.max(0, Math.floor(nowAt - maxAgeMs));
    const lifeMs = Math.ceil(maxAgeMs) + EXPIRY_SLACK_MS;
    const ids: string[] = [];
    for (let start = 0; start < values.length; start += APPEND_CHUNK) {
      const chunk = values.slice(start, start + APPEND_CHUNK);
      const added = await this.#redis.run(key, (redis) =>
        redis.latchkeyAppend(key, nowAt, maxEntries, oldestAt, lifeMs, ...chunk),
      );
      ids.push(...added);
    }
    return ids;
  }

  async withdraw(orgId: string | null, part: TrailPart, id: string): Promise<void> {
    decodeTrailId(id);
    const key = this.#key(orgId, part);
    await this.#redis.run(key, (redis) => redis.xdel(key, id));
  }

  async page({ orgId, part, before, fromAt, limit }: TrailPageRequest): Promise<TrailEntry[]> {
    if (before !== undefined && isFirstPossible(before)) return [];
    const key = this.#key(orgId, part);
    const end = before === undefined ? '+' : `(${before}`;
    const start = fromAt === undefined ? '-' : String(Math.max(0, Math.ceil(fromAt)));
    const found = await this.#redis.run(key, (redis) => redis.xrevrange(key, end, start, 'COUNT', limit));
    return found.map(([id, [, value = '']]) => ({ id, value }));
  }

  #key(orgId: string | null, part: TrailPart): string {
    return trailKey(this.#prefix, orgId, part);
  }
}

/** Where a trail is kept. */
export function trailKey(keyPrefix: string, orgId: string | null, part: TrailPart): string {
  return `${keyPrefix}audit:{${scopeKey(orgId)}}:${part}`;
}

/** Redis refuses a range that ends before it. */
function isFirstPossible(id: string): boolean {
  const { ms, sequence } = decodeTrailId(id);
  return ms === 0 && sequence === 0;
}
