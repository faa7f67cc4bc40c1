import type { ApiKey, FieldTypes } from '../../../lib/index.js';
import type { LockState } from './lockout.js';

export const LOCALES = ['en-US', 'ja-JP'] as const;

/** What a search of keys takes, besides the ID. */
export const KEY_FIELDS = Object.freeze({
  keyName: 'string',
  description: 'string',
  timeZone: 'string',
  roleID: 'number',
  unsuccessfulSignInAttempts: 'number',
  active: 'boolean',
  created: 'date',
  lastSignIn: 'date',
  unlockTime: 'date',
  expiryDate: 'date',
} as const satisfies FieldTypes);

/** The fields that the core keeps as they are. */
export const CORE_KEY_FIELDS = Object.freeze({
  keyName: 'name',
  description: 'description',
  created: 'createdAt',
  lastSignIn: 'lastUsedAt',
  expiryDate: 'expiresAt',
});

/** The fields that take a look at the failures of each key. */
export const LOCK_FIELDS: readonly string[] = ['unsuccessfulSignInAttempts', 'active', 'unlockTime'];

/** The product's names of what the core may find fault with. */
export const KEY_MEMBERS = Object.freeze({
  name: 'keyName',
  expiresAt: 'expiryDate',
  lifetimeMs: 'expiryDate',
  policyIds: 'roleID',
  statements: 'roleID',
});

/** A key, and what the core does not keep of it. */
export interface NumberedKey {
  readonly key: ApiKey;
  readonly ID: number;
  /** Undefined for a key of other rights than those of a role. */
  readonly roleID: number | undefined;
}

export interface KeyExtras {
  readonly lock?: LockState;
  readonly secretKey?: string;
  /** Of the key that asks. */
  readonly current?: { readonly roleURN: string | undefined; readonly tenantID: number };
  readonly lastSignIn?: number;
}

/** An ApiKey, its members in the product's order; JSON leaves out what is undefined. */
export function toWire(
  { key, ID, roleID }: NumberedKey,
  timeZone: string,
  { lock = { failures: 0, unlockAt: null }, secretKey, current, lastSignIn }: KeyExtras = {},
) {
  return {
    keyName: key.name,
    description: key.description,
    locale: LOCALES.find((locale) => locale === key.locale) ?? LOCALES[0],
    roleID,
    timeZone: key.timeZone ?? timeZone,
    active: key.enabled && lock.unlockAt === null,
    created: key.createdAt,
    lastSignIn: lastSignIn ?? key.lastUsedAt ?? undefined,
    unlockTime: lock.unlockAt ?? undefined,
    unsuccessfulSignInAttempts: lock.failures,
    expiryDate: key.expiresAt ?? undefined,
    secretKey,
    serviceAccount: false,
    ...current,
    ID,
  };
}
