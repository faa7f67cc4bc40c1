import type { AuditTrail } from '../audit/audit.js';
import { changeRecord } from '../change-record.js';
import { AuthError, invalidRequest } from '../errors.js';
import type { ChangeEvent } from '../events.js';
import { applyDialects, checkDialects, NO_DIALECTS } from '../keys/dialect-fields.js';
import { refuseFaults } from '../keys/key-builder.js';
import { difference } from '../keys/key-changes.js';
import type { Actor } from '../keys/key-rights.js';
import { actorName, doer } from '../keys/key-rights.js';
import type { KeyPage } from '../keys/key-search.js';
import type { ApiKey } from '../keys/key-view.js';
import type { ChangeOptions, MakeOptions } from '../keys/key-writer.js';
import { toStatements } from '../permissions/statement.js';
import { Principal } from '../principal.js';
import type { PolicyRecord } from '../records.js';
import type { Criterion } from '../search/criteria.js';
import { checkCriteria, compileCriteria } from '../search/criteria.js';
import { checkLimit, decodeCursor, encodeCursor, filterGently, scan } from '../search/scan.js';
import type { PolicyStore } from '../stores/store.js';
import { randomBase62 } from '../verification/secret.js';
import type { NewPolicy, PolicyChanges } from './policy-input.js';
import { CHANGEABLE_POLICY_FIELDS, checkPolicy, isGrantable, refusePolicyExcess } from './policy-input.js';
import type { PolicyReader } from './policy-reader.js';
import type { PolicyRemoval, PolicyRemovals } from './policy-removals.js';
import type { PolicyUsers, PolicyUsersQuery } from './policy-users.js';
import type { Policy } from './policy-view.js';
import { isPolicyId, SEARCHABLE_POLICY_FIELDS } from './policy-view.js';

/** 128 bits, as the ids of keys. */
const ID_LENGTH = 22;

const ID_MESSAGE = 'must have 1 to 128 letters, digits, ".", "_" and "-", and not be "." or ".."';
const TAKEN = 'There is a policy with this id already.';

export interface CreatePolicyOptions extends MakeOptions {
  /** Default: a random one of Latchkey's own. From code only: who chooses ids could bring back one that keys still name. */
  readonly id?: string | undefined;
}

export interface PolicyQuery {
  readonly orgId: string | null;
  /** 1 to 200; default 50. */
  readonly limit?: number | undefined;
  /** `nextCursor` of the page before. */
  readonly cursor?: string | undefined;
  /** Only those that a key of this principal's can be given whole: no templates, and nothing beyond its own rights. */
  readonly grantableBy?: Principal | undefined;
}

export interface PolicyPage {
  readonly items: readonly Policy[];
  /** Null at the end. A page may be short, even empty, before it. */
  readonly nextCursor: string | null;
}

/**
 * Named lists of statements. A change is in force at once in every process, for every key that refers to the policy. Every
 * change is compare-and-set, and in the audit trail before it is made.
 */
export class Policies {
  readonly #store: PolicyStore;
  readonly #reader: PolicyReader;
  readonly #users: PolicyUsers;
  readonly #removals: PolicyRemovals;
  readonly #trail: AuditTrail;
  readonly #now: () => number;

  constructor(
    store: PolicyStore,
    reader: PolicyReader,
    users: PolicyUsers,
    removals: PolicyRemovals,
    trail: AuditTrail,
    now: () => number,
  ) {
    this.#store = store;
    this.#reader = reader;
    this.#users = users;
    this.#removals = removals;
    this.#trail = trail;
    this.#now = now;
  }

