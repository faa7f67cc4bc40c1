import type { SecretHasher } from './secret.js';
import type { VerifiableKey } from './verifiable-key.js';
import type { VerificationCache } from './verification-cache.js';

/** What the cache knows of an existing key. */
export interface ImportedLook {
  /** Of those that are known, the one that decides. */
  readonly key: VerifiableKey | null;
  /** Ids that have to be read before anybody is let in. */
  readonly unread: readonly string[];
}

/**
 * Finds the record of an existing key. It has one of few ids, and a record under more than one where processes with other
 * peppers have taken it in: then it is refused where any of those is.
 */
export class ImportedKeys {
  readonly #cache: VerificationCache<VerifiableKey>;
  readonly #hasher: SecretHasher;
  readonly #now: () => number;

  /** @param now epoch ms. */
  constructor(cache: VerificationCache<VerifiableKey>, hasher: SecretHasher, now: () => number) {
    this.#cache = cache;
    this.#hasher = hasher;
    this.#now = now;
  }

  /** Asks the cache alone. One that refuses decides at once; to be let in, all must be known. `sha256`: of the key. */
  look(sha256: string, nowAt: number): ImportedLook {
    const unread: string[] = [];
    const known: VerifiableKey[] = [];
    for (const id of this.#hasher.importedIds(sha256)) {
      const key = this.#cache.peek(id, nowAt);
      if (key === undefined) unread.push(id);
      else if (key !== null && this.#refuses(key, sha256, nowAt)) return { key, unread: [] };
      else if (key !== null) known.push(key);
    }
    return { key: known[0] ?? null, unread };
  }

  /** What decides once the store has been asked for what was unread. Rejects as the store does. */
  async read({ key, unread }: ImportedLook, sha256: string): Promise<VerifiableKey | null> {
    const read = await Promise.all(unread.map((id) => this.#cache.fetch(id)));
    const nowAt = this.#now();
    const keys = [key, ...read].filter((each) => each !== null);
    return keys.find((each) => this.#refuses(each, sha256, nowAt)) ?? keys[0] ?? null;
  }

  #refuses(key: VerifiableKey, sha256: string, nowAt: number): boolean {
    return this.#hasher.which({ secret: sha256, isImported: true }, key, nowAt) === null || key.endedAt(nowAt) !== null;
  }
}
