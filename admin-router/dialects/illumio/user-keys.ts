import type { ApiKey, Latchkey } from '../../../lib/index.js';
import { call, type DialectCall, type DialectRoute } from '../dialect.js';
import { everyKey } from '../pages.js';
import { refuse } from './answers.js';
import { demandSelf, isReadOnly, rolesOf } from './caller.js';
import { collection } from './collection.js';
import { coreNames, DESCRIPTION, drawPair, fieldsOf, LIVING, NAME, toUserKey } from './keys.js';
import type { IllumioSettings } from './options.js';
import { changes, payload } from './validation.js';

/** The keys of a user: nobody else sees or changes them here. */
export function userKeyRoutes(latchkey: Latchkey, settings: IllumioSettings): DialectRoute[] {
  const { apiKeys, dialects } = latchkey;

  /** The caller's number, once the caller may hold keys. */
  async function demandHolder(asked: DialectCall): Promise<number> {
    const number = await demandSelf(latchkey, asked);
    const { principal } = asked;
    if (rolesOf(principal).length === 0 && !principal.can('keys:manage-own', 'api-keys')) throw refuse('forbidden');
    return number;
  }

  async function own({ principal }: DialectCall): Promise<ApiKey[]> {
    const scope = { orgId: principal.orgId, ownerId: principal.id };
    return await everyKey(latchkey, scope, { ...LIVING, ownerKind: 'user' });
  }

  async function find(asked: DialectCall): Promise<ApiKey> {
    const key = await apiKeys.get(asked.params.key ?? '');
    const { id, orgId } = asked.principal;
    const isOwn = key?.ownerId === id && key.orgId === orgId && key.ownerKind === 'user' && key.kind === 'api-key';
    if (key === null || !isOwn || key.state === 'revoked') throw refuse('notFound');
    return key;
  }

  async function create(asked: DialectCall) {
    const number = await demandHolder(asked);
    const { principal, address, body } = asked;
    const user = await dialects.findUser(principal.id);
    if (user === null || (await settings.profileOf(user)).isExternal === true) throw refuse('forbidden');
    if (isReadOnly(principal) && (await own(asked)).length > 0) throw refuse('forbidden');
    const rules = { schema: 'api_keys_post', members: { name: NAME, description: DESCRIPTION } };
    const { name = '', description = '' } = payload(body ?? {}, rules) as { name?: string; description?: string };
    const fields = { name, description };
    const { key, secret } = await apiKeys.create(
      {
        ...coreNames(fields),
        ownerId: principal.id,
        orgId: principal.orgId,
        expiresAt: null,
        dialects: { illumio: fields },
      },
      { by: principal, address, draw: drawPair },
    );
    if (isReadOnly(principal) && (await own(asked)).length > 1) {
      await apiKeys.revoke(key.id, { by: principal, address }); // another one was made at once
      throw refuse('forbidden');
    }
    const href = `/users/${number}/api_keys/${key.id}`;
    return { status: 201, body: { key_id: key.id, auth_username: `api_${key.id}`, secret, href } };
  }

  async function update(asked: DialectCall) {
    await demandHolder(asked);
    const key = await find(asked);
    const { principal, address, body } = asked;
    if (isReadOnly(principal)) throw refuse('forbidden');
    const rules = { schema: 'api_keys_put', members: { name: NAME, description: DESCRIPTION } };
    const { name, description } = changes(body, rules) as { name?: string; description?: string };
    const before = fieldsOf(key);
    const fields = { name: name ?? before.name, description: description ?? before.description };
    const changed = { ...coreNames(fields), dialects: { illumio: fields } };
    await apiKeys.update(key.id, changed, { by: principal, address });
    return {};
  }

  async function remove(asked: DialectCall) {
    await demandHolder(asked);
    const { principal, address } = asked;
    await apiKeys.revoke((await find(asked)).id, { by: principal, address });
    return {};
  }

  const path = '/api/v2/users/:user/api_keys';
  return [
    call('GET', path, 'list one’s keys', 'oneself', async (asked) => {
      const number = await demandHolder(asked);
      const keys = await own(asked);
      const show = (page: readonly ApiKey[]) => page.map((key) => toUserKey(key, number));
      return await collection(keys, keys.length, asked, settings, show);
    }),
    call('POST', path, 'make a key', 'oneself', create),
    call('GET', `${path}/:key`, 'read a key', 'oneself', async (asked) => {
      const number = await demandHolder(asked);
      return { body: toUserKey(await find(asked), number) };
    }),
    call('PUT', `${path}/:key`, 'change name and description', 'oneself', update),
    call('DELETE', `${path}/:key`, 'delete a key', 'oneself', remove),
  ];
}
