import type { Latchkey } from '../lib/index.js';
import type { Route } from './route.js';
import { publicRoute } from './route.js';
import { leakSchema } from './schemas.js';

/** `/leaked`, for secret scanners: who has found a secret may end it, and needs nothing else. */
export function leakedRoutes({ leakedKeys }: Latchkey): Route[] {
  return [
    publicRoute('POST', '/leaked', {
      operationId: 'reportLeakedKey',
      summary: 'Revoke the key whose token was found where it does not belong.',
      answer: [200, 'LeakReport'],
      errors: ['too_many_attempts', 'conflict', 'store_unavailable', 'not_durable'],
      body: leakSchema,
      async handle({ body, address }) {
        return { body: { revoked: await leakedKeys.report({ ...body, address }) } };
      },
    }),
  ];
}
