import type { Request } from 'express';
import { Passport, Strategy, type StrategyCreated } from 'passport';
import type { Contestant } from '../contestant.js';

const KEY = 'trivial-key';

/** What Passport itself costs: one comparison of strings, one constant user. */
export const passportTrivial: Contestant = {
  name: 'passport-trivial',
  title: 'trivial Passport strategy: one string comparison',
  async prepare() {
    const passport = new Passport();
    passport.use(new TrivialStrategy());
    return {
      guards: [passport.authenticate('trivial', { session: false })],
      accepted: [{ 'X-API-Key': KEY }],
      refusals: [{ what: 'a wrong key', headers: { 'X-API-Key': 'another-key' }, status: 401 }],
    };
  },
};

const USER = Object.freeze({ id: 'u1' });

class TrivialStrategy extends Strategy {
  override name = 'trivial';

  override authenticate(this: StrategyCreated<this>, req: Request): void {
    if (req.headers['x-api-key'] === KEY) this.success(USER as never);
    else this.fail(401);
  }
}
