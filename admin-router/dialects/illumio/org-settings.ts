import type { Latchkey } from '../../../lib/index.js';
import { AuthError } from '../../../lib/index.js';
import { call, type DialectCall, type DialectRoute } from '../dialect.js';
import { demandOrg, demandRole } from './caller.js';
import { MAX_SECONDS, NEVER } from './keys.js';
import { changes } from './validation.js';

const TRIES = 5;

export interface OrgSettings {
  readonly max_api_key_expiration_in_seconds: number;
  readonly expired_api_keys_retention_in_seconds: number;
}

const DEFAULTS: OrgSettings = {
  max_api_key_expiration_in_seconds: NEVER,
  expired_api_keys_retention_in_seconds: 86_400,
};

const RULES = {
  schema: 'settings_put',
  members: {
    max_api_key_expiration_in_seconds: { type: 'integer', minimum: NEVER, maximum: MAX_SECONDS },
    expired_api_keys_retention_in_seconds: { type: 'integer', minimum: 0, maximum: MAX_SECONDS },
  },
} as const;

/** Where the settings are kept: apart where there is no organisation, for one may have any id. */
function placeOf(orgId: string | null): { readonly kind: string; readonly id: string } {
  return orgId === null ? { kind: 'pce-settings-of-none', id: 'none' } : { kind: 'pce-settings', id: orgId };
}

/** The settings of an organisation; what was never set has its default. */
export async function orgSettings({ dialects }: Latchkey, orgId: string | null): Promise<OrgSettings> {
  const { kind, id } = placeOf(orgId);
  const document = await dialects.documents.get(kind, id);
  return { ...DEFAULTS, ...(document?.data as Partial<OrgSettings> | undefined) };
}

export function settingsRoutes(latchkey: Latchkey): DialectRoute[] {
  const { documents, now } = latchkey.dialects;

  /** Compare-and-set, so that of two changes at once none is lost. */
  async function change({ principal, address }: DialectCall, given: Partial<OrgSettings>): Promise<void> {
    const { orgId } = principal;
    const options = { by: principal, address };
    const { kind, id } = placeOf(orgId);
    for (let tries = 0; tries < TRIES; tries++) {
      const nowAt = now();
      const before = await documents.get(kind, id);
      const data = { ...DEFAULTS, ...before?.data, ...given };
      const fresh = { kind, id, orgId, version: 1, createdAt: nowAt, updatedAt: nowAt, data };
      const isDone =
        before === null
          ? await documents.insert(fresh, options)
          : await documents.update(before, { ...before, version: before.version + 1, updatedAt: nowAt, data }, options);
      if (isDone) return;
    }
    throw new AuthError('precondition_failed');
  }

  const path = '/api/v2/orgs/:org/settings';
  return [
    call('GET', path, 'expiry of keys', 'owner', async (asked) => {
      await demandOrg(latchkey, asked);
      demandRole(asked.principal, 'owner');
      return { body: await orgSettings(latchkey, asked.principal.orgId) };
    }),
    call('PUT', path, 'change the expiry of keys', 'owner', async (asked) => {
      await demandOrg(latchkey, asked);
      demandRole(asked.principal, 'owner');
      const given = changes(asked.body, RULES);
      const known = Object.keys(RULES.members).filter((name) => given[name] !== undefined);
      await change(asked, Object.fromEntries(known.map((name) => [name, given[name]])));
      return {};
    }),
    // Clients test a connection by it; the host's own route stands before.
    call('GET', '/api/v2/orgs/:org/settings/workloads', 'probe', 'any', async (asked) => {
      await demandOrg(latchkey, asked);
      return { body: {} };
    }),
    call('GET', '/api/v2/health', 'probe', 'any', async () => ({ body: [{ status: 'normal' }] })),
  ];
}
