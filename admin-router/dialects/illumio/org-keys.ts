import type { ApiKey, Latchkey, Principal } from '../../../lib/index.js';
import { call, type DialectCall, type DialectRoute } from '../dialect.js';
import { everyKey, readEach } from '../pages.js';
import { refuse } from './answers.js';
import { demandOrg, demandRole, numberOfUser, rolesOf } from './caller.js';
import { collection } from './collection.js';
import { fieldsOf, isListed, LIVING, NEVER, toTime } from './keys.js';
import type { IllumioSettings } from './options.js';
import { orgSettings } from './org-settings.js';
import type { ServiceAccount, ServiceAccounts } from './service-accounts.js';

/** Who a key belongs to, as the items show it. */
interface Account {
  readonly type: 'user' | 'service_account';
  readonly name: string;
  readonly href: string;
  readonly accessRestriction: { readonly href: string } | null;
  readonly permissions: readonly object[];
}

/** The keys of a whole organisation, of users and of service accounts. */
export class OrgKeys {
  readonly #latchkey: Latchkey;
  readonly #accounts: ServiceAccounts;

  constructor(latchkey: Latchkey, accounts: ServiceAccounts) {
    this.#latchkey = latchkey;
    this.#accounts = accounts;
  }

  /** Those that `principal` may see and that are not yet gone. */
  async listed(principal: Principal): Promise<ApiKey[]> {
    const { orgId, id, ownerKind } = principal;
    const isAll = rolesOf(principal).some((role) => role === 'owner' || role === 'admin');
    const keys = isAll
      ? await everyKey(this.#latchkey, { orgId }, LIVING)
      : await everyKey(this.#latchkey, { orgId, ownerId: id }, { ...LIVING, ownerKind });
    return await this.#notYetGone(keys, orgId);
  }

  /** The same of one service account. */
  async listedOf({ id, orgId }: ServiceAccount): Promise<ApiKey[]> {
    return await this.#notYetGone(await this.#accounts.keysOf(id, orgId), orgId);
  }

  /** Whose `keys` are, by `ownerOf`. */
  accountsOf(keys: readonly ApiKey[], org: number): Promise<Map<string, Account>> {
    return byOwner(keys, (key) => this.#accountOf(key, org));
  }

  /** The roles of the owners of `keys`, by `ownerOf`. */
  rolesOf(keys: readonly ApiKey[]): Promise<Map<string, readonly string[]>> {
    return byOwner(keys, (key) => this.#rolesOfOwner(key));
  }

  /** The items of `keys`, which are of one organisation, in the order of the contract. */
  async items(keys: readonly ApiKey[], org: number): Promise<object[]> {
    const accounts = await this.accountsOf(keys, org);
    const makers = [...new Set(keys.map(({ createdBy }) => createdBy))];
    const hrefs = await readEach(makers, (id) => this.#accounts.hrefOfMaker(id, keys[0]?.orgId ?? null));
    const hrefOf = new Map(makers.map((id, at) => [id, hrefs[at] ?? null]));
    return keys.map((key) => toItem(key, accounts.get(ownerOf(key)) as Account, hrefOf.get(key.createdBy) ?? null));
  }

  async #notYetGone(keys: readonly ApiKey[], orgId: string | null): Promise<ApiKey[]> {
    const { expired_api_keys_retention_in_seconds: retention } = await orgSettings(this.#latchkey, orgId);
    const nowAt = this.#latchkey.dialects.now();
    return keys.filter((key) => isListed(key, nowAt, retention));
  }

  async #accountOf({ ownerKind, ownerId, orgId }: ApiKey, org: number): Promise<Account> {
    const none = { accessRestriction: null, permissions: [] };
    if (ownerKind === 'service') {
      const account = await this.#accounts.find(ownerId, orgId);
      const href = `/orgs/${org}/service_accounts/${ownerId}`;
      if (account === null) return { type: 'service_account', name: ownerId, href, ...none };
      const { accessRestriction, name } = account;
      return {
        type: 'service_account',
        name,
        href,
        accessRestriction: accessRestriction === null ? null : { href: accessRestriction },
        permissions: this.#accounts.permissionsOf(account, org),
      };
    }
    const { dialects } = this.#latchkey;
    const [user, number] = await Promise.all([dialects.findUser(ownerId), numberOfUser(dialects, ownerId)]);
    return { type: 'user', name: user?.userName ?? ownerId, href: `/users/${number}`, ...none };
  }

  async #rolesOfOwner({ ownerKind, ownerId, orgId }: ApiKey): Promise<readonly string[]> {
    if (ownerKind === 'service') {
      return (await this.#accounts.find(ownerId, orgId))?.permissions.map(({ role }) => role) ?? [];
    }
    const { dialects } = this.#latchkey;
    const user = await dialects.findUser(ownerId);
    const principal = user === null ? null : await dialects.principalOfUser(user);
    return principal === null ? [] : rolesOf(principal);
  }
}

function ownerOf({ ownerKind, ownerId }: ApiKey): string {
  return `${ownerKind} ${ownerId}`;
}

/** What `read` answers for a key of each owner: each owner is asked for once. */
async function byOwner<Answer>(
  keys: readonly ApiKey[],
  read: (key: ApiKey) => Promise<Answer>,
): Promise<Map<string, Answer>> {
  const owned = [...new Map(keys.map((key) => [ownerOf(key), key])).values()];
  return new Map(await readEach(owned, async (key): Promise<[string, Answer]> => [ownerOf(key), await read(key)]));
}

function stateOf({ state }: ApiKey): 'active' | 'expired' {
  return state === 'active' ? 'active' : 'expired';
}

function toItem(key: ApiKey, account: Account, createdBy: object | null): object {
  const { type, name, href, accessRestriction, permissions } = account;
  const { id, createdAt, expiresAt, lastUsedAt } = key;
  return {
    href: `${href}/api_keys/${id}`,
    key_id: id,
    auth_username: `api_${id}`,
    name: type === 'user' ? fieldsOf(key).name : name,
    created_at: toTime(createdAt),
    state: stateOf(key),
    expires_in_seconds: expiresAt === null ? NEVER : Math.ceil((expiresAt - createdAt) / 1_000),
    created_by: createdBy,
    last_login_on: lastUsedAt === null ? null : toTime(lastUsedAt),
    account: { href, type, name },
    access_restriction: accessRestriction,
    permissions,
  };
}

export function orgKeyRoutes(latchkey: Latchkey, settings: IllumioSettings, orgKeys: OrgKeys): DialectRoute[] {
  const { apiKeys } = latchkey;
  const path = '/api/v2/orgs/:org/api_keys';

  async function list(asked: DialectCall) {
    const org = await demandOrg(latchkey, asked);
    const { query, principal } = asked;
    const keys = await orgKeys.listed(principal);
    const [type, state, userName, role] = ['type', 'state', 'username', 'role'].map((each) => query.get(each) ?? null);
    const name = query.get('name') ?? query.get('service_account_name');
    // Whose they are is asked for only where it matters: a key shown, or a filter on it.
    let matching = keys.filter(
      (key) =>
        (type === null || type === (key.ownerKind === 'user' ? 'user' : 'service_account')) &&
        (state === null || state === stateOf(key)),
    );
    if (name !== null || userName !== null) {
      const accounts = await orgKeys.accountsOf(matching, org);
      const isNamed = (account: Account | undefined) =>
        (name === null || (account?.type === 'service_account' && account.name === name)) &&
        (userName === null || (account?.type === 'user' && account.name === userName));
      matching = matching.filter((key) => isNamed(accounts.get(ownerOf(key))));
    }
    if (role != null) {
      const roles = await orgKeys.rolesOf(matching);
      const wanted = unquoted(role);
      matching = matching.filter((key) =>
        roles.get(ownerOf(key))?.some((each) => `/orgs/${org}/roles/${each}` === wanted),
      );
    }
    return await collection(matching, keys.length, asked, settings, (page) => orgKeys.items(page, org));
  }

  return [
    call('GET', path, 'list the keys of the organisation', 'owner, admin; others: own', list),
    call('DELETE', `${path}/:key`, 'delete any key', 'owner', async (asked) => {
      await demandOrg(latchkey, asked);
      const { principal, address, params } = asked;
      demandRole(principal, 'owner');
      const key = await apiKeys.get(params.key ?? '');
      if (key === null || key.orgId !== principal.orgId || key.state === 'revoked') throw refuse('notFound');
      await apiKeys.revoke(key.id, { by: principal, address });
      return {};
    }),
  ];
}

/** The URI of a role, which clients send as a JSON text, with or without its quotes. */
function unquoted(role: string): string {
  return role.replace(/^"(.*)"$/, '$1');
}
