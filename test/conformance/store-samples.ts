import type {
  ApiKeyOrder,
  ApiKeyRecord,
  ApiKeyStore,
  DocumentRecord,
  KeyUsage,
  PageRequest,
  PolicyRecord,
  UsageDelta,
} from '../../lib/index.js';

/** Records to fill a store with, and what a list of them must look like. */

export const START_AT = 1_750_000_000_000;
export const ORDERS: readonly ApiKeyOrder[] = ['createdAt', 'name', 'expiresAt', 'lastUsedAt', 'id'];

/** Upper and lower case, a name that begins another one, what escaping may spoil, one to four bytes of UTF-8. */
const NAMES = [
  'alpha',
  'Alpha',
  'ALPHA',
  'alpha 2',
  'alpha!',
  'alphabet',
  'Zebra',
  'zoë',
  'Äpfel',
  'äpfel',
  'Straße',
  'STRASSE',
  'Ünïcode',
  '日本語',
  '😀',
  '😀 two',
  '\uffee',
  '100%',
  '%41',
  'a:b',
  'a:b:c',
  '{tag}',
  '"quoted"',
  'back\\slash',
  '~',
  ' ',
  '-',
  '+',
  '[',
  '(',
];

/** Draws the same numbers in every run (mulberry32), so that a failure can be repeated. */
export class Draw {
  #state: number;

  constructor(seed: number) {
    this.#state = seed;
  }

  below(limit: number): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0;
    let t = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) % limit;
  }

  one<Item>(items: readonly Item[]): Item {
    return items[this.below(items.length)] as Item;
  }

  id(): string {
    const alphabet = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
    return Array.from({ length: 22 }, () => alphabet[this.below(alphabet.length)]).join('');
  }

  name(): string {
    return this.one(NAMES);
  }

  /** Few values, so that many are equal. */
  instant(): number {
    return START_AT + this.below(12) * 1_000;
  }

  hex(): string {
    return Array.from({ length: 64 }, () => this.below(16).toString(16)).join('');
  }

  record(fields: Partial<ApiKeyRecord> = {}): ApiKeyRecord {
    const createdAt = this.instant();
    return {
      id: this.id(),
      version: 1,
      kind: 'api-key',
      name: this.name(),
      description: 'für Tests: "a\\b" \u2028 {x}',
      ownerId: 'owner',
      ownerKind: 'user',
      orgId: 'org',
      createdBy: 'maker',
      parentIds: [],
      statements: [{ actions: ['read'], resources: ['*'], workspace: '*', description: '' }],
      policyIds: [],
      ceiling: [],
      resources: null,
      properties: { team: 'Blau' },
      dialects: { plexus: { ünit: ['a', 1, null, { '': '\u2028' }] } },
      prefix: 'lk',
      lastFour: 'abcd',
      secretHash: `sha256:${this.hex()}`,
      previousSecretHash: null,
      previousSecretExpiresAt: null,
      createdAt,
      updatedAt: createdAt,
      notBefore: null,
      expiresAt: this.below(4) === 0 ? null : this.instant() + 1_000_000,
      enabled: true,
      enabledAt: createdAt,
      disableUnusedAfterMs: null,
      allowedAddresses: null,
      allowedOrigins: null,
      countedWith: null,
      maxRequestsPerMinute: null,
      internalOnly: false,
      defaultWorkspace: null,
      revokedAt: null,
      revokedBy: null,
      revokedReason: null,
      locale: null,
      timeZone: null,
      expungeAt: null,
      ...fields,
    };
  }

  policy(fields: Partial<PolicyRecord> = {}): PolicyRecord {
    const createdAt = this.instant();
    const some = (items: readonly string[]) => items.filter(() => this.below(2) === 0);
    return {
      id: this.id(),
      version: 1,
      type: this.one(['role', 'custom', 'template']),
      name: this.name(),
      description: 'für Tests: "a\\b" \u2028 {x}',
      orgId: 'org',
      statements: [
        { actions: ['read', ...some(['write', 'ünlock:*'])], resources: ['*'], workspace: '*', description: '' },
      ],
      templateId: this.below(3) === 0 ? this.id() : null,
      workspace: this.below(3) === 0 ? 'w-1' : null,
      properties: this.below(2) === 0 ? {} : { team: this.name() },
      dialects: {},
      createdBy: 'maker',
      createdAt,
      updatedAt: createdAt,
      ...fields,
    };
  }

  document(fields: Partial<DocumentRecord> = {}): DocumentRecord {
    const createdAt = this.instant();
    const data = { name: this.name(), list: [1, null, { 'a key': '"ü"\n\u2028 😀' }], isOn: this.below(2) === 0 };
    return {
      kind: 'service-account',
      id: this.id(),
      orgId: 'org',
      version: 1,
      createdAt,
      updatedAt: createdAt,
      data,
      ...fields,
    };
  }

  policies(count: number, fields: Partial<PolicyRecord> = {}): PolicyRecord[] {
    return Array.from({ length: count }, () => this.policy(fields));
  }

  records(count: number, fields: (index: number) => Partial<ApiKeyRecord> = () => ({})): ApiKeyRecord[] {
    return Array.from({ length: count }, (_, index) => this.record(fields(index)));
  }
}

