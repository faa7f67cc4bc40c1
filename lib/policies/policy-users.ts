import type { KeyPage } from '../keys/key-search.js';
import type { ApiKey } from '../keys/key-view.js';
import type { KeyWriter, MakeOptions } from '../keys/key-writer.js';
import type { ApiKeyRecord } from '../records.js';
import { keyState } from '../records.js';
import { checkLimit, decodeCursor, encodeCursor, type ScanRead, scan } from '../search/scan.js';
import type { ApiKeyStore, PolicyStore } from '../stores/store.js';
import type { Policy } from './policy-view.js';
import { toInternalPolicy } from './policy-view.js';

/** Keys, or policies, that are read at once. */
const CHUNK = 200;
const KEY_ID = /^[\w-]{1,64}$/;
/** Before the id, in a position of a list that is sorted by it. */
const SORTED_BY_ID = '0:';
/** Keys that are changed at once. */
const CONCURRENCY = 16;

export interface PolicyUsersQuery {
  /** Of the keys. */
  readonly orgId: string | null;
  /** 1 to 200; default 50. */
  readonly limit?: number | undefined;
  /** `nextCursor` of the page before. */
  readonly cursor?: string | undefined;
}

/** Who has the rights of a policy: keys, and of a template the policies that follow it. */
export class PolicyUsers {
  readonly #keys: ApiKeyStore;
  readonly #policies: PolicyStore;
  readonly #writer: KeyWriter;
  readonly #now: () => number;

  constructor(
    { apiKeys, policies }: { readonly apiKeys: ApiKeyStore; readonly policies: PolicyStore },
    writer: KeyWriter,
    now: () => number,
  ) {
    this.#keys = apiKeys;
    this.#policies = policies;
    this.#writer = writer;
    this.#now = now;
  }

  /** In an organisation: of a template the policies that follow it; of any other policy the keys that still work. */
  async count(policy: Pick<Policy, 'id' | 'type' | 'orgId'>, orgId: string | null): Promise<number> {
    if (policy.type === 'internal') return 1;
    if (policy.type === 'template') return (await this.followers(policy.id, orgId)).length;
    let count = 0;
    let after: string | undefined;
    do {
      const { entries, next } = await this.#mayHave(policy, orgId, after, CHUNK);
      const keys = await this.#stillWith(policy.id, entries);
      count += keys.filter((key) => key.orgId === orgId).length;
      after = next ?? undefined;
    } while (after !== undefined);
    return count;
  }

  /** A page of an organisation's keys that have the policy and still work, by id: those that may be shown. */
  async page(
    policy: Pick<Policy, 'id' | 'type' | 'orgId'>,
    { orgId, limit = 50, cursor }: PolicyUsersQuery,
    mayShow: (key: ApiKey) => boolean,
  ): Promise<KeyPage> {
    checkLimit(limit);
    const has = ({ policyIds }: ApiKeyRecord) => policy.type === 'internal' || policyIds.includes(policy.id);
    const { items, next } = await scan<string, ApiKey>({
      read: (after, most) => this.#mayHave(policy, orgId, after, most),
      positionOf: (id) => id,
      select: async (ids) => {
        const records = await Promise.all(ids.map((id) => this.#keys.get(id)));
        const viewOf = async (record: ApiKeyRecord | null) => {
          if (record?.orgId !== orgId || !has(record)) return null;
          const key = worksStill(record, this.#now()) ? await this.#writer.view(record) : null;
          return key !== null && key.state !== 'expired' && mayShow(key) ? key : null; // too old, it has expired before its time
        };
        return await Promise.all(records.map(viewOf));
      },
      limit,
      after: cursor === undefined ? undefined : decodeCursor(cursor, ([id]) => (isKeyId(id) ? id : undefined)),
      isAll: false,
    });
    return { items, nextCursor: next === null ? null : encodeCursor([next]) };
  }

  /**
   * Ids of keys that may have the policy, ascending. One that every organisation has is looked for among the keys of `orgId`: the
   * others' keys would be read for nothing, and be named by cursors.
   */
  async #mayHave(
    { id, type, orgId: ofPolicy }: Pick<Policy, 'id' | 'type' | 'orgId'>,
    orgId: string | null,
    after: string | undefined,
    limit: number,
  ): Promise<ScanRead<string>> {
    if (type === 'internal') return { entries: [id], next: null }; // its id is that of the one key that has it
    if (ofPolicy === orgId) {
      const ids = await this.#keys.usersOfPolicy(id, after, limit);
      return { entries: ids, next: ids.length < limit ? null : (ids.at(-1) ?? null) };
    }
    const from = after === undefined ? undefined : SORTED_BY_ID + after;
    const page = await this.#keys.page({ orgId, order: 'id', descending: false, after: from, limit });
    return {
      entries: page.entries.map(({ record }) => record.id),
      next: page.next?.slice(SORTED_BY_ID.length) ?? null,
    };
  }

  /** Takes a policy from every key that has it and still works. Returns how many. */
  async detach(policyId: string, { by, address }: MakeOptions): Promise<number> {
    let count = 0;
    const without = (record: ApiKeyRecord) =>
      record.policyIds.includes(policyId)
        ? { ...record, policyIds: record.policyIds.filter((id) => id !== policyId) }
        : record;
    for await (const keys of this.#keysWith(policyId)) {
      for (let start = 0; start < keys.length; start += CONCURRENCY) {
        const some = keys.slice(start, start + CONCURRENCY);
        await Promise.all(some.map(({ id }) => this.#writer.change('key.changed', id, { by, address }, without)));
      }
      count += keys.length;
    }
    return count;
  }

  /** The ids of the policies that follow a template. */
  async followers(templateId: string, orgId: string | null): Promise<string[]> {
    const found: string[] = [];
    let after: string | undefined;
    do {
      const page = await this.#policies.page({ orgId, after, limit: CHUNK });
      found.push(...page.records.filter((record) => record.templateId === templateId).map(({ id }) => id));
      after = page.next ?? undefined;
    } while (after !== undefined);
    return found;
  }

  /** The statements of a session key, as a policy: null for any other id. `orgId` undefined: of whatever organisation. */
  async internalPolicy(id: string, orgId: string | null | undefined): Promise<Policy | null> {
    if (!KEY_ID.test(id)) return null;
    const key = await this.#keys.get(id);
    if (key?.kind !== 'session-key' || key.statements.length === 0) return null;
    return orgId === undefined || key.orgId === orgId ? toInternalPolicy(key) : null;
  }

  async *#keysWith(policyId: string): AsyncGenerator<ApiKeyRecord[]> {
    let after: string | undefined;
    for (;;) {
      const ids = await this.#keys.usersOfPolicy(policyId, after, CHUNK);
      yield await this.#stillWith(policyId, ids);
      if (ids.length < CHUNK) return;
      after = ids.at(-1);
    }
  }

  /** The keys among `ids` that have the policy and still work. */
  async #stillWith(policyId: string, ids: readonly string[]): Promise<ApiKeyRecord[]> {
    const records = await Promise.all(ids.map((id) => this.#keys.get(id)));
    const hasStill = (record: ApiKeyRecord) => record.policyIds.includes(policyId) && worksStill(record, this.#now());
    return records.filter((record) => record !== null).filter(hasStill);
  }
}

function worksStill(record: ApiKeyRecord, nowAt: number): boolean {
  const state = keyState(record, nowAt);
  return state !== 'revoked' && state !== 'expired';
}

function isKeyId(id: unknown): id is string {
  return typeof id === 'string' && KEY_ID.test(id);
}
