import type { FieldError } from '../errors.js';
import type { ApiKeyRecord } from '../records.js';

const DAY_MS = 86_400_000;

export interface KeyLifetimeOptions {
  /** How long a key lives whose maker does not say, in ms. Default 180 days. */
  readonly defaultLifetimeMs?: number;
  /** The longest life that can be asked for, in ms from creation or change. Default 366 days; null: any. */
  readonly maxLifetimeMs?: number | null;
  /** No key works longer than this after it was made, whatever its record says, in ms. Default null: no such rule. */
  readonly maxAgeMs?: number | null;
  /** Whether keys may be made that never expire. Default false. */
  readonly allowNever?: boolean;
  /** Whether the expiry of a key may be put off once it is made; it can always be brought forward. Default true. */
  readonly allowExtension?: boolean;
  /** The longest that an old secret may live on after rotation, in ms. Default 30 days. */
  readonly maxGraceMs?: number;
  /** How long a revoked or expired key stays readable, in ms; then it is removed for good. Default 90 days. */
  readonly retentionMs?: number;
}

/** The host's rules on how long keys live, for those who ask for keys. */
export interface LifetimeLimits {
  readonly defaultLifetimeMs: number;
  /** Null: any. */
  readonly maxLifetimeMs: number | null;
  readonly allowNever: boolean;
  readonly allowExtension: boolean;
  readonly maxGraceMs: number;
}

/** The host's rules on how long keys live. */
export class KeyLifetimes {
  readonly maxGraceMs: number;
  readonly #defaultMs: number;
  readonly #maxMs: number;
  readonly #maxAgeMs: number;
  readonly #allowNever: boolean;
  readonly #allowExtension: boolean;
  readonly #retentionMs: number;

  /** @throws TypeError for an option out of range. */
  constructor(options: KeyLifetimeOptions = {}) {
    const { maxLifetimeMs = 366 * DAY_MS, maxAgeMs = null } = options;
    this.#maxAgeMs = maxAgeMs === null ? Number.POSITIVE_INFINITY : positive('maxAgeMs', maxAgeMs);
    const maxMs = maxLifetimeMs === null ? Number.POSITIVE_INFINITY : positive('maxLifetimeMs', maxLifetimeMs);
    this.#maxMs = Math.min(maxMs, this.#maxAgeMs);
    this.#defaultMs = positive('defaultLifetimeMs', options.defaultLifetimeMs ?? Math.min(180 * DAY_MS, this.#maxMs));
    this.#allowExtension = options.allowExtension ?? true;
    this.#allowNever = options.allowNever ?? false;
    this.maxGraceMs = positive('maxGraceMs', options.maxGraceMs ?? 30 * DAY_MS);
    this.#retentionMs = positive('retentionMs', options.retentionMs ?? 90 * DAY_MS);
    if (this.#defaultMs > this.#maxMs)
      throw new TypeError('keys.defaultLifetimeMs must not exceed keys.maxLifetimeMs or keys.maxAgeMs');
  }

  get limits(): LifetimeLimits {
    return {
      defaultLifetimeMs: this.#defaultMs,
      maxLifetimeMs: Number.isFinite(this.#maxMs) ? this.#maxMs : null,
      allowNever: this.#allowNever,
      allowExtension: this.#allowExtension,
      maxGraceMs: this.maxGraceMs,
    };
  }

  /** When a key made now expires, if its maker does not say. */
  defaultExpiry(nowAt: number): number {
    return nowAt + this.#defaultMs;
  }

  /** The faults of an expiry that is asked for at `nowAt`. */
  check(expiresAt: number | null, notBefore: number | null, nowAt: number): FieldError[] {
    const message = this.#faultOf(expiresAt, notBefore, nowAt);
    return message === null ? [] : fault(message);
  }

  /** The faults of an expiry that is to take the place of the record's at `nowAt`. */
  checkChange(record: Pick<ApiKeyRecord, 'createdAt' | 'expiresAt'>, next: ApiKeyRecord, nowAt: number): FieldError[] {
    const before = this.aged(record).expiresAt ?? Number.POSITIVE_INFINITY;
    const after = next.expiresAt ?? Number.POSITIVE_INFINITY;
    if (after > before && !this.#allowExtension) return fault('must not be put off: make a new key');
    const oldestAt = record.createdAt + this.#maxAgeMs;
    if (next.expiresAt !== null && next.expiresAt > oldestAt) return fault(notAfter(oldestAt));
    return this.check(next.expiresAt, next.notBefore, nowAt);
  }

  /** The record with the end that it really has. */
  aged<Record extends Pick<ApiKeyRecord, 'createdAt' | 'expiresAt'>>(record: Record): Record {
    const oldestAt = record.createdAt + this.#maxAgeMs;
    return oldestAt < (record.expiresAt ?? Number.POSITIVE_INFINITY) ? { ...record, expiresAt: oldestAt } : record;
  }

  /** When a record may be removed for good; null: never. */
  expungeAt(expiresAt: number | null, revokedAt: number | null): number | null {
    if (revokedAt !== null) return revokedAt + this.#retentionMs;
    return expiresAt === null ? null : expiresAt + this.#retentionMs;
  }

  #faultOf(expiresAt: number | null, notBefore: number | null, nowAt: number): string | null {
    if (expiresAt === null) return this.#allowNever ? null : 'must be set: keys that never expire are not allowed here';
    if (expiresAt <= nowAt) return 'must be in the future';
    if (typeof notBefore === 'number' && notBefore >= expiresAt) return 'must be after notBefore';
    const latestAt = nowAt + this.#maxMs;
    return expiresAt <= latestAt ? null : notAfter(latestAt);
  }
}

function fault(message: string): FieldError[] {
  return [{ path: 'expiresAt', message }];
}

function notAfter(latestAt: number): string {
  return `must not be after ${new Date(latestAt).toISOString()}`;
}

function positive(name: string, value: number): number {
  if (!Number.isSafeInteger(value) || value < 1)
    throw new TypeError(`keys.${name} must be a positive whole number of ms`);
  return value;
}
