import type { Latchkey } from '../lib/index.js';
import { AuthError } from '../lib/index.js';
import { visibleKey } from './access.js';
import type { Route } from './route.js';
import { route } from './route.js';
import { pageSchema, questionSchema } from './schemas.js';
import { entryToWire } from './wire.js';

/** An event can be told so much earlier than it is by the clock of the process that made the key, in ms. */
const CLOCKS_DIFFER_MS = 600_000;

/** What can be asked about a key, for whoever may see it: what it may do now, and what has happened to it. */
export function keyInsightRoutes(latchkey: Latchkey): Route[] {
  return [
    route('POST', '/api-keys/:id/can', {
      operationId: 'askApiKey',
      summary:
        'Whether a key may do something now, and why not. Counts as no use; from where the key is accepted is not asked.',
      answer: [200, 'KeyVerdict'],
      errors: ['not_found'],
      body: questionSchema,
      async handle({ principal, id, body }) {
        await visibleKey(latchkey, principal, id);
        const verdict = await latchkey.keyCan(id, body);
        if (verdict === null) throw new AuthError('not_found');
        return { body: verdict };
      },
    }),
    route('GET', '/api-keys/:id/audit', {
      operationId: 'listApiKeyAuditEntries',
      summary:
        'What happened to a key, and the requests with it that were refused, the newest first: for whoever may see it.',
      answer: [200, 'AuditPage'],
      errors: ['not_found'],
      query: pageSchema,
      async handle({ principal, id, query }) {
        const key = await visibleKey(latchkey, principal, id);
        const from = Math.max(0, key.createdAt - CLOCKS_DIFFER_MS); // what is older need not be read
        const page = await latchkey.audit.list({ ...query, orgId: key.orgId, keyId: key.id, from });
        return { body: { items: page.items.map(entryToWire), nextCursor: page.nextCursor } };
      },
    }),
  ];
}
