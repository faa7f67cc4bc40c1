import { byteOrder, SortedIndex } from './sorted-index.js';

/** Users whose end has come that one login drops: one more than it enters keeps the index from growing. */
const MAX_DROPPED = 100;

interface Indexes {
  readonly ids: SortedIndex;
  /** By the latest absolute end of their sessions, in epoch ms. */
  readonly ends: SortedIndex;
}

/** The users of each organisation who may have sessions. */
export class MemorySessionUsers {
  readonly #ofOrg = new Map<string | null, Indexes>();

  /** Until `expiresAt`, or longer where they have been entered for longer. */
  enter(orgId: string | null, userId: string, expiresAt: number, nowAt: number): void {
    const indexes = this.#ofOrg.get(orgId) ?? { ids: new SortedIndex(), ends: new SortedIndex() };
    this.#ofOrg.set(orgId, indexes);
    indexes.ids.set(userId, byteOrder(userId));
    indexes.ends.set(userId, Math.max(expiresAt, Number(indexes.ends.sortOf(userId) ?? 0)));
    for (const { id, sort } of indexes.ends.page(null, false, MAX_DROPPED)) {
      if (Number(sort) < nowAt) this.leave(orgId, id);
    }
  }

  leave(orgId: string | null, userId: string): void {
    const indexes = this.#ofOrg.get(orgId);
    indexes?.ids.delete(userId);
    indexes?.ends.delete(userId);
    if (indexes?.ids.isEmpty) this.#ofOrg.delete(orgId);
  }

  /** By id, after the id `after`. */
  page(orgId: string | null, after: string | undefined, limit: number): string[] {
    const from = after === undefined ? null : { sort: byteOrder(after), id: after };
    return (this.#ofOrg.get(orgId)?.ids.page(from, false, limit) ?? []).map(({ id }) => id);
  }
}
