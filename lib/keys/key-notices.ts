import type { ApiKeyRecord } from '../records.js';

const DAY_MS = 86_400_000;
const DEFAULT_EXPIRING_MS = [30 * DAY_MS, 7 * DAY_MS, DAY_MS];
const MAX_THRESHOLDS = 10;
/** How late, in ms, a use may be known in another process that flushes and reads again at the usual times. */
export const UNUSED_SLACK_MS = 120_000;

export interface KeyNoticeOptions {
  /** How long before a key expires `key.expiring` tells of it, in ms; at most ten. Default 30, 7 and 1 days. */
  readonly expiringMs?: readonly number[];
}

/** When somebody has to be told of a key, or it has to be looked at. */
export class KeyNotices {
  /** The longest first. */
  readonly #expiringMs: readonly number[];
  readonly #slackMs: number;

  /** @throws TypeError for an option out of range. */
  constructor({ expiringMs = DEFAULT_EXPIRING_MS }: KeyNoticeOptions = {}, slackMs = UNUSED_SLACK_MS) {
    this.#slackMs = slackMs;
    const isRight = (ms: number) => Number.isSafeInteger(ms) && ms > 0;
    if (expiringMs.length > MAX_THRESHOLDS || !expiringMs.every(isRight)) {
      throw new TypeError(`notices.expiringMs must be at most ${MAX_THRESHOLDS} positive whole numbers of ms`);
    }
    this.#expiringMs = [...new Set(expiringMs)].toSorted((a, b) => b - a);
  }

  /** The thresholds that a key which still works has passed. One that was passed when it was made is none. */
  passed(record: ApiKeyRecord, nowAt: number): number[] {
    const { expiresAt } = record;
    if (expiresAt === null || expiresAt <= nowAt) return [];
    return this.#thresholds(record).filter((ms) => expiresAt - ms <= nowAt);
  }

  /** When a key is to be looked at next; null: never. */
  nextAt(record: ApiKeyRecord, lastUsedAt: number | null, nowAt: number): number | null {
    const { expiresAt, revokedAt } = record;
    if (revokedAt !== null) return null;
    const instants = expiresAt === null ? [] : this.#thresholds(record).map((ms) => expiresAt - ms);
    const unusedAt = record.enabled ? this.unusedAt(record, lastUsedAt) : null;
    const ahead = [...instants, ...(unusedAt === null ? [] : [unusedAt])].filter((at) => at > nowAt);
    return ahead.length === 0 ? null : Math.min(...ahead);
  }

  #thresholds({ kind, expiresAt, createdAt }: ApiKeyRecord): readonly number[] {
    if (kind === 'session-key' || expiresAt === null) return [];
    return this.#expiringMs.filter((ms) => expiresAt - ms > createdAt);
  }

  /** From when on a key counts as unused, epoch ms; null: never. What others have not yet told of its use must not end it. */
  unusedAt(
    {
      disableUnusedAfterMs,
      enabledAt,
      notBefore,
    }: Pick<ApiKeyRecord, 'disableUnusedAfterMs' | 'enabledAt' | 'notBefore'>,
    lastUsedAt: number | null,
  ): number | null {
    if (disableUnusedAfterMs === null) return null;
    return Math.max(enabledAt, notBefore ?? 0, lastUsedAt ?? 0) + disableUnusedAfterMs + this.#slackMs;
  }
}
