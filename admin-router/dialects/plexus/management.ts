import type { Request, Response } from 'express';
import { type ApiKey, AuthError, type Latchkey, type Principal } from '../../../lib/index.js';
import { call, type DialectCall, type DialectRoute } from '../dialect.js';
import { everyKey, readEach } from '../pages.js';
import { refuse } from './answers.js';
import { ADMINISTRATOR, drawValue, fieldsOf, openValue, type PlexusFields, sealValue, toPlexusKey } from './keys.js';
import { isIdList, type PlexusSettings } from './options.js';

const DAY_MS = 86_400_000;

/**
 * Who manages keys: a user with a login session of Latchkey's own. A key, be it through a session that was opened with it, may
 * not: a stolen one could renew itself. `enter` throws where the product's own session is none.
 */
export function managerOf(latchkey: Latchkey, enter: (req: Request) => Promise<Principal>) {
  const authenticate = latchkey.authenticate(undefined, { failWithError: true });
  return async (req: Request, res: Response): Promise<Principal> => {
    const failed = await new Promise<unknown>((resolve) => authenticate(req, res, resolve));
    if (failed !== undefined && !(failed instanceof AuthError && failed.status === 401)) throw failed;
    const principal = req.user as Principal | undefined;
    if (failed === undefined && principal?.credential.kind === 'session') return principal;
    if (failed !== undefined) await enter(req);
    throw refuse('forbidden');
  };
}

/** The calls behind the flag. */
export function managementRoutes(latchkey: Latchkey, settings: PlexusSettings): DialectRoute[] {
  const { apiKeys, dialects } = latchkey;
  const { paths, schemasOf, validityInDays, readableValues } = settings;
  const isAdministrator = (principal: Principal) => principal.can(ADMINISTRATOR, 'api-keys');

  async function shown(keys: readonly ApiKey[], principal: Principal): Promise<object[]> {
    const numbers = await numbersOf(keys.map(({ id }) => id));
    const owners = [...new Set(keys.map(({ ownerId }) => ownerId))];
    const users = await readEach(owners, (id) => dialects.findUser(id));
    const names = new Map(owners.map((id, at) => [id, users[at]?.userName ?? id]));
    return keys.map((key, at) => {
      const sealed = fieldsOf(key)?.value;
      const isOwn = key.ownerKind === 'user' && key.ownerId === principal.id;
      const opened =
        readableValues !== null && sealed !== undefined && isOwn ? openValue(readableValues, key.id, sealed) : null;
      const value = opened?.endsWith(key.lastFour) === true ? opened : null; // rotated elsewhere, it has another one
      return toPlexusKey(key, numbers[at] as number, names.get(key.ownerId) as string, value);
    });
  }

  async function numbersOf(ids: readonly string[]): Promise<number[]> {
    const numbers: number[] = [];
    for (let at = 0; at < ids.length; at += 1_000) {
      numbers.push(...(await dialects.numbers.of('api-key', ids.slice(at, at + 1_000))));
    }
    return numbers;
  }

  /** One's own; an administrator's also anyone's of the organisation. What may not be seen looks like what is not there. */
  async function find({ principal, params }: DialectCall): Promise<ApiKey> {
    const { id = '' } = params;
    const keyId = /^[1-9][0-9]{0,14}$/.test(id) ? await dialects.numbers.find('api-key', Number(id)) : null;
    const key = keyId === null ? null : await apiKeys.get(keyId);
    const isOwn = key?.ownerId === principal.id && key.ownerKind === 'user';
    const isSeen = key?.orgId === principal.orgId && (isOwn || isAdministrator(principal));
    if (key == null || !isSeen || key.kind !== 'api-key') throw refuse('notFound');
    return key;
  }

  return [
    call('GET', paths.apiKeys, 'list keys, ended ones included', 'own; `?all=true`: administrator', async (asked) => {
      const { principal, query } = asked;
      const all = query.get('all') === 'true';
      if (all && !isAdministrator(principal)) throw refuse('forbidden');
      const { orgId, id: ownerId } = principal;
      const keys = all
        ? await everyKey(latchkey, { orgId }, { kind: 'api-key' })
        : await everyKey(latchkey, { orgId, ownerId }, { kind: 'api-key', ownerKind: 'user' });
      return { body: await shown(keys, principal) };
    }),
    call('POST', paths.apiKeys, 'make a key for oneself', 'user', async ({ principal, address, body }) => {
      const user = await dialects.findUser(principal.id);
      const {
        schemaIds,
        comment = '',
        user: named = user?.userName,
        ...rest
      } = Object(body) as Record<string, unknown>;
      if (named !== user?.userName) throw refuse('forbidden');
      if (!isIdList(schemaIds) || typeof comment !== 'string' || Object.keys(rest).length > 0)
        throw refuse('badRequest');
      const selectable = (await schemasOf(principal.id)).map(({ id }) => id);
      if (!schemaIds.every((id) => selectable.includes(id))) throw refuse('badRequest');

      const drawn = drawValue();
      const value = readableValues === null ? {} : { value: sealValue(readableValues, drawn.id, drawn.secret) };
      const fields: PlexusFields = { schemaIds: [...new Set(schemaIds)], ...value };
      const { key } = await apiKeys.create(
        {
          name: 'Plexus Connect',
          description: comment,
          ownerId: principal.id,
          orgId: principal.orgId,
          lifetimeMs: validityInDays * DAY_MS,
          dialects: { plexus: { ...fields } },
        },
        { by: principal, address, draw: () => drawn },
      );
      const [number] = await numbersOf([key.id]);
      return { status: 201, body: toPlexusKey(key, number as number, user?.userName ?? principal.id, drawn.secret) };
    }),
    call('PUT', `${paths.apiKeys}/:id`, 'change the comment', 'owner or administrator', async (asked) => {
      const { principal, address, body } = asked;
      const key = await find(asked);
      const { comment, ...rest } = Object(body) as Record<string, unknown>;
      if (typeof comment !== 'string' || Object.keys(rest).length > 0) throw refuse('badRequest');
      const changed = await apiKeys.update(key.id, { description: comment }, { by: principal, address });
      return { body: (await shown([changed], principal))[0] };
    }),
    call('DELETE', `${paths.apiKeys}/:id`, 'end a key; the record stays', 'owner or administrator', async (asked) => {
      const { principal, address } = asked;
      await apiKeys.revoke((await find(asked)).id, { by: principal, address });
      return {};
    }),
    call('GET', paths.schemas, 'the schemas one may select', 'user', async ({ principal }) => ({
      body: (await schemasOf(principal.id)).map(({ id, name }) => ({ id, name })),
    })),
  ];
}
