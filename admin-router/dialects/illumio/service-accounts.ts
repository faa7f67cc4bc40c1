import { randomUUID } from 'node:crypto';
import type { ApiKey, DocumentRecord, Latchkey, Principal, Statement, StatementInput } from '../../../lib/index.js';
import { AuthError, LIMITS } from '../../../lib/index.js';
import { everyKey } from '../pages.js';
import { invalid, refuse } from './answers.js';
import { numberOfOrg, numberOfUser } from './caller.js';
import { DESCRIPTION, LIVING, NAME } from './keys.js';
import { type IllumioRole, type IllumioSettings, ROLES } from './options.js';
import { payload } from './validation.js';

const KIND = 'pce-service-account';
const TRIES = 5;
const MAX_PERMISSIONS = 20;
const MAX_LABELS = 50;
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** A role in a scope. */
export interface Permission {
  readonly id: string;
  readonly role: IllumioRole;
  readonly scope: readonly { readonly label: { readonly href: string } }[];
}

/** What is kept of a service account. */
export interface AccountFields {
  readonly name: string;
  readonly description: string;
  readonly accessRestriction: string | null;
  readonly permissions: readonly Permission[];
  readonly createdBy: string;
  readonly updatedBy: string;
}

export interface ServiceAccount extends AccountFields {
  readonly id: string;
  readonly version: number;
  readonly orgId: string | null;
  readonly createdAt: number;
  readonly updatedAt: number;
}

/** Who changes an account. */
export interface Change {
  readonly by: Principal;
  /** The client's. */
  readonly address: string | null;
}

/** The accounts of an organisation that are no users: kept as documents, their keys as keys that a service owns. */
export class ServiceAccounts {
  readonly #latchkey: Latchkey;
  readonly #settings: IllumioSettings;

  constructor(latchkey: Latchkey, settings: IllumioSettings) {
    this.#latchkey = latchkey;
    this.#settings = settings;
  }

  /** Null for an unknown one, and for one of another organisation. */
  async find(id: string, orgId: string | null): Promise<ServiceAccount | null> {
    if (!UUID.test(id)) return null;
    const document = await this.#latchkey.dialects.documents.get(KIND, id);
    return document === null || document.orgId !== orgId ? null : toAccount(document);
  }

  async insert(fields: AccountFields, { by, address }: Change): Promise<ServiceAccount> {
    const nowAt = this.#latchkey.dialects.now();
    const times = { version: 1, createdAt: nowAt, updatedAt: nowAt };
    const document = { kind: KIND, id: randomUUID(), orgId: by.orgId, ...times, data: { ...fields } };
    await this.#latchkey.dialects.documents.insert(document, { by, address });
    return toAccount(document);
  }

  /** Compare-and-set, so that of two changes at once none is lost. */
  async update(id: string, given: Partial<AccountFields>, options: Change): Promise<ServiceAccount> {
    const { documents, now } = this.#latchkey.dialects;
    for (let tries = 0; tries < TRIES; tries++) {
      const before = await documents.get(KIND, id);
      if (before === null) throw new AuthError('not_found');
      const data = { ...before.data, ...given };
      const next = { ...before, version: before.version + 1, updatedAt: now(), data };
      if (await documents.update(before, next, options)) return toAccount(next);
    }
    throw new AuthError('precondition_failed');
  }

  /** With all its keys: first these, so that none is left without its account. */
  async remove({ id, orgId }: ServiceAccount, by: Principal, address: string | null): Promise<void> {
    const { apiKeys, dialects } = this.#latchkey;
    const revokeAll = () => this.eachKeyOf({ id, orgId }, (key) => apiKeys.revoke(key.id, { by, address }));
    for (let tries = 0; tries < TRIES; tries++) {
      await revokeAll();
      const document = await dialects.documents.get(KIND, id);
      if (document === null || (await dialects.documents.remove(document, { by, address }))) break;
    }
    await revokeAll(); // one may have been added meanwhile
  }

