import { createHash } from 'node:crypto';
import type { RequestHandler } from 'express';
import passportModule from 'passport';
import type { Latchkey } from '../../lib/latchkey.js';
import type { EXPRESS_VERSIONS } from './express-versions.js';
import type { Answer, RunningApp } from './raw-request.js';
import { listen, send } from './raw-request.js';

const { Passport } = passportModule as unknown as { Passport: new () => passportModule.Authenticator };
export const ALL = ['api-key-header', 'api-key', 'basic'] as const;
const PATTERN = /acme_[\w.é-]{10,}|colon:.+/;
export const HTTP = { importedKeys: { pattern: PATTERN, authorizationScheme: 'Bearer' } } as const;
export const RAW = 'acme_live-0123456789.abcdef';
export const ADA = { name: 'ci', ownerId: 'ada' };
export const by = { by: 'setup' };
export type Line = readonly [name: string, value: string];

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
  const fast = new Passport();
  latchkey.use(fast);
  const plain = new Passport();
  latchkey.use(plain, { fast: false });
  const server = express();
  for (const [accepted, names] of [...ALL.map((name) => [name, [name]] as const), ['all', ALL] as const]) {
    const ways: RequestHandler[] = [
      latchkey.authenticate(names),
      fast.authenticate([...names], { session: false }) as RequestHandler,
      plain.authenticate([...names], { session: false }) as RequestHandler,
    ];
    for (const [i, way] of ways.entries()) server.get(`/${i}/${accepted}`, way, (req, res) => void res.json(req.user));
  }
  server.use('/below', latchkey.authenticate());
  server.use(latchkey.errorHandler());
  return await listen(server);
}

/** The answer to the same request in every way; they must not differ. */
export async function askAll(
  app: RunningApp,
  accepted: (typeof ALL)[number] | 'all',
  headers: readonly Line[],
): Promise<Answer> {
  const [first, ...others] = [0, 1, 2].map((way) => send(app, `/${way}/${accepted}`, headers));
  const answer = (await first) as Answer;
  for (const other of others) expect(await other).toEqual(answer);
  return answer;
}
