import type { ChangeEvent } from '../events.js';
import { difference } from '../keys/key-changes.js';
import { type Actor, doer } from '../keys/key-rights.js';
import type { DocumentPage, DocumentPageRequest, DocumentRecord, Documents } from '../stores/documents.js';
import type { AuditTrail } from './audit.js';

/** Who changes a document, for the trail. */
export interface DocumentOptions {
  readonly by: Actor;
  /** The client's. */
  readonly address?: string | null | undefined;
}

/** Documents, of which no change is made without an entry in the trail, its `data` before and after: it must hold no secret. */
export class AuditedDocuments {
  readonly #documents: Documents;
  readonly #trail: AuditTrail;
  readonly #now: () => number;

  constructor(documents: Documents, trail: AuditTrail, now: () => number) {
    this.#documents = documents;
    this.#trail = trail;
    this.#now = now;
  }

  get(kind: string, id: string): Promise<DocumentRecord | null> {
    return this.#documents.get(kind, id);
  }

  page(request: DocumentPageRequest): Promise<DocumentPage> {
    return this.#documents.page(request);
  }

  /** As `Documents.insert`. */
  async insert(record: DocumentRecord, options: DocumentOptions): Promise<boolean> {
    const event = toEvent('document.created', record, {}, record.data, this.#now(), options);
    return await this.#trail.write(event, () => this.#documents.insert(record));
  }

  /** As `Documents.update`. */
  async update(previous: DocumentRecord, next: DocumentRecord, options: DocumentOptions): Promise<boolean> {
    const event = toEvent('document.changed', next, previous.data, next.data, this.#now(), options);
    return await this.#trail.write(event, () => this.#documents.update(previous, next));
  }

  /** As `Documents.remove`. */
  async remove(record: DocumentRecord, options: DocumentOptions): Promise<boolean> {
    const event = toEvent('document.deleted', record, record.data, {}, this.#now(), options);
    return await this.#trail.write(event, () => this.#documents.remove(record));
  }
}

function toEvent(
  type: Extract<ChangeEvent, { readonly documentId: string }>['type'],
  { kind, id, orgId }: DocumentRecord,
  before: object,
  after: object,
  at: number,
  { by, address = null }: DocumentOptions,
): ChangeEvent {
  const document = { documentKind: kind, documentId: id };
  return { type, at, address, orgId, ...doer(by), ...document, ...difference(before, after) };
}