  /** Changes the keys of an account, one after the other. What has gone meanwhile, or is past its time, needs no change. */
  async eachKeyOf(
    { id, orgId }: Pick<ServiceAccount, 'id' | 'orgId'>,
    change: (key: ApiKey) => Promise<unknown>,
  ): Promise<void> {
    for (const key of await this.keysOf(id, orgId)) {
      try {
        await change(key);
      } catch (error) {
        const code = error instanceof AuthError ? error.code : null;
        const isGone = code === 'not_found' || (code === 'conflict' && (await this.#isRevoked(key)));
        if (!isGone) throw error;
      }
    }
  }

  /** Those that are not revoked. */
  async keysOf(id: string, orgId: string | null): Promise<ApiKey[]> {
    return await everyKey(this.#latchkey, { orgId, ownerId: id }, { ...LIVING, ownerKind: 'service' });
  }

  async #isRevoked({ id }: ApiKey): Promise<boolean> {
    return (await this.#latchkey.apiKeys.get(id))?.state === 'revoked';
  }

  /** What the keys of an account may do: its roles, and what the host gives these. */
  rightsOf({ permissions }: Pick<AccountFields, 'permissions'>): Statement[] {
    const roles = [...new Set(permissions.map(({ role }) => role))];
    const given = roles.flatMap((role): StatementInput[] => [
      { actions: [role === 'owner' ? 'pce:*' : `pce:${role}`] },
      ...(this.#settings.roleStatements[role] ?? []),
    ]);
    return given.map(({ actions, resources = ['*'], workspace = '*', description = '' }) => {
      return { actions, resources, workspace, description };
    });
  }

  /**
   * Nobody may have an account say more than they may do themselves, whether it has keys or not: others would give it to keys
   * that are made later. @throws DialectError 403.
   */
  demandGrantable(account: Pick<AccountFields, 'permissions'>, by: Principal): void {
    if (by.exceededBy(this.rightsOf(account)).length > 0) throw refuse('forbidden');
  }

  /** What a payload says of an account; what it leaves out is left out. */
  async fieldsIn(
    body: unknown,
    orgId: string | null,
    schema: string,
    required: readonly string[],
  ): Promise<Partial<AccountFields>> {
    const rules = {
      schema,
      required,
      nullable: ['access_restriction'],
      members: {
        name: NAME,
        description: DESCRIPTION,
        access_restriction: { type: 'object' },
        permissions: { type: 'array', maxItems: MAX_PERMISSIONS },
        api_key: { type: 'object' },
      },
    } as const;
    const { name, description, permissions, access_restriction: restriction } = payload(body, rules);
    const org = await numberOfOrg(this.#latchkey.dialects, orgId);
    const accessRestriction = restriction == null ? restriction : hrefIn(restriction, 'access_restriction', schema);
    if (accessRestriction != null) await this.addressesOf(orgId, accessRestriction);
    return withoutUndefined({
      name: name as string | undefined,
      description: description as string | undefined,
      accessRestriction: accessRestriction as string | null | undefined,
      permissions: (permissions as unknown[] | undefined)?.map((each) => toPermission(each, org, schema)),
    });
  }

  /** The addresses of a restriction. @throws DialectError 406 where there is none of that name. */
  async addressesOf(orgId: string | null, href: string | null): Promise<readonly string[] | null> {
    if (href === null) return null;
    const addresses = (await this.#settings.addressesOf?.(orgId, href)) ?? null;
    if (addresses === null) throw invalid(`The property '#/access_restriction/href' names no access restriction`);
    return addresses;
  }

  /** As the answers have it; `keys` undefined in the answer of create. */
  async toWire(account: ServiceAccount): Promise<Record<string, unknown>> {
    const org = await numberOfOrg(this.#latchkey.dialects, account.orgId);
    const { accessRestriction } = account;
    return {
      name: account.name,
      description: account.description,
      href: await this.hrefOf(account),
      access_restriction: accessRestriction === null ? null : { href: accessRestriction },
      permissions: this.permissionsOf(account, org),
    };
  }

  permissionsOf({ permissions }: AccountFields, org: number): object[] {
    return permissions.map(({ id, role, scope }) => ({
      href: `/orgs/${org}/permissions/${id}`,
      role: { href: `/orgs/${org}/roles/${role}` },
      scope,
    }));
  }

  /** Of who has made something: a service account or a user. Null for a name of the host's own code that no user can have. */
  async hrefOfMaker(id: string, orgId: string | null): Promise<{ href: string } | null> {
    if (id.length > LIMITS.identifier || !id.isWellFormed()) return null;
    const account = await this.find(id, orgId);
    if (account !== null) return { href: await this.hrefOf(account) };
    return { href: `/users/${await numberOfUser(this.#latchkey.dialects, id)}` };
  }

  async hrefOf({ id, orgId }: Pick<ServiceAccount, 'id' | 'orgId'>): Promise<string> {
    return `/orgs/${await numberOfOrg(this.#latchkey.dialects, orgId)}/service_accounts/${id}`;
  }
}

function toAccount({ id, version, orgId, createdAt, updatedAt, data }: DocumentRecord): ServiceAccount {
  return { ...(data as unknown as AccountFields), id, version, orgId, createdAt, updatedAt };
}

function toPermission(given: unknown, org: number, schema: string): Permission {
  const { role, scope = [] } = Object(given) as { role?: unknown; scope?: unknown };
  const href = hrefIn(role, 'permissions/role', schema);
  const name = ROLES.find((each) => href === `/orgs/${org}/roles/${each}`);
  if (name === undefined)
    throw invalid(`The property '#/permissions/role/href' names no role in schema ${schema}.schema.json`);
  if (!Array.isArray(scope) || scope.length > MAX_LABELS) {
    throw invalid(`The property '#/permissions/scope' is no array of labels in schema ${schema}.schema.json`);
  }
  const labels = scope.map((each: unknown) => {
    const { label } = Object(each) as { label?: unknown };
    return { label: { href: hrefIn(label, 'permissions/scope/label', schema) } };
  });
  return { id: randomUUID(), role: name, scope: labels };
}

function hrefIn(value: unknown, path: string, schema: string): string {
  const { href } = Object(value) as { href?: unknown };
  if (typeof href === 'string' && /^\/[\w/.-]{1,255}$/.test(href)) return href;
  throw invalid(
    `The property '#/${path}' did not contain a required property of 'href' in schema ${schema}.schema.json`,
  );
}

type Defined<Fields> = { readonly [Name in keyof Fields]?: Exclude<Fields[Name], undefined> };

function withoutUndefined<Fields extends object>(fields: Fields): Defined<Fields> {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as Defined<Fields>;
}
