import type { DialectFields } from './keys/dialect-fields.js';
import type { Ceiling, Statement } from './permissions/statement.js';

/** The stored shapes. Every instant is epoch ms; null means "not set". */

/** A record with a version, which every change raises by one: changes are compare-and-set on it. */
export interface VersionedRecord {
  readonly id: string;
  readonly version: number;
}

/** `session-key`: minted for a while, always expires. */
export type ApiKeyKind = 'api-key' | 'session-key';

/**
 * `service`: an account of a dialect's own, such as one that stands for a program. No user of the host's directory is behind
 * it, also where one has the same id: what it may do is what its keys may do.
 */
export type OwnerKind = 'user' | 'service';

export interface ApiKeyRecord extends VersionedRecord {
  readonly kind: ApiKeyKind;
  readonly name: string;
  readonly description: string;
  /** The user, or the service, on whose behalf the key acts. */
  readonly ownerId: string;
  readonly ownerKind: OwnerKind;
  /** The organisation it belongs to; null where the host has none. */
  readonly orgId: string | null;
  /** The user who made it, or what the host's own code calls itself. */
  readonly createdBy: string;
  /** The keys through which it was made, the nearest first. Empty for one made by a login or by the host's own code. */
  readonly parentIds: readonly string[];
  /** What it may do by itself. */
  readonly statements: readonly Statement[];
  /** Policies that give it further rights, as they are at the time of each request. */
  readonly policyIds: readonly string[];
  /** What its owner and its maker could do when it was made: it can do nothing beyond. */
  readonly ceiling: Ceiling;
  /** The resources it is tied to, as patterns: nothing else is allowed, whatever the statements say. Null: not tied. */
  readonly resources: readonly string[] | null;
  readonly properties: Readonly<Record<string, string>>;
  /** What only products that a dialect speaks for know. Decides nothing. */
  readonly dialects: DialectFields;
  /** The token's first part (empty for a pair that was drawn) and last four characters: how people recognise it. */
  readonly prefix: string;
  readonly lastFour: string;
  readonly secretHash: string;
  /** The secret before the last rotation, accepted until `previousSecretExpiresAt`. */
  readonly previousSecretHash: string | null;
  readonly previousSecretExpiresAt: number | null;
  readonly createdAt: number;
  readonly updatedAt: number;
  readonly notBefore: number | null;
  /** Null: never. */
  readonly expiresAt: number | null;
  readonly enabled: boolean;
  /** When it was made or last enabled: from then on it counts as unused. */
  readonly enabledAt: number;
  /** It is disabled when nobody has used it for so long, in ms. Null: never. */
  readonly disableUnusedAfterMs: number | null;
  /** Addresses and CIDR ranges from which it is accepted. Null: any. */
  readonly allowedAddresses: readonly string[] | null;
  /** Origins from which browsers may send it. Null: any, and none. */
  readonly allowedOrigins: readonly string[] | null;
  /** Null: any number. */
  readonly maxRequestsPerMinute: number | null;
  /** The limited key that made it, and that its requests are counted together with. Null: they are counted by themselves. */
  readonly countedWith: string | null;
  /** Accepted only where the host has mounted `latchkey.internal()`; elsewhere as good as unknown. */
  readonly internalOnly: boolean;
  readonly revokedAt: number | null;
  readonly revokedBy: string | null;
  readonly revokedReason: string | null;
  /** BCP 47, for messages to the key's owner. */
  readonly locale: string | null;
  /** IANA name. */
  readonly timeZone: string | null;
  /** Of a session key: the workspace that its client begins with; kept for the client, decides nothing. */
  readonly defaultWorkspace: string | null;
  /** From when on the record may be removed for good: some time after it was revoked or has expired. Null: never. */
  readonly expungeAt: number | null;
}

/**
 * `role`: what people are given; `custom`: any other list of statements; `template`: statements that roles of single
 * workspaces are made from, no key refers to it. `internal`: the statements of one session key, kept with that key.
 */
export type PolicyType = 'role' | 'custom' | 'template' | 'internal';

/** A named list of statements, of which keys have the rights. */
export interface PolicyRecord extends VersionedRecord {
  readonly type: Exclude<PolicyType, 'internal'>;
  readonly name: string;
  readonly description: string;
  readonly orgId: string | null;
  /** Empty for a policy that follows a template. */
  readonly statements: readonly Statement[];
  /** The template whose statements it has, as they are, in `workspace`. Null: it has its own. */
  readonly templateId: string | null;
  /** There with `templateId` only. */
  readonly workspace: string | null;
  readonly properties: Readonly<Record<string, string>>;
  /** As those of a key. */
  readonly dialects: DialectFields;
  readonly createdBy: string;
  readonly createdAt: number;
  readonly updatedAt: number;
}

/** What a key was used for; written in batches, apart from the record. */
export interface KeyUsage {
  readonly lastUsedAt: number | null;
  /** The address of the last use. */
  readonly lastUsedFrom: string | null;
  readonly useCount: number;
  /** Refusals that named this key: a wrong secret, or the key was revoked, disabled, expired or not yet valid. */
  readonly failureCount: number;
  /** The last of them. */
  readonly lastFailedAt: number | null;
}

export const UNUSED: KeyUsage = Object.freeze({
  lastUsedAt: null,
  lastUsedFrom: null,
  useCount: 0,
  failureCount: 0,
  lastFailedAt: null,
});

/** What decides whether a key may be used. */
export type KeyValidity = Pick<ApiKeyRecord, 'revokedAt' | 'expiresAt' | 'enabled' | 'notBefore'>;

/** What the times and flags of a record amount to, at an instant. The first that holds, in this order. */
export type KeyState = 'revoked' | 'expired' | 'disabled' | 'pending' | 'active';

export const KEY_STATES: readonly KeyState[] = ['active', 'pending', 'disabled', 'expired', 'revoked'];

export function keyState(record: KeyValidity, nowAt: number): KeyState {
  if (record.revokedAt !== null) return 'revoked';
  if (record.expiresAt !== null && record.expiresAt <= nowAt) return 'expired';
  if (!record.enabled) return 'disabled';
  if (record.notBefore !== null && record.notBefore > nowAt) return 'pending';
  return 'active';
}
