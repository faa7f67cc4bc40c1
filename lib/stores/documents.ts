import { LIMITS } from '../limits.js';
import type { VersionedRecord } from '../records.js';
import { isText } from '../text.js';
import { checkKind } from './kind.js';

/** A record of a dialect's own, such as a service account or the settings of an organisation. */
export interface DocumentRecord extends VersionedRecord {
  /** 1 to 32 characters of `a-z` and `-`. */
  readonly kind: string;
  /** 1 to 128 characters without lone surrogates; ids of different kinds have nothing to do with each other. */
  readonly id: string;
  /** Null where the host has none. */
  readonly orgId: string | null;
  /** 1 at first; raised by one by every change. */
  readonly version: number;
  /** Epoch ms, as `updatedAt`. */
  readonly createdAt: number;
  readonly updatedAt: number;
  /** What JSON can hold, at most 65,536 characters as JSON. */
  readonly data: Readonly<Record<string, unknown>>;
}

/**
 * Kept as durably as keys; listed by kind and organisation. Changes are told to nobody: what is read is not to be cached.
 * Every verb throws a TypeError for a kind that there cannot be.
 */
export interface Documents {
  /**
   * False, and the stored document is as before, when the id exists in that kind, in whatever organisation. An index entry is
   * written before its record. @throws TypeError for a kind, an id or data beyond their bounds.
   */
  insert(record: DocumentRecord): Promise<boolean>;
  /** Null too for an id beyond its bounds. */
  get(kind: string, id: string): Promise<DocumentRecord | null>;
  /**
   * As `ApiKeyStore.update`: false, and nothing is written, when the stored version is another, or there is none. kind, id,
   * orgId and createdAt must not differ. @throws TypeError for data beyond their bound.
   */
  update(previous: DocumentRecord, next: DocumentRecord): Promise<boolean>;
  /** As `PolicyStore.remove`: false, and nothing is removed, when the stored version is another, or there is none. */
  remove(record: DocumentRecord): Promise<boolean>;
  /**
   * Those of one kind and organisation by id, ascending by its bytes in UTF-8, after the id `after`. May be fewer than
   * `limit` although more follow.
   */
  page(request: DocumentPageRequest): Promise<DocumentPage>;
}

export interface DocumentPageRequest {
  readonly kind: string;
  readonly orgId: string | null;
  readonly after?: string | undefined;
  /** At least 1. */
  readonly limit: number;
}

export interface DocumentPage {
  readonly records: readonly DocumentRecord[];
  /** The id after which to go on; null at the end. */
  readonly next: string | null;
}

/** Whether there can be a document of this id. @throws TypeError for a kind that there cannot be. */
export function canBeDocument(kind: string, id: string): boolean {
  checkKind(kind);
  return isText(id, 1, LIMITS.identifier);
}

/** @throws TypeError for what cannot be stored. */
export function checkDocument({ kind, id, data }: DocumentRecord): void {
  if (!canBeDocument(kind, id)) {
    throw new TypeError(`id must be a text of 1 to ${LIMITS.identifier} characters without lone surrogates`);
  }
  if (typeof data !== 'object' || data === null || Array.isArray(data)) throw new TypeError('data must be an object');
  if (JSON.stringify(data).length > LIMITS.record) {
    throw new TypeError(`data must be at most ${LIMITS.record} characters as JSON`);
  }
}
