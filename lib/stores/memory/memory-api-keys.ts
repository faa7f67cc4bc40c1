import type { ApiKeyRecord, KeyUsage } from '../../records.js';
import type { ChangeEmitter } from '../change-emitter.js';
import { decodePosition, encodePosition, expirySort, lastUsedSort, nameSort } from '../index-order.js';
import type { ApiKeyOrder, ApiKeyStore, DayUsage, Page, PageEntry, PageRequest, UsageDelta } from '../store.js';
import { MemoryUsage } from './memory-usage.js';
import type { IndexEntry } from './sorted-index.js';
import { byteOrder, SortedIndex } from './sorted-index.js';

type Indexes = Readonly<Record<ApiKeyOrder, SortedIndex>>;

/** The API keys of the embedded store. */
export class MemoryApiKeys implements ApiKeyStore {
  readonly #changes: ChangeEmitter;
  /** Records as JSON, as Redis keeps them: what goes in or out is always a copy. */
  readonly #records = new Map<string, string>();
  readonly #usage = new MemoryUsage();
  readonly #due = new SortedIndex();
  readonly #watch = new SortedIndex();
  /** The ids of the keys that refer to a policy, by its id. */
  readonly #usersOf = new Map<string, SortedIndex>();
  readonly #scopes = new Map<string, Indexes>();

  constructor(changes: ChangeEmitter) {
    this.#changes = changes;
  }

  async insert(record: ApiKeyRecord): Promise<boolean> {
    if (this.#records.has(record.id)) return false;
    for (const indexes of this.#indexesOf(record)) {
      indexes.createdAt.set(record.id, record.createdAt);
      indexes.lastUsedAt.set(record.id, lastUsedSort(null));
      indexes.id.set(record.id, 0);
    }
    this.#write(record);
    return true;
  }

  async get(id: string): Promise<ApiKeyRecord | null> {
    return this.#read(id);
  }

  async update(previous: ApiKeyRecord, next: ApiKeyRecord): Promise<boolean> {
    const stored = this.#read(previous.id);
    if (stored?.version !== previous.version) return false;
    this.#dropUsers(stored);
    this.#write(next);
    return true;
  }

  async page(request: PageRequest): Promise<Page> {
    const { order, descending, limit } = request;
    const index = this.#scopes.get(scopeKey(request.orgId, request.ownerId))?.[order];
    const after = request.after === undefined ? null : indexEntry(order, request.after);
    const found = index?.page(after, descending, limit) ?? [];
    const entries = found.flatMap(({ sort, id }): PageEntry[] => {
      const record = this.#read(id);
      return record === null ? [] : [{ record, position: encodePosition(sort, id) }];
    });
    const last = found.at(-1);
    return { entries, next: last && found.length === limit ? encodePosition(last.sort, last.id) : null };
  }

  async usage(ids: readonly string[]): Promise<KeyUsage[]> {
    return ids.map((id) => ({ ...this.#usage.of(id) }));
  }

  async addUsage(deltas: readonly UsageDelta[]): Promise<string[]> {
    const firstUsed: string[] = [];
    for (const delta of deltas) {
      const record = this.#read(delta.id);
      if (record === null) continue;
      const before = this.#usage.of(delta.id);
      const usage = this.#usage.add(delta);
      if (before.lastUsedAt === null && usage.lastUsedAt !== null) firstUsed.push(delta.id);
      for (const indexes of this.#indexesOf(record)) {
        indexes.lastUsedAt.set(delta.id, lastUsedSort(usage.lastUsedAt));
      }
    }
    return firstUsed;
  }

  async usageByDay(id: string, fromDay: string): Promise<DayUsage[]> {
    return this.#usage.byDay(id, fromDay);
  }

  async usersOfPolicy(policyId: string, after: string | undefined, limit: number): Promise<string[]> {
    const from = after === undefined ? null : { sort: 0, id: after };
    return (this.#usersOf.get(policyId)?.page(from, false, limit) ?? []).map(({ id }) => id);
  }

  async watch(id: string, at: number | null): Promise<void> {
    if (at === null) this.#watch.delete(id);
    else this.#watch.set(id, at);
  }

  async watched(nowAt: number, limit: number): Promise<string[]> {
    return come(this.#watch, nowAt, limit);
  }

  async expunge(nowAt: number, limit: number): Promise<number> {
    const due = come(this.#due, nowAt, limit);
    for (const id of due) {
      const record = this.#read(id);
      this.#due.delete(id);
      this.#watch.delete(id);
      if (record === null) continue;
      for (const indexes of this.#indexesOf(record)) {
        for (const index of Object.values(indexes)) index.delete(id);
      }
      this.#dropUsers(record);
      this.#records.delete(id);
      this.#usage.delete(id);
      this.#changes.changed('apiKeys', id);
    }
    return due.length;
  }

  #read(id: string): ApiKeyRecord | null {
    const json = this.#records.get(id);
    return json === undefined ? null : (JSON.parse(json) as ApiKeyRecord);
  }

  #write(record: ApiKeyRecord): void {
    this.#records.set(record.id, JSON.stringify(record));
    for (const indexes of this.#indexesOf(record)) {
      indexes.name.set(record.id, byteOrder(nameSort(record)));
      indexes.expiresAt.set(record.id, expirySort(record));
    }
    for (const policyId of record.policyIds) {
      const users = this.#usersOf.get(policyId) ?? new SortedIndex();
      users.set(record.id, 0);
      this.#usersOf.set(policyId, users);
    }
    if (record.expungeAt === null) this.#due.delete(record.id);
    else this.#due.set(record.id, record.expungeAt);
    this.#changes.changed('apiKeys', record.id);
  }

  #dropUsers({ id, policyIds }: ApiKeyRecord): void {
    for (const policyId of policyIds) {
      const users = this.#usersOf.get(policyId);
      users?.delete(id);
      if (users?.isEmpty) this.#usersOf.delete(policyId);
    }
  }

  /** Of the organisation, and of the owner. */
  #indexesOf({ orgId, ownerId }: ApiKeyRecord): Indexes[] {
    return [scopeKey(orgId), scopeKey(orgId, ownerId)].map((key) => {
      const indexes = this.#scopes.get(key) ?? newIndexes();
      this.#scopes.set(key, indexes);
      return indexes;
    });
  }
}

/** The ids whose instant has come, the longest due first. */
function come(index: SortedIndex, nowAt: number, limit: number): string[] {
  const first = index.page(null, false, limit);
  return first.filter(({ sort }) => (sort as number) <= nowAt).map(({ id }) => id);
}

function newIndexes(): Indexes {
  return {
    createdAt: new SortedIndex(),
    name: new SortedIndex(),
    expiresAt: new SortedIndex(),
    lastUsedAt: new SortedIndex(),
    id: new SortedIndex(),
  };
}

function scopeKey(orgId: string | null, ownerId?: string): string {
  return JSON.stringify([orgId, ownerId]);
}

function indexEntry(order: ApiKeyOrder, position: string): IndexEntry {
  const { sort, id } = decodePosition(position);
  return { sort: order === 'name' ? sort : Number(sort), id };
}
