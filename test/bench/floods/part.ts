import { machine, today } from '../comparison/report.js';
import type { Contestant } from '../contestant.js';
import { BASELINE, CONTESTANTS } from '../contestants/index.js';
import { type Figure, figureTable } from '../figure.js';
import { LEAD_IN_SECONDS, withMeasure } from '../load/measure.js';
import { note } from '../note.js';
import type { Part } from '../part.js';
import { missesOf } from '../part.js';
import { withServer } from '../server-process.js';
import { GOOD_TRAFFIC_SECONDS, goodTraffic } from './good-traffic.js';
import { refusalRates } from './refusal-rates.js';
import { unknownIdLookups, unknownIdMemory } from './unknown-ids.js';

const LATCHKEY = CONTESTANTS.find(({ name }) => name === 'latchkey') as Contestant;
/** Two floods of distinct ids, and the starts of five servers, in s. */
const OTHER_SECONDS = 60;

export const floods: Part = {
  seconds: ({ rounds, seconds }) =>
    rounds * 5 * (LEAD_IN_SECONDS + seconds + 0.02) + GOOD_TRAFFIC_SECONDS + OTHER_SECONDS,

  async run(node, options) {
    const { connections } = options;
    note(`Node ${node.version}: floods`);
    const figures: Figure[] = [];
    await withServer(BASELINE, node, async (express) => {
      await withServer(LATCHKEY, node, async (latchkey) => {
        figures.push(...(await withMeasure((measure) => refusalRates(measure, express, latchkey, options))));
      });
    });
    // Each on a server that has heard of no flood before.
    for (const measured of [unknownIdLookups, unknownIdMemory, goodTraffic]) {
      note(`  ${measured.name}`);
      await withServer(LATCHKEY, node, async (latchkey) => {
        figures.push(...(await measured(latchkey, connections)));
      });
    }
    const facts = `${machine(node.version)}; ${connections} connections of each generator of load; ${today()}`;
    return { markdown: `${figureTable(figures)}\n\n${facts}`, data: { figures }, misses: missesOf(figures, node) };
  },
};
