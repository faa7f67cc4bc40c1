import type { ApiKeyRecord } from '../../records.js';

/** How the records of a collection are written. */
export interface RecordForm<Stored> {
  /** The same text for the same record. */
  encode(record: Stored): string;
  decode(text: string): Stored;
}

/** As JSON, whole. */
export function wholeForm<Stored>(): RecordForm<Stored> {
  return {
    encode: (record) => JSON.stringify(record),
    decode: (text) => JSON.parse(text) as Stored,
  };
}

/** All fields that may be null, and some that mostly are as here. Whether a key is enabled is always written. */
type UnsetFields = {
  readonly [Field in keyof ApiKeyRecord as null extends ApiKeyRecord[Field] ? Field : never]: null;
} & Pick<
  ApiKeyRecord,
  'description' | 'ownerKind' | 'parentIds' | 'policyIds' | 'properties' | 'dialects' | 'internalOnly'
>;

const UNSET: UnsetFields = {
  description: '',
  ownerKind: 'user',
  orgId: null,
  parentIds: [],
  policyIds: [],
  resources: null,
  properties: {},
  dialects: {},
  previousSecretHash: null,
  previousSecretExpiresAt: null,
  notBefore: null,
  expiresAt: null,
  disableUnusedAfterMs: null,
  allowedAddresses: null,
  allowedOrigins: null,
  maxRequestsPerMinute: null,
  countedWith: null,
  internalOnly: false,
  revokedAt: null,
  revokedBy: null,
  revokedReason: null,
  locale: null,
  timeZone: null,
  defaultWorkspace: null,
  expungeAt: null,
};

const UNSET_BY_FIELD: Readonly<Record<string, unknown>> = UNSET;
/** What `decode` puts before what is set. */
const UNSET_START = JSON.stringify(UNSET).slice(0, -1);

/**
 * API keys as JSON, but for what is not set: most of a key's fields never are, and Redis keeps everything in memory. It
 * saves some 400 bytes of 1,000.
 */
export const API_KEY_FORM: RecordForm<ApiKeyRecord> = {
  encode(record) {
    const set: Record<string, unknown> = {};
    for (const [field, value] of Object.entries(record)) {
      if (!isUnset(value, UNSET_BY_FIELD[field])) set[field] = value;
    }
    return JSON.stringify(set);
  },
  /** Of a field that comes twice JSON.parse takes the last. Several times as fast as to put two objects together. */
  decode: (text) => JSON.parse(`${UNSET_START},${text.slice(1)}`) as ApiKeyRecord,
};

/** An empty list is not null: a key that is tied to no resource at all may do nothing. */
function isUnset(value: unknown, unset: unknown): boolean {
  return value === unset || (isEmpty(value) && isEmpty(unset));
}

function isEmpty(value: unknown): boolean {
  return typeof value === 'object' && value !== null && Object.keys(value).length === 0;
}
