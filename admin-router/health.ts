import type { Latchkey } from '../lib/index.js';
import { lacks } from './access.js';
import type { Route } from './route.js';
import { route } from './route.js';

const READ = 'health:read';

/** `/health`: the store as `latchkey.health()` tells of it. It is the same for all organisations, and names its nodes. */
export function healthRoutes(latchkey: Latchkey): Route[] {
  return [
    route('GET', '/health', {
      operationId: 'getHealth',
      summary: 'Whether the store answers, and what it finds out about itself. 200 also where ok is false.',
      answer: [200, 'Health'],
      errors: ['forbidden'],
      async handle({ principal }) {
        if (!principal.can(READ, 'health')) throw lacks(READ);
        return { body: await latchkey.health() };
      },
    }),
  ];
}