  /**
   * @throws AuthError `invalid_request` naming each field; `forbidden` when `by` would give more than it has; `conflict` when
   * there is a policy with the `id` that is given.
   */
  async create(input: NewPolicy, options: CreatePolicyOptions): Promise<Policy> {
    const { by, id = randomBase62(ID_LENGTH) } = options;
    if (!isPolicyId(id)) throw invalidRequest([{ path: 'id', message: ID_MESSAGE }]);
    if (this.#reader.builtIn.has(id)) throw new AuthError('conflict', { message: TAKEN });
    if (input.dialects !== undefined) refuseFaults(checkDialects(input.dialects));
    const nowAt = this.#now();
    const record: PolicyRecord = {
      id,
      version: 1,
      type: input.type ?? 'custom',
      name: input.name,
      description: input.description ?? '',
      orgId: input.orgId === undefined ? (by instanceof Principal ? by.orgId : null) : input.orgId,
      statements: toStatements(input.statements ?? []),
      templateId: input.templateId ?? null,
      workspace: input.workspace ?? null,
      properties: input.properties ?? {},
      dialects: applyDialects(NO_DIALECTS, input.dialects),
      createdBy: actorName(by),
      createdAt: nowAt,
      updatedAt: nowAt,
    };
    refuseFaults(checkPolicy(input, record));
    await this.#demandTemplate(record);
    const policy = await this.#reader.view(record);
    refusePolicyExcess(by, policy);
    const event = toEvent('policy.created', {}, record, record, options, nowAt);
    if (!(await this.#trail.write(event, () => this.#store.insert(record)))) {
      throw new AuthError('conflict', { message: TAKEN });
    }
    return policy;
  }

  /** Null when there is no such policy, or it is of another organisation; built-in ones belong to all. */
  async get(id: string, orgId: string | null): Promise<Policy | null> {
    const builtIn = this.#reader.builtIn.get(id);
    if (builtIn !== undefined) return builtIn;
    const record = await this.#store.get(id);
    if (record !== null) return record.orgId === orgId ? await this.#reader.view(record) : null;
    return await this.#users.internalPolicy(id, orgId);
  }

  /** A page of an organisation's policies, built-in ones included, by id, that meet all `criteria`. */
  async search(query: PolicyQuery, criteria: readonly Criterion[] = []): Promise<PolicyPage> {
    const { orgId, limit = 50, cursor, grantableBy: by } = query;
    checkLimit(limit);
    refuseFaults(checkCriteria(criteria, SEARCHABLE_POLICY_FIELDS));
    const meetsAll = compileCriteria(criteria);
    const isWanted = (policy: Policy) => meetsAll({ ...policy }) && (by === undefined || isGrantable(by, policy));
    const { items, next } = await scan<Policy, Policy>({
      read: (after, most) => this.#page(orgId, after, most),
      positionOf: ({ id }) => id,
      async select(policies) {
        const wanted = new Set(await filterGently(policies, isWanted));
        return policies.map((policy) => (wanted.has(policy) ? policy : null));
      },
      limit,
      after: cursor === undefined ? firstId(criteria) : decodeCursor(cursor, ([id]) => (isId(id) ? id : undefined)),
      isAll: criteria.length === 0 && by === undefined,
    });
    return { items, nextCursor: next === null ? null : encodeCursor([next]) };
  }

  /**
   * Changes the fields that are given.
   * @throws AuthError `not_found`, `conflict` for a built-in one or that of a session key, or as `create`.
   */
  async update(id: string, changes: PolicyChanges, options: ChangeOptions): Promise<Policy> {
    const { by } = options;
    const given = Object.fromEntries(Object.entries(changes).filter(([, value]) => value !== undefined));
    if (changes.dialects !== undefined) refuseFaults(checkDialects(changes.dialects));
    return await this.#change(id, options, async (record) => {
      refusePolicyExcess(by, await this.#reader.view(record));
      const statements = (changes.statements && toStatements(changes.statements)) ?? record.statements;
      const dialects = applyDialects(record.dialects, changes.dialects);
      const next: PolicyRecord = { ...record, ...given, statements, dialects };
      refuseFaults(checkPolicy(given, next, CHANGEABLE_POLICY_FIELDS));
      refusePolicyExcess(by, await this.#reader.view(next));
      return next;
    });
  }

  /**
   * Removes a policy for good. One in use is refused, unless `detach` takes it from the keys that have it; the policies that
   * follow a template then keep the statements that they have. Returns how many it was detached from.
   * Asked for again within an hour after it was not acknowledged, it is answered as it would have been.
   * @throws AuthError `not_found`, `precondition_failed`; `conflict` for a built-in one, that of a session key, or one in use,
   * with the count; `not_durable` when it may be gone, or come back.
   */
  async remove(id: string, options: ChangeOptions & { readonly detach?: boolean | undefined }): Promise<number> {
    const { by, ifVersion, detach = false } = options;
    actorName(by);
    this.#refuseBuiltIn(id);
    const record = await this.#store.get(id);
    if (record === null) return await this.#finish(await this.#removedBefore(id, options), options);
    demandRight(record, by, ifVersion);
    const users = detach ? 0 : await this.#users.count(record, record.orgId);
    if (users > 0) throw inUse(record, users);
    const detached = detach ? await this.#detach(record, options) : 0;
    const event = toEvent('policy.deleted', record, {}, record, options, this.#now());
    await this.#removals.begin({ record, detached });
    if (await this.#trail.write(event, () => this.#store.remove(record))) {
      return await this.#finish({ record, detached }, options);
    }
    throw new AuthError('conflict', { message: 'The policy was changed meanwhile. Read it again and retry.' });
  }

  /**
   * A page of the organisation's keys that have the policy and still work, by id, without those that `mayShow` says no to. Of a
   * template no key has it: the policies that follow it are found by their `templateId`.
   */
  users(policy: Policy, query: PolicyUsersQuery, mayShow: (key: ApiKey) => boolean = () => true): Promise<KeyPage> {
    return this.#users.page(policy, query, mayShow);
  }

  /** How many keys of the organisation have the policy and still work; of a template, how many of its policies follow it. */
  countUsers(policy: Policy, orgId: string | null): Promise<number> {
    return this.#users.count(policy, orgId);
  }

  /** What an earlier try has removed, without having been acknowledged. @throws AuthError `not_found` where there is none. */
  async #removedBefore(id: string, { by, ifVersion }: ChangeOptions): Promise<PolicyRemoval> {
    await this.#store.confirm?.(id);
    const removal = await this.#removals.find(id);
    if (removal === null) {
      await this.#refuseInternal(id, by);
      throw new AuthError('not_found');
    }
    demandRight(removal.record, by, ifVersion);
    return removal;
  }

  /** Returns how many it was detached from, in all. */
  async #finish({ record, detached }: PolicyRemoval, options: MakeOptions): Promise<number> {
    const late = await this.#detach(record, options); // from keys that were given it meanwhile
    await this.#removals.end(record.id);
    return detached + late;
  }

  async #detach(record: PolicyRecord, options: MakeOptions): Promise<number> {
    if (record.type !== 'template') return await this.#users.detach(record.id, options);
    const ids = await this.#users.followers(record.id, record.orgId);
    for (const id of ids) {
      await this.#change(id, { by: options.by, address: options.address }, async (follower) => {
        const { statements } = await this.#reader.view(follower, record);
        return follower.templateId === record.id
          ? { ...follower, statements, templateId: null, workspace: null }
          : follower;
      });
    }
    return ids.length;
  }

  async #change(
    id: string,
    options: ChangeOptions,
    change: (record: PolicyRecord) => Promise<PolicyRecord>,
  ): Promise<Policy> {
    actorName(options.by);
    this.#refuseBuiltIn(id);
    const changed = await changeRecord<PolicyRecord>({
      now: this.#now,
      ifVersion: options.ifVersion,
      read: async () => (await this.#store.get(id)) ?? (await this.#refuseInternal(id, options.by)),
      change,
      write: (record, next, nowAt) =>
        this.#trail.write(toEvent('policy.changed', record, next, next, options, nowAt), () =>
          this.#store.update(record, next),
        ),
    });
    return await this.#reader.view(changed);
  }

  #refuseBuiltIn(id: string): void {
    if (this.#reader.builtIn.has(id)) {
      throw new AuthError('conflict', { message: 'The policy is built in: it cannot be changed or deleted.' });
    }
  }

  /** Null where there is no such policy either. */
  async #refuseInternal(id: string, by: Actor): Promise<null> {
    const policy = await this.#users.internalPolicy(id, by instanceof Principal ? by.orgId : undefined);
    if (policy === null) return null;
    throw new AuthError('conflict', {
      message:
        'The policy is that of a session key: it cannot be changed or deleted by itself. Change or revoke the key.',
    });
  }

  async #demandTemplate({ templateId, orgId }: PolicyRecord): Promise<void> {
    if (templateId === null) return;
    const template = await this.#store.get(templateId);
    if (template?.type === 'template' && template.orgId === orgId) return;
    throw invalidRequest([{ path: 'templateId', message: 'names no template' }]);
  }

  /** Stored ones and built-in ones, in the one order of their ids. */
  async #page(orgId: string | null, after: string | undefined, limit: number) {
    const { records, next } = await this.#store.page({ orgId, after, limit });
    const stored = await Promise.all(records.map((record) => this.#reader.view(record)));
    const isHere = ({ id }: Policy) => (after === undefined || id > after) && (next === null || id <= next);
    const builtIn = [...this.#reader.builtIn.values()].filter(isHere);
    return { entries: [...stored, ...builtIn].sort((a, b) => (a.id < b.id ? -1 : 1)), next };
  }
}

/** @throws AuthError `not_found` for one of another organisation, `precondition_failed` for another version. */
function demandRight({ orgId, version }: PolicyRecord, by: Actor, ifVersion: number | undefined): void {
  if (by instanceof Principal && by.orgId !== orgId) throw new AuthError('not_found');
  if (ifVersion !== undefined && ifVersion !== version) throw new AuthError('precondition_failed');
}

function inUse({ type }: PolicyRecord, users: number): AuthError {
  const [one, many] = type === 'template' ? ['policy', 'policies'] : ['key', 'keys'];
  const what = users === 1 ? `1 ${one}: detach it from that` : `${users} ${many}: detach it from them`;
  return new AuthError('conflict', {
    message: `The policy is in use by ${what}, or leave it.`,
    errors: [{ path: 'users', message: String(users) }],
  });
}

function isId(id: unknown): id is string {
  return typeof id === 'string' && id.length <= 128;
}

/** Paging by id: what is known to come before is not looked at. */
function firstId(criteria: readonly Criterion[]): string | undefined {
  const bounds = criteria.filter(({ field, test }) => field === 'id' && test === 'greater-than');
  return bounds
    .map(({ value }) => String(value))
    .sort()
    .at(-1);
}

function toEvent(
  type: Extract<ChangeEvent, { readonly policyId: string }>['type'],
  before: object,
  after: object,
  { id, orgId }: PolicyRecord,
  { by, address = null }: MakeOptions,
  at: number,
): ChangeEvent {
  return { type, at, address, orgId, ...doer(by), policyId: id, ...difference(before, after) };
}
