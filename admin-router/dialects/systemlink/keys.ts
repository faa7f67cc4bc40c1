import { randomBytes, randomUUID } from 'node:crypto';
import type { ApiKey, Draw } from '../../../lib/index.js';
import { packUuid } from '../credential.js';
import { defaultWorkspaceOf, inlineId, userIdOf } from './key-extras.js';
import type { SkylinePolicy } from './policies.js';
import { policyToJson } from './policy-json.js';
import { toExpiry, toTime } from './times.js';

/** Of the characters of a secret that follow the id; they take 20 characters of base64url. */
const RANDOM_BYTES = 15;

/** A UUID, and 42 characters of which the first 22 are the UUID. */
export const drawKey: Draw = (id = randomUUID()) => ({
  id,
  secret: packUuid(id) + randomBytes(RANDOM_BYTES).toString('base64url'),
});

/** The same, of which the ids of its inline policies can be made. */
export const drawSessionKey: Draw = (id = inlineId(randomUUID(), 0)) => drawKey(id);

/** In the order of the contract. `secret`: in the answer of creation only. */
export function keyToJson(key: ApiKey, policies: readonly SkylinePolicy[], secret?: string): object {
  return {
    created: toTime(key.createdAt),
    defaultWorkspace: defaultWorkspaceOf(key),
    deleted: false,
    enabled: key.enabled,
    expiry: toExpiry(key.expiresAt),
    id: key.id,
    name: key.name,
    policies: policies.map(policyToJson),
    properties: key.properties,
    updated: toTime(key.updatedAt),
    userId: userIdOf(key),
    ...(secret !== undefined && { secret }),
    ...(key.kind === 'session-key' && { sessionKey: true }),
  };
}
