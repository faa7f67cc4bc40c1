import { LRUCache } from 'lru-cache';
import { deepFreeze } from '../freeze.js';
import type { Statement } from '../permissions/statement.js';
import type { ApiKeyRecord } from '../records.js';

/** Lists of statements that are shared at most, and characters of one as JSON: longer ones are mostly one key's own. */
const MAX_LISTS = 1_000;
const MAX_LENGTH = 1_000;
/** Organisations: so many are remembered. */
const MAX_TEXTS = 1_000;

/** What nobody else has yet. */
export type Own<Type> = { -readonly [Name in keyof Type]: Type[Name] };

/** What verification needs of a key's record: the rest is read where it is shown, and takes no memory in the cache. */
export type VerifiableRecord = Omit<ApiKeyRecord, Unneeded>;

type Unneeded =
  | 'version'
  | 'description'
  | 'createdBy'
  | 'dialects'
  | 'prefix'
  | 'lastFour'
  | 'updatedAt'
  | 'revokedBy'
  | 'revokedReason'
  | 'defaultWorkspace'
  | 'expungeAt';

const NONE: readonly never[] = Object.freeze([]);
const NO_FIELDS: Readonly<Record<string, never>> = Object.freeze({});

/**
 * What many cached keys have in common is kept once: mostly they have one of a few lists of statements, which are then compiled
 * once, too, and many empty fields.
 */
export class SharedParts {
  /** By their JSON. */
  readonly #lists = new LRUCache<string, readonly Statement[]>({ max: MAX_LISTS });

  readonly #texts = new LRUCache<string, string>({ max: MAX_TEXTS });

  /** The record as the cache keeps it, frozen. One that is frozen already is in memory for good: it is kept as it is. */
  share(record: ApiKeyRecord): VerifiableRecord {
    if (Object.isFrozen(record)) return record;
    const kept = needed(record);
    kept.statements = this.#list(kept.statements);
    kept.ceiling = kept.ceiling.length === 0 ? NONE : kept.ceiling.map((layer) => this.#list(layer));
    kept.parentIds = orNone(kept.parentIds);
    kept.policyIds = orNone(kept.policyIds);
    kept.properties = orNoFields(kept.properties);
    kept.orgId = kept.orgId === null ? null : this.#text(kept.orgId);
    return deepFreeze(kept);
  }

  /** Short texts V8 shares by itself when it parses them; ids are mostly longer. */
  #text(text: string): string {
    const known = this.#texts.get(text);
    if (known === undefined) this.#texts.set(text, text);
    return known ?? text;
  }

  #list(statements: readonly Statement[]): readonly Statement[] {
    if (statements.length === 0) return NONE;
    const json = JSON.stringify(statements);
    if (json.length > MAX_LENGTH) return statements;
    const known = this.#lists.get(json);
    if (known !== undefined) return known;
    this.#lists.set(json, deepFreeze(statements));
    return statements;
  }
}

/** Field by field: what is made by spreading, or by leaving out the rest, takes twice the memory. */
function needed(record: ApiKeyRecord): Own<VerifiableRecord> {
  return {
    id: record.id,
    kind: record.kind,
    name: record.name,
    ownerId: record.ownerId,
    ownerKind: record.ownerKind,
    orgId: record.orgId,
    parentIds: record.parentIds,
    statements: record.statements,
    policyIds: record.policyIds,
    ceiling: record.ceiling,
    resources: record.resources,
    properties: record.properties,
    secretHash: record.secretHash,
    previousSecretHash: record.previousSecretHash,
    previousSecretExpiresAt: record.previousSecretExpiresAt,
    createdAt: record.createdAt,
    notBefore: record.notBefore,
    expiresAt: record.expiresAt,
    enabled: record.enabled,
    enabledAt: record.enabledAt,
    disableUnusedAfterMs: record.disableUnusedAfterMs,
    allowedAddresses: record.allowedAddresses,
    allowedOrigins: record.allowedOrigins,
    maxRequestsPerMinute: record.maxRequestsPerMinute,
    countedWith: record.countedWith,
    internalOnly: record.internalOnly,
    revokedAt: record.revokedAt,
    locale: record.locale,
    timeZone: record.timeZone,
  };
}

function orNone<Entry>(list: readonly Entry[]): readonly Entry[] {
  return list.length === 0 ? NONE : list;
}

function orNoFields<Fields extends object>(fields: Fields): Fields | typeof NO_FIELDS {
  return Object.keys(fields).length === 0 ? NO_FIELDS : fields;
}
