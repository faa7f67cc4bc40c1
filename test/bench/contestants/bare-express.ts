import type { Contestant, Headers } from '../contestant.js';

/** As long as a key, so that the ratio tells what the check costs, not what sending a key does. */
export const LONG_HEADER: Headers = { 'X-API-Key': 'x'.repeat(75) };

export const bareExpress: Contestant = {
  name: 'express',
  title: 'bare Express',
  prepare: async () => ({ guards: [], accepted: [LONG_HEADER], refusals: [] }),
};
