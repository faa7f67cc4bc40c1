import type { ApiKey, Latchkey, Policy, Statement } from '../../../lib/index.js';
import { readKey } from '../../access.js';
import { everyPage } from '../pages.js';
import { inlineId, type KeyExtras, userIdOf } from './key-extras.js';
import type { SystemLinkSettings } from './options.js';

/** The core's policy that may do everything. */
const FULL_ACCESS_ID = 'full-access';
const SUPER_USER = 'Super User';
/** Built in by the core, but not by the product: shown where a key has it, and in no list. */
const UNLISTED = 'auditor';

/** The types of a policy, and of a template. */
export const POLICY_TYPES = ['default', 'internal', 'custom', 'role'] as const;
export const TEMPLATE_TYPES = ['user', 'service'] as const;
export type PolicyTypeName = (typeof POLICY_TYPES)[number] | (typeof TEMPLATE_TYPES)[number];

/** What only SystemLink knows of a policy, or of a template. */
export interface PolicyExtras {
  /** Where it is not the core's. */
  readonly type?: PolicyTypeName;
}

/** A policy as the product sees it. Instants are epoch ms. */
export interface SkylinePolicy {
  readonly id: string;
  readonly name: string;
  readonly builtIn: boolean;
  readonly createdAt: number;
  readonly updatedAt: number;
  readonly properties: Readonly<Record<string, string>> | null;
  readonly statements: readonly Statement[];
  readonly type: PolicyTypeName;
  /** The creator; of one that stands in a session key, whom that is for. */
  readonly userId: string | null;
  readonly templateId: string | null;
  readonly workspace: string | null;
  readonly isSession: boolean;
}

/** Reads policies as the product has them: the core's, by the product's ids, and those that stand in a key. */
export class SkylinePolicies {
  readonly #latchkey: Latchkey;
  readonly #superUserId: string;

  constructor(latchkey: Latchkey, { superUserId }: SystemLinkSettings) {
    this.#latchkey = latchkey;
    this.#superUserId = superUserId;
  }

  /** The core's id. */
  idOf(id: string): string {
    return id === this.#superUserId ? FULL_ACCESS_ID : id;
  }

  /** Null for an unknown one, a template, and one of another organisation. */
  async find(id: string, orgId: string | null): Promise<SkylinePolicy | null> {
    const policy = await this.#read(id, orgId);
    if (policy !== null) return policy.type === 'template' ? null : this.view(policy);
    const key = await this.#holderOf(id);
    if (key?.orgId !== orgId || key.state !== 'active') return null;
    return inlineOf(key).find((inline) => inline.id === id) ?? null;
  }

  /** Null for an unknown one, a policy, and one of another organisation. */
  async findTemplate(id: string, orgId: string | null): Promise<SkylinePolicy | null> {
    const policy = await this.#read(id, orgId);
    return policy?.type === 'template' ? this.view(policy) : null;
  }

  /** The core's ids of those that a key can be given, each once, in their order. The others are dropped. */
  async known(ids: readonly string[], orgId: string | null): Promise<string[]> {
    const found: string[] = [];
    for (const id of new Set(ids.map((each) => this.idOf(each)))) {
      const policy = await this.#read(id, orgId);
      if (policy !== null && policy.type !== 'template') found.push(policy.id);
    }
    return found;
  }

  /** Those of a key, in the order of its ids, and what it may do besides. `seen` spares reading the same ones again. */
  async ofKey(key: ApiKey, seen = new Map<string, Promise<Policy | null>>()): Promise<SkylinePolicy[]> {
    const read = (id: string) => {
      const known = seen.get(id);
      if (known !== undefined) return known;
      const reading = this.#latchkey.policies.get(id, key.orgId);
      seen.set(id, reading);
      return reading;
    };
    const found = await Promise.all(key.policyIds.map(read));
    return [...found.filter((policy) => policy !== null).map((policy) => this.view(policy)), ...inlineOf(key)];
  }

  /**
   * Those of an organisation that a list shows: templates, or all others.
   * @throws AuthError `invalid_request` where there are more than 20,000.
   */
  async all(orgId: string | null, isTemplate: boolean): Promise<SkylinePolicy[]> {
    const ofKind = { field: 'type', test: isTemplate ? 'equal' : 'not-equal', value: 'template' } as const;
    const found = await everyPage((paging) => this.#latchkey.policies.search({ orgId, ...paging }, [ofKind]));
    return found.filter(({ id }) => id !== UNLISTED).map((policy) => this.view(policy));
  }

  view(policy: Policy): SkylinePolicy {
    const { id, isBuiltIn, createdAt, updatedAt, properties, statements, templateId, workspace, createdBy } = policy;
    const isSuperUser = id === FULL_ACCESS_ID;
    return {
      id: isSuperUser ? this.#superUserId : id,
      name: isSuperUser ? SUPER_USER : policy.name,
      builtIn: isBuiltIn,
      createdAt,
      updatedAt,
      properties,
      statements,
      type: extrasOf(policy).type ?? (policy.type === 'template' ? 'user' : policy.type),
      userId: createdBy,
      templateId,
      workspace,
      isSession: false,
    };
  }

  /** What cannot be an id does not reach the store; those that stand in a key are not the core's to read here. */
  async #read(id: string, orgId: string | null): Promise<Policy | null> {
    const coreId = this.idOf(id);
    if (!/^(?!\.{1,2}$)[\w.-]{1,128}$/.test(coreId)) return null;
    const policy = await this.#latchkey.policies.get(coreId, orgId);
    return policy?.type === 'internal' ? null : policy;
  }

  async #holderOf(id: string): Promise<ApiKey | null> {
    const key = (await readKey(this.#latchkey, id)) ?? (await readKey(this.#latchkey, inlineId(id, 0)));
    return key?.kind === 'session-key' ? key : null;
  }
}

export function extrasOf({ dialects }: Pick<Policy, 'dialects'>): PolicyExtras {
  return (dialects.systemlink ?? {}) as PolicyExtras;
}

/** The statements of a key as policies: as they were given, or all in one where the key was made or changed elsewhere. */
function inlineOf(key: ApiKey): SkylinePolicy[] {
  const { id, name, kind, statements, createdAt, updatedAt, dialects } = key;
  const { inline = [] } = (dialects.systemlink ?? {}) as KeyExtras;
  const userId = userIdOf(key);
  const isSession = kind === 'session-key';
  const rest = { builtIn: false, createdAt, properties: null, type: 'internal' as const, userId, isSession };
  const none = { templateId: null, workspace: null };
  const isWhole = inline.reduce((sum, { count }) => sum + count, 0) === statements.length;
  if (!isWhole || inline.length === 0) {
    return statements.length === 0 ? [] : [{ ...rest, ...none, id, name, updatedAt, statements }];
  }
  let start = 0;
  return inline.map((each, index) => {
    const own = statements.slice(start, start + each.count);
    start += each.count;
    return { ...rest, ...none, id: inlineId(id, index + 1), name: each.name, updatedAt: createdAt, statements: own };
  });
}
