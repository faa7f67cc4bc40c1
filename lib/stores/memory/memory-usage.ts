import type { KeyUsage } from '../../records.js';
import { UNUSED } from '../../records.js';
import type { DayUsage, UsageDelta } from '../store.js';
import { dayOf, type KeptDay, toDayUsage, USAGE_DAYS } from '../usage-days.js';

/** The usage of the embedded store's keys: in all, and by day. */
export class MemoryUsage {
  readonly #totals = new Map<string, KeyUsage>();
  /** By the id of the key and the slot. */
  readonly #days = new Map<string, Map<number, KeptDay>>();

  of(id: string): KeyUsage {
    return this.#totals.get(id) ?? UNUSED;
  }

  add(delta: UsageDelta): KeyUsage {
    const { id, uses, failures, lastUsedAt, lastFailedAt } = delta;
    const usage = addDelta(this.of(id), delta);
    this.#totals.set(id, usage);
    if (uses > 0 && lastUsedAt !== null) this.#addTo(id, dayOf(lastUsedAt), uses, 0);
    if (failures > 0 && lastFailedAt !== null) this.#addTo(id, dayOf(lastFailedAt), 0, failures);
    return usage;
  }

  byDay(id: string, fromDay: string): DayUsage[] {
    return toDayUsage([...(this.#days.get(id)?.values() ?? [])], fromDay);
  }

  delete(id: string): void {
    this.#totals.delete(id);
    this.#days.delete(id);
  }

  #addTo(id: string, day: number, uses: number, failures: number): void {
    const slots = this.#days.get(id) ?? new Map<number, KeptDay>();
    const slot = day % USAGE_DAYS;
    const kept = slots.get(slot);
    if (kept !== undefined && kept.day > day) return;
    const before = kept?.day === day ? kept : { uses: 0, failures: 0 };
    slots.set(slot, { day, uses: before.uses + uses, failures: before.failures + failures });
    this.#days.set(id, slots);
  }
}

function addDelta(usage: KeyUsage, delta: UsageDelta): KeyUsage {
  const isNewer = delta.lastUsedAt !== null && delta.lastUsedAt >= (usage.lastUsedAt ?? 0);
  return {
    lastUsedAt: isNewer ? delta.lastUsedAt : usage.lastUsedAt,
    lastUsedFrom: isNewer ? delta.lastUsedFrom : usage.lastUsedFrom,
    useCount: usage.useCount + delta.uses,
    failureCount: usage.failureCount + delta.failures,
    lastFailedAt: Math.max(usage.lastFailedAt ?? 0, delta.lastFailedAt ?? 0) || null,
  };
}
