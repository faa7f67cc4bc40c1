import { randomUUID } from 'node:crypto';
import { FULL_ACCESS, type Latchkey } from '../../../lib/index.js';
import { call, type DialectCall, DialectError, type DialectRoute } from '../dialect.js';
import { Fields } from './fields.js';
import { drawSessionKey, keyToJson } from './keys.js';
import type { SystemLinkSettings } from './options.js';
import type { SkylinePolicies } from './policies.js';
import { readStatements } from './statements.js';
import { WHITELISTED, whitelistedPrincipal } from './whitelisted.js';

/** Seconds. */
const DEFAULT_DURATION = 3_600;
const MAX_DURATION = 86_400;

/** The calls on session keys, of which there is no list. */
export function sessionKeyRoutes(
  latchkey: Latchkey,
  { basePath, sessionKeysExceedUsers, orgOf }: SystemLinkSettings,
  policies: SkylinePolicies,
): { readonly mint: DialectRoute; readonly endSelf: DialectRoute } {
  const { apiKeys, dialects, sessionKeys } = latchkey;

  async function mint({ body, address }: DialectCall) {
    const asked = readSessionKey(body);
    const { orgId, userId, fields, inline, policyIds, durationSeconds, defaultWorkspace, properties } = asked;
    const user = userId === undefined ? null : await dialects.findUser(userId);
    const isStranger = sessionKeysExceedUsers && userId !== undefined && user?.isEnabled !== true;
    if (isStranger) fields.refuse('userId');
    const isElsewhere = orgId !== undefined && user !== null && user.orgId !== orgId;
    const isUnknown = orgId !== undefined && !isElsewhere && (await orgOf(orgId)) === null;
    if (isElsewhere || isUnknown) fields.refuse('orgId');
    fields.done();

    const org = orgId ?? user?.orgId ?? null;
    // Nobody's: a service that may do everything in the organisation makes it, for itself.
    const isOfService = userId === undefined || sessionKeysExceedUsers;
    const kept = inline.map(({ statements }) => ({ name: randomUUID(), count: statements.length }));
    const { key, secret } = await sessionKeys.mint(
      {
        name: randomUUID(),
        userId: isOfService ? WHITELISTED : userId,
        orgId: org,
        policyIds: await policies.known(policyIds, org),
        statements: inline.flatMap(({ statements }) => statements),
        durationMs: durationSeconds * 1_000,
        defaultWorkspace,
        properties,
        dialects: { systemlink: { inline: kept, ...(isOfService && { userId: userId ?? null }) } },
      },
      { by: isOfService ? whitelistedPrincipal(org, [FULL_ACCESS]) : WHITELISTED, address, draw: drawSessionKey },
    );
    return { body: keyToJson(key, await policies.ofKey(key), secret) };
  }

  async function endSelf({ principal, address }: DialectCall) {
    const { kind, id } = principal.credential;
    if (kind !== 'session-key') throw new DialectError({ status: 403 }, 'Provided API key was not a session key.');
    await apiKeys.revoke(id, { by: principal, address });
    return {};
  }

  return {
    mint: call('POST', `${basePath}/session-keys`, 'mint a session key', 'whitelisted key', mint),
    endSelf: call(
      'DELETE',
      `${basePath}/session-keys/self`,
      'end the session key it came with',
      'session key',
      endSelf,
    ),
  };
}

/** @throws DialectError for what does not hold by itself. */
function readSessionKey(body: unknown) {
  const fields = new Fields(body);
  const [orgId, userId] = [fields.text('orgId'), fields.text('userId')];
  if (!fields.isGiven('orgId')) fields.require('userId');
  const inline = (fields.objects('policies') ?? []).map((policy) => {
    policy.require('statements');
    return { statements: readStatements(policy) ?? [] };
  });
  const policyIds = fields.texts('policyIds') ?? [];
  const durationSeconds = fields.integer('durationSeconds', 1, MAX_DURATION) ?? DEFAULT_DURATION;
  const [defaultWorkspace, properties] = [fields.text('defaultWorkspace'), fields.map('properties')];
  fields.done();
  return { fields, orgId, userId, inline, policyIds, durationSeconds, defaultWorkspace, properties };
}
