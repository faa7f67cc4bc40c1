import type { ApiKey, IssuedKey, Latchkey } from '../../../lib/index.js';
import { AuthError } from '../../../lib/index.js';
import { call, type DialectCall, type DialectRoute } from '../dialect.js';
import { noPayload, refuse } from './answers.js';
import { demandOrg, demandRole } from './caller.js';
import { coreNames, drawPair, lifetimeOf, SECONDS, toTime } from './keys.js';
import type { OrgKeys } from './org-keys.js';
import { orgSettings } from './org-settings.js';
import type { ServiceAccount, ServiceAccounts } from './service-accounts.js';
import { payload } from './validation.js';

/** Keys of one service account that have not ended. */
const MAX_KEYS = 100;
/** How often the keys are given what an account says that others change at the same time. */
const TRIES = 5;

/** Service accounts and their keys: for owners only. */
export function accountRoutes(latchkey: Latchkey, accounts: ServiceAccounts, orgKeys: OrgKeys): DialectRoute[] {
  const { apiKeys } = latchkey;

  async function demandOwner(asked: DialectCall): Promise<number> {
    const org = await demandOrg(latchkey, asked);
    demandRole(asked.principal, 'owner');
    return org;
  }

  async function find({ params, principal }: DialectCall): Promise<ServiceAccount> {
    const account = await accounts.find(params.account ?? '', principal.orgId);
    if (account === null) throw refuse('notFound');
    return account;
  }

  async function makeKey(account: ServiceAccount, asked: DialectCall, seconds: number): Promise<IssuedKey> {
    const { principal, address } = asked;
    const living = (await accounts.keysOf(account.id, account.orgId)).filter(({ state }) => state !== 'expired');
    if (living.length >= MAX_KEYS) {
      throw new AuthError('conflict', { message: `A service account has at most ${MAX_KEYS} keys.` });
    }
    const made = await apiKeys.create(
      {
        name: coreNames(account).name,
        ownerKind: 'service',
        ownerId: account.id,
        orgId: principal.orgId,
        statements: accounts.rightsOf(account),
        allowedAddresses: await accounts.addressesOf(account.orgId, account.accessRestriction),
        ...lifetimeOf(seconds),
      },
      { by: principal, address, draw: drawPair },
    );
    try {
      await keepInStep(account, asked);
      return made;
    } catch (error) {
      await apiKeys.revoke(made.key.id, { by: principal, address }); // nobody was told of it
      throw error;
    }
  }

  /**
   * Once keys were given what `account` says: gives it to them again as long as somebody has changed the account meanwhile, so
   * that neither a key that is made nor another change at once is left with what the account says no more.
   */
  async function keepInStep(account: ServiceAccount, asked: DialectCall): Promise<void> {
    for (let tries = 0, given = account; tries < TRIES; tries++) {
      const kept = await accounts.find(account.id, account.orgId);
      if (kept === null) throw refuse('notFound');
      if (kept.version === given.version) return;
      await giveKeys(kept, asked);
      given = kept;
    }
    throw new AuthError('conflict', { message: 'The account is being changed by many at once. Retry.' });
  }

  /** The keys, but those named, get the rights and the restriction of the account, within those of the caller. */
  async function giveKeys(
    account: ServiceAccount,
    { principal, address }: DialectCall,
    but: ReadonlySet<string> = new Set(),
  ): Promise<Set<string>> {
    const statements = accounts.rightsOf(account);
    const allowedAddresses = await accounts.addressesOf(account.orgId, account.accessRestriction);
    const changes = { statements, allowedAddresses, refreshCeiling: true };
    const given = new Set(but);
    await accounts.eachKeyOf(account, async ({ id }) => {
      if (!given.has(id)) await apiKeys.update(id, changes, { by: principal, address });
      given.add(id);
    });
    return given;
  }

  /** `expires_in_seconds`, or the organisation's default. */
  async function secondsIn(body: unknown, schema: string, orgId: string | null): Promise<number> {
    const given = payload(body ?? {}, { schema, members: { expires_in_seconds: SECONDS } });
    const seconds = given.expires_in_seconds as number | undefined;
    return seconds ?? (await orgSettings(latchkey, orgId)).max_api_key_expiration_in_seconds;
  }

  async function create(asked: DialectCall) {
    await demandOwner(asked);
    const { principal, body } = asked;
    const { orgId, id: createdBy } = principal;
    const schema = 'service_accounts_post';
    const fields = await accounts.fieldsIn(body, orgId, schema, ['name']);
    const seconds = await secondsIn((body as { api_key?: unknown }).api_key, schema, orgId);
    const defaults = { name: '', description: '', accessRestriction: null, permissions: [] };
    accounts.demandGrantable({ ...defaults, ...fields }, principal);
    const account = await accounts.insert(
      { ...defaults, ...fields, createdBy, updatedBy: createdBy },
      { by: principal, address: asked.address },
    );
    try {
      const { key, secret } = await makeKey(account, asked, seconds);
      const made = { auth_username: `api_${key.id}`, secret };
      return { status: 201, body: { ...(await accounts.toWire(account)), api_key: made } };
    } catch (error) {
      await accounts.remove(account, principal, asked.address); // nobody was told of it
      throw error;
    }
  }

  async function read(asked: DialectCall) {
    const org = await demandOwner(asked);
    const account = await find(asked);
    const { access_restriction, permissions, ...first } = await accounts.toWire(account);
    const keys = await orgKeys.items(await orgKeys.listedOf(account), org);
    return {
      body: {
        ...first,
        created_at: toTime(account.createdAt),
        updated_at: toTime(account.updatedAt),
        created_by: await accounts.hrefOfMaker(account.createdBy, account.orgId),
        updated_by: await accounts.hrefOfMaker(account.updatedBy, account.orgId),
        permissions,
        access_restriction,
        api_keys: keys,
      },
    };
  }

  /** The keys follow: their rights are those of the account. */
  async function update(asked: DialectCall) {
    await demandOwner(asked);
    const { principal, address, body } = asked;
    if (body === undefined) throw noPayload();
    const before = await find(asked);
    const fields = await accounts.fieldsIn(body, principal.orgId, 'service_accounts_put', []);
    const isRegranted = fields.permissions !== undefined || fields.accessRestriction !== undefined;
    if (isRegranted) accounts.demandGrantable({ ...before, ...fields }, principal);
    // The keys before the account: should that fail in between, they are what the account is about to say.
    const given = isRegranted ? await giveKeys({ ...before, ...fields }, asked) : new Set<string>();
    const after = await accounts.update(before.id, { ...fields, updatedBy: principal.id }, { by: principal, address });
    if (!isRegranted) return {};
    // Keys that were made meanwhile; all of them, where somebody else may have given them other rights.
    await giveKeys(after, asked, after.version === before.version + 1 ? given : undefined);
    await keepInStep(after, asked);
    return {};
  }

  async function findKey(asked: DialectCall): Promise<ApiKey> {
    const account = await find(asked);
    const key = await apiKeys.get(asked.params.key ?? '');
    const isOfAccount = key?.ownerKind === 'service' && key.ownerId === account.id && key.orgId === account.orgId;
    if (key === null || !isOfAccount || key.state === 'revoked') throw refuse('notFound');
    return key;
  }

  const path = '/api/v2/orgs/:org/service_accounts';
  return [
    call('POST', path, 'make a service account with one key', 'owner', create),
    call('GET', `${path}/:account`, 'read a service account', 'owner', read),
    call('PUT', `${path}/:account`, 'change a service account', 'owner', update),
    call('DELETE', `${path}/:account`, 'delete it with its keys', 'owner', async (asked) => {
      await demandOwner(asked);
      await accounts.remove(await find(asked), asked.principal, asked.address);
      return {};
    }),
    call('POST', `${path}/:account/api_keys`, 'add a key', 'owner', async (asked) => {
      await demandOwner(asked);
      const account = await find(asked);
      const seconds = await secondsIn(asked.body, 'service_accounts_api_keys_post', account.orgId);
      const { key, secret } = await makeKey(account, asked, seconds);
      const href = `${await accounts.hrefOf(account)}/api_keys/${key.id}`;
      return { status: 201, body: { auth_username: `api_${key.id}`, secret, key_id: key.id, href } };
    }),
    call('DELETE', `${path}/:account/api_keys/:key`, 'delete a key', 'owner', async (asked) => {
      await demandOwner(asked);
      const { principal, address } = asked;
      await apiKeys.revoke((await findKey(asked)).id, { by: principal, address });
      return {};
    }),
  ];
}
