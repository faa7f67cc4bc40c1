import type { FieldError } from '../errors.js';
import { invalidRequest } from '../errors.js';
import { EVENT_TYPES, isChangeType } from '../events.js';
import { checkIdentifier } from '../keys/key-input.js';
import { LAST_INSTANT, LIMITS } from '../limits.js';
import { checkLimit, decodeCursor, encodeCursor, scan } from '../search/scan.js';
import type { AuditStore, TrailEntry, TrailPart } from '../stores/store.js';
import { isText } from '../text.js';
import type { AuditEntry, AuditFilter } from './trail-entry.js';
import { decodeEntry, isWanted, outcomeOf } from './trail-entry.js';

/**
 * How far the id of an entry may be ahead of its event, in ms: an event waits for its flush, and ids ascend although clocks
 * differ. Entries that waited longer for a store that was down are not found by a `to` before they were written.
 */
const SLACK_MS = 600_000;

/** Of two entries with the same id, the first part's is the newer one. */
const PARTS: readonly TrailPart[] = ['changes', 'activity'];

export interface AuditQuery extends AuditFilter {
  /** Null: what happened to nobody's, or nobody knows whose. */
  readonly orgId: string | null;
  /** 1 to 200; default 50. */
  readonly limit?: number | undefined;
  /** `nextCursor` of the page before. */
  readonly cursor?: string | undefined;
}

export interface AuditPage {
  /** In the order of writing, the newest first. */
  readonly items: readonly AuditEntry[];
  /** Null at the end. A page may be short, even empty, before it. */
  readonly nextCursor: string | null;
}

interface Located extends TrailEntry {
  readonly part: TrailPart;
}

/** Merges the two parts of a trail. What is older than `oldestAt` is not shown, whether or not the store has removed it. */
export async function searchTrail(store: AuditStore, query: AuditQuery, oldestAt: number): Promise<AuditPage> {
  const { orgId, limit = 50, cursor, ...filter } = query;
  checkLimit(limit);
  const faults = checkQuery(query);
  if (faults.length > 0) throw invalidRequest(faults);
  const parts = PARTS.filter((part) => mayHold(part, filter));
  const fromAt = Math.max(0, oldestAt, filter.from ?? 0);
  const newest = filter.to === undefined ? undefined : `${filter.to + SLACK_MS}-0:activity`;

  const { items, next } = await scan<Located, AuditEntry>({
    async read(after = newest, count = limit) {
      const page = async (part: TrailPart) => {
        const found = await store.page({ orgId, part, before: idBefore(after, part), fromAt, limit: count });
        return found.map((entry) => ({ ...entry, part }));
      };
      const pages = await Promise.all(parts.map(page));
      const merged = pages.flat().sort(newestFirst);
      const entries = merged.slice(0, count);
      const last = entries.at(-1);
      const isMore = merged.length > count || pages.some((each) => each.length === count);
      return { entries, next: last !== undefined && isMore ? positionOf(last) : null };
    },
    positionOf,
    select: async (entries) =>
      entries.map(({ id, part, value }) => {
        const entry = decodeEntry(`${part}-${id}`, value);
        return entry !== null && entry.orgId === orgId && isWanted(entry, filter) ? entry : null;
      }),
    limit,
    after: cursor === undefined ? undefined : decodeCursor(cursor, ([position]) => asPosition(position)),
    isAll: Object.values(filter).every((wanted) => wanted === undefined),
  });
  return { items, nextCursor: next === null ? null : encodeCursor([next]) };
}

/** Where an entry stands among those of both parts: `<ms>-<sequence>:<part>`. */
function positionOf({ id, part }: Located): string {
  return `${id}:${part}`;
}

function asPosition(value: unknown): string | undefined {
  return typeof value === 'string' && /^\d{1,15}-\d{1,14}:(?:changes|activity)$/.test(value) ? value : undefined;
}

/** The id before which a part goes on after `position`. */
function idBefore(position: string | undefined, part: TrailPart): string | undefined {
  if (position === undefined) return undefined;
  const [id = '', of] = position.split(':');
  if (of === 'activity' || part === 'changes') return id;
  const [ms, sequence] = id.split('-');
  return `${ms}-${Number(sequence) + 1}`; // the one with the same id comes next
}

/** Sorting is stable: what has the same id stays in the order of `PARTS`. */
function newestFirst(a: Located, b: Located): number {
  const [aMs = 0, aSequence = 0] = a.id.split('-').map(Number);
  const [bMs = 0, bSequence = 0] = b.id.split('-').map(Number);
  return bMs - aMs || bSequence - aSequence;
}

/** A flood of the one part must not make the other one slow to read. */
function mayHold(part: TrailPart, { types = EVENT_TYPES, outcome }: AuditFilter): boolean {
  return types.some(
    (type) => isChangeType(type) === (part === 'changes') && (outcome === undefined || outcomeOf(type) === outcome),
  );
}

function checkQuery({ orgId, from, to, types, outcome, ...ids }: AuditQuery): FieldError[] {
  const errors: FieldError[] = orgId === null ? [] : checkIdentifier('orgId', orgId);
  for (const path of ['actorId', 'credentialId', 'keyId', 'concerning'] as const) {
    if (ids[path] === undefined || isText(ids[path], 1, LIMITS.identifier)) continue;
    errors.push({ path, message: `must have 1 to ${LIMITS.identifier} characters` });
  }
  for (const [path, at] of Object.entries({ from, to })) {
    const isRight = at === undefined || (Number.isSafeInteger(at) && at >= 0 && at <= LAST_INSTANT);
    if (!isRight) errors.push({ path, message: 'must be an instant before the year 10000' });
  }
  if (types !== undefined && !(Array.isArray(types) && types.every((type) => EVENT_TYPES.includes(type)))) {
    errors.push({ path: 'types', message: `must be a list of: ${EVENT_TYPES.join(', ')}` });
  }
  if (outcome !== undefined && outcome !== 'success' && outcome !== 'refused') {
    errors.push({ path: 'outcome', message: 'must be success or refused' });
  }
  return errors;
}
