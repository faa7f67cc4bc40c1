import type { ActivityEvent, DroppedEvent } from '../events.js';
import { encodeEntry } from './trail-entry.js';

/** Distinct events that wait for a flush; more are only counted. So much, at most, is written per process and flush. */
const MAX_WAITING = 500;
/** How many of them those can fill who are not let in: a flood of theirs leaves room for what the others do. */
const MAX_OF_STRANGERS = 400;

export type Activity = Exclude<ActivityEvent, DroppedEvent>;

/** An event, and how often it happened: `event.at` is the first time. */
export interface Repeated {
  readonly event: ActivityEvent;
  count: number;
  lastAt: number;
}

/** The events of one organisation, in order. */
export interface Batch {
  readonly orgId: string | null;
  readonly entries: readonly Repeated[];
}

/** Collects events for the next flush: equal ones once, with a count, and no more than fit. */
export class ActivityBuffer {
  #waiting = new Map<string, Repeated>();
  /** Of those that wait, the last with each credential: in a flood the next one with it is mostly the same. */
  readonly #last = new Map<string | null, Repeated>();
  #dropped = 0;

  /** When it is full, or the same comes again and again, this is an addition and little more: a flood must cost next to nothing. */
  add(event: Activity): void {
    if (this.#waiting.size >= roomFor(event)) {
      this.#dropped++;
      return;
    }
    const credentialId = 'credentialId' in event ? event.credentialId : null;
    const last = this.#last.get(credentialId);
    if (last !== undefined && isAgain(event, last.event)) {
      last.count++;
      last.lastAt = event.at;
      return;
    }
    const entry = this.#put({ event, count: 1, lastAt: event.at });
    if (entry !== null) this.#last.set(credentialId, entry);
  }

  /** How many events wait, those that were only counted among them. */
  get size(): number {
    let size = this.#dropped;
    for (const { count } of this.#waiting.values()) size += count;
    return size;
  }

  /** Takes out what waits; what was only counted is an event of its own, at `nowAt`. */
  drain(nowAt: number): Batch[] {
    const repeated = [...this.#waiting.values()];
    if (this.#dropped > 0) {
      const event = { type: 'activity.dropped', at: nowAt, address: null, orgId: null, count: this.#dropped } as const;
      repeated.push({ event, count: event.count, lastAt: nowAt });
    }
    this.#waiting = new Map();
    this.#last.clear();
    this.#dropped = 0;
    return byOrganisation(repeated);
  }

  /** Takes back what could not be written, before what has come since: of that, no more is kept than fits. */
  restore(batches: readonly Batch[]): void {
    const waiting = [...batches.flatMap(({ entries }) => entries), ...this.#waiting.values()];
    this.#waiting = new Map();
    this.#last.clear();
    for (const repeated of waiting) this.#put(repeated);
  }

  /** The entry that counts it; null where it was only counted. */
  #put(repeated: Repeated): Repeated | null {
    const { event, count, lastAt } = repeated;
    const key = encodeEntry({ ...event, at: 0 });
    const same = this.#waiting.get(key);
    if (same !== undefined) {
      same.count += count;
      same.lastAt = lastAt;
      return same;
    }
    if (event.type === 'activity.dropped' || this.#waiting.size >= roomFor(event)) {
      this.#dropped += count;
      return null;
    }
    this.#waiting.set(key, repeated);
    return repeated;
  }
}

/** Whether an event is the one before at another time. */
function isAgain(event: ActivityEvent, before: ActivityEvent): boolean {
  if (event.type !== before.type) return false;
  const names = Object.keys(event) as (keyof ActivityEvent)[];
  for (const name of names) if (name !== 'at' && event[name] !== before[name]) return false;
  return names.length === Object.keys(before).length;
}

function roomFor({ type }: ActivityEvent): number {
  return type === 'request.refused' || type === 'login.failed' ? MAX_OF_STRANGERS : MAX_WAITING;
}

function byOrganisation(repeated: readonly Repeated[]): Batch[] {
  const batches = new Map<string | null, Repeated[]>();
  for (const each of repeated) {
    const entries = batches.get(each.event.orgId);
    if (entries === undefined) batches.set(each.event.orgId, [each]);
    else entries.push(each);
  }
  return Array.from(batches, ([orgId, entries]) => ({ orgId, entries }));
}
