import type { KeyWriter, MakeOptions } from '../keys/key-writer.js';
import type { ApiKeyRecord, PolicyRecord } from '../records.js';
import { keyState } from '../records.js';
import type { ApiKeyStore, PolicyStore } from '../stores/store.js';
import type { Policy } from './policy-view.js';
import { toInternalPolicy } from './policy-view.js';

/** Keys, or policies, that are read at once. */
const CHUNK = 200;
/** Keys that are changed at once. */
const CONCURRENCY = 16;

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

  /** Of a template the policies that follow it; of any other policy the keys that still work. */
  async count({ id, type, orgId }: Pick<PolicyRecord, 'id' | 'type' | 'orgId'>): Promise<number> {
    if (type === 'template') return (await this.followers(id, orgId)).length;
    let count = 0;
    for await (const keys of this.#keysWith(id)) count += keys.length;
    return count;
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
    if (!/^[\w-]{1,64}$/.test(id)) return null;
    const key = await this.#keys.get(id);
    if (key?.kind !== 'session-key' || key.statements.length === 0) return null;
    return orgId === undefined || key.orgId === orgId ? toInternalPolicy(key) : null;
  }

  async *#keysWith(policyId: string): AsyncGenerator<ApiKeyRecord[]> {
    let after: string | undefined;
    for (;;) {
      const ids = await this.#keys.usersOfPolicy(policyId, after, CHUNK);
      const records = await Promise.all(ids.map((id) => this.#keys.get(id)));
      yield records.filter((record) => record !== null).filter((record) => this.#hasStill(record, policyId));
      if (ids.length < CHUNK) return;
      after = ids.at(-1);
    }
  }

  #hasStill(record: ApiKeyRecord, policyId: string): boolean {
    const state = keyState(record, this.#now());
    return record.policyIds.includes(policyId) && state !== 'revoked' && state !== 'expired';
  }
}
