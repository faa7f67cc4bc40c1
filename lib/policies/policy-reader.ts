import type { FieldError } from '../errors.js';
import { deepFreeze } from '../freeze.js';
import { NO_DIALECTS } from '../keys/dialect-fields.js';
import { checkKeyFields } from '../keys/key-input.js';
import type { Statement } from '../permissions/statement.js';
import { checkStatements, FULL_ACCESS, toStatements } from '../permissions/statement.js';
import type { PolicyRecord } from '../records.js';
import type { ChangeFeed, PolicyStore } from '../stores/store.js';
import type { LookupCounts } from '../telemetry/telemetry.js';
import type { VerificationCacheOptions } from '../verification/verification-cache.js';
import { VerificationCache } from '../verification/verification-cache.js';
import type { HostPolicy, Policy } from './policy-view.js';
import { isPolicyId, toPolicy } from './policy-view.js';

/** What every instance has. An auditor may look at everything and change nothing. */
const BUILT_IN: readonly HostPolicy[] = [
  { id: 'full-access', name: 'Full Access', description: 'Everything', statements: [FULL_ACCESS] },
  { id: 'auditor', name: 'Auditor', description: 'Read only', statements: [{ actions: ['*:read'] }] },
];

/** The policies as they are now, through a cache that hears of every change: what verification reads them by. */
export class PolicyReader {
  /** By id: Latchkey's own and the host's. They belong to every organisation. */
  readonly builtIn: ReadonlyMap<string, Policy>;
  readonly #store: PolicyStore;
  readonly #now: () => number;
  readonly #cache: VerificationCache<PolicyRecord>;
  readonly #policies = new WeakMap<PolicyRecord, { readonly template: PolicyRecord | null; readonly policy: Policy }>();

  /** @throws TypeError for a policy of the host's that is wrong, or whose id stands twice. */
  constructor(
    store: PolicyStore,
    ofHost: readonly HostPolicy[],
    feed: ChangeFeed,
    now: () => number,
    cache?: VerificationCacheOptions,
    lookups?: LookupCounts,
  ) {
    this.#store = store;
    this.#now = now;
    this.#cache = new VerificationCache('policies', (id) => store.get(id), feed, now, cache, undefined, lookups);
    const all = [...BUILT_IN, ...ofHost].map(toBuiltIn);
    this.builtIn = new Map(all.map((policy) => [policy.id, policy]));
    if (this.builtIn.size !== all.length) throw new TypeError('policies: two have the same id');
  }

  /** Those of `ids` that are there and that a key of the organisation can have, in their order. The others give nothing. */
  async resolve(ids: readonly string[], orgId: string | null): Promise<Policy[]> {
    if (ids.length === 0) return [];
    const found = await Promise.all(ids.map((id) => this.#find(id, orgId)));
    return found.filter((policy) => policy !== null);
  }

  /** As `resolve`, and the faults of those that are not there. */
  async lookUp(ids: readonly string[], orgId: string | null): Promise<{ policies: Policy[]; faults: FieldError[] }> {
    const found = await Promise.all(ids.map((id) => this.#find(id, orgId)));
    const missing = ids.flatMap((_, index) =>
      found[index] === null ? [{ path: `policyIds.${index}`, message: 'names no policy' }] : [],
    );
    return { policies: found.filter((policy) => policy !== null), faults: missing };
  }

  /** A stored record with its statements, its template being `known`, or read from the store. */
  async view(record: PolicyRecord, known?: PolicyRecord): Promise<Policy> {
    const isKnown = known !== undefined && record.templateId === known.id;
    const template = record.templateId === null ? null : isKnown ? known : await this.#store.get(record.templateId);
    return toPolicy(record, statementsOf(record, template));
  }

  close(): void {
    this.#cache.close();
  }

  async #find(id: string, orgId: string | null): Promise<Policy | null> {
    const builtIn = this.builtIn.get(id);
    if (builtIn !== undefined) return builtIn;
    const record = await this.#read(id);
    if (record === null || record.orgId !== orgId || record.type === 'template') return null;
    const template = record.templateId === null ? null : await this.#read(record.templateId);
    return this.#resolved(record, template);
  }

  async #read(id: string): Promise<PolicyRecord | null> {
    const cached = this.#cache.peek(id, this.#now());
    return cached === undefined ? await this.#cache.fetch(id) : cached;
  }

  /** The same policy for the same records: its statements are then compiled once for all keys that have it. */
  #resolved(record: PolicyRecord, template: PolicyRecord | null): Policy {
    const known = this.#policies.get(record);
    if (known !== undefined && known.template === template) return known.policy;
    const policy = deepFreeze(toPolicy(record, statementsOf(record, template)));
    this.#policies.set(record, { template, policy });
    return policy;
  }
}

/** None where it should follow a template that is not there. */
function statementsOf(record: PolicyRecord, template: PolicyRecord | null): readonly Statement[] {
  const { templateId, workspace, statements, orgId } = record;
  if (templateId === null) return statements;
  if (template?.type !== 'template' || template.orgId !== orgId) return [];
  return template.statements.map((statement) => ({ ...statement, workspace: workspace ?? '*' }));
}

function toBuiltIn(input: HostPolicy): Policy {
  const { id, name, description = '', statements } = Object(input) as HostPolicy;
  if (!isPolicyId(id)) {
    throw new TypeError(
      'policies: each needs an id of 1 to 128 letters, digits, ".", "_" and "-", and not "." or ".."',
    );
  }
  const own = toStatements(statements);
  const [fault] = [...checkKeyFields({ name: name ?? '', description }), ...checkStatements(own)];
  if (fault !== undefined) throw new TypeError(`policies: ${id}: ${fault.path} ${fault.message}`);
  return deepFreeze({
    id,
    version: 1,
    type: 'role' as const,
    name,
    description,
    orgId: null,
    statements: own,
    templateId: null,
    workspace: null,
    properties: {},
    dialects: NO_DIALECTS,
    createdBy: 'latchkey',
    createdAt: 0,
    updatedAt: 0,
    isBuiltIn: true,
  });
}
