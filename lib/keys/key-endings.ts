import type { ApiKeyRecord } from '../records.js';

/** Remembered at most, of the process's own and of those that it saw, each: about 300 bytes. The oldest go first. */
const MAX_REMEMBERED = 10_000;

/** How a key came to its end, revoked for good or disabled for now, and in which version. */
export type KeyEnding = Pick<
  ApiKeyRecord,
  'version' | 'enabled' | 'revokedAt' | 'revokedBy' | 'revokedReason' | 'expungeAt'
>;

/** Null for a key that is neither revoked nor disabled. */
export function endingOf(record: ApiKeyRecord): KeyEnding | null {
  const { version, enabled, revokedAt, revokedBy, revokedReason, expungeAt } = record;
  if (revokedAt === null && enabled) return null;
  return { version, enabled, revokedAt, revokedBy, revokedReason, expungeAt };
}

/**
 * Whether `record` can only come of a database that went back behind `ending`. A revocation is never taken back, so it holds
 * against any version; a disabled key may have been enabled since, which a later version tells.
 */
export function isUndone({ revokedAt, version }: KeyEnding, record: ApiKeyRecord): boolean {
  if (record.revokedAt !== null) return false;
  return revokedAt !== null || (record.enabled && record.version <= version);
}

/** `record` ended again, in a version later than both. */
export function endedAgain(record: ApiKeyRecord, ending: KeyEnding, nowAt: number): ApiKeyRecord {
  const { revokedAt, revokedBy, revokedReason, expungeAt } = ending;
  const next = {
    ...record,
    version: Math.max(record.version, ending.version) + 1,
    updatedAt: nowAt,
    enabled: record.enabled && ending.enabled,
  };
  return revokedAt === null ? next : { ...next, revokedAt, revokedBy, revokedReason, expungeAt };
}

/** The newest endings, by the id of the key. Those of this process's own are not displaced by those that it merely saw. */
export class KeyEndings {
  readonly #own = new Map<string, KeyEnding>();
  readonly #seen = new Map<string, KeyEnding>();

  get(id: string): KeyEnding | undefined {
    const [own, seen] = [this.#own.get(id), this.#seen.get(id)];
    return own === undefined || (seen !== undefined && seen.version > own.version) ? seen : own;
  }

  /** Remembers how `record` ended, or that it was enabled again; what is older than what is known changes nothing. */
  note(record: ApiKeyRecord, isOwn: boolean): void {
    const { id, version } = record;
    const known = this.get(id);
    if (known !== undefined && known.version >= version) return;
    const ending = endingOf(record);
    if (ending !== null) {
      keep(isOwn ? this.#own : this.#seen, id, ending);
    } else if (known?.revokedAt === null) {
      this.#own.delete(id);
      this.#seen.delete(id);
    }
  }

  /** The ids, the latest first: what a failover loses is the latest. */
  ids(): string[] {
    return [...new Set([...[...this.#own.keys()].reverse(), ...[...this.#seen.keys()].reverse()])];
  }
}

function keep(endings: Map<string, KeyEnding>, id: string, ending: KeyEnding): void {
  endings.delete(id);
  endings.set(id, ending);
  if (endings.size > MAX_REMEMBERED) endings.delete(endings.keys().next().value as string);
}
