import type { ApiKey, Latchkey, Principal } from '../../../lib/index.js';
import { AuthError } from '../../../lib/index.js';
import { isUser } from '../../access.js';
import type { DialectCall, DialectMethod, DialectRoute } from '../dialect.js';
import { call } from '../dialect.js';
import { type Handler, lacks, told } from './answers.js';
import { KEY_MEMBERS } from './key-view.js';
import type { Keys } from './keys.js';
import { demand, RIGHTS, type Right } from './rights.js';
import { undisturbed } from './undisturbed.js';

const VIEW = 'Not authorized to view API keys.';
const CREATE = 'Not authorized to create API keys.';
const MODIFY = 'Not authorized to modify API keys.';
const DELETE = 'Not authorized to delete API keys.';
const NEW_SECRET = 'Not authorized to generate API secret keys.';

/** The ten calls on keys. */
export function keyRoutes({ apiKeys }: Latchkey, keys: Keys): DialectRoute[] {
  /** The key that the path names, once `principal` may do this with it. */
  async function asked({ params, principal }: DialectCall, right: Right): Promise<ApiKey> {
    const key = await keys.find(params.id, principal.orgId).catch((error: unknown) => {
      demand(principal, right); // who may do it with none is told so, and not which there are
      throw error;
    });
    demand(principal, right, key.id);
    return key;
  }

  /** The key that the request came with. @throws AuthError `forbidden` for a session. */
  async function current({ credential }: Principal): Promise<ApiKey> {
    const key = credential.kind === 'api-key' ? await apiKeys.get(credential.id) : null;
    if (key === null) throw new AuthError('forbidden');
    return key;
  }

  return [
    route('GET', '/api/apikeys', 'list keys', 'canViewApiKeys', VIEW, async ({ principal }) => {
      demand(principal, 'canViewApiKeys');
      return { body: { apiKeys: await keys.list(principal.orgId) } };
    }),
    route('POST', '/api/apikeys', 'make a key', 'canCreateNewApiKeys', CREATE, async (asking) => {
      demand(asking.principal, 'canCreateNewApiKeys');
      return { body: await keys.create(asking.body, asking) };
    }),
    route('POST', '/api/apikeys/search', 'search keys', 'canViewApiKeys', VIEW, async ({ principal, body }) => {
      demand(principal, 'canViewApiKeys');
      return { body: { apiKeys: await keys.search(principal.orgId, body) } };
    }),
    route('GET', '/api/apikeys/current', 'read the key that asks', '', VIEW, async ({ principal }) => ({
      body: await keys.toCurrent(await current(principal)),
    })),
    route('POST', '/api/apikeys/current', 'change the key that asks', '', MODIFY, async (asking) => {
      const key = await undisturbed(async () => keys.modifySelf(await current(asking.principal), asking.body, asking));
      return { body: await keys.toCurrent(key) };
    }),
    route(
      'POST',
      '/api/apikeys/current/secretkey',
      'new secret of the key that asks',
      '',
      NEW_SECRET,
      async (asking) => ({
        body: await keys.renew(await current(asking.principal), asking),
      }),
    ),
    route('GET', '/api/apikeys/:id', 'read a key', 'canViewApiKeys', VIEW, async (asking) => ({
      body: await keys.toWire(await asked(asking, 'canViewApiKeys')),
    })),
    route('POST', '/api/apikeys/:id', 'change a key', 'canEditApiKeyProperties', MODIFY, async (asking) => {
      const key = await asked(asking, 'canEditApiKeyProperties');
      return { body: await keys.toWire(await keys.modify(key, asking.body, asking)) };
    }),
    route('DELETE', '/api/apikeys/:id', 'delete a key', 'canDeleteApiKeys', DELETE, async (asking) => {
      await keys.remove(await asked(asking, 'canDeleteApiKeys'), asking);
      return {};
    }),
    route('POST', '/api/apikeys/:id/secretkey', 'new secret', 'canEditApiKeyProperties', NEW_SECRET, async (asking) => {
      const key = await asked(asking, 'canEditApiKeyProperties');
      demandGrant(asking.principal, key);
      return { body: await keys.renew(key, asking) };
    }),
  ];
}

function route(
  method: DialectMethod,
  path: string,
  summary: string,
  right: Right | '',
  forbidden: string,
  handle: Handler,
): DialectRoute {
  const words = { forbidden, notFound: 'The API key does not exist.', members: KEY_MEMBERS };
  return call(method, path, summary, right, told(words, handle));
}

/**
 * A new secret of somebody else's key is as good as a key made for them: natively that takes another right. The key of a
 * service is nobody's own.
 */
function demandGrant(principal: Principal, { id, ownerId, ownerKind }: ApiKey): void {
  const resource = `api-keys/${id}`;
  const isOwn = isUser(principal) && ownerKind === 'user' && principal.id === ownerId;
  const rights = [RIGHTS.canEditApiKeyProperties.action, 'keys:grant'];
  if (!isOwn && !rights.some((right) => principal.can(right, resource))) throw lacks('keys:grant');
}