type Sample = ApiKeyRecord | PolicyRecord | DocumentRecord;

/** The next version of a record. */
export function changed<Record extends Sample>(record: Record, fields: Partial<Record>): Record {
  return { ...record, version: record.version + 1, updatedAt: record.updatedAt + 1, ...fields };
}

/** Not `structuredClone`: under Jest its objects are of another realm, and strict equality sees that. */
export function copyOf<Record extends Sample>(record: Record): Record {
  return JSON.parse(JSON.stringify(record)) as Record;
}

/** One use, unless told otherwise. */
export function delta({ id, orgId, ownerId }: ApiKeyRecord, fields: Partial<UsageDelta> = {}): UsageDelta {
  return {
    id,
    orgId,
    ownerId,
    uses: 1,
    failures: 0,
    lastFailedAt: null,
    lastUsedAt: START_AT,
    lastUsedFrom: '192.0.2.1',
    ...fields,
  };
}

/** The ids in the order that the contract asks for, by plain sorting. */
export function sortedIds(
  records: readonly ApiKeyRecord[],
  order: ApiKeyOrder,
  descending: boolean,
  usage: ReadonlyMap<string, KeyUsage> = new Map(),
): string[] {
  const sortOf = (record: ApiKeyRecord): number | Buffer => {
    if (order === 'name') return Buffer.from(record.name.toLowerCase());
    if (order === 'id') return 0;
    if (order === 'createdAt') return record.createdAt;
    if (order === 'expiresAt') return record.expiresAt ?? Number.POSITIVE_INFINITY;
    return usage.get(record.id)?.lastUsedAt ?? Number.NEGATIVE_INFINITY;
  };
  const ids = [...records].sort((a, b) => compare(sortOf(a), sortOf(b)) || (a.id < b.id ? -1 : 1)).map(({ id }) => id);
  return descending ? ids.reverse() : ids;
}

function compare(a: number | Buffer, b: number | Buffer): number {
  if (typeof a !== 'number' && typeof b !== 'number') return Buffer.compare(a, b);
  return a === b ? 0 : a < b ? -1 : 1;
}

/** Every id that a list brings, page by page; `between` runs after each page. */
export async function listIds(
  store: ApiKeyStore,
  request: Omit<PageRequest, 'after'>,
  between?: (entriesSoFar: number) => Promise<void>,
): Promise<string[]> {
  const ids: string[] = [];
  for (let after: string | undefined; ; ) {
    const page = await store.page({ ...request, after });
    if (page.entries.length > request.limit) throw new Error(`a page of ${page.entries.length} for ${request.limit}`);
    ids.push(...page.entries.map(({ record }) => record.id));
    if (page.next === null) return ids;
    if (page.next === after) throw new Error('the list does not go on');
    after = page.next;
    await between?.(ids.length);
  }
}

/** Inserts by the hundred: a store bounds its answers, and a test is not to run into that. */
export async function insertAll(store: ApiKeyStore, records: readonly ApiKeyRecord[]): Promise<void> {
  for (let start = 0; start < records.length; start += 100) {
    const inserted = await Promise.all(records.slice(start, start + 100).map((record) => store.insert(record)));
    if (!inserted.every(Boolean)) throw new Error('a sample was not inserted');
  }
}
