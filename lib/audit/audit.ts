import { AuthError } from '../errors.js';
import type { ChangeEvent, Events } from '../events.js';
import { isChange } from '../events.js';
import type { AuditStore, TrailBounds } from '../stores/store.js';
import { UnderWay } from '../under-way.js';
import type { Batch } from './activity-buffer.js';
import { ActivityBuffer } from './activity-buffer.js';
import { encodeEntry } from './trail-entry.js';
import type { AuditPage, AuditQuery } from './trail-search.js';
import { searchTrail } from './trail-search.js';

const DAY_MS = 86_400_000;

export interface AuditOptions {
  /** Older entries go, in ms. Default 180 days. */
  readonly maxAgeMs?: number;
  /** About so many changes, and as many other events, are kept of each organisation, the oldest going first. Default 100,000. */
  readonly maxEntries?: number;
  /** Between two writes of what is no change, in ms; a crash loses at most this much of it. Default 1,000. */
  readonly flushIntervalMs?: number;
}

/**
 * The audit trail: every change, written with the change; and what else happens, written in batches. Authentication neither
 * reads it nor waits for it.
 */
export class AuditTrail {
  readonly #store: AuditStore;
  readonly #events: Events;
  readonly #now: () => number;
  readonly #bounds: Omit<TrailBounds, 'nowAt'>;
  readonly #buffer = new ActivityBuffer();
  readonly #timer: NodeJS.Timeout;
  readonly #unsubscribe: () => void;
  readonly #changes = new UnderWay();
  #flush: Promise<void> | null = null;

  /** @throws TypeError for an option out of range. */
  constructor(store: AuditStore, events: Events, now: () => number, options: AuditOptions = {}) {
    const { maxAgeMs = 180 * DAY_MS, maxEntries = 100_000, flushIntervalMs = 1_000 } = options;
    checkNumber('maxAgeMs', maxAgeMs, 3_600_000, 3_660 * DAY_MS);
    checkNumber('maxEntries', maxEntries, 100, 10_000_000);
    checkNumber('flushIntervalMs', flushIntervalMs, 10, 60_000);
    this.#store = store;
    this.#events = events;
    this.#now = now;
    this.#bounds = { maxAgeMs, maxEntries };
    this.#timer = setInterval(() => void this.flush().catch(() => {}), flushIntervalMs).unref(); // kept for the next time
    this.#unsubscribe = events.on('*', (event) => {
      if (!isChange(event) && event.type !== 'activity.dropped') this.#buffer.add(event);
    });
  }

  /**
   * Makes a change that is in the trail: the entry is written first, then `change`, one atomic write of the store, is called.
   * So there is no change without its entry; but an entry can stand for a change that a crash or a time-out has cut off.
   * When `change` answers false it was certainly not made: the entry is withdrawn, if the store still answers, and the answer
   * is false. When it throws, nobody knows: the entry stays. Listeners are told once the change is made.
   * @throws AuthError `store_unavailable`, nothing being changed, when the trail does not take the entry.
   */
  write(event: ChangeEvent, change: () => Promise<boolean>): Promise<boolean> {
    return this.#changes.follow(this.#write(event, change));
  }

  async #write(event: ChangeEvent, change: () => Promise<boolean>): Promise<boolean> {
    const { orgId } = event;
    const [id] = await this.#store.append(orgId, 'changes', [encodeEntry(event)], this.#boundsNow());
    const isMade = await change();
    if (isMade) this.#events.emit(event);
    else if (id !== undefined) await this.#store.withdraw(orgId, 'changes', id).catch(() => {});
    return isMade;
  }

  /** A page of an organisation's trail, the newest first. @throws AuthError `invalid_request` naming each field. */
  list(query: AuditQuery): Promise<AuditPage> {
    const { maxAgeMs } = this.#bounds;
    return searchTrail(this.#store, query, this.#now() - maxAgeMs);
  }

  /**
   * Writes what was collected, at least once after a time-out. Rejects when the store does not take it; then it is kept for
   * the next time as far as it fits, and the rest counted.
   */
  flush(): Promise<void> {
    this.#flush ??= this.#writeActivity().finally(() => {
      this.#flush = null;
    });
    return this.#flush;
  }

  /** Resolves once the changes under way are made, or refused; after `ms` at the latest. */
  changesMade(ms: number): Promise<void> {
    return this.#changes.ended(ms);
  }

  /**
   * Writes what is left and collects no more. Never rejects: what the store does not take now is lost, and a process warning
   * `LATCHKEY_AUDIT` says how much.
   */
  async close(): Promise<void> {
    clearInterval(this.#timer);
    this.#unsubscribe();
    await this.#flush?.catch(() => {}); // what it could not write waits again
    await this.flush().catch((error: unknown) => {
      const why = error instanceof AuthError ? error.reason : String(error);
      process.emitWarning(`${this.#buffer.size} events of the last seconds are not in the audit trail: ${why}`, {
        code: 'LATCHKEY_AUDIT',
      });
    });
  }

  async #writeActivity(): Promise<void> {
    const batches = this.#buffer.drain(this.#now());
    const outcomes = await Promise.allSettled(batches.map((batch) => this.#append(batch)));
    const failures = outcomes.filter((outcome) => outcome.status === 'rejected');
    this.#buffer.restore(batches.filter((_, index) => outcomes[index]?.status === 'rejected'));
    if (failures[0] !== undefined) throw failures[0].reason;
  }

  async #append({ orgId, entries }: Batch): Promise<void> {
    const values = entries.map(({ event, count, lastAt }) => encodeEntry(event, { count, lastAt }));
    await this.#store.append(orgId, 'activity', values, this.#boundsNow());
    const last = entries.at(-1)?.event;
    if (last?.type === 'activity.dropped') this.#events.emit(last);
  }

  #boundsNow(): TrailBounds {
    return { ...this.#bounds, nowAt: this.#now() };
  }
}

function checkNumber(name: keyof AuditOptions, value: number, min: number, max: number): void {
  if (Number.isSafeInteger(value) && value >= min && value <= max) return;
  throw new TypeError(`audit.${name} must be a whole number from ${min} to ${max}`);
}
