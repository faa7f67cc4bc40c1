import type { DocumentPage, DocumentPageRequest, DocumentRecord, Documents } from '../documents.js';
import { canBeDocument, checkDocument } from '../documents.js';
import { checkKind } from '../kind.js';
import { MemoryOrgRecords } from './memory-org-records.js';

/** The documents of the embedded store. */
export class MemoryDocuments implements Documents {
  readonly #ofKind = new Map<string, MemoryOrgRecords<DocumentRecord>>();

  async insert(record: DocumentRecord): Promise<boolean> {
    checkDocument(record);
    return await this.#of(record.kind).insert(record);
  }

  async get(kind: string, id: string): Promise<DocumentRecord | null> {
    return canBeDocument(kind, id) ? await this.#of(kind).get(id) : null;
  }

  async update(previous: DocumentRecord, next: DocumentRecord): Promise<boolean> {
    checkDocument(next);
    return await this.#of(next.kind).update(previous, next);
  }

  async remove(record: DocumentRecord): Promise<boolean> {
    return await this.#of(record.kind).remove(record);
  }

  async page({ kind, ...request }: DocumentPageRequest): Promise<DocumentPage> {
    return await this.#of(kind).page(request);
  }

  #of(kind: string): MemoryOrgRecords<DocumentRecord> {
    checkKind(kind);
    const known = this.#ofKind.get(kind);
    if (known !== undefined) return known;
    const made = new MemoryOrgRecords<DocumentRecord>();
    this.#ofKind.set(kind, made);
    return made;
  }
}
