import { passNotDurable } from '../errors.js';
import type { PolicyRecord } from '../records.js';
import type { StateStore } from '../stores/state.js';

/** How long whoever was not told how a removal ended can ask again, in ms. */
const RETRY_WITHIN_MS = 3_600_000;

export interface PolicyRemoval {
  readonly record: PolicyRecord;
  /** From how many it was detached before it was removed. */
  readonly detached: number;
}

/**
 * The removals of policies that are under way, or whose outcome nobody was told: every process knows them. Whoever asks again
 * for a policy that an earlier try has removed is told that it is, and not that there was none.
 */
export class PolicyRemovals {
  readonly #state: Pick<StateStore, 'keep' | 'slide' | 'take'>;

  constructor(state: Pick<StateStore, 'keep' | 'slide' | 'take'>) {
    this.#state = state;
  }

  /** Before the policy is removed, so that none goes unnoticed. It need not last: who loses it may find the policy again. */
  async begin(removal: PolicyRemoval): Promise<void> {
    const noting = this.#state.keep(nameOf(removal.record.id), JSON.stringify(removal), RETRY_WITHIN_MS);
    await noting.catch(passNotDurable);
  }

  /** Null: none was begun, or it was acknowledged. */
  async find(id: string): Promise<PolicyRemoval | null> {
    const kept = await this.#state.slide(nameOf(id), RETRY_WITHIN_MS);
    return kept === null ? null : (JSON.parse(kept) as PolicyRemoval);
  }

  /** It is about to be acknowledged. Never rejects: what stays of it ends by itself. */
  async end(id: string): Promise<void> {
    await this.#state.take(nameOf(id)).catch(() => {});
  }
}

function nameOf(id: string): string {
  return `policy-removal:${id}`;
}
