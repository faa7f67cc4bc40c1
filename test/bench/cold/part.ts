import { machine, today } from '../comparison/report.js';
import { type Figure, figureTable } from '../figure.js';
import { note } from '../note.js';
import { missesOf, type Part } from '../part.js';
import { cachedMemory } from './cached-memory.js';
import { firstRequest } from './first-request.js';
import { importCost } from './import.js';
import { rotations } from './rotations.js';

export const coldStart: Part = {
  seconds: () => 110, // a third of it for making 100,000 keys

  async run(node) {
    const figures: Figure[] = [];
    for (const measured of [importCost, firstRequest, rotations, cachedMemory]) {
      note(`Node ${node.version}: ${measured.name}`);
      figures.push(...(await measured(node).catch((error: unknown) => [notMeasured(measured.name, error)])));
    }
    const markdown = `${figureTable(figures)}\n\n${machine(node.version)}; ${today()}`;
    return { markdown, data: { figures }, misses: missesOf(figures, node) };
  },
};

/** What one measurement cannot tell must not cost the others: its targets count as missed. */
function notMeasured(name: string, error: unknown): Figure {
  note(error instanceof Error ? (error.stack ?? error.message) : String(error));
  return { what: `${name} could not be measured`, measured: String(error), target: 'a figure', holds: false };
}
