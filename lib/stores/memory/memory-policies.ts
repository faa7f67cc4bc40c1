import type { PolicyRecord } from '../../records.js';
import type { ChangeEmitter } from '../change-emitter.js';
import type { PolicyPage, PolicyPageRequest, PolicyStore } from '../store.js';
import { SortedIndex } from './sorted-index.js';

/** The policies of the embedded store. */
export class MemoryPolicies implements PolicyStore {
  readonly #changes: ChangeEmitter;
  /** Records as JSON, as Redis keeps them: what goes in or out is always a copy. */
  readonly #records = new Map<string, string>();
  readonly #ofOrg = new Map<string | null, SortedIndex>();

  constructor(changes: ChangeEmitter) {
    this.#changes = changes;
  }

  async insert(record: PolicyRecord): Promise<boolean> {
    if (this.#records.has(record.id)) return false;
    const index = this.#ofOrg.get(record.orgId) ?? new SortedIndex();
    index.set(record.id, 0);
    this.#ofOrg.set(record.orgId, index);
    this.#write(record);
    return true;
  }

  async get(id: string): Promise<PolicyRecord | null> {
    return this.#read(id);
  }

  async update(previous: PolicyRecord, next: PolicyRecord): Promise<boolean> {
    if (this.#read(previous.id)?.version !== previous.version) return false;
    this.#write(next);
    return true;
  }

  async remove({ id, version }: PolicyRecord): Promise<boolean> {
    const stored = this.#read(id);
    if (stored?.version !== version) return false;
    this.#records.delete(id);
    const index = this.#ofOrg.get(stored.orgId);
    index?.delete(id);
    if (index?.isEmpty) this.#ofOrg.delete(stored.orgId);
    this.#changes.changed('policies', id);
    return true;
  }

  async page({ orgId, after, limit }: PolicyPageRequest): Promise<PolicyPage> {
    const from = after === undefined ? null : { sort: 0, id: after };
    const found = this.#ofOrg.get(orgId)?.page(from, false, limit) ?? [];
    const records = found.map(({ id }) => this.#read(id)).filter((record) => record !== null);
    return { records, next: found.length === limit ? (found.at(-1)?.id ?? null) : null };
  }

  #read(id: string): PolicyRecord | null {
    const json = this.#records.get(id);
    return json === undefined ? null : (JSON.parse(json) as PolicyRecord);
  }

  #write(record: PolicyRecord): void {
    this.#records.set(record.id, JSON.stringify(record));
    this.#changes.changed('policies', record.id);
  }
}
