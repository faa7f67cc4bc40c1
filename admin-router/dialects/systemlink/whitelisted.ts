import { Principal, type Statement } from '../../../lib/index.js';

/** What whitelisted keys are called in the audit trail, and the service that owns session keys of nobody's. */
export const WHITELISTED = 'systemlink whitelisted key';

export function whitelistedPrincipal(orgId: string | null, statements: readonly Statement[]): Principal {
  return new Principal({
    id: WHITELISTED,
    ownerKind: 'service',
    orgId,
    credential: { kind: 'api-key', id: WHITELISTED, name: WHITELISTED, scheme: 'api-key', expiresAt: null },
    statements,
    policyIds: [],
    resources: null,
    properties: {},
    locale: null,
    timeZone: null,
  });
}
