import type { Contestant } from '../contestant.js';

/** Its requests carry a header as long as a key, so that the ratio tells what the check costs, not what sending it does. */
export const bareExpress: Contestant = {
  name: 'express',
  title: 'bare Express',
  prepare: async () => ({ guards: [], accepted: [{ 'X-API-Key': 'x'.repeat(75) }], refusals: [] }),
};
