import { Refusal } from '../../../lib/index.js';
import { readMap, readObject, readText } from './body.js';
import { type Credentials, readApiKey } from './credentials.js';
import { illegalArgument, refusal, refuseInvalid } from './errors.js';
import { withinRightsOf } from './intersection.js';
import { DIALECT, descriptorsOf, givenDescriptors, makeEntry } from './key-entry.js';
import { metadataFaults, nameFaults, readExpiration } from './key-requests.js';
import { issuedToWire } from './key-view.js';
import { drawPair } from './keys.js';
import { expiryOf, isDerivable, NOT_EMPTY } from './making.js';
import type { Setting } from './options.js';
import { RIGHTS } from './rights.js';
import { type EsCall, type EsRoute, route } from './routing.js';

/** Keys made from a key whose secret is known. */
export function cloneRoutes(setting: Setting, credentials: Credentials): EsRoute[] {
  return [
    route(setting, {
      methods: ['POST', 'PUT'],
      path: '/_security/api_key/clone',
      summary: 'clone a key',
      action: RIGHTS.clone.action,
      demands: RIGHTS.clone,
      takes: ['refresh'],
      isAboutKeys: true,
      handle: async (call) => ({ body: await clone(setting, credentials, call) }),
    }),
  ];
}

const CLONE = 'clone_api_key_request';

/** Whoever has the secret of a key can have another one that may do the same, and does not outlive it. */
async function clone(setting: Setting, credentials: Credentials, call: EsCall): Promise<object> {
  const { body, caller, req, address } = call;
  const given = readObject(body, CLONE, ['api_key', 'name', 'expiration', 'metadata']);
  const [encoded, name] = [readText(given, 'api_key', CLONE), readText(given, 'name', CLONE)];
  const [metadata, expiration] = [readMap(given, 'metadata', CLONE), readExpiration(given, CLONE, [])];
  if (encoded === undefined) throw illegalArgument('Required [api_key]');
  if (name === undefined) throw illegalArgument('Required [name]');
  refuseInvalid([...nameFaults(name), ...metadataFaults(metadata)]);
  const pair = readApiKey(encoded);
  if (typeof pair === 'string') throw illegalArgument(`invalid API key credential: ${pair}`);
  const source = await credentials.verifyKey(req, pair);
  const key = source instanceof Refusal ? null : await setting.latchkey.apiKeys.get(source.credential.id);
  const isUsable = key !== null && key.kind === 'api-key' && key.orgId === caller.principal.orgId;
  if (!isUsable || source instanceof Refusal) throw refusal(403, 'security_exception', 'Failed to clone API key');
  const statements = withinRightsOf(source, source.statements);
  if (caller.key !== null && (statements.length > 0 || !isDerivable(descriptorsOf(key))))
    throw illegalArgument(NOT_EMPTY);
  const isEndGiven = given.expiration !== undefined;
  const input = {
    name,
    ownerId: source.id,
    ownerKind: source.ownerKind,
    orgId: source.orgId,
    statements,
    ...(isEndGiven ? expiryOf(setting, expiration, source) : { expiresAt: key.expiresAt }),
    dialects: { [DIALECT]: makeEntry(givenDescriptors(key), { ...metadata, _cloned_from: key.id }, statements) },
  };
  return issuedToWire(await setting.latchkey.apiKeys.create(input, { by: source, address, draw: drawPair }));
}
