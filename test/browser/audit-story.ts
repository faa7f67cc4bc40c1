import { type ApiKey, FULL_ACCESS } from '../../lib/index.js';
import { until } from '../conformance/store-suite.js';
import type { Stage } from './stage.js';

export const XSS = '<img src=x onerror="document.title=\'pwned\'">';
export const ORDERS = [{ actions: ['orders:read', 'orders:write'], resources: ['orders/*'] }];

/**
 * What there is to read in a trail: a key of alice's is made, changed, rotated and refused, one of bob's is revoked, a policy made.
 * Returns alice's key, and its first token.
 */
export async function playStory(stage: Stage): Promise<{ key: ApiKey; token: string }> {
  const { apiKeys, policies, audit } = stage.latchkey;
  const by = { by: 'setup', address: '192.0.2.7' };
  const { key, token } = await apiKeys.create(
    { name: 'Export', ownerId: 'alice', orgId: 'acme', statements: ORDERS, properties: { team: 'ops' } },
    by,
  );
  await apiKeys.update(key.id, { name: 'Nightly export', allowedAddresses: ['198.51.100.0/24'] }, by);
  await apiKeys.rotate(key.id, { ...by, graceMs: 60_000 });
  const { key: other } = await apiKeys.create({ name: XSS, ownerId: 'bob', orgId: 'acme', statements: ORDERS }, by);
  await apiKeys.revoke(other.id, { ...by, reason: XSS });
  await policies.create({ name: XSS, orgId: 'acme', statements: [FULL_ACCESS] }, by);
  await fetch(`${stage.url}whoami`, { headers: { 'x-api-key': token } }); // not from this address
  await until('the refusal is in the trail', async () => {
    const { items } = await audit.list({ orgId: 'acme', types: ['request.refused'] });
    return items.length > 0;
  });
  return { key, token };
}
