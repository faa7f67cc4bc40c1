import { Permissions } from '../permissions/permissions.js';
import type { Statement } from '../permissions/statement.js';
import type { ChangeFeed } from '../stores/store.js';
import type { LookupCounts } from '../telemetry/telemetry.js';
import type { User } from '../users.js';
import type { BoundedDirectory } from './bounded-directory.js';
import { VerificationCache } from './verification-cache.js';

/** A user is asked for again after this long, in ms, even when no change was heard of. */
const OWNER_MAX_AGE_MS = 60_000;
/** One who was disabled or not known, in ms: who is let in again must not wait long. */
const UNKNOWN_AGE_MS = 5_000;

/** An enabled user, with what they may do now. */
export interface Owner {
  readonly user: User;
  readonly statements: readonly Statement[];
  readonly permissions: Permissions;
}

/** Who the users behind credentials are, cached: a change told by `userChanged` is heard of at once, any other in a minute. */
export class Owners {
  readonly #cache: VerificationCache<Owner>;

  constructor(directory: BoundedDirectory, feed: ChangeFeed, now: () => number, lookups?: LookupCounts) {
    const load = async (id: string): Promise<Owner | null> => {
      const user = await directory.findById(id);
      if (user === null || !user.isEnabled) return null;
      const statements = await directory.statements(user);
      return { user, statements, permissions: new Permissions(statements) };
    };
    const ages = { maxAgeMs: OWNER_MAX_AGE_MS, unknownAgeMs: UNKNOWN_AGE_MS };
    this.#cache = new VerificationCache('users', load, feed, now, ages, undefined, lookups);
  }

  /** Null for a user who was deleted or disabled; undefined when the directory has to be asked. */
  peek(userId: string, nowAt: number): Owner | null | undefined {
    return this.#cache.peek(userId, nowAt);
  }

  fetch(userId: string): Promise<Owner | null> {
    return this.#cache.fetch(userId);
  }

  close(): void {
    this.#cache.close();
  }
}
