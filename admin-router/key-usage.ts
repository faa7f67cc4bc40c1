import type { Latchkey } from '../lib/index.js';
import { visibleKey } from './access.js';
import type { Route } from './route.js';
import { route } from './route.js';

/** What has become of a key day by day, for whoever may see it. */
export function keyUsageRoutes(latchkey: Latchkey): Route[] {
  return [
    route('GET', '/api-keys/:id/usage', {
      operationId: 'getApiKeyUsage',
      summary: 'Uses and refusals of a key by UTC day, the oldest first: of the last 30 days those that have any.',
      answer: [200, 'KeyUsage'],
      errors: ['not_found'],
      async handle({ principal, id }) {
        const key = await visibleKey(latchkey, principal, id);
        return { body: { days: await latchkey.apiKeys.usageByDay(key.id) } };
      },
    }),
  ];
}
