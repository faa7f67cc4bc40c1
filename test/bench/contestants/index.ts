import type { Contestant } from '../contestant.js';
import { bareExpress } from './bare-express.js';
import { bareHttp } from './bare-http.js';
import { betterAuthContestants } from './better-auth.js';
import { expressSessionContestants } from './express-session.js';
import { handWritten } from './hand-written.js';
import { latchkeyContestants, latchkeyInOtherParts } from './latchkey.js';
import { latchkeySessionContestants } from './latchkey-sessions.js';
import { passportMap, passportRedis } from './passport-headerapikey.js';
import { passportTrivial } from './passport-trivial.js';

/** The one that the others are compared with. */
export const BASELINE: Contestant = bareExpress;

const PEERS: readonly Contestant[] = [
  bareHttp,
  handWritten,
  passportTrivial,
  passportMap,
  passportRedis,
  ...betterAuthContestants,
  ...expressSessionContestants,
];
const OWN: readonly Contestant[] = [...latchkeyContestants, ...latchkeySessionContestants];

/** In the order of the table. */
export const CONTESTANTS: readonly Contestant[] = [bareExpress, ...PEERS, ...OWN];

/** Those with which other parts of the bench work, besides. */
export const ALL: readonly Contestant[] = [...CONTESTANTS, ...latchkeyInOtherParts];

export function isOwn(contestant: Contestant): boolean {
  return OWN.includes(contestant);
}

/** What `--set` takes; each with the baseline. */
export const SETS = {
  default: CONTESTANTS.filter(({ isExtra }) => !isExtra),
  own: [bareExpress, ...OWN],
  all: CONTESTANTS,
} as const;
