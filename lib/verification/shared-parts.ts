import { LRUCache } from 'lru-cache';
import { deepFreeze } from '../freeze.js';
import type { Statement } from '../permissions/statement.js';
import type { ApiKeyRecord } from '../records.js';

/** Lists of statements that are shared at most, and characters of one as JSON: longer ones are mostly one key's own. */
const MAX_LISTS = 1_000;
const MAX_LENGTH = 1_000;
/** Organisations, and people who have made many keys: so many are remembered. */
const MAX_TEXTS = 1_000;

/** What nobody else has yet. */
export type Own<Type> = { -readonly [Name in keyof Type]: Type[Name] };

const NONE: readonly never[] = Object.freeze([]);
const NO_FIELDS: Readonly<Record<string, never>> = Object.freeze({});

/**
 * What many cached keys have in common is kept once: mostly they have one of a few lists of statements, which are then compiled
 * once, too, and many empty fields. A cached key takes a fifth of the memory so.
 */
export class SharedParts {
  /** By their JSON. */
  readonly #lists = new LRUCache<string, readonly Statement[]>({ max: MAX_LISTS });

  readonly #texts = new LRUCache<string, string>({ max: MAX_TEXTS });

  /** The same record, frozen; it must be the caller's own. Not a copy of it: that takes twice the memory of what was parsed. */
  share(record: Own<ApiKeyRecord>): ApiKeyRecord {
    if (Object.isFrozen(record)) return record;
    record.statements = this.#list(record.statements);
    record.ceiling = record.ceiling.length === 0 ? NONE : record.ceiling.map((layer) => this.#list(layer));
    record.parentIds = orNone(record.parentIds);
    record.policyIds = orNone(record.policyIds);
    record.properties = orNoFields(record.properties);
    record.dialects = orNoFields(record.dialects);
    record.orgId = record.orgId === null ? null : this.#text(record.orgId);
    record.createdBy = this.#text(record.createdBy);
    return deepFreeze(record);
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

function orNone<Entry>(list: readonly Entry[]): readonly Entry[] {
  return list.length === 0 ? NONE : list;
}

function orNoFields<Fields extends object>(fields: Fields): Fields | typeof NO_FIELDS {
  return Object.keys(fields).length === 0 ? NO_FIELDS : fields;
}
