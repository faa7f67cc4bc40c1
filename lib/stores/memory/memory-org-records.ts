import type { OrgPage, OrgPageRequest, OrgRecord } from '../org-records.js';
import { byteOrder, SortedIndex } from './sorted-index.js';

/** Records of the embedded store that are listed by organisation, by id. */
export class MemoryOrgRecords<Stored extends OrgRecord> {
  readonly #changed: (id: string) => void;
  /** Records as JSON, as Redis keeps them: what goes in or out is always a copy. */
  readonly #records = new Map<string, string>();
  readonly #ofOrg = new Map<string | null, SortedIndex>();

  /** `changed` is told the id of what was written or removed. */
  constructor(changed: (id: string) => void = () => {}) {
    this.#changed = changed;
  }

  async insert(record: Stored): Promise<boolean> {
    if (this.#records.has(record.id)) return false;
    const index = this.#ofOrg.get(record.orgId) ?? new SortedIndex();
    index.set(record.id, byteOrder(record.id));
    this.#ofOrg.set(record.orgId, index);
    this.#write(record);
    return true;
  }

  async get(id: string): Promise<Stored | null> {
    return this.#read(id);
  }

  async update(previous: Stored, next: Stored): Promise<boolean> {
    if (this.#read(previous.id)?.version !== previous.version) return false;
    this.#write(next);
    return true;
  }

  async remove({ id, version }: Stored): Promise<boolean> {
    const stored = this.#read(id);
    if (stored?.version !== version) return false;
    this.#records.delete(id);
    const index = this.#ofOrg.get(stored.orgId);
    index?.delete(id);
    if (index?.isEmpty) this.#ofOrg.delete(stored.orgId);
    this.#changed(id);
    return true;
  }

  async page({ orgId, after, limit }: OrgPageRequest): Promise<OrgPage<Stored>> {
    const from = after === undefined ? null : { sort: byteOrder(after), id: after };
    const found = this.#ofOrg.get(orgId)?.page(from, false, limit) ?? [];
    const records = found.map(({ id }) => this.#read(id)).filter((record) => record !== null);
    return { records, next: found.length === limit ? (found.at(-1)?.id ?? null) : null };
  }

  #read(id: string): Stored | null {
    const json = this.#records.get(id);
    return json === undefined ? null : (JSON.parse(json) as Stored);
  }

  #write(record: Stored): void {
    this.#records.set(record.id, JSON.stringify(record));
    this.#changed(record.id);
  }
}
