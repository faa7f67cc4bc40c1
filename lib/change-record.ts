import { setTimeout as delay } from 'node:timers/promises';
import { AuthError } from './errors.js';
import type { VersionedRecord } from './records.js';

/** Tries of one change before it is given up: each loses only to another change of the same record. */
const MAX_TRIES = 30;

export interface RecordChange<Kept extends VersionedRecord> {
  /** Epoch ms. */
  readonly now: () => number;
  /** Change only this version. */
  readonly ifVersion?: number | undefined;
  /** Null: there is none. */
  readonly read: (nowAt: number) => Promise<Kept | null>;
  /** The record after the change; the same one when there is nothing to change. */
  readonly change: (record: Kept, nowAt: number) => Kept | Promise<Kept>;
  /** False when somebody else was faster. */
  readonly write: (record: Kept, next: Kept, nowAt: number) => Promise<boolean>;
}

/**
 * Reads, changes and writes back, again and again until nobody else was faster. Returns the record as it is then.
 * @throws AuthError `not_found`, `precondition_failed`, `conflict` after many tries, or what `change` throws.
 */
export async function changeRecord<Kept extends VersionedRecord & { readonly updatedAt: number }>({
  now,
  ifVersion,
  read,
  change,
  write,
}: RecordChange<Kept>): Promise<Kept> {
  for (let tries = 0; tries < MAX_TRIES; tries++) {
    if (tries > 0) await delay(Math.random() * 4 * tries);
    const nowAt = now();
    const record = await read(nowAt);
    if (record === null) throw new AuthError('not_found');
    if (ifVersion !== undefined && ifVersion !== record.version) throw new AuthError('precondition_failed');
    const changed = await change(record, nowAt);
    if (changed === record) return record;
    const next = { ...changed, version: record.version + 1, updatedAt: nowAt };
    if (await write(record, next, nowAt)) return next;
  }
  throw new AuthError('conflict', { message: 'The record is being changed by many at once. Retry.' });
}
