import type { FieldError } from './errors.js';

const DAY_MS = 86_400_000;

export interface KeyLifetimeOptions {
  /** How long a key lives whose maker does not say, in ms. Default 180 days. */
  readonly defaultLifetimeMs?: number;
  /** The longest life that can be asked for, in ms from creation or change. Default 366 days; null: any. */
  readonly maxLifetimeMs?: number | null;
  /** Whether keys may be made that never expire. Default false. */
  readonly allowNever?: boolean;
  /** The longest that an old secret may live on after rotation, in ms. Default 30 days. */
  readonly maxGraceMs?: number;
  /** How long a revoked or expired key stays readable, in ms; then it is removed for good. Default 90 days. */
  readonly retentionMs?: number;
}

/** The host's rules on how long keys live. */
export class KeyLifetimes {
  readonly maxGraceMs: number;
  readonly #defaultMs: number;
  readonly #maxMs: number;
  readonly #allowNever: boolean;
  readonly #retentionMs: number;

  /** @throws TypeError for an option out of range. */
  constructor(options: KeyLifetimeOptions = {}) {
    const { maxLifetimeMs = 366 * DAY_MS } = options;
    this.#maxMs = maxLifetimeMs === null ? Number.POSITIVE_INFINITY : positive('maxLifetimeMs', maxLifetimeMs);
    this.#defaultMs = positive('defaultLifetimeMs', options.defaultLifetimeMs ?? Math.min(180 * DAY_MS, this.#maxMs));
    this.#allowNever = options.allowNever ?? false;
    this.maxGraceMs = positive('maxGraceMs', options.maxGraceMs ?? 30 * DAY_MS);
    this.#retentionMs = positive('retentionMs', options.retentionMs ?? 90 * DAY_MS);
    if (this.#defaultMs > this.#maxMs) throw new TypeError('keys.defaultLifetimeMs must not exceed keys.maxLifetimeMs');
  }

  /** When a key made now expires, if its maker does not say. */
  defaultExpiry(nowAt: number): number {
    return nowAt + this.#defaultMs;
  }

  /** The faults of an expiry that is asked for at `nowAt`. */
  check(expiresAt: number | null, notBefore: number | null, nowAt: number): FieldError[] {
    const fault = this.#fault(expiresAt, notBefore, nowAt);
    return fault === null ? [] : [{ path: 'expiresAt', message: fault }];
  }

  /** When a record may be removed for good; null: never. */
  expungeAt(expiresAt: number | null, revokedAt: number | null): number | null {
    if (revokedAt !== null) return revokedAt + this.#retentionMs;
    return expiresAt === null ? null : expiresAt + this.#retentionMs;
  }

  #fault(expiresAt: number | null, notBefore: number | null, nowAt: number): string | null {
    if (expiresAt === null) return this.#allowNever ? null : 'must be set: keys that never expire are not allowed here';
    if (expiresAt <= nowAt) return 'must be in the future';
    if (notBefore !== null && notBefore >= expiresAt) return 'must be after notBefore';
    const latestAt = nowAt + this.#maxMs;
    return expiresAt <= latestAt ? null : `must not be after ${new Date(latestAt).toISOString()}`;
  }
}

function positive(name: string, value: number): number {
  if (!Number.isSafeInteger(value) || value < 1)
    throw new TypeError(`keys.${name} must be a positive whole number of ms`);
  return value;
}
