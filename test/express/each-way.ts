import type { Express, RequestHandler } from 'express';
import passportModule from 'passport';
import type { Latchkey } from '../../lib/latchkey.js';
import type { Answer, RunningApp } from './raw-request.js';
import { send } from './raw-request.js';

const { Passport } = passportModule as unknown as { Passport: new () => passportModule.Authenticator };
/** The forms that a key may come in. */
export const ALL = ['api-key-header', 'api-key', 'basic'] as const;

/** A header. */
export type Line = readonly [name: string, value: string];

/** Guards `/<way>/<form>`, and `/<way>/all`, in each of three ways: by Latchkey, by Passport, by Passport's own way. */
export function guardEachWay(server: Express, latchkey: Latchkey): void {
  const fast = new Passport();
  latchkey.use(fast);
  const plain = new Passport();
  latchkey.use(plain, { fast: false });
  for (const [accepted, names] of [...ALL.map((name) => [name, [name]] as const), ['all', ALL] as const]) {
    const ways: RequestHandler[] = [
      latchkey.authenticate(names),
      fast.authenticate([...names], { session: false }) as RequestHandler,
      plain.authenticate([...names], { session: false }) as RequestHandler,
    ];
    for (const [i, way] of ways.entries()) server.get(`/${i}/${accepted}`, way, (req, res) => void res.json(req.user));
  }
}

/** The answer to the same request in every way; they must not differ. */
export async function askEachWay(
  app: RunningApp,
  accepted: (typeof ALL)[number] | 'all',
  headers: readonly Line[],
): Promise<Answer> {
  const [first, ...others] = [0, 1, 2].map((way) => send(app, `/${way}/${accepted}`, headers));
  const answer = (await first) as Answer;
  for (const other of others) expect(await other).toEqual(answer);
  return answer;
}
