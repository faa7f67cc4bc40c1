import { setTimeout as delay } from 'node:timers/promises';
import {
  type AuditEntry,
  type AuditPage,
  type AuditQuery,
  AuthError,
  EVENT_TYPES,
  type EventType,
  isChangeType,
  LIMITS,
} from '../index.js';

/** How much older than its place in the trail an entry may be to be followed: an event waits for its flush, of a minute at most. */
const SLACK_MS = 90_000;
/** How long the store may be away before following ends. */
const PATIENCE_MS = 60_000;

interface Trail {
  list(query: AuditQuery): Promise<AuditPage>;
}

export interface FollowOptions {
  /** Between two questions. */
  readonly pauseMs: number;
  readonly signal: AbortSignal;
  readonly show: (entries: readonly AuditEntry[]) => void;
  /** Told once when the store is away. */
  readonly complain: (line: string) => void;
}

/** The last `most` entries that `query` asks for, the newest at the end. */
export async function lastEntries(
  trail: Trail,
  query: AuditQuery,
  most: number,
  signal: AbortSignal,
): Promise<AuditEntry[]> {
  const entries: AuditEntry[] = [];
  let cursor: string | null | undefined;
  while (entries.length < most && cursor !== null && !signal.aborted) {
    const limit = Math.min(LIMITS.page, most - entries.length);
    const page = await trail.list({ ...query, limit, cursor });
    entries.push(...page.items);
    cursor = page.nextCursor;
  }
  return entries.reverse();
}

/** How far the trail reaches, so that what comes can be followed. To be read before `lastEntries`. */
export async function trailEnd(trail: Trail, { orgId, types = EVENT_TYPES }: AuditQuery): Promise<TrailEnd> {
  const parts = PARTS.filter((part) => part.some((type) => types.includes(type)));
  return await Promise.all(parts.map(async (part) => ({ part, head: await headOf(trail, orgId, part) })));
}

/**
 * Shows what comes after `end` and is not among `shown`, until `signal` is aborted.
 * @throws what the store rejects with, once it was away for a minute.
 */
export async function followTrail(
  trail: Trail,
  query: AuditQuery,
  end: TrailEnd,
  shown: readonly AuditEntry[],
  { pauseMs, signal, show, complain }: FollowOptions,
): Promise<void> {
  const known = new Set(shown.map(({ id }) => id));
  const parts = end.map(({ part, head }) => new PartFollower(trail, query, part, head));
  let awaySince: number | null = null;
  while (!signal.aborted) {
    try {
      const found = [];
      for (const part of parts) found.push(...(await part.next(signal)));
      const entries = found.filter(({ id }) => !known.has(id)).sort((one, other) => compare(one.id, other.id));
      if (entries.length > 0) show(entries);
      awaySince = null;
    } catch (error) {
      if (!(error instanceof AuthError) || error.status !== 503) throw error;
      if (awaySince === null) complain(`latchkey: Redis does not answer (${error.reason}): trying again.`);
      awaySince ??= performance.now();
      if (performance.now() - awaySince > PATIENCE_MS) throw error;
    }
    await delay(pauseMs, undefined, { signal }).catch(() => {}); // aborted: the loop ends
  }
}

/** A trail has two parts, in each of which the ids ascend, whatever the clocks of those who write. */
const PARTS: readonly Part[] = [EVENT_TYPES.filter(isChangeType), EVENT_TYPES.filter((type) => !isChangeType(type))];

/** What it holds. */
type Part = readonly EventType[];

type TrailEnd = readonly { readonly part: Part; readonly head: string | null }[];

async function headOf(trail: Trail, orgId: string | null, part: Part): Promise<string | null> {
  const { items } = await trail.list({ orgId, types: part, limit: 1 });
  return items[0]?.id ?? null;
}

/** Follows one part. */
class PartFollower {
  readonly #trail: Trail;
  readonly #query: AuditQuery;
  readonly #part: Part;
  /** The id of its newest entry, whatever is asked for: all up to there was read. */
  #head: string | null;

  constructor(trail: Trail, query: AuditQuery, part: Part, head: string | null) {
    this.#trail = trail;
    this.#part = part;
    this.#query = { ...query, types: part.filter((type) => query.types?.includes(type) ?? true) };
    this.#head = head;
  }

  /** What is new, the newest first; it is no longer new once all of it was read. */
  async next(signal: AbortSignal): Promise<AuditEntry[]> {
    const before = this.#head;
    const head = await headOf(this.#trail, this.#query.orgId, this.#part);
    if (head === null || head === before) return [];
    const isNew = ({ id }: AuditEntry) => before === null || compare(id, before) > 0;
    const reachedAt = before === null ? 0 : Math.min(positionOf(before)[0], Date.now());
    const from = Math.max(this.#query.from ?? 0, reachedAt - SLACK_MS, 0);
    const found: AuditEntry[] = [];
    let cursor: string | null = null;
    do {
      const page: AuditPage = await this.#trail.list({
        ...this.#query,
        from,
        limit: LIMITS.page,
        cursor: cursor ?? undefined,
      });
      found.push(...page.items.filter((entry) => isNew(entry) && compare(entry.id, head) <= 0));
      cursor = page.items.every(isNew) ? page.nextCursor : null;
    } while (cursor !== null && !signal.aborted);
    this.#head = head;
    return found;
  }
}

/** Of `<part>-<ms>-<sequence>`. */
function positionOf(id: string): readonly [ms: number, sequence: number] {
  const [, ms, sequence] = id.split('-');
  return [Number(ms), Number(sequence)];
}

function compare(one: string, other: string): number {
  const [ms, sequence] = positionOf(one);
  const [ofMs, ofSequence] = positionOf(other);
  return ms - ofMs || sequence - ofSequence;
}
