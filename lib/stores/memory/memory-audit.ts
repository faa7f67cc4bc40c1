import { firstWhere } from '../binary-search.js';
import { checkLife, ExpiringMap } from '../expiring-map.js';
import type { AuditStore, TrailBounds, TrailEntry, TrailPageRequest, TrailPart } from '../store.js';
import type { TrailPosition } from '../trail-position.js';
import { decodeTrailId, encodeTrailId } from '../trail-position.js';

/** The trails of the embedded store; one to which nothing is added for as long as entries live goes as a whole. */
export class MemoryAudit implements AuditStore {
  readonly #trails: ExpiringMap<Trail>;

  constructor(now: () => number) {
    this.#trails = new ExpiringMap(now);
  }

  async append(
    orgId: string | null,
    part: TrailPart,
    values: readonly string[],
    bounds: TrailBounds,
  ): Promise<string[]> {
    checkLife(bounds.maxAgeMs);
    if (values.length === 0) return [];
    const trail = this.#trailOf(orgId, part) ?? new Trail();
    const ids = trail.append(values, bounds.nowAt);
    trail.trim(bounds);
    this.#trails.set(keyOf(orgId, part), trail, bounds.maxAgeMs);
    return ids;
  }

  async withdraw(orgId: string | null, part: TrailPart, id: string): Promise<void> {
    const position = decodeTrailId(id);
    this.#trailOf(orgId, part)?.withdraw(position);
  }

  async page({ orgId, part, before, fromAt, limit }: TrailPageRequest): Promise<TrailEntry[]> {
    const end = before === undefined ? null : decodeTrailId(before);
    return this.#trailOf(orgId, part)?.page(end, fromAt ?? 0, limit) ?? [];
  }

  #trailOf(orgId: string | null, part: TrailPart): Trail | undefined {
    return this.#trails.get(keyOf(orgId, part));
  }
}

function keyOf(orgId: string | null, part: TrailPart): string {
  return JSON.stringify([orgId, part]);
}

interface Entry extends TrailPosition {
  readonly value: string;
}

class Trail {
  /** The oldest first. */
  readonly #entries: Entry[] = [];
  #last: TrailPosition = { ms: 0, sequence: 0 };

  append(values: readonly string[], nowAt: number): string[] {
    return values.map((value) => {
      const { ms, sequence } = this.#last;
      this.#last = nowAt > ms ? { ms: nowAt, sequence: 0 } : { ms, sequence: sequence + 1 };
      this.#entries.push({ ...this.#last, value });
      return encodeTrailId(this.#last);
    });
  }

  trim({ nowAt, maxAgeMs, maxEntries }: TrailBounds): void {
    const tooMany = this.#entries.length - maxEntries;
    const tooOld = this.#firstFrom({ ms: nowAt - maxAgeMs, sequence: 0 });
    this.#entries.splice(0, Math.max(0, tooMany, tooOld));
  }

  withdraw(position: TrailPosition): void {
    const at = this.#firstFrom(position);
    const entry = this.#entries[at];
    if (entry !== undefined && compare(entry, position) === 0) this.#entries.splice(at, 1);
  }

  /** Newest first: those before `end`, not older than `fromAt`. */
  page(end: TrailPosition | null, fromAt: number, limit: number): TrailEntry[] {
    const last = end === null ? this.#entries.length : this.#firstFrom(end);
    const first = Math.max(last - limit, this.#firstFrom({ ms: fromAt, sequence: 0 }));
    const found = this.#entries.slice(Math.min(first, last), last).reverse();
    return found.map((entry) => ({ id: encodeTrailId(entry), value: entry.value }));
  }

  /** Where the first entry stands that is at `position` or after it. */
  #firstFrom(position: TrailPosition): number {
    return firstWhere(this.#entries, (entry) => compare(entry, position) >= 0);
  }
}

function compare(a: TrailPosition, b: TrailPosition): number {
  return a.ms - b.ms || a.sequence - b.sequence;
}
