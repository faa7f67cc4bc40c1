import type { DocumentPage, DocumentPageRequest, DocumentRecord, Documents } from '../documents.js';
import { canBeDocument, checkDocument } from '../documents.js';
import { checkKind } from '../kind.js';
import type { BoundedRedis } from './bounded-redis.js';
import type { LastingWrites } from './redis-durability.js';
import type { RedisFeed } from './redis-feed.js';
import { RedisOrgRecords } from './redis-org-records.js';

/**
 * Documents in Redis.
 *
 * | key | what |
 * |---|---|
 * | `doc:<kind>:{id}` | the document, `<version> <JSON>`; not tracked |
 * | `docs:<kind>:{org}` | a sorted set of the ids of an organisation's documents of that kind |
 */
export class RedisDocuments implements Documents {
  /** Made at each call: they hold nothing but what their keys begin with. */
  readonly #recordsOf: (kind: string) => RedisOrgRecords<DocumentRecord>;

  constructor(redis: BoundedRedis, writes: LastingWrites, feed: RedisFeed, keyPrefix: string) {
    this.#recordsOf = (kind) => {
      checkKind(kind);
      const keys = { keyPrefix, record: `doc:${kind}`, index: `docs:${kind}` };
      return new RedisOrgRecords(redis, writes, feed, { ...keys, collection: null, channel: '' });
    };
  }

  async insert(record: DocumentRecord): Promise<boolean> {
    checkDocument(record);
    return await this.#recordsOf(record.kind).insert(record);
  }

  async get(kind: string, id: string): Promise<DocumentRecord | null> {
    return canBeDocument(kind, id) ? await this.#recordsOf(kind).get(id) : null;
  }

  async update(previous: DocumentRecord, next: DocumentRecord): Promise<boolean> {
    checkDocument(next);
    return await this.#recordsOf(next.kind).update(previous, next);
  }

  async remove(record: DocumentRecord): Promise<boolean> {
    return await this.#recordsOf(record.kind).remove(record);
  }

  async page({ kind, ...request }: DocumentPageRequest): Promise<DocumentPage> {
    return await this.#recordsOf(kind).page(request);
  }
}
