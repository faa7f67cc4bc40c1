import type { Route } from './route.js';
import { route } from './route.js';
import { questionSchema } from './schemas.js';
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
    route('POST', '/can', {
      operationId: 'askCaller',
      summary: 'Whether the caller may do something: the credential, within what its owner may do now.',
      answer: [200, 'Allowed'],
      body: questionSchema,
      async handle({ principal, body: { action, resource, workspace } }) {
        return { body: { allowed: principal.can(action, resource, workspace) } };
      },
    }),
  ];
}
