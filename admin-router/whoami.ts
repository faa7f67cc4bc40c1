import type { Route } from './route.js';
import { route } from './route.js';
import { principalToWire } from './wire.js';

export function whoamiRoutes(): Route[] {
  return [
    route('GET', '/whoami', {
      operationId: 'whoAmI',
      summary: 'Who the credential is, and what it may do.',
      answer: [200, 'Principal'],
      async handle({ principal }) {
        return { body: principalToWire(principal) };
      },
    }),
  ];
}
