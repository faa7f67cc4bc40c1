import type { FieldError } from '../errors.js';
import type { KeyFields } from './key-input.js';

/** What a change of a key can name. */
export const CHANGEABLE_FIELDS = Object.freeze([
  'name',
  'description',
  'statements',
  'policyIds',
  'resources',
  'properties',
  'notBefore',
  'expiresAt',
  'allowedAddresses',
  'allowedOrigins',
  'disableUnusedAfterMs',
  'maxRequestsPerMinute',
  'locale',
  'timeZone',
  'dialects',
] as const satisfies readonly (keyof KeyFields)[]);

export type ChangeableField = (typeof CHANGEABLE_FIELDS)[number];

export interface KeyRuleOptions {
  /** The fields that can be changed once a key is made, by anybody. Default: all of them. */
  readonly mutable?: readonly ChangeableField[];
  /** API keys that one user may have at once, those not counted that have ended. Default: any number. */
  readonly maxPerUser?: number;
  /** Whether a key that was made by a key is refused while that one is not accepted, and for good once it has ended. Default false. */
  readonly endWithParent?: boolean;
  /** For keys whose maker does not say: see `disableUnusedAfterMs` of a key. Default null: never. */
  readonly disableUnusedAfterMs?: number | null;
}

const HOUR_MS = 3_600_000;

/** The host's rules on keys, besides how long they live. */
export class KeyRules {
  readonly maxPerUser: number;
  readonly endWithParent: boolean;
  readonly disableUnusedAfterMs: number | null;
  readonly #mutable: ReadonlySet<string>;
  /** The fields that can be changed once a key is made. */
  readonly mutable: readonly ChangeableField[];

  /** @throws TypeError for an option out of range. */
  constructor(options: KeyRuleOptions = {}) {
    const { mutable = CHANGEABLE_FIELDS, maxPerUser = Number.POSITIVE_INFINITY, endWithParent = false } = options;
    const unknown = mutable.find((field) => !CHANGEABLE_FIELDS.includes(field));
    if (unknown !== undefined) {
      throw new TypeError(`keyRules.mutable holds ${String(unknown)}; it takes: ${CHANGEABLE_FIELDS.join(', ')}`);
    }
    if (maxPerUser !== Number.POSITIVE_INFINITY && !(Number.isSafeInteger(maxPerUser) && maxPerUser >= 1)) {
      throw new TypeError('keyRules.maxPerUser must be a whole number from 1');
    }
    const { disableUnusedAfterMs = null } = options;
    if (
      disableUnusedAfterMs !== null &&
      !(Number.isSafeInteger(disableUnusedAfterMs) && disableUnusedAfterMs >= HOUR_MS)
    ) {
      throw new TypeError('keyRules.disableUnusedAfterMs must be a whole number of ms from an hour, or null');
    }
    this.maxPerUser = maxPerUser;
    this.endWithParent = endWithParent;
    this.disableUnusedAfterMs = disableUnusedAfterMs;
    this.mutable = Object.freeze([...mutable]);
    this.#mutable = new Set(mutable);
  }

  /** The faults of a change that names `fields`. What may not have other statements may not have another ceiling. */
  checkChange(fields: readonly string[], refreshesCeiling = false): FieldError[] {
    const fixed = fields.filter((field) => !this.#mutable.has(field));
    if (refreshesCeiling && !this.#mutable.has('statements')) fixed.push('refreshCeiling');
    return fixed.map((path) => ({ path, message: 'cannot be changed' }));
  }
}
