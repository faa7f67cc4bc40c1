import type {
  ApiKey,
  Criterion,
  IssuedKey,
  KeyState,
  Latchkey,
  NewKey,
  Policy,
  Principal,
} from '../../../lib/index.js';
import { AuthError, LIMITS } from '../../../lib/index.js';
import { isUser, readKey } from '../../access.js';
import { call, type DialectCall, type DialectRoute } from '../dialect.js';
import { everyKey } from '../pages.js';
import { refuse, unknownId } from './errors.js';
import { Fields } from './fields.js';
import { extrasOf, type KeyExtras, userIdOf } from './key-extras.js';
import { drawKey, keyToJson } from './keys.js';
import type { SystemLinkSettings } from './options.js';
import type { SkylinePolicies } from './policies.js';
import { invalid, parameter, readList, select } from './query.js';
import { demand, isOwn, may, mayEndOwn } from './rights.js';

/** Of keys that are shown. */
const STATES: readonly KeyState[] = ['active', 'pending', 'disabled', 'expired'];
const MAX_ID = 128;
/** The id of one: without control characters. */
const WORKSPACE = /^\P{Cc}{1,128}$/u;

/** The calls on permanent keys. */
export function keyRoutes(
  latchkey: Latchkey,
  { basePath }: SystemLinkSettings,
  policies: SkylinePolicies,
): DialectRoute[] {
  const { apiKeys } = latchkey;

  async function list({ principal, query }: DialectCall) {
    const asked = readList(query);
    const user = parameter(query, 'user');
    const isManager = may(principal, 'manageKeys');
    if (!isManager && user !== null && user !== principal.id) throw refuse('notAllowed');
    if (user !== null && (user === '' || user.length > MAX_ID)) throw invalid('user');
    const ownerId = isManager ? (user ?? undefined) : principal.id;
    const scope = { orgId: principal.orgId, ...(ownerId !== undefined && { ownerId }) };
    const keys = await everyKey(latchkey, scope, { kind: 'api-key', states: STATES });
    const shown = isManager ? keys : keys.filter((key) => isOwn(principal, key));
    const { totalCount, page } = select(shown, asked);
    const seen = new Map<string, Promise<Policy | null>>();
    return { body: { keys: await Promise.all(page.map((key) => toJson(key, seen))), totalCount } };
  }

  async function create({ principal, address, body }: DialectCall) {
    demand(principal, 'manageKeys');
    const fields = new Fields(body);
    fields.require('name');
    const { name = '', ...asked } = readFields(fields);
    fields.done();
    await refuseTaken(name, principal, null);
    const input: NewKey = {
      ...asked,
      name,
      policyIds: await policies.known(asked.policyIds ?? [], principal.orgId),
      ownerId: principal.id,
      ownerKind: principal.ownerKind,
      orgId: principal.orgId,
      ...(!isUser(principal) && { dialects: { systemlink: { userId: await userBehind(principal) } } }),
    };
    const { key, secret } = await withoutEnd(input, (each) =>
      apiKeys.create(each, { by: principal, address, draw: drawKey }),
    );
    try {
      await refuseTaken(name, principal, key.id); // another may have been made at once
    } catch (error) {
      await apiKeys.revoke(key.id, { by: principal, address, reason: 'another key has its name' });
      throw error;
    }
    return { body: keyToJson(key, await policies.ofKey(key), secret) };
  }

  /** What a session key makes that exceeds its user ends with them as well. */
  async function userBehind({ credential }: Principal): Promise<string | null> {
    const key = await apiKeys.get(credential.id);
    return key === null ? null : userIdOf(key);
  }

  async function change(asked: DialectCall) {
    const { principal, address, body } = asked;
    const fields = new Fields(body);
    const { defaultWorkspace, policyIds, name, ...rest } = readFields(fields);
    const enabled = fields.flag('enabled');
    fields.done();
    const key = await find(asked);
    const others =
      [name, policyIds, rest.properties].some((each) => each !== undefined) || fields.has('defaultWorkspace');
    const mayDisable = enabled === false && !others && mayEndOwn(principal, key);
    if (!mayDisable) demand(principal, 'manageKeys');
    if (name !== undefined && name !== key.name) await refuseTaken(name, principal, key.id);

    const options = { by: principal, address };
    let changed = key;
    if (others) {
      const extras: KeyExtras = { ...extrasOf(key), defaultWorkspace: defaultWorkspace ?? null };
      changed = await apiKeys.update(
        key.id,
        {
          ...rest,
          name,
          ...(policyIds !== undefined && (await rightsFrom(policyIds, key))),
          ...(fields.has('defaultWorkspace') && { dialects: { systemlink: extras } }),
        },
        options,
      );
    }
    if (enabled === false) changed = await apiKeys.disable(key.id, options);
    // Of one that is let in, as in a whole key sent back, no right to let it in is asked for.
    const isLetIn = changed.enabled && changed.disableUnusedAfterMs === null;
    if (enabled === true && !isLetIn) changed = await apiKeys.enable(key.id, options);
    return { body: await toJson(changed) };
  }

  /** Policies take the place of all that a key could do; what it has besides stays where its own id is among them. */
  async function rightsFrom(policyIds: readonly string[], key: ApiKey) {
    const known = await policies.known(policyIds, key.orgId);
    const isStripped = key.statements.length > 0 && !policyIds.includes(key.id);
    return { policyIds: known, ...(isStripped && { statements: [] }) };
  }

  async function remove(asked: DialectCall) {
    const { principal, address } = asked;
    const key = await find(asked);
    if (!mayEndOwn(principal, key)) demand(principal, 'manageKeys');
    await apiKeys.revoke(key.id, { by: principal, address });
    return {};
  }

  /** Who may not manage keys is told nothing of those that are not their own, not even whether they are there. */
  async function find({ principal, params: { id = '' } }: DialectCall): Promise<ApiKey> {
    const key = await readKey(latchkey, id);
    const isHere = key?.kind === 'api-key' && key.orgId === principal.orgId;
    if (!isHere || !isOwn(principal, key)) demand(principal, 'manageKeys');
    if (!isHere) throw unknownId('Key', id, key?.kind === 'api-key');
    if (key.state === 'revoked') throw unknownId('Key', id);
    return key;
  }

  /** @throws DialectError for the name of another permanent key of the organisation. */
  async function refuseTaken(name: string, { orgId }: Principal, ownId: string | null): Promise<void> {
    const criteria: Criterion[] = [
      { field: 'name', test: 'equal', value: name },
      { field: 'kind', test: 'equal', value: 'api-key' },
      { field: 'state', test: 'in', value: STATES },
    ];
    let cursor: string | undefined;
    do {
      const page = await apiKeys.search({ orgId, limit: 200, cursor }, criteria);
      if (page.items.some(({ id }) => id !== ownId)) throw refuse('invalidValue', { args: ['name'] });
      cursor = page.nextCursor ?? undefined;
    } while (cursor !== undefined);
  }

  const toJson = async (key: ApiKey, seen?: Map<string, Promise<Policy | null>>) =>
    keyToJson(key, await policies.ofKey(key, seen));

  const right = 'niauth:* or keys:manage; own: none';
  return [
    call('GET', `${basePath}/keys`, 'list permanent keys', right, list),
    call('POST', `${basePath}/keys`, 'make a permanent key', 'niauth:* or keys:manage', create),
    call('GET', `${basePath}/keys/:id`, 'read a key', right, async (asked) => ({
      body: await toJson(await find(asked)),
    })),
    call('PUT', `${basePath}/keys/:id`, 'change, disable or enable a key', right, change),
    call('DELETE', `${basePath}/keys/:id`, 'end a key', right, remove),
  ];
}

function readFields(fields: Fields) {
  const [name, defaultWorkspace] = [fields.text('name'), fields.text('defaultWorkspace')];
  if (name !== undefined && name.length > LIMITS.name) fields.refuse('name'); // no such name is searched for
  if (defaultWorkspace !== undefined && !WORKSPACE.test(defaultWorkspace)) fields.refuse('defaultWorkspace');
  return {
    name,
    policyIds: fields.texts('policyIds'),
    defaultWorkspace,
    properties: fields.map('properties'),
  };
}

/** Keys of the product never end. Where the host, or the end of the key that asks, does not allow that, it ends as theirs do. */
async function withoutEnd(input: NewKey, create: (input: NewKey) => Promise<IssuedKey>): Promise<IssuedKey> {
  try {
    return await create({ ...input, expiresAt: null });
  } catch (error) {
    const isRefused = error instanceof AuthError && error.status < 500;
    if (!isRefused || error.errors.length !== 1 || error.errors[0]?.path !== 'expiresAt') throw error;
    return await create(input);
  }
}
