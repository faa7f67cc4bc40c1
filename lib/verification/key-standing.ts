import type { Principal } from '../principal.js';
import { keyState } from '../records.js';
import type { RefusalReason } from '../refusal.js';
import type { Owners } from './owners.js';
import type { VerifiableKey } from './verifiable-key.js';
import type { Verifier } from './verifier.js';

/** Why a key lets nobody in: its state, or what has become of those that it depends on. */
export type KeyObstacle =
  | 'revoked'
  | 'expired'
  | 'disabled'
  | 'pending'
  | Extract<RefusalReason, 'unused' | 'parent_ended' | 'owner_disabled' | 'owner_moved'>;

/** What somebody wants to know of a key. What is left out of it stands for all of them, as in `Principal.can`. */
export interface RightQuestion {
  readonly action: string;
  readonly resource?: string | undefined;
  readonly workspace?: string | undefined;
}

export interface KeyVerdict {
  readonly allowed: boolean;
  /** Null when it is allowed. `forbidden`: the key lets in, and has not the right. */
  readonly reason: KeyObstacle | 'forbidden' | null;
}

interface StandingOptions {
  readonly verifier: Pick<Verifier, 'find'>;
  /** The users behind the keys; null where the host has not told who they are. */
  readonly owners: Pick<Owners, 'peek' | 'fetch'> | null;
  /** Whether a key that was made by a key ends with it. */
  readonly endWithParent: boolean;
  /** Epoch ms. */
  readonly now: () => number;
}

/**
 * What a key would be let do now, asked without its secret: by the same record, policies and owner that verification reads, and
 * through its cache. Nothing counts as a use or a failure, and nobody is told. From where a request would come is left open:
 * `allowedAddresses`, `allowedOrigins`, `internalOnly` and limits are not asked about.
 */
export class KeyStandings {
  readonly #options: StandingOptions;

  constructor(options: StandingOptions) {
    this.#options = options;
  }

  /**
   * Null when there is no such key. @throws AuthError `store_unavailable` when it, or its owner, cannot be read: that is neither
   * a yes nor a no.
   */
  async ask(id: string, { action, resource, workspace }: RightQuestion): Promise<KeyVerdict | null> {
    const key = await this.#options.verifier.find(id);
    if (key === null) return null;
    const standing = await this.of(key);
    if (typeof standing === 'string') return { allowed: false, reason: standing };
    const allowed = standing.can(action, resource, workspace);
    return { allowed, reason: allowed ? null : 'forbidden' };
  }

  /** Who a request with the key would be now, or why it would be nobody. Of several reasons the first, as `KeyState` has them. */
  async of(key: VerifiableKey): Promise<Principal | KeyObstacle> {
    const { verifier, owners, endWithParent, now } = this.#options;
    const nowAt = now();
    const state = keyState(key.record, nowAt);
    if (state !== 'active') return state;
    if (key.isUnusedAt(nowAt)) return 'unused';
    const { parentIds, ownerId, ownerKind, orgId } = key.record;
    for (const parentId of endWithParent ? parentIds : []) {
      const parent = await verifier.find(parentId);
      if (parent === null || parent.endedAt(nowAt) !== null) return 'parent_ended';
    }
    if (owners === null || ownerKind === 'service') return key.principal('api-key', null);
    const known = owners.peek(ownerId, nowAt);
    const owner = known === undefined ? await owners.fetch(ownerId) : known;
    if (owner === null) return 'owner_disabled';
    return owner.user.orgId === orgId ? key.principal('api-key', owner) : 'owner_moved';
  }
}
