import { createHash } from 'node:crypto';
import type { Latchkey } from '../../lib/latchkey.js';
import { guardEachWay, type Line } from './each-way.js';
import type { EXPRESS_VERSIONS } from './express-versions.js';
import type { RunningApp } from './raw-request.js';
import { listen } from './raw-request.js';

const PATTERN = /acme_[\w.é-]{10,}|colon:.+/;
export const HTTP = { importedKeys: { pattern: PATTERN, authorizationScheme: 'Bearer' } } as const;
export const RAW = 'acme_live-0123456789.abcdef';
export const ADA = { name: 'ci', ownerId: 'ada' };
export const by = { by: 'setup' };

export const raw = (text: string): Line => ['X-API-Key', text];
export const bearer = (text: string, scheme = 'Bearer'): Line => ['Authorization', `${scheme} ${text}`];
export const pair = (scheme: string, text: string): Line => [
  'Authorization',
  `${scheme} ${Buffer.from(text).toString('base64')}`,
];
export const sha256 = (text: string) => createHash('sha256').update(text, 'utf8').digest('hex');

/** An app that guards a route in each way, for each form. */
export async function openApp(
  latchkey: Latchkey,
  express: (typeof EXPRESS_VERSIONS)[number]['express'],
): Promise<RunningApp> {
  const server = express();
  guardEachWay(server, latchkey);
  server.use('/below', latchkey.authenticate());
  server.use(latchkey.errorHandler());
  return await listen(server);
}
