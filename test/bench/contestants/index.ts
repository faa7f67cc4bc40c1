import type { Contestant } from '../contestant.js';
import { bareExpress } from './bare-express.js';
import { expressSessionContestants } from './express-session.js';
import { handWritten } from './hand-written.js';
import { latchkeyContestants } from './latchkey.js';
import { latchkeySessionContestants } from './latchkey-sessions.js';
import { passportRedis } from './passport-redis.js';
import { passportTrivial } from './passport-trivial.js';

/** The one that the others are compared with. */
export const BASELINE: Contestant = bareExpress;

export const CONTESTANTS: readonly Contestant[] = [
  bareExpress,
  handWritten,
  passportTrivial,
  passportRedis,
  ...latchkeyContestants,
  ...expressSessionContestants,
  ...latchkeySessionContestants,
];
